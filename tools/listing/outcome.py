"""What the sample gives: trained, served and asked on this machine, in the image's own environment."""

import csv
import io
import json
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from slipway import manifest
from slipway.paths import Paths

from .. import client, layout, process, trained_samples

_START_S = 120
_TIMED = 20
CSV, JSON = "text/csv", "application/json"
FAULT = re.compile(r"\bWARNING\b|\bERROR\b|Traceback \(most recent call last\)")


class OutcomeError(Exception):
    """Why the sample could not be tried, in one line."""


@dataclass(frozen=True)
class Exchange:
    """One request of the sample, and what the model answered."""

    name: str
    content_type: str
    accept: str
    request: bytes
    answer: bytes
    headers: Mapping[str, str]

    @property
    def suffix(self) -> str:
        return {CSV: "csv", JSON: "json"}[self.content_type]

    @property
    def answer_suffix(self) -> str:
        return {CSV: "csv", JSON: "json"}[self.accept]


@dataclass(frozen=True)
class Outcome:
    """The trained sample and its answers."""

    log: str
    """What training said."""
    served: str
    """What the server said."""
    model: Path
    real_time: tuple[Exchange, ...]
    batch: Exchange
    columns: tuple[str, ...]
    """The names of the answer's columns."""
    rows: int
    """How many rows the sample request has."""
    latency_ms: float
    """The median time of a request of one row, on this machine."""

    @cached_property
    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.model / manifest.FILE).read_text())
        return found

    @property
    def metrics(self) -> dict[str, float]:
        return dict(self.manifest["metrics"])

    @property
    def reads(self) -> list[dict[str, Any]]:
        """The columns that the model reads: name, kind, and whether it may be missing."""
        return list(self.manifest["schema"]["columns"])


def run(image: Path, python: Path, folder: Path) -> Outcome:
    """Trains the sample of `image` in `folder`, serves it and asks it. Raises OutcomeError, one line."""
    shutil.rmtree(folder, ignore_errors=True)
    paths = Paths(folder)
    sample = image / "sample"
    layout.lay_out(folder, layout.channels_of(sample), hyperparameters(sample))
    try:
        log = trained_samples.train_sample(image, folder, python)
    except trained_samples.TrainingError as error:
        raise OutcomeError(f"the sample cannot be trained: {error}") from None
    with process.Server.of(image, folder, folder / "serve.log", python) as server:
        try:
            server.wait_ready(_START_S)
        except process.NotReadyError as error:
            raise OutcomeError(f"the trained sample cannot be served: {error}") from None
        asked = _asked(sample / "request.csv", paths.model, log, server.port)
    return replace(asked, served=(folder / "serve.log").read_text())


def describe(image: Path, python: Path) -> dict[str, Any]:
    """What the image says of itself. Raises OutcomeError, one line."""
    if not python.exists():
        raise OutcomeError(f"there is no environment of {image.name} yet; `make listing` makes it")
    command, environ = process.command("describe", image, image, python)
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise OutcomeError(f"it cannot describe itself: {last}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def hyperparameters(sample: Path) -> dict[str, str]:
    """Those of the sample, as texts: what the platform writes."""
    return layout.texts(json.loads((sample / "hyperparameters.json").read_text()))


def _asked(request: Path, model: Path, log: str, port: int) -> Outcome:
    def ask(name: str, content_type: str, accept: str, body: bytes) -> Exchange:
        answer = client.ask(port, body, content_type, accept)
        if not answer.ok:
            raise OutcomeError(f"{name}: {answer.status}: {answer.text.strip()[:200]}")
        return Exchange(name, content_type, accept, body, answer.body, dict(answer.headers))

    schema = json.loads((model / manifest.FILE).read_text())["schema"]
    names = [column["name"] for column in schema["columns"]]
    kinds = {column["name"]: column["kind"] for column in schema["columns"]}
    rows = list(csv.DictReader(request.read_text().splitlines()))
    records = [{name: _value(row[name], kinds[name]) for name in names if name in row} for row in rows]
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerows([row[name] for name in names if name in row] for row in rows)
    batch = ask("batch", CSV, CSV, lines.getvalue().encode())
    real_time = (
        ask("request", CSV, JSON, request.read_bytes()),
        ask("request", JSON, JSON, json.dumps({"instances": records}, indent=1).encode()),
    )
    named = client.ask(port, request.read_bytes(), CSV, "text/csv; header=present")
    one = batch.request.splitlines(keepends=True)[0]
    return Outcome(
        log,
        "",
        model,
        real_time,
        batch,
        tuple(next(csv.reader(named.text.splitlines()))),
        len(rows),
        statistics.median(_timed(ask, one) for _ in range(_TIMED)),
    )


def _timed(ask: Any, body: bytes) -> float:
    started = time.perf_counter()
    ask("latency", CSV, CSV, body)
    return 1000 * (time.perf_counter() - started)


def _value(cell: str, kind: str) -> Any:
    """A cell as JSON has it: a number where the column holds numbers, null where it is a gap."""
    if cell == "":
        return None
    if kind not in {"integer", "number"}:
        return cell
    for read in (int, float):
        try:
            return read(cell)
        except ValueError:
            continue
    return None
