"""What the sample gives: trained, served and asked on this machine, in the image's own environment."""

import csv
import io
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import requests

from slipway import manifest
from slipway.paths import Paths

_START_S = 120
_STOP_S = 40
_TIMED = 20
_SERVE_LOG = "serve.log"
CSV, JSON = "text/csv", "application/json"
FAULT = re.compile(r"\bWARNING\b|\bERROR\b|Traceback \(most recent call last\)")


class TrialError(Exception):
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
class Trial:
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


def run(image: Path, python: Path, folder: Path) -> Trial:
    """Trains the sample of `image` in `folder`, serves it and asks it. Raises TrialError, one line."""
    shutil.rmtree(folder, ignore_errors=True)
    paths = Paths(folder)
    _lay_out(image / "sample", paths)
    log = _train(image, python, paths)
    with _served(image, python, paths) as port:
        asked = _asked(image / "sample/request.csv", paths.model, log, port)
    return replace(asked, served=(paths.root / _SERVE_LOG).read_text())


def describe(image: Path, python: Path) -> dict[str, Any]:
    """What the image says of itself. Raises TrialError, one line."""
    if not python.exists():
        raise TrialError(f"there is no environment of {image.name} yet; `make listing` makes it")
    done = subprocess.run(
        **_command(image, python, Paths(image), "describe"), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise TrialError(f"it cannot describe itself: {last}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def hyperparameters(sample: Path) -> dict[str, str]:
    """Those of the sample, as texts: what the platform writes."""
    given = json.loads((sample / "hyperparameters.json").read_text())
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}


def _lay_out(sample: Path, paths: Paths) -> None:
    paths.config.mkdir(parents=True)
    channels = sorted(entry.name for entry in sample.iterdir() if entry.is_dir())
    for name in channels:
        shutil.copytree(sample / name, paths.channel(name))
    paths.hyperparameters.write_text(json.dumps(hyperparameters(sample)))
    config = {name: {"TrainingInputMode": "File"} for name in channels}
    paths.input_data_config.write_text(json.dumps(config))


def _command(image: Path, python: Path, paths: Paths, verb: str, **more: str) -> dict[str, Any]:
    """What subprocess needs to run a verb of the container here."""
    shared = Path(__file__).resolve().parents[2] / "shared"
    places = {"SLIPWAY_ROOT": str(paths.root), "SLIPWAY_ALGORITHM": str(image), "PYTHONPATH": str(shared)}
    return {"args": [str(python), "-m", "slipway", verb], "env": {**os.environ, **places, **more}}


def _train(image: Path, python: Path, paths: Paths) -> str:
    done = subprocess.run(
        **_command(image, python, paths, "train"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        cause = paths.failure.read_text() if paths.failure.exists() else done.stdout[-300:]
        raise TrialError(f"the sample cannot be trained: {cause}")
    return str(done.stdout)


@contextmanager
def _served(image: Path, python: Path, paths: Paths) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log = paths.root / _SERVE_LOG
    with log.open("wb") as heard:
        command = _command(image, python, paths, "serve", SAGEMAKER_BIND_TO_PORT=str(port))
        server = subprocess.Popen(**command, stdout=heard, stderr=heard)
        try:
            end = time.monotonic() + _START_S
            while not _pings(port):
                if server.poll() is not None or time.monotonic() > end:
                    last = (log.read_text().strip().splitlines() or ["it said nothing"])[-1]
                    raise TrialError(f"the trained sample cannot be served: {last}")
                time.sleep(0.05)
            yield port
        finally:
            server.terminate()
            server.wait(_STOP_S)


def _pings(port: int) -> bool:
    try:
        return _session().get(f"http://127.0.0.1:{port}/ping", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def _asked(request: Path, model: Path, log: str, port: int) -> Trial:
    session = _session()

    def ask(name: str, content_type: str, accept: str, body: bytes) -> Exchange:
        answer = session.post(
            f"http://127.0.0.1:{port}/invocations",
            data=body,
            headers={"Content-Type": content_type, "Accept": accept},
            timeout=300,
        )
        if not answer.ok:
            raise TrialError(f"{name}: {answer.status_code}: {answer.text.strip()[:200]}")
        return Exchange(name, content_type, accept, body, answer.content, dict(answer.headers))

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
    named = session.post(
        f"http://127.0.0.1:{port}/invocations",
        data=request.read_bytes(),
        headers={"Content-Type": CSV, "Accept": "text/csv; header=present"},
        timeout=300,
    )
    one = batch.request.splitlines(keepends=True)[0]
    return Trial(
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
