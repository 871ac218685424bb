"""Data cleaning rules: each function applies one, and counts how often it did."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from slipway import Array

Duplicates = Literal["mean", "sum", "last"]
Fill = Literal["auto", "zero", "previous", "linear"]

# What the report calls each rule, in its order.
RULES = {
    "no_time": "rows without a timestamp: dropped",
    "zoned": "timestamps with a time zone: zone dropped",
    "unsorted": "series with unsorted rows: sorted",
    "off_grid": "points between two steps: moved to the earlier step",
    "duplicates": "points at the same step: combined",
    "other_step": "series with another step: moved to the common step",
    "leading": "missing points before the first of a series: dropped",
    "trailing": "missing points after the last of a series: dropped",
    "continued": "missing points at the end of a JSON line: forecast, as the answer begins after them",
    "filled": "missing points inside a series: filled",
    "filled_series": "series with filled points",
    "all_missing": "series without points: not forecast, null in the answer",
    "tiny": "series of 1 to 3 points: last point repeated",
    "constant": "constant series: repeated",
    "zeros": "all-zero series: forecast as zero",
    "negative": "series with negative points: no lower bound at zero",
    "leap_days": "points on 29 February",
    "unknown_related": "related rows of unknown items: dropped",
    "covariate_gaps": "missing covariates: last known value or mean",
    "text_covariates": "text covariates without 2 to 12 categories: not used",
}


@dataclass
class Points:
    """Rows of a long table: `codes` number their series, `times` are datetime64[s]; shape (rows,)."""

    codes: Array
    times: Array
    values: Array
    covariates: Array
    """float64 of shape (rows, covariates)."""

    def __len__(self) -> int:
        return len(self.codes)

    @classmethod
    def concatenate(cls, parts: Sequence["Points"]) -> "Points":
        """The rows of all parts."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            np.concatenate([part.codes for part in parts]),
            np.concatenate([part.times for part in parts]),
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.covariates for part in parts]),
        )

    def take(self, chosen: Array) -> "Points":
        return Points(self.codes[chosen], self.times[chosen], self.values[chosen], self.covariates[chosen])


@dataclass
class RuleCounts:
    """How often each rule was applied."""

    times: Counter[str] = field(default_factory=Counter)

    def add(self, rule: str, times: int) -> None:
        if rule not in RULES:
            raise KeyError(rule)
        if times:
            self.times[rule] += int(times)


def drop_untimed(points: Points, counts: RuleCounts) -> Points:
    """Drop rows without a timestamp."""
    missing = np.isnat(points.times)
    counts.add("no_time", missing.sum())
    return points.take(~missing) if missing.any() else points


def sort_points(points: Points, counts: RuleCounts) -> Points:
    """Sort by series and time; the order of equal times is kept."""
    codes, times = points.codes, points.times.astype(np.int64)
    same = codes[1:] == codes[:-1]
    back = same & (times[1:] < times[:-1])
    counts.add("unsorted", len(np.unique(codes[1:][back])))
    if not back.any() and (codes[1:] >= codes[:-1]).all():
        return points
    first, span = int(times.min()), int(times.max()) - int(times.min()) + 1
    if span * (int(codes.max()) + 1) < 2**62:  # one integer key sorts faster than two
        return points.take(np.argsort(codes * span + (times - first), kind="stable"))
    return points.take(np.lexsort((times, codes)))


def merge_duplicates(
    points: Points, steps: Array, how: Duplicates, counts: RuleCounts
) -> tuple[Points, Array]:
    """Combine rows of the same series and step by `how`, ignoring missing values; and their steps."""
    starts = np.flatnonzero(
        np.r_[True, (points.codes[1:] != points.codes[:-1]) | (steps[1:] != steps[:-1])][: len(points)]
    )
    counts.add("duplicates", len(points) - len(starts))
    if len(starts) == len(points):
        return points, steps
    covariates = np.column_stack(
        [_merge_column(column, starts, "mean") for column in points.covariates.T]
        or [np.empty((len(starts), 0))]
    )
    values = _merge_column(points.values, starts, how)
    return Points(points.codes[starts], points.times[starts], values, covariates), steps[starts]


def _merge_column(column: Array, starts: Array, how: Duplicates) -> Array:
    given = ~np.isnan(column)
    if how == "last":
        place = np.maximum.reduceat(np.where(given, np.arange(len(column)), -1), starts)
        return np.where(place >= 0, column[np.maximum(place, 0)], np.nan)
    total = np.add.reduceat(np.where(given, column, 0.0), starts)
    number = np.add.reduceat(given.astype(np.float64), starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Array = np.where(number > 0, total if how == "sum" else total / number, np.nan)
    return found


def trim(values: Array, ends: Array, counts: RuleCounts, after: str = "trailing") -> tuple[Array, Array]:
    """The first point of each series and the one past its last, relative to its beginning.

    Series are concatenated and end at `ends`; one without points has 0 and 0. `after` is the rule that counts
    missing points after the last.
    """
    begins = np.r_[0, ends[:-1]][: len(ends)]
    given = np.flatnonzero(~np.isnan(values))
    low, high = np.searchsorted(given, begins), np.searchsorted(given, ends)
    there = high > low
    first, last = np.zeros(len(ends), np.int64), np.zeros(len(ends), np.int64)
    first[there] = given[low[there]] - begins[there]
    last[there] = given[high[there] - 1] + 1 - begins[there]
    counts.add("leading", first.sum())
    counts.add(after, (ends - begins - last)[there].sum())
    return first, last


def fill_gaps(values: Array, ends: Array, season: int, how: Fill, counts: RuleCounts) -> Array:
    """Fill the gaps of concatenated series, which end at `ends` and begin and end with a point.

    `auto` fills with zero in a series of mostly zeros, else with the mean of the points one season before and
    after, else linearly between the neighbours.

    >>> fill_gaps(np.array([1.0, np.nan, 3.0]), np.array([3]), 1, "linear", RuleCounts()).tolist()
    [1.0, 2.0, 3.0]
    """
    missing = np.isnan(values)
    gaps, given = np.flatnonzero(missing), np.flatnonzero(~missing)
    if not len(gaps):
        return values
    owner = np.searchsorted(ends, gaps, side="right")
    gappy, of_gap = np.unique(owner, return_inverse=True)
    counts.add("filled", len(gaps))
    counts.add("filled_series", len(gappy))
    found = values.copy()
    if how == "zero":
        found[gaps] = 0.0
        return found
    place = np.searchsorted(given, gaps)
    before, after = given[place - 1], given[place]  # in the same series, as series begin and end with points
    if how == "previous":
        found[gaps] = values[before]
        return found
    slope = (values[after] - values[before]) / (after - before)
    found[gaps] = slope * (gaps - before) + values[before]
    if how == "auto":
        begins = np.r_[0, ends[:-1]]
        if season > 1:
            inner = (gaps - season >= begins[owner]) & (gaps + season < ends[owner])
            around = (values[gaps[inner] - season] + values[gaps[inner] + season]) / 2
            known = ~np.isnan(around)
            found[gaps[inner][known]] = around[known]
        found[gaps[_mostly_zeros(values, begins[gappy], ends[gappy])[of_gap]]] = 0.0
    return found


def _mostly_zeros(values: Array, begins: Array, ends: Array) -> Array:
    """Whether the median of each series is zero; shape (series,)."""
    lengths = ends - begins
    owner = np.repeat(np.arange(len(lengths)), lengths)
    cells = values[np.arange(len(owner)) + np.repeat(begins - np.cumsum(lengths) + lengths, lengths)]
    given = ~np.isnan(cells)
    owner, cells = owner[given], cells[given]
    cells = cells[np.lexsort((cells, owner))]
    number = np.bincount(owner, minlength=len(lengths))
    first = np.cumsum(number) - number
    middles: Array = cells[first + (number - 1) // 2] + cells[first + number // 2] == 0
    return middles


def count_odd_series(values: Array, ends: Array, counts: RuleCounts) -> None:
    """Count unusual series, such as constant ones, which need no cleaning."""
    lengths = np.diff(ends, prepend=0)
    some = lengths > 0
    begins = (ends - lengths)[some]
    least = np.minimum.reduceat(values, begins) if len(begins) else np.empty(0)
    most = np.maximum.reduceat(values, begins) if len(begins) else np.empty(0)
    long, flat = lengths[some] > 3, least == most
    counts.add("all_missing", (~some).sum())
    counts.add("tiny", (~long).sum())
    counts.add("zeros", (long & flat & (least == 0)).sum())
    counts.add("constant", (long & flat & (least != 0)).sum())
    counts.add("negative", (least < 0).sum())
