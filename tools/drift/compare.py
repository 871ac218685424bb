"""Captured requests, compared with the training of a model: run in the environment of the model's image.

python -m tools.drift.compare FOLDER, which holds manifest.json and drift.json of the model, and
requests.jsonl: a line for each request, of its content type and its body in base64, the latest first.
"""

import argparse
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from slipway.drift.baseline import Baseline, counted
from slipway.drift.measure import measured
from slipway.errors import UserError
from slipway.formats import Reading, reader
from slipway.manifest import FILE, Manifest
from slipway.table import match
from slipway.table.table import Table

REQUESTS = "requests.jsonl"


def compare(folder: Path, rows: int, false_alarms: float) -> dict[str, Any]:
    """The last `rows` rows in the form of GET /drift; how many requests there were, and how many unread."""
    manifest = Manifest.model_validate_json((folder / FILE).read_bytes())
    baseline = Baseline.read(folder)
    assert baseline is not None
    columns = [one for one in baseline.columns if one.of == "input"]
    counts = [np.zeros(len(one.counts), dtype=np.int64) for one in columns]
    found = requests = unread = 0
    for table in _tables(folder / REQUESTS, manifest):
        requests += 1
        if table is None:
            unread += 1
            continue
        table = table.take(np.arange(min(table.height, rows - found)))
        found += table.height
        for column, total in zip(columns, counts, strict=True):
            total += counted(column, table)
        if found >= rows:
            break
    told = [one.told() for one in measured(columns, counts, false_alarms)]
    answer = {"rows": found, "false_alarms": false_alarms, "columns": told}
    return {"answer": answer, "requests": requests, "unread": unread}


def _tables(path: Path, manifest: Manifest) -> Iterator[Table | None]:
    """The rows of each request; None for one that the model refuses."""
    for line in path.read_text().splitlines():
        content_type, body = json.loads(line)
        try:
            form, media = reader(content_type)
            raw = form.read(base64.b64decode(body), media, Reading(manifest.reads))
            yield match.typed(raw, manifest.reads)
        except UserError:
            yield None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--false-alarms", type=float, required=True)
    args = parser.parse_args()
    print(json.dumps(compare(args.folder, args.rows, args.false_alarms)))


if __name__ == "__main__":
    main()
