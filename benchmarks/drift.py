"""Drift: after how many rows planted shifts are found, and how often held-out rows are called drifted.

PYTHONPATH=shared .slipway/envs/shared/bin/python -m benchmarks.drift
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from sklearn import datasets

import slipway
from slipway.drift.baseline import ColumnBaseline, of_numbers, of_texts
from slipway.drift.measure import measured
from slipway.manifest import Manifest
from slipway.serving.endpoint import Endpoint
from slipway.serving.metrics.drift import Window
from slipway.settings import Settings

FALSE_ALARMS = 0.01
STEPS = (100, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000)
Columns = dict[str, np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=300, help="held-out windows of each table")
    parser.add_argument("--trials", type=int, default=30, help="times that each shift is planted")
    args = parser.parse_args()
    cost()
    false_alarms(args.windows)
    shifts(args.trials)


def tables(random: np.random.Generator) -> dict[str, Columns]:
    found: dict[str, Columns] = {}
    for name in ("iris", "wine", "breast_cancer", "diabetes", "digits"):
        data = getattr(datasets, f"load_{name}")().data
        found[name] = {f"c{n}": column for n, column in enumerate(data.T)}
    n = 12_000
    found["normal, 20 columns"] = {f"c{i}": random.normal(size=n) for i in range(20)}
    found["heavy tails, 20 columns"] = {f"c{i}": random.standard_t(1.5, size=n) for i in range(20)}
    found["counts, 10 columns"] = {f"c{i}": random.poisson(0.3 + i / 2, size=n) * 1.0 for i in range(10)}
    found["categories, 10 columns"] = {
        f"c{i}": random.choice([f"k{j}" for j in range(40)], p=_zipf(40, 1 + i / 10), size=n)
        for i in range(10)
    }
    found["mixed, with gaps"] = mixed(random, n)
    return found


def mixed(random: np.random.Generator, n: int) -> Columns:
    found: Columns = {f"x{i}": random.lognormal(size=n) for i in range(6)}
    found["x1"] = np.where(random.random(n) < 0.05, np.nan, found["x1"])
    found |= {f"k{i}": random.choice(list("abcdefgh"), p=_zipf(8, 1), size=n) for i in range(4)}
    return found


def _zipf(size: int, power: float) -> np.ndarray:
    weights = 1 / np.arange(1, size + 1) ** power
    return weights / weights.sum()


def baseline(table: Columns) -> list[ColumnBaseline]:
    return [_of(name, values) for name, values in table.items()]


def _of(name: str, values: np.ndarray) -> ColumnBaseline:
    return of_numbers(name, values) if values.dtype.kind == "f" else of_texts(name, pa.array(values.tolist()))


def drifted(columns: list[ColumnBaseline], table: Columns) -> bool:
    now = [
        one.count(values if values.dtype.kind == "f" else pa.array(values.tolist()))
        for one, values in zip(columns, table.values(), strict=True)
    ]
    return any(one.drifted for one in measured(columns, now, FALSE_ALARMS))


def false_alarms(windows: int) -> None:
    random = np.random.default_rng(1)
    print(f"\npromised: at most {FALSE_ALARMS:.1%} of windows\n")
    print("| table | rows trained | rows of a window | windows called drifted |\n| --- | --- | --- | --- |")
    for name, table in tables(random).items():
        n = len(next(iter(table.values())))
        trained = n * 2 // 3
        alarms = 0
        for _ in range(windows):
            order = random.permutation(n)
            learnt = baseline({key: values[order[:trained]] for key, values in table.items()})
            alarms += drifted(learnt, {key: values[order[trained:]] for key, values in table.items()})
        print(f"| {name} | {trained} | {n - trained} | {alarms / windows:.1%} |", flush=True)


SHIFTS: dict[str, Callable[[Columns, np.random.Generator], None]] = {
    "mean, by half a standard deviation": lambda t, r: t.update(x0=t["x0"] + 0.5 * t["x0"].std()),
    "mean, by a tenth of it (0.1 standard deviations of the logarithm)": lambda t, r: t.update(
        x0=t["x0"] * 1.1
    ),
    "variance, spread by half": lambda t, r: t.update(x0=t["x0"].mean() + 1.5 * (t["x0"] - t["x0"].mean())),
    "category, a new one in 2 % of rows": lambda t, r: t.update(
        k0=np.where(r.random(len(t["k0"])) < 0.02, "new", t["k0"])
    ),
    "category, the first from 37 % to 45 %": lambda t, r: t.update(
        k0=np.where(r.random(len(t["k0"])) < 0.13, "a", t["k0"])
    ),
    "gaps, from 5 % to 10 %": lambda t, r: t.update(
        x1=np.where(r.random(len(t["x1"])) < 0.053, np.nan, t["x1"])
    ),
    "gaps, from none to 2 %": lambda t, r: t.update(
        x0=np.where(r.random(len(t["x0"])) < 0.02, np.nan, t["x0"])
    ),
    "unit, of all rows (1000 times)": lambda t, r: t.update(x0=t["x0"] * 1000),
    "unit, of 5 % of rows (1000 times)": lambda t, r: t.update(
        x0=np.where(r.random(len(t["x0"])) < 0.05, t["x0"] * 1000, t["x0"])
    ),
}


def shifts(trials: int) -> None:
    random = np.random.default_rng(2)
    learnt = baseline(mixed(random, 10_000))
    print("\n| planted in one of ten columns | rows until found, median | 9 of 10 |")
    print("| --- | --- | --- |")
    for name, plant in SHIFTS.items():
        needed = []
        for _ in range(trials):
            table = mixed(random, STEPS[-1])
            plant(table, random)
            first = next(
                (n for n in STEPS if drifted(learnt, {k: v[:n] for k, v in table.items()})), float("inf")
            )
            needed.append(first)
        print(
            f"| {name} | {np.median(needed):.0f} | {np.quantile(needed, 0.9, method='higher'):.0f} |",
            flush=True,
        )


class Mean(slipway.Model):
    """Costs next to nothing, so that the watch over drift is as much of a request as it can be."""

    def __init__(self) -> None:
        self.columns = [slipway.Column(name=f"x{number}", kind="number") for number in range(20)]

    def predict(self, table: slipway.Table, options: slipway.Options) -> slipway.Answers:
        return slipway.Answers({"mean": table.matrix.mean(axis=1)})

    def save(self, folder: Path) -> None: ...

    @classmethod
    def load(cls, folder: Path) -> "Mean":
        return cls()


def cost(rounds: int = 25) -> None:
    """CPU of one request with the watch and without, in turn."""
    random = np.random.default_rng(3)
    table = {f"x{number}": random.normal(size=10_000) for number in range(20)}
    schema = slipway.Schema(columns=tuple(Mean().columns), table=tuple(Mean().columns))
    with TemporaryDirectory() as folder:
        facts = {"image": "mean", "version": "1", "hyperparameters": {}, "metrics": {}}
        manifest = Manifest.stamp(Path(folder), reads=schema, **facts)
    settings = Settings.read({})
    endpoint = Endpoint(Mean(), manifest, settings)
    answers = of_numbers("mean", np.mean([*table.values()], axis=0), "answer")
    window = Window([*baseline(table), answers], 1, settings)
    observer = window.observer(0)
    lines = [",".join(map(repr, row)) + "\n" for row in np.column_stack([*table.values()]).tolist()]
    print("\n| request of 20 columns | CPU without | with | ratio |\n| --- | --- | --- | --- |")
    for rows, times in ((1, 2000), (10_000, 5)):
        body, taken = "".join(lines[:rows]).encode(), {True: [], False: []}
        for number in range(2 * rounds):
            watched = bool(number % 2)
            endpoint.observe = observer if watched else None
            begun = time.process_time()
            for _ in range(times):
                assert endpoint.answer(body, "text/csv").status == 200
            taken[watched].append((time.process_time() - begun) / times)
        ratio = np.median(np.array(taken[True]) / np.array(taken[False]))
        without, with_ = (1000 * np.median(taken[one]) for one in (False, True))
        print(f"| {rows:,} rows, CSV | {without:.3f} ms | {with_:.3f} ms | {ratio:.3f} |")


if __name__ == "__main__":
    begun = time.process_time()
    main()
    print(f"\n{time.process_time() - begun:.0f} s of CPU")
