"""Try an image on its own sample: train, serve, ask in every format, and write down what really came.

    .slipway/envs/NAME/bin/python -m tools.catalogue.capture --image NAME --to FOLDER

Runs in the image's own environment. FOLDER/run is the tree like /opt/ml, FOLDER/files the bodies that were
sent and answered, FOLDER/capture.json the facts: what the catalogue prints of an image comes from there.
"""

import argparse
import contextlib
import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from slipway import formats
from slipway.describe import describe
from slipway.settings import Settings

from .. import ROOT
from ..client import ask
from ..runs import Run, RunError, guess
from .exchanges import Exchange, Table

_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==", re.MULTILINE)
_LONGEST_LICENCE = 60  # characters; a longer entry is the text of a licence, not its name


def capture(folder: Path, to: Path) -> dict[str, Any]:
    """Everything that capturing the image showed; raises RunError where it failed."""
    run = Run(folder, to / "run")
    run.lay_out(None, None)
    with contextlib.redirect_stdout(sys.stderr):
        print(run.train_sample(), end="", flush=True)
        with run.served(lambda text: print(text.strip(), file=sys.stderr)) as port:
            asked = _asked(run, port, to / "files")
    report = json.loads((run.paths.output_data / "report.json").read_text())
    return {
        "facts": json.loads(describe(Settings.read({"SLIPWAY_ALGORITHM": str(folder)}))),
        "metrics": report["metrics"],
        "hyperparameters": json.loads((run.sample / "hyperparameters.json").read_text()),
        "rows": report.get("rows"),
        "report": str(run.report.relative_to(to)),
        **asked,
        "libraries": libraries((folder / "requirements.lock").read_text()),
    }


def _asked(run: Run, port: int, files: Path) -> dict[str, Any]:
    """The sample's requests in every format, and their answers in every format."""
    files.mkdir(parents=True)
    table = Table.read(run.sample / "request.csv")

    def exchange(name: str, body: bytes, sent: str, accept: str = "", attributes: str = "") -> dict[str, Any]:
        answer = ask(port, body, sent, accept, Custom_Attributes=attributes)
        return Exchange(name, body, sent, accept, attributes, answer).write(files)

    requested, left_out = [], {}
    for codec in formats.FORMATS:
        body = table.body(codec.media_type)
        if body is None:
            left_out[codec.media_type] = "It holds numbers only, and this sample has texts."
        else:
            requested.append(exchange(f"request{codec.suffixes[0]}", body, codec.media_type))
    body = table.body("text/csv") or b""
    answered = [exchange("request.csv", body, "text/csv", accept) for accept in formats.ANSWER_TYPES]
    others = [
        exchange(path.name, path.read_bytes(), guess(path)) for path in sorted(run.sample.glob("request-*.*"))
    ]
    refused = [one for one in answered if one["status"] == 406]  # a format that cannot hold what is answered
    answered = [one for one in answered if one not in refused]
    _check([*requested, *answered, *others])
    first = table.head(1).body("text/csv") or b""
    options = json.loads(describe(Settings.read({"SLIPWAY_ALGORITHM": str(run.folder)})))["options"]
    switched = [
        exchange("row.csv", first, "text/csv", "application/json", f"{option['name']}=true")
        for option in options
        if option["values"].get("type") == "boolean" and not option["default"]
    ]
    wrong = exchange("wrong.csv", b"unheard,of\n1,2\n", "text/csv")
    if not 400 <= wrong["status"] < 500:
        raise RunError(f"a table of unknown columns was answered with {wrong['status']}")
    return {
        "requested": requested,
        "left_out": left_out,
        "answered": answered,
        "refused": refused,
        "others": others,
        "switched": [one for one in switched if one["status"] == 200],
        "wrong": wrong,
    }


def _check(exchanges: list[dict[str, Any]]) -> None:
    for one in exchanges:
        if one["status"] != 200:
            raise RunError(
                f"{one['sent']['name']} was answered with {one['status']}: {one['answer']['text']}"
            )


def libraries(lock: str) -> list[dict[str, str]]:
    """The packages of a lock file that are installed here, as they would be in the image, with licences."""
    installed = {_plain(found.metadata["Name"]): found for found in distributions() if found.metadata["Name"]}
    names = sorted({_plain(name) for name in _NAME.findall(lock)} & installed.keys())
    return [
        {"name": name, "version": installed[name].version, "licence": licence(installed[name])}
        for name in names
    ]


def licence(found: Distribution) -> str:
    """What a package says of its licence, in its own words; "unknown" where it says nothing."""
    said = _first(found, "License-Expression")
    if not said:
        marks = found.metadata.get_all("Classifier") or []
        named = [mark.split(" :: ")[-1] for mark in marks if mark.startswith("License :: ")]
        said = ", ".join(name for name in named if name != "OSI Approved")
    if not said:
        said = _first(found, "License").strip()
        said = "" if len(said) > _LONGEST_LICENCE or "\n" in said or said.upper() == "UNKNOWN" else said
    return said or "unknown"


def _first(found: Distribution, field: str) -> str:
    return str((found.metadata.get_all(field) or [""])[0])


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    parser = argparse.ArgumentParser(description="Try an image on its sample, and record the answers.")
    parser.add_argument("--image", required=True)
    parser.add_argument("--to", type=Path, required=True, help="a folder, which is replaced")
    options = parser.parse_args()
    to = options.to.resolve()
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    try:
        found = capture(ROOT / "images" / options.image, to)
    except (RunError, ValueError, OSError, subprocess.SubprocessError) as error:
        print(f"capture of {options.image}: {error}", file=sys.stderr)
        return 1
    (to / "capture.json").write_text(json.dumps(found, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
