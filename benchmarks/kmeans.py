"""Training of k-means beside scikit-learn and faiss: CPU seconds, peak memory, inertia.

    .slipway/envs/kmeans/bin/python -m benchmarks.kmeans [--rows 100000,1000000] [--rounds 3]

The same rows in memory, from a file; methods take turns, each in a process and on one thread. See README.md.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tools.layout import lay_out
from tools.process import command

from .environment import CODE, REPO, LeftOutError, environment

METHODS = ("ours", "sklearn", "faiss_all", "faiss", "job")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rows", default="100000,1000000", metavar="N,M")
    add("--columns", type=int, default=20)
    add("--k", type=int, default=10)
    add("--restarts", type=int, default=3)
    add("--rounds", type=int, default=3)
    add("--seed", type=int, default=0, help="of the rows")
    add("--methods", default=",".join(METHODS), metavar="A,B")
    args = parser.parse_args()
    print("| rows | method | CPU s | ratio to scikit-learn | peak MB | inertia, ratio to scikit-learn |")
    print("| --- | --- | --- | --- | --- | --- |")
    for rows in map(int, args.rows.split(",")):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            np.save(folder / "rows.npy", groups(rows, args.columns, args.k, args.seed))
            table(rows, measured(folder, args))


def groups(rows: int, columns: int, k: int, seed: int) -> Any:
    """Round groups of unequal sizes that overlap, so that the search takes its iterations."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(k, columns)) * 1.2
    found = centres[random.choice(k, rows, p=np.arange(1, k + 1) / (k * (k + 1) / 2))]
    for first in range(0, rows, 1 << 16):  # in pieces: the noise of ten million rows would take as much again
        piece = found[first : first + (1 << 16)]
        piece += random.normal(size=piece.shape)
    return found


def measured(folder: Path, args: argparse.Namespace) -> dict[str, list[Mapping[str, float]]]:
    """What each method took, round by round."""
    found: dict[str, list[Mapping[str, float]]] = {}
    for turn in range(args.rounds):
        for method in args.methods.split(","):
            try:
                found.setdefault(method, []).append(run(method, folder, args))
            except LeftOutError as error:
                print(f"{method} is left out: {error}", file=sys.stderr)
            print(f"round {turn + 1}: {method}", file=sys.stderr, flush=True)
    return {method: runs for method, runs in found.items() if runs}


def run(method: str, folder: Path, args: argparse.Namespace) -> Mapping[str, float]:
    if method == "job":
        return job(folder, args)
    lock = Path(__file__).parent / "clusterers/requirements.lock"
    python = sys.executable if method == "ours" else environment("bench-clusterers", lock)
    search = [python, "-m", "benchmarks.clusterers.run", method, folder / "rows.npy", args.k, args.restarts]
    environ = {**os.environ, **ONE_THREAD, "PYTHONPATH": CODE}
    done = subprocess.run(list(map(str, search)), cwd=REPO, env=environ, check=True, stdout=subprocess.PIPE)
    found: Mapping[str, float] = json.loads(done.stdout)
    return found


def job(folder: Path, args: argparse.Namespace) -> Mapping[str, float]:
    """A whole training job of the image: libraries, reading, curve over k, search, metrics, report."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        root, used = Path(place) / "ml", Path(place) / "used.json"
        hyperparameters = {"k": args.k, "n_init": args.restarts, "algorithm": "lloyd"}
        lay_out(
            root, {"train": folder / "rows.npy"}, hyperparameters, link=True, ContentType="application/x-npy"
        )
        train, environ = command("train", REPO / "images/kmeans", root, **ONE_THREAD)
        measure = [sys.executable, "-m", "benchmarks.tree", str(used)]
        subprocess.run([*measure, *train], cwd=REPO, env=environ, check=True, capture_output=True)
        found = json.loads(used.read_text())
        metrics = json.loads((root / "model/manifest.json").read_text())["metrics"]
    return {"cpu": found["cpu_s"], "peak": found["peak_mb"], "inertia": metrics["inertia"]}


def table(rows: int, found: Mapping[str, Sequence[Mapping[str, float]]]) -> None:
    """A line per method: medians, half the range of the CPU time, and medians of the rounds' ratios."""
    base = found.get("sklearn", [])
    for method, runs in found.items():
        cpu, peak = (statistics.median(run[name] for run in runs) for name in ("cpu", "peak"))
        spread = (max(run["cpu"] for run in runs) - min(run["cpu"] for run in runs)) / 2
        ratios = {
            name: [run[name] / other[name] for run, other in zip(runs, base, strict=False)]
            for name in ("cpu", "inertia")
        }  # round by round, so that a busy neighbour is in both numbers
        times, errors = (statistics.median(each) if each else np.nan for each in ratios.values())
        cells = [
            f"{rows:,}",
            method,
            f"{cpu:.2f} ± {spread:.2f}",
            f"{times:.2f}",
            f"{peak:,.0f}",
            f"{errors:.5f}",
        ]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
