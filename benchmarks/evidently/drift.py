"""Evidently on the tables and shifts of benchmarks/drift.py: its count of drifted columns, without plots.

python -m benchmarks.drift --evidently, which makes its environment.

By default Evidently tests each column by itself (Kolmogorov-Smirnov or chi-squared at 0.05 up to 1,000 rows,
then a distance with a threshold of 0.1) and calls a table drifted where half of its columns are. "Any" is the
measure of ours: that one column or more is called drifted.
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.metrics import DriftedColumnsCount

from benchmarks.drift_data import SHIFTS, STEPS, Columns, mixed, tables


def drifted(then: Columns, now: Columns) -> tuple[bool, bool]:
    """Whether any column, and whether half of them."""
    data = [Dataset.from_pandas(pd.DataFrame(one), data_definition=DataDefinition()) for one in (now, then)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of divisions by zero in its tests
        found = Report([DriftedColumnsCount()]).run(*data).dict()["metrics"][0]["value"]
    return found["count"] > 0, found["share"] >= 0.5


def false_alarms(windows: int) -> None:
    random = np.random.default_rng(1)
    print("| table | rows of a window | any column | half of them |\n| --- | --- | --- | --- |")
    for name, table in tables(random).items():
        n = len(next(iter(table.values())))
        trained, alarms = n * 2 // 3, np.zeros(2)
        for _ in range(windows):
            order = random.permutation(n)
            halves = [
                {key: values[some] for key, values in table.items()}
                for some in (order[:trained], order[trained:])
            ]
            alarms += drifted(*halves)
        any_, half = alarms / windows
        print(f"| {name} | {n - trained} | {any_:.1%} | {half:.1%} |", flush=True)


def shifts(trials: int) -> None:
    random = np.random.default_rng(2)
    learnt = mixed(random, 10_000)
    print("\n| planted in one of ten columns | rows until any is called drifted, median | 9 of 10 |")
    print("| --- | --- | --- |")
    for name, plant in {"nothing": lambda table, random: None, **SHIFTS}.items():
        needed = []
        for _ in range(trials):
            table = mixed(random, STEPS[-1])
            plant(table, random)
            found = (n for n in STEPS if drifted(learnt, {k: v[:n] for k, v in table.items()})[0])
            needed.append(next(found, float("inf")))
        late = np.quantile(needed, 0.9, method="higher")
        print(f"| {name} | {np.median(needed):.0f} | {late:.0f} |", flush=True)


def cost(rounds: int = 3) -> None:
    random = np.random.default_rng(3)
    then, now = ({f"x{place}": random.normal(size=10_000) for place in range(20)} for _ in range(2))
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        drifted(then, now)
        taken.append(time.process_time() - begun)
    print(f"\n10,000 rows of 20 columns against 10,000: {min(taken):.2f} s of CPU")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=20)
    parser.add_argument("--trials", type=int, default=5)
    args = parser.parse_args()
    cost()
    false_alarms(args.windows)
    shifts(args.trials)


if __name__ == "__main__":
    main()
