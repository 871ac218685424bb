"""Drift: after how many rows planted shifts are found, and how often held-out rows are called drifted.

PYTHONPATH=shared .slipway/envs/shared/bin/python -m benchmarks.drift
"""

import argparse
import subprocess
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa

import slipway
from benchmarks.drift_data import SHIFTS, STEPS, Columns, mixed, tables
from benchmarks.environment import REPO, environment
from slipway.drift.baseline import ColumnBaseline, of_numbers, of_texts
from slipway.drift.measure import measured
from slipway.manifest import Manifest
from slipway.serving.endpoint import Endpoint
from slipway.serving.metrics.drift import Window
from slipway.serving.metrics.rolling import Rolling
from slipway.serving.workers import collect_rarely
from slipway.settings import Settings

FALSE_ALARMS = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=300, help="held-out windows of each table")
    parser.add_argument("--trials", type=int, default=30, help="times that each shift is planted")
    parser.add_argument(
        "--evidently", action="store_true", help="Evidently on the same, in its own environment"
    )
    args = parser.parse_args()
    if args.evidently:
        lock = REPO / "benchmarks/evidently/requirements.lock"
        words = ["--windows", str(args.windows), "--trials", str(args.trials)]
        python = environment("evidently", lock)
        subprocess.run([python, "-m", "benchmarks.evidently.drift", *words], cwd=REPO, check=True)
        return
    cost()
    false_alarms(args.windows)
    shifts(args.trials)


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
    columns = [*baseline(table), answers]
    width = Window.width(columns)
    counts = Rolling(memoryview(bytearray(Rolling.size(1, width))), 1, width, settings.drift_window)
    observer = Window(columns, settings.drift_false_alarms, counts).observer(0)
    lines = [",".join(map(repr, row)) + "\n" for row in np.column_stack([*table.values()]).tolist()]
    order = Random(4)
    collect_rarely()  # as a worker does: else what waits to be counted starts collections that it has not
    print("\n| request of 20 columns | CPU without | with | ratio |\n| --- | --- | --- | --- |")
    for rows, times in ((1, 2000), (10_000, 5)):
        body, taken = "".join(lines[:rows]).encode(), {True: [], False: []}
        for _ in range(rounds):
            for watched in order.sample((False, True), 2):
                endpoint.observe = observer.see if watched else None
                begun = time.process_time()
                for _ in range(times):
                    assert endpoint.answer(body, "text/csv").status == 200
                spent = time.process_time() - begun
                taken[watched].append(spent / times)
                if not watched:  # no CPU time of the worker that the observer takes its share of
                    observer._cpu_s += spent
        ratio = np.median(np.array(taken[True]) / np.array(taken[False]))
        without, with_ = (1000 * np.median(taken[one]) for one in (False, True))
        print(f"| {rows:,} rows, CSV | {without:.3f} ms | {with_:.3f} ms | {ratio:.3f} |")


if __name__ == "__main__":
    begun = time.process_time()
    main()
    print(f"\n{time.process_time() - begun:.0f} s of CPU")
