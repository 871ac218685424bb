"""Training on 1, 2 and 4 hosts: CPU time and peak memory of each, bytes between them; prints a table.

    PYTHONPATH=shared:tests unshare --net sh -c 'ip link set lo up; exec "$@"' - \\
        .slipway/envs/boosting/bin/python -m benchmarks.hosts --case lightgbm,xgboost
    PYTHONPATH=shared:tests .slipway/envs/kmeans/bin/python -m benchmarks.hosts --case kmeans

A host is a process with one core and an address of this machine (127.x.y.n). The train channel is sharded, as
CSV in four files, so each of four hosts has one. What counts is the critical path: the CPU time, user and
system, of the host that needs the most. Waiting costs none, so a busy neighbour hardly shows. Bytes are those
of the loopback interface, which `unshare` keeps free of other programs' traffic.
"""

import argparse
import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness import hosts  # of tests/
from tools import ROOT
from tools.layout import configure
from tools.process import command

COLUMNS = 20
FILES = 4
TREES = {
    "n_estimators": "100",
    "learning_rate": "0.1",
    "early_stopping_rounds": "0",
    "metrics": '["roc_auc"]',
}
CASES: dict[str, tuple[str, dict[str, str], str]] = {
    "lightgbm": ("boosting", {"engine": "lightgbm", "target": "y", **TREES}, "roc_auc"),
    "xgboost": ("boosting", {"engine": "xgboost", "target": "y", **TREES}, "roc_auc"),
    "kmeans": ("kmeans", {"algorithm": "distributed", "k": "8", "features": "", "max_iter": "50"}, "msd"),
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


def make(folder: Path, rows: int) -> list[Path]:
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


def train(case: str, files: list[Path], count: int, folder: Path) -> tuple[list[Used], float]:
    """What each of `count` hosts used, and the metric."""
    image, given, metric = CASES[case]
    if image == "boosting":
        given = {**given, "hosts": "all"}
    else:
        given = {**given, "features": json.dumps([f"x{place}" for place in range(COLUMNS)])}
    names = hosts.addresses(count)
    started = []
    for place, name in enumerate(names):
        root = folder / name
        (root / "input/data/train").mkdir(parents=True)
        for path in files[place::count]:
            os.link(path, root / "input/data/train" / path.name)
        configure(root, given, ["train"])
        hosts.configure(root, name, names, ["train"], interface="none")
        line, environ = command("train", ROOT / "images" / image, root)
        core = str(place % (os.cpu_count() or 1))
        with (root / "log").open("wb") as log:
            process = subprocess.Popen(["taskset", "-c", core, *line], env=environ, stdout=log, stderr=log)
        started.append((root, process))
    used = []
    for root, process in started:
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit((root / "log").read_text()[-2000:])
        used.append(Used(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024))
    manifest = json.loads((folder / names[0] / "model/manifest.json").read_text())
    return used, float(manifest["metrics"][metric])


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
        with tempfile.TemporaryDirectory() as data:
            files = make(Path(data), rows)
            for case in options.case.split(","):
                first = 0.0
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
                        f"| {case} | {rows:,} | {count} | {seconds} | {most:.1f} | {most / first:.2f} "
                        f"| {peaks} | {sent:.0f} | {CASES[case][2]} {metric:.4f} |",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
