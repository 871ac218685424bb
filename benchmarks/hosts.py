"""Training on 1, 2 and 4 hosts: CPU time and peak memory of each, bytes between them; prints a table.

    PYTHONPATH=shared:tests unshare --net sh -c 'ip link set lo up; exec "$@"' - \\
        .slipway/envs/boosting/bin/python -m benchmarks.hosts --case lightgbm,xgboost
    PYTHONPATH=shared:tests .slipway/envs/kmeans/bin/python -m benchmarks.hosts --case kmeans
    PYTHONPATH=shared:tests .slipway/envs/forecast/bin/python -m benchmarks.hosts --case forecast \\
        --rows 600000
    PYTHONPATH=shared:tests .slipway/envs/automl/bin/python -m benchmarks.hosts --case automl --rows 40000

A host is a process with one core and an address of this machine (127.x.y.n), and the processes that it
starts. The train channel is sharded, as CSV in four files, so each of four hosts has one. What counts is the
critical path: the CPU time, user and system, of the host that needs the most. Waiting costs little, so a busy
neighbour hardly shows. The peak memory is that of a host's largest process. Bytes are those of the loopback
interface, which `unshare` keeps free of other programs' traffic.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness import hosts  # of tests/
from tools import ROOT
from tools.layout import configure
from tools.process import command

COLUMNS = 20
POINTS = 60  # of a series, by month
FILES = 4
TREES = {
    "n_estimators": "100",
    "learning_rate": "0.1",
    "early_stopping_rounds": "0",
    "metrics": '["roc_auc"]',
}
KMEANS = {
    "algorithm": "distributed",
    "k": "8",
    "features": json.dumps([f"x{place}" for place in range(COLUMNS)]),
    "max_iter": "50",
}


@dataclass(frozen=True)
class Used:
    """By one host."""

    cpu_s: float
    peak_mb: float


def sent_bytes() -> int:
    """What was sent on this machine from one address of its own to another."""
    lines = Path("/proc/net/dev").read_text().splitlines()
    counts = next(line.partition(":")[2] for line in lines if line.strip().startswith("lo:"))
    return int(counts.split()[8])


def make_rows(folder: Path, rows: int) -> list[Path]:
    """Rows of numbers around 8 centres, and a class that depends on some of them; equal files."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(8, COLUMNS)) * 3
    paths = []
    for number in range(FILES):
        matrix = centres[rng.integers(8, size=rows // FILES)] + rng.normal(size=(rows // FILES, COLUMNS))
        signal = matrix[:, 0] + matrix[:, 1] * matrix[:, 2] / 3 + np.sin(matrix[:, 3])
        table = np.column_stack([signal + rng.normal(size=len(matrix)) > 0, matrix])
        path = folder / f"{number}.csv"
        names = ",".join(["y", *(f"x{place}" for place in range(COLUMNS))])
        np.savetxt(path, table, fmt=["%d"] + ["%.6f"] * COLUMNS, delimiter=",", header=names, comments="")
        paths.append(path)
    return paths


def make_series(folder: Path, rows: int) -> list[Path]:
    """Series of `POINTS` months with trends and seasons, one after another; the files cut some in two."""
    rng = np.random.default_rng(0)
    number, steps = rows // POINTS, np.arange(POINTS)
    level, trend, season, noise = (
        rng.uniform(*some, (number, 1)) for some in ((20, 200), (-0.3, 0.5), (0, 0.3), (0.02, 0.2))
    )
    phase = rng.uniform(0, 2 * np.pi, (number, 1))
    means = (level + trend * steps) * (1 + season * np.sin(2 * np.pi * steps / 12 + phase))
    values = np.maximum(means + level * noise * rng.normal(size=means.shape), 0).ravel()
    months = [f"{2019 + step // 12}-{step % 12 + 1:02}-01" for step in steps.tolist()]
    lines = [
        f"item{place // POINTS},{months[place % POINTS]},{value:.3f}\n" for place, value in enumerate(values)
    ]
    paths = []
    for file in range(FILES):
        path = folder / f"series{file}.csv"
        part = lines[len(lines) * file // FILES + 7 * (file > 0) : len(lines) * (file + 1) // FILES + 7]
        path.write_text("".join(["item_id,timestamp,target\n", *part]))
        paths.append(path)
    return paths


@dataclass(frozen=True)
class Case:
    """What is trained on which data, and the metric that tells whether the model is as good."""

    image: str
    given: dict[str, str]
    metric: str
    make: Callable[[Path, int], list[Path]] = make_rows


CASES = {
    "lightgbm": Case("boosting", {"engine": "lightgbm", "target": "y", "hosts": "all", **TREES}, "roc_auc"),
    "xgboost": Case("boosting", {"engine": "xgboost", "target": "y", "hosts": "all", **TREES}, "roc_auc"),
    "kmeans": Case("kmeans", KMEANS, "msd"),
    "forecast": Case("forecast", {"horizon": "12"}, "wql", make_series),
    "automl": Case("automl", {"target": "y", "time_limit_s": "3600"}, "roc_auc"),
}


def train(case: Case, files: list[Path], count: int, folder: Path) -> tuple[list[Used], float]:
    """What each of `count` hosts used, and the metric."""
    names = hosts.addresses(count)
    started = []
    for place, name in enumerate(names):
        root = folder / name
        (root / "input/data/train").mkdir(parents=True)
        for path in files[place::count]:
            os.link(path, root / "input/data/train" / path.name)
        configure(root, case.given, ["train"])
        hosts.configure(root, name, names, ["train"], interface="none")
        line, environ = command("train", ROOT / "images" / case.image, root)
        core = str(place % (os.cpu_count() or 1))
        tree = [sys.executable, "-m", "benchmarks.tree", str(root / "used.json"), "taskset", "-c", core]
        with (root / "log").open("wb") as log:
            process = subprocess.Popen([*tree, *line], env=environ, cwd=ROOT, stdout=log, stderr=log)
        started.append((root, process))
    used = []
    for root, process in started:
        if process.wait():
            raise SystemExit((root / "log").read_text()[-2000:])
        used.append(Used(**json.loads((root / "used.json").read_text())))
    manifest = json.loads((folder / names[0] / "model/manifest.json").read_text())
    return used, float(manifest["metrics"][case.metric])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--case", default="lightgbm,xgboost")
    parser.add_argument("--rows", default="100000,1000000")
    parser.add_argument("--hosts", default="1,2,4")
    options = parser.parse_args()
    print(
        "| case | rows | hosts | CPU s of each | critical path | of one host "
        "| peak MB of each | MB sent | metric |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for rows in map(int, options.rows.split(",")):
        for name in options.case.split(","):
            case, first = CASES[name], 0.0
            with tempfile.TemporaryDirectory() as data:
                files = case.make(Path(data), rows)
                for count in map(int, options.hosts.split(",")):
                    before = sent_bytes()
                    with tempfile.TemporaryDirectory(dir=data) as folder:
                        used, metric = train(case, files, count, Path(folder))
                    sent = (sent_bytes() - before) / 1e6
                    most = max(one.cpu_s for one in used)
                    first = first or most
                    seconds = ", ".join(f"{one.cpu_s:.1f}" for one in used)
                    peaks = ", ".join(f"{one.peak_mb:.0f}" for one in used)
                    print(
                        f"| {name} | {rows:,} | {count} | {seconds} | {most:.1f} | {most / first:.2f} "
                        f"| {peaks} | {sent:.0f} | {case.metric} {metric:.4f} |",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
