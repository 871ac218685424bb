"""The demo: an image trained on its sample, served, and asked, in one go."""

import argparse
import csv
import math
from typing import Any

from .client import ask
from .runs import Run, RunError

_ROWS = 10
_CELL = 22  # characters


def demo(run: Run, _: argparse.Namespace) -> int:
    """Says what each step does; raises RunError where one fails."""
    print(f"Training {run.name} on {run.sample.relative_to(run.folder.parent.parent)} …", flush=True)
    run.lay_out(None, None)
    run.train()
    with run.served() as port:
        request = (run.sample / "request.csv").read_bytes()
        answer = ask(port, request, "text/csv", "application/json")
    if not answer.ok:
        raise RunError(f"the sample request was answered with {answer.status}: {answer.reason}")
    sent = list(csv.DictReader(request.decode().splitlines()))
    answers = answer.json["predictions"]
    if len(sent) != len(answers):
        raise RunError(f"{len(sent)} rows were sent, {len(answers)} answers came")
    rows = [[*before.values(), None, *after.values()] for before, after in zip(sent, answers, strict=True)]
    print(f"\nsample/request.csv and its answers:\n\n{table([*sent[0], None, *answers[0]], rows[:_ROWS])}")
    if len(rows) > _ROWS:
        print(f"… and {len(rows) - _ROWS} more")
    print(f"""
Training report, to open in a browser:
  {run.report}

With data of your own:
  make train IMG={run.name} DATA=folder        CSV, JSON Lines, JSON or Parquet files
  make serve IMG={run.name}
  make predict IMG={run.name} FILE=rows.csv    in another terminal""")
    return 0


def table(header: list[Any], rows: list[list[Any]]) -> str:
    """Aligned columns: numbers right, texts left; None is the bar between sent and answered."""
    columns = [_column(name, [row[place] for row in rows]) for place, name in enumerate(header)]
    lines = ["  ".join(line) for line in zip(*columns, strict=True)]
    return "\n".join(f"  {line}".rstrip() for line in lines)


def _column(name: Any, cells: list[Any]) -> list[str]:
    """Name, rule and cells in one width; floats with the decimals that give the largest four digits."""
    if name is None:
        return ["│", "┼", *("│" for _ in cells)]
    floats = [abs(cell) for cell in cells if isinstance(cell, float)]
    whole = all(value.is_integer() for value in floats)
    decimals = 0 if whole else max(0, 3 - math.floor(math.log10(max(floats) or 1)))
    shown = [
        f"{cell:.{decimals}f}" if isinstance(cell, float) else _cut("" if cell is None else str(cell))
        for cell in cells
    ]
    width = max(map(len, [str(name), *shown]))
    numbers = all(_is_number(cell) for cell in cells)
    return [text.rjust(width) if numbers else text.ljust(width) for text in (str(name), "─" * width, *shown)]


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"


def _is_number(cell: Any) -> bool:
    try:
        float(cell or 0)
    except (TypeError, ValueError):
        return False
    return True
