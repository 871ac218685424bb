"""AutoML side by side: our engine, AutoGluon, FLAML, CatBoost and LightGBM on the same folds and CPU seconds.

.slipway/envs/automl/bin/python -m benchmarks.automl DATA_FOLDER [--seconds 60] [--folds 1] [--rows 10000]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "tabular"), str(HERE.parent / "images"), str(HERE.parent / "shared")]

from automl.automl_handler import scores  # noqa: E402
from automl.automl_handler.problem import Problem  # noqa: E402
from tables import Table, tables  # noqa: E402

from .environment import LeftOutError, environment  # noqa: E402
from .standings import standings  # noqa: E402

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def pythons(wanted: list[str]) -> dict[str, Path]:
    """The interpreter of each contender; one that cannot be had is named with its reason."""
    found = {}
    for name in wanted:
        try:
            package = name.partition("-")[0]  # autogluon-high is AutoGluon with another preset
            own = HERE / package / "requirements.lock"
            found[name] = environment(f"bench-{package}", own) if own.exists() else Path(sys.executable)
        except LeftOutError as error:
            print(f"{name} is left out: {error}")
    return found


def run(name: str, python: Path, folder: Path) -> dict[str, Any] | None:
    """One contender on one fold."""
    done = subprocess.run(
        [str(python), str(HERE / "tabular/contender.py"), name, str(folder)],
        env={**os.environ, **ONE_THREAD},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"  {name} failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
        return None
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def judged(table: Table, target: pd.Series, answers: Any) -> dict[str, Any]:
    """Metrics of the answers, by the same code for all, and the loss of each row."""
    if table.kind == "regression":
        problem, known = Problem("target", "regression"), target.to_numpy(float)
        rows = np.square(answers[:, 0] - known)
    else:
        problem = Problem("target", table.kind, tuple(table.labels))  # type: ignore[arg-type]
        known = problem.encode(target)
        answers = np.clip(answers, 1e-9, 1)
        answers = answers / answers.sum(1, keepdims=True)
        rows = -np.log(answers[np.arange(len(known)), known.astype(int)])
    return {**scores.summary(problem, known, answers), "rows": np.round(rows, 6).tolist()}


def measure(
    table: Table, contenders: dict[str, Path], options: argparse.Namespace, known: set[tuple[str, int, str]]
) -> Iterator[dict[str, Any]]:
    """All contenders on all folds of a table, but those that are `known`."""
    for fold, (train, test) in enumerate(table.folds(options.folds, options.rows)):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            train.to_feather(folder / "train.feather")  # which older and newer pyarrows alike read
            test.to_feather(folder / "test.feather")
            task = {"kind": table.kind, "labels": table.labels, "seconds": options.seconds}
            (folder / "task.json").write_text(json.dumps(task))
            for name, python in contenders.items():
                if (table.name, fold, name) in known:
                    continue
                found = run(name, python, folder)
                if found is not None:
                    scored = judged(table, test["target"], np.load(folder / f"{name}.npy"))
                    shown = ", ".join(f"{key} {value:.4g}" for key, value in scored.items() if key != "rows")
                    print(f"  {name}: {shown}", flush=True)
                    yield {"table": table.name, "fold": fold, "stack": name, **scored, **found}


def report(found: pd.DataFrame) -> str:
    """A line a table and stack, then the mean ranks, by log loss or RMSE."""
    losses = [found[name] for name in ("rmse", "log_loss") if name in found]
    found = found.assign(loss=losses[0].fillna(losses[-1]))
    means = found.groupby(["table", "stack"], sort=False).mean(numeric_only=True)
    lines = [
        "| table | stack | log loss or RMSE | AUC | ECE | fit CPU s | one row, ms | MB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for (table, stack), one in means.iterrows():
        cells = [
            one["loss"],
            one.get("roc_auc"),
            one.get("ece"),
            one["seconds"],
            one["row_ms"],
            one["bytes"] / 1e6,
        ]
        shown = ["" if cell != cell else f"{cell:.4g}" for cell in cells]
        lines.append(f"| {table} | {stack} | " + " | ".join(shown) + " |")
    lines += ["", *standings(means["loss"].unstack())]
    lines += ["", "| stack | fit CPU s | one row, ms | MB |", "| --- | --- | --- | --- |"]
    for stack, one in found.groupby("stack")[["seconds", "row_ms", "bytes"]].median().iterrows():
        lines.append(f"| {stack} | {one['seconds']:.3g} | {one['row_ms']:.2g} | {one['bytes'] / 1e6:.2g} |")
    return "\n".join([*lines, "", *differences(found, "ours", "catboost")])


def differences(found: pd.DataFrame, one: str, other: str) -> list[str]:
    """Losses of `one` less those of `other`, of all held-out rows in pairs, with their standard error."""
    lines = [f"| {one} less {other} | log loss or squared error | standard error |", "| --- | --- | --- |"]
    for name, part in found.groupby("table", sort=False):
        losses = {stack: np.concatenate(list(rows["rows"])) for stack, rows in part.groupby("stack")}
        if one in losses and other in losses and len(losses[one]) == len(losses[other]):
            apart = losses[one] - losses[other]
            lines.append(f"| {name} | {apart.mean():+.4f} | {apart.std() / np.sqrt(len(apart)):.4f} |")
    return lines if len(lines) > 2 else []


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "data", type=Path, help="a folder of tables: pima.train.csv.gz, adult.train.csv.gz, …"
    )
    parser.add_argument("--seconds", type=float, default=60, help="CPU seconds that a search may take")
    parser.add_argument("--folds", type=int, default=1, choices=[1, 2, 3, 4], help="how many of four folds")
    parser.add_argument("--rows", type=int, default=10_000, help="learn from at most so many of a table")
    parser.add_argument("--stack", default="ours,autogluon,flaml,catboost,lightgbm", help="with commas")
    parser.add_argument("--table", default="", help="these tables alone, with commas")
    parser.add_argument("--json", type=Path, help="also write every figure here")
    parser.add_argument("--resume", action="store_true", help="keep what that file has, and measure the rest")
    options = parser.parse_args()
    contenders = pythons(options.stack.split(","))
    kept = options.resume and options.json and options.json.exists()
    rows: list[dict[str, Any]] = json.loads(options.json.read_text()) if kept else []
    known = {(row["table"], row["fold"], row["stack"]) for row in rows}
    for table in tables(options.data):
        if not options.table or table.name in options.table.split(","):
            print(f"{table.name}: {table.kind}, {len(table.rows)} rows", flush=True)
            for row in measure(table, contenders, options, known):
                rows.append(row)
                if options.json:
                    options.json.write_text(json.dumps(rows, indent=2))
    print("\n" + report(pd.DataFrame(rows)))


if __name__ == "__main__":
    main()
