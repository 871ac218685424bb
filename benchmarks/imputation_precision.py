"""Asked precision against reached precision of the imputation image, and how many truths its intervals hold.

    python -m benchmarks.imputation_precision DATA_FOLDER

Observed cells are hidden in two ways, the image learns from the rest and fills them. See README.md.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .environment import REPO, environment

IMAGE = REPO / "images/imputation"
ASKED = (0.8, 0.9, 0.95, 0.99)
TOLERANCE = 0.5  # standard deviations within which a number counts as right
FEWEST = 8  # hidden cells of a column that is judged
LABELLED = ("adult", "credit_g", "abalone")
NUMBERS = (
    "iris", "wine", "diabetes", "cancer", "friedman", "penguins", "pima", "winequality", "abalone",
    "mammography", "phoneme",
)  # fmt: skip
Found = dict[tuple[str, str], list[Any]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("data", type=Path, help="a folder with tables/, as for imputation.py")
    add("--rows", type=int, default=1000, help="of a table at most")
    add("--share", type=float, default=30, help="per cent of the cells that are hidden")
    add("--preset", default="fast", choices=["fast", "balanced", "best"])
    add("--masks", default="MCAR,MAR", help="with commas; also MNAR, blocks, monotone, censored")
    add("--seed", type=int, default=7, help="of the hidden cells")
    args = parser.parse_args()
    python = environment("bench-imputation", IMAGE / "requirements.lock")
    if Path(sys.prefix).resolve() != python.parent.parent.resolve():
        paths = os.pathsep.join(map(str, (IMAGE.parent, REPO / "shared", REPO / "benchmarks/imputers")))
        environ = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
        command = [str(python), "-m", "benchmarks.imputation_precision", *sys.argv[1:]]
        os.execve(python, command, environ)
    import score
    from pandas import DataFrame

    sure, held = measure(args)
    for kind in ("labels", "numbers"):
        print(score.markdown(DataFrame(kept(sure, kind))), end="\n\n")
    print(score.markdown(DataFrame(intervals(held))))


def measure(args: argparse.Namespace) -> tuple[Found, Found]:
    """By kind and mask, for each column: (chance, right, learnt precision); (in interval, width, error)."""
    import frames
    import numpy as np
    from imputation.confidence.labels import LabelConfidence
    from imputation.evaluation.masks import MASKS
    from imputation.fitting import fit
    from imputation.postprocessing import FillOptions
    from imputation.tasks import FitSettings

    sure: Found = {}
    held: Found = {}
    for kind, table in tables(args.data / "tables", args.rows):
        for mask in args.masks.split(","):
            hidden = MASKS[mask](frames.tabled(table), args.share / 100, np.random.default_rng(args.seed))
            masked = table.mask(hidden)
            wanted = [
                name for name, gone in zip(table, hidden.T, strict=True)
                if gone.sum() >= FEWEST and (table[name].dtype == object) == (kind == "labels")
            ]  # fmt: skip
            given = frames.tabled(masked)
            imputer = fit(given, wanted, FitSettings(preset=args.preset))
            filled = imputer.fill(given, wanted, FillOptions(top_k=1, tolerance=TOLERANCE, interval=True))
            for name in wanted:
                labels = isinstance(imputer.confidence.get(name), LabelConfidence)
                if labels != (kind == "labels"):  # a number of which two values are left
                    continue
                cells = filled[name]
                mine = np.isin(cells.rows, np.flatnonzero(hidden[:, list(table).index(name)]))
                truth, chance = table[name].to_numpy()[cells.rows[mine]], cells.probability[mine]
                if kind == "labels":
                    learnt = imputer.confidence[name].precision_at(chance)
                    best = frames.cells(imputer.column(name), cells.top[mine, 0])
                    sure.setdefault((kind, mask), []).append((chance, best == truth, learnt))
                    continue
                scale = masked[name].std(ddof=0) or 1.0
                learnt = imputer.confidence[name].precision_at(chance, TOLERANCE)
                near = np.abs(cells.values[mine] - truth) <= TOLERANCE * scale
                sure.setdefault((kind, mask), []).append((chance, near, learnt))
                lower, upper = cells.lower[mine], cells.upper[mine]
                inside = (lower <= truth) & (truth <= upper)
                error = (cells.values[mine] - truth) / (truth.std() or 1.0)
                held.setdefault((kind, mask), []).append((inside, (upper - lower) / scale, error))
    return sure, held


def tables(folder: Path, rows: int) -> Iterator[tuple[str, Any]]:
    """Tables whose numbers are filled, then some whose labels are."""
    import cases
    import pandas as pd

    for name, load in cases.numeric(folder).items():
        if name in NUMBERS:
            yield "numbers", cases.numbers_only(load(), rows)
    for name in LABELLED:
        table = pd.read_csv(folder / f"{name}.train.csv.gz")
        yield "labels", table.sample(frac=1, random_state=0).head(rows).reset_index(drop=True)


def kept(sure: Found, kind: str) -> list[dict[str, Any]]:
    """For each asked precision: what was reached, and of how many cells."""
    import numpy as np
    from imputation.evaluation.scores import ece

    rows = []
    for (own, mask), cells in sure.items():
        if own != kind:
            continue
        chance, right, learnt = (np.concatenate(one) for one in zip(*cells, strict=True))
        for asked in ASKED:
            above = learnt >= asked
            rows.append({
                kind: mask, "asked": asked, "reached": right[above].mean() if above.any() else np.nan,
                "share filled": above.mean(), "if all are filled": right.mean(), "ECE": ece(right, chance),
            })  # fmt: skip
    return rows


def intervals(held: Found) -> list[dict[str, Any]]:
    """How many truths 90 % intervals held, of all columns and of each."""
    import numpy as np

    rows = []
    for (_, mask), cells in held.items():
        inside, wide, _ = (np.concatenate(one) for one in zip(*cells, strict=True))
        each = np.array([one.mean() for one, *_ in cells])
        rows.append({
            "intervals": mask, "asked": 0.9, "held": inside.mean(), "width / standard deviation": wide.mean(),
            "cells": len(inside), "columns": len(each),
            "within 5 points": (np.abs(each - 0.9) <= 0.05).mean(), "worst column": each.min(),
            "NRMSE": np.mean([np.sqrt(np.mean(error**2)) for *_, error in cells]),
        })  # fmt: skip
    return rows


if __name__ == "__main__":
    main()
