"""Reading files to a typed table: CPU seconds and peak memory beside pandas, Arrow and Polars, as ratios.

    .slipway/envs/shared/bin/python -m benchmarks.reading
    .slipway/envs/shared/bin/python -m benchmarks.reading --shapes long,mixed --readers ours,arrow --scale 0.1

Every reader has a fresh process for each file; readers take turns within a round. See README.md.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from .environment import REPO, STATE, LeftOutError, environment
from .readers import READERS
from .shapes import SHAPES

HERE = Path(__file__).resolve().parent
SMALL = 1e-4  # of the published rows, but what loads late is loaded
Found = dict[str, dict[str, dict[str, float]]]


def python_of(reader: str) -> Path:
    """The interpreter that has the reader's library. Raises LeftOutError where it cannot be had."""
    if reader.startswith("polars"):
        return environment("bench-polars", HERE / "columnar/requirements.lock")
    if reader == "sagemaker":
        python = STATE / "envs/tools/bin/python"
        if not python.exists():
            raise LeftOutError("the tools' environment is not there; `make check` makes it")
        return python
    return Path(sys.executable)


def made(folder: Path, shape: str, scale: float) -> Path:
    """The shape's file, alone in a folder, as a channel has it."""
    _, file, make = SHAPES[shape]
    path = folder / shape / f"{scale:g}" / file
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path, scale)
    return path


def measure(reader: str, path: Path, small: Path) -> dict[str, float]:
    """CPU and wall seconds, peak and table bytes. Raises LeftOutError with the reader's last line."""
    threads = "1" if reader in ("polars", "arrow", "arrow-given") else str(os.cpu_count())
    environ = {
        **os.environ,
        "PYTHONPATH": str(REPO / "shared"),
        "POLARS_MAX_THREADS": threads,
        "OMP_NUM_THREADS": threads,  # Arrow's pool follows it
    }
    command = [python_of(reader), HERE / "readers.py", reader, path, small]
    done = subprocess.run([*map(str, command)], env=environ, capture_output=True, text=True)
    if done.returncode:
        raise LeftOutError((done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1][:200])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def able(reader: str, shape: str) -> bool:
    """Whether it knows the format."""
    return (reader in ("ours", "sagemaker")) if shape == "recordio" else reader != "sagemaker"


def text(found: Found, readers: list[str]) -> str:
    """Three tables: CPU, ours divided by each, peak over the table's own size."""

    def table(title: str, heads: list[str], cell: Any) -> list[str]:
        rows = [
            [SHAPES[shape][0], *(cell(one, reader) if reader in one else "" for reader in heads)]
            for shape, one in found.items()
        ]
        lines = [["shape", *heads], ["---"] * (len(heads) + 1), *rows]
        return ["", title, "", *(f"| {' | '.join(line)} |" for line in lines)]

    def ratio(one: dict[str, dict[str, float]], reader: str) -> str:
        return f"{one['ours']['cpu'] / one[reader]['cpu']:.1f}" if "ours" in one else ""

    return "\n".join(
        [
            *table("CPU seconds (user and system)", readers, lambda one, by: f"{one[by]['cpu']:.2f}"),
            *table("ours divided by", [by for by in readers if by != "ours"], ratio),
            *table(
                "Peak over the table's own size",
                readers,
                lambda one, by: f"{one[by]['peak'] / one[by]['table']:.1f}",
            ),
            *table("Peak, MB", readers, lambda one, by: f"{one[by]['peak'] / 1e6:.0f}"),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shapes", default=",".join(SHAPES), help="with commas")
    parser.add_argument("--readers", default=",".join(READERS), help="with commas")
    parser.add_argument("--scale", type=float, default=1, help="of the published numbers of rows")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--folder", type=Path, help="where the files are made and kept; else they are temporary"
    )
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    shapes, readers = options.shapes.split(","), options.readers.split(",")
    if unknown := (set(shapes) - set(SHAPES)) | (set(readers) - set(READERS)):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="bench-reading-") as temporary:
        folder = options.folder or Path(temporary)
        all_found: dict[str, dict[str, list[dict[str, float]]]] = defaultdict(lambda: defaultdict(list))
        for shape in shapes:
            path, small = made(folder, shape, options.scale), made(folder, shape, SMALL)
            left_out: dict[str, str] = {}
            for _ in range(options.rounds):
                for reader in readers:
                    if able(reader, shape) and reader not in left_out:
                        try:
                            all_found[shape][reader].append(measure(reader, path, small))
                        except LeftOutError as error:
                            left_out[reader] = str(error)
            for reader, why in left_out.items():
                print(f"{shape}: {reader} is left out: {why}", file=sys.stderr)
            print(f"{shape}: {path.stat().st_size / 1e6:.0f} MB", file=sys.stderr)
    found: Found = {
        shape: {
            reader: {key: statistics.median(one[key] for one in runs) for key in runs[0]}
            for reader, runs in by_reader.items()
            if runs  # none of a reader that was left out
        }
        for shape, by_reader in all_found.items()
    }
    print(text(found, readers))
    print(f"\nmachine: {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"again: {' '.join([os.path.relpath(sys.executable), '-m', 'benchmarks.reading', *sys.argv[1:]])}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
