"""What training costs: the memory at its peak and the CPU time of jobs of two sizes, and what each row adds.

.slipway/envs/kmeans/bin/python -m benchmarks.cost images/kmeans --rows 20000,100000 --hyperparameters '{}'

Rows are made from a seed: eight columns of numbers, two of categories, one of two classes; a tenth of the
cells of three columns is missing. With --series rows are series of 100 points. The last line is
what image.toml has in [cost]; take no more of it than the order of magnitude.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv

from slipway import Channel, machine
from tools.layout import configure
from tools.process import Process, command, tail

from .process import tree

MB = 1 << 20
POINTS = 100  # of a series


@dataclass(frozen=True)
class Cost:
    """One job."""

    rows: int
    cells: int
    table_bytes: int
    peak_bytes: int
    cpu_s: float


def table(rows: int, series: bool) -> pa.Table:
    random = np.random.default_rng(0)
    if series:
        count = rows // POINTS
        days = np.tile(np.arange(POINTS), count)
        level = np.repeat(random.lognormal(size=count), POINTS)
        target = level * (10 + np.sin(days / 7 * 2 * np.pi)) + random.normal(size=len(days))
        times = pa.array(np.datetime64("2024-01-01") + days)
        items = pa.array([f"item-{number}" for number in np.repeat(np.arange(count), POINTS)])
        return pa.table({"item_id": items, "timestamp": times, "target": target.round(4)})
    groups = random.integers(5, size=rows)
    found = {}
    for place in range(8):
        column = (random.normal(size=rows) + groups * (place % 3)).round(4)
        gaps = random.random(rows) < (0.1 if place < 3 else 0)
        found[f"x{place}"] = pa.array(column, mask=gaps)
    for place in range(2):
        codes = np.where(random.random(rows) < 0.5, groups, random.integers(12, size=rows))
        found[f"c{place}"] = pa.array(np.array([f"kind {code}" for code in range(12)])[codes])
    score = found["x3"].to_numpy() + groups / 2 + random.normal(size=rows)
    return pa.table({**found, "y": pa.array(np.where(score > 1, "yes", "no"))})


def measure(image: Path, rows: int, series: bool, hyperparameters: dict[str, object]) -> Cost:
    made = table(rows, series)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "input/data/train").mkdir(parents=True)
        csv.write_csv(made, root / "input/data/train/rows.csv")
        configure(root, hyperparameters, ["train"])
        table_bytes = Channel("train", root / "input/data/train").memory_bytes or 0
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        peak_bytes = 0
        with Process(*command("train", image.resolve(), root)) as job:
            while not job.ended:  # what the job's processes hold together
                peak_bytes = max(peak_bytes, sum(map(machine.resident_bytes, tree(job.pid))))
                time.sleep(0.05)
            if job.popen.returncode:
                raise SystemExit(tail(job.log))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(rows, rows * made.num_columns, table_bytes, peak_bytes, cpu_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image", type=Path)
    parser.add_argument("--rows", default="20000,100000")
    parser.add_argument("--series", action="store_true")
    parser.add_argument("--hyperparameters", default="{}", type=json.loads)
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    print("| rows | table, MB | peak, MB | CPU s |\n| --- | --- | --- | --- |")
    found = []
    for rows in map(int, args.rows.split(",")):
        found.append(one := measure(args.image, rows, args.series, args.hyperparameters))
        print(
            f"| {one.rows:,} | {one.table_bytes / MB:.1f} | {one.peak_bytes / MB:.0f} | {one.cpu_s:.1f} |",
            flush=True,
        )
    small, large = found[0], found[-1]
    factor = (large.peak_bytes - small.peak_bytes) / (large.table_bytes - small.table_bytes)
    base = small.peak_bytes - factor * small.table_bytes
    rate = (large.cpu_s - small.cpu_s) / (large.cells - small.cells) * 1e6
    print(
        f"\nmemory_mb = {base / MB:.0f}, memory_factor = {factor:.1f}, "
        f"cpu_s = {small.cpu_s - rate * small.cells / 1e6:.1f}, cpu_s_per_million_cells = {rate:.1f}"
    )


if __name__ == "__main__":
    main()
