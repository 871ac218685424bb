"""Anomaly detection beside scikit-learn's isolation forest, isotree and a random cut forest.

    .slipway/envs/isolation/bin/python -m benchmarks.isolation DATA_FOLDER [--seeds 0,1,2] [--sets A,B]

All detectors are trained on all rows without labels, and score the same rows. See README.md.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from .detectors import sets
from .environment import CODE, REPO, LeftOutError, environment

METHODS = ("ours", "sklearn", "isotree", "isotree256", "rrcf")
ASKED = 500  # rows at most that are scored: putting one into a random cut forest takes a tenth of a second
Results = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]


def main() -> None:
    args = arguments()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        truth = write(folder, args)
        results = {name: found for name in args.methods if (found := run(name, folder, args.seeds))}
    print(table(results, truth))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("data", type=Path, help="a folder with tables/: mammography, pima, phoneme, abalone, winequality, …")
    add("--seeds", default="0,1,2", metavar="A,B", help="of the detectors")
    add("--sets", default=",".join(sets.names()), metavar="A,B", help="those with a star have categories")
    add("--methods", default=",".join(METHODS), metavar="A,B")
    args = parser.parse_args()
    for name in ("seeds", "sets", "methods"):
        setattr(args, name, getattr(args, name).split(","))
    return args


def write(folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """A file per set for the detectors; returns the labels of the rows that they are asked for."""
    truth = {}
    for name in args.sets:
        columns, labels = sets.make(name, args.data, 0)
        random = np.random.default_rng(1)
        odd, normal = (random.permutation(np.flatnonzero(labels == which)) for which in (1, 0))
        share = min(1.0, ASKED / len(labels))
        asked = np.sort(
            np.concatenate([odd[: int(np.ceil(share * len(odd)))], normal[: int(share * len(normal))]])
        )
        truth[name] = labels[asked]
        (folder / f"{name}.set").write_text(json.dumps({"columns": columns, "asked": asked.tolist()}))
    return truth


def run(method: str, folder: Path, seeds: Sequence[str]) -> Any:
    """What a detector says to every set, in its own environment and process, on one thread."""
    try:
        lock = Path(__file__).parent / "detectors/requirements.lock"
        python = sys.executable if method == "ours" else environment("bench-detectors", lock)
    except LeftOutError as error:
        print(f"{method} is left out: {error}", file=sys.stderr)
        return None
    environ = {**os.environ, "PYTHONPATH": CODE, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [str(python), "-m", "benchmarks.detectors.run", method, str(folder), *seeds]
    subprocess.run(command, cwd=REPO, env=environ, check=True)
    return json.loads((folder / f"{method}.json").read_text())


def table(results: Results, truth: Mapping[str, Any]) -> str:
    """AUC (AP) per set and detector, their means, and CPU seconds as ratios to ours."""
    lines = [["AUC (AP)", "rows", *results], ["---"] * (2 + len(results))]
    every: dict[str, list[Any]] = {name: [] for name in results}
    for name, labels in truth.items():
        line = [name, f"{len(labels)}, {int(labels.sum())}"]
        for method, found in results.items():
            pairs = np.array(
                [
                    (roc_auc_score(labels, one["scores"]), average_precision_score(labels, one["scores"]))
                    for one in found[name]
                ]
            )
            every[method].append(pairs)
            line.append(f"{pairs[:, 0].mean():.3f} ({pairs[:, 1].mean():.2f})")
        lines.append(line)
    line = ["**mean**", ""]
    for pairs in every.values():
        means = np.array(pairs).mean(axis=0)  # (seeds, 2)
        errors = means.std(axis=0, ddof=1) / np.sqrt(len(means)) if len(means) > 1 else np.zeros(2)
        auc, precision = (
            f"{mean:.3f} ± {error:.3f}" for mean, error in zip(means.mean(0), errors, strict=True)
        )
        line.append(f"{auc} ({precision})")
    lines.append(line)
    for what, text in (("fit", "CPU, training"), ("score", "CPU, up to 500 rows"), ("one", "CPU, one row")):
        seconds = {
            method: np.mean([one[what] for runs in found.values() for one in runs])
            for method, found in results.items()
        }
        base = seconds.get("ours", 1.0)
        lines.append(
            [text, "", *(f"{1000 * value:.3g} ms, {value / base:.2g}" for value in seconds.values())]
        )
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main()
