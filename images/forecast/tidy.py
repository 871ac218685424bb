"""The rules for odd data: each a small function that mends one thing and says how often it had to."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from slipway import Array

Duplicates = Literal["mean", "sum", "last"]
Fill = Literal["auto", "zero", "previous", "linear"]

# What the report calls each rule, in its order.
RULES = {
    "no_time": "rows without a timestamp: left out",
    "zoned": "timestamps with a time zone: the zone dropped",
    "unsorted": "series whose rows were not in order: sorted",
    "off_grid": "points between two steps: moved to the earlier step",
    "duplicates": "points at a step that has one already: merged",
    "other_step": "series of another step than the rest: put on the common one",
    "leading": "missing points before a series' first: left out",
    "trailing": "missing points after a series' last: left out",
    "continued": "missing points at the end of a line: forecast, as what follows them is asked for",
    "filled": "missing points inside a series: filled",
    "filled_series": "series with filled points",
    "all_missing": "series without a single point: no forecast, an empty answer",
    "tiny": "series of 1 to 3 points: the last point repeated",
    "constant": "constant series: repeated",
    "zeros": "series of zeros alone: forecast as zero",
    "negative": "series with negative points: forecast without the bound at zero",
    "leap_days": "points on 29 February",
    "unknown_related": "related rows of unknown items: left out",
    "covariate_gaps": "missing covariates: the last known one taken, or the mean",
    "text_covariates": "related columns of text: not used",
}


@dataclass
class Points:
    """Rows of a long table in flat arrays: `codes` says which series, `times` are datetime64[s]."""

    codes: Array
    times: Array
    values: Array
    covariates: Array
    """float64 of shape (rows, covariates)."""

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, chosen: Array) -> "Points":
        return Points(self.codes[chosen], self.times[chosen], self.values[chosen], self.covariates[chosen])


@dataclass
class Counts:
    """How often each rule was applied."""

    of: Counter[str] = field(default_factory=Counter)

    def add(self, rule: str, times: int) -> None:
        if rule not in RULES:
            raise KeyError(rule)
        if times:
            self.of[rule] += int(times)


def without_times(points: Points, counts: Counts) -> Points:
    """Rows without a timestamp belong nowhere."""
    missing = np.isnat(points.times)
    counts.add("no_time", missing.sum())
    return points.take(~missing) if missing.any() else points


def in_order(points: Points, counts: Counts) -> Points:
    """Series by series, each by time; rows of equal times stay in their order."""
    same = points.codes[1:] == points.codes[:-1]
    back = same & (points.times[1:] < points.times[:-1])
    counts.add("unsorted", len(np.unique(points.codes[1:][back])))
    return points.take(np.lexsort((points.times, points.codes)))


def merged(points: Points, steps: Array, how: Duplicates, counts: Counts) -> tuple[Points, Array]:
    """One row a step and series: missing values give way to others, which are averaged, summed, or
    overruled.
    """
    starts = np.flatnonzero(
        np.r_[True, (points.codes[1:] != points.codes[:-1]) | (steps[1:] != steps[:-1])][: len(points)]
    )
    counts.add("duplicates", len(points) - len(starts))
    if len(starts) == len(points):
        return points, steps
    covariates = np.column_stack(
        [_merged(column, starts, "mean") for column in points.covariates.T] or [np.empty((len(starts), 0))]
    )
    values = _merged(points.values, starts, how)
    return Points(points.codes[starts], points.times[starts], values, covariates), steps[starts]


def _merged(column: Array, starts: Array, how: Duplicates) -> Array:
    given = ~np.isnan(column)
    if how == "last":
        place = np.maximum.reduceat(np.where(given, np.arange(len(column)), -1), starts)
        return np.where(place >= 0, column[np.maximum(place, 0)], np.nan)
    total = np.add.reduceat(np.where(given, column, 0.0), starts)
    number = np.add.reduceat(given.astype(np.float64), starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Array = np.where(number > 0, total if how == "sum" else total / number, np.nan)
    return found


def trimmed(values: Array, counts: Counts, after: str = "trailing") -> tuple[int, int]:
    """The first and one past the last point that is not missing; (0, 0) for a series without any.

    `after` is the rule by which the points after the last are counted.
    """
    given = np.flatnonzero(~np.isnan(values))
    if not len(given):
        return 0, 0
    first, last = int(given[0]), int(given[-1]) + 1
    counts.add("leading", first)
    counts.add(after, len(values) - last)
    return first, last


def filled(values: Array, season: int, how: Fill, counts: Counts) -> Array:
    """`values` without gaps, the ends of which are points.

    auto takes zero in a series that is mostly zeros, the mean of one season before and after where both are
    there, and else a line between the neighbours.
    """
    gaps = np.isnan(values)
    if not gaps.any():
        return values
    counts.add("filled", gaps.sum())
    counts.add("filled_series", 1)
    found = values.copy()
    if how == "zero" or (how == "auto" and np.median(values[~gaps]) == 0):
        found[gaps] = 0.0
    elif how == "previous":
        place = np.maximum.accumulate(np.where(gaps, 0, np.arange(len(values))))
        found = values[place]
    else:
        steps = np.arange(len(values))
        found[gaps] = np.interp(steps[gaps], steps[~gaps], values[~gaps])
        if how == "auto" and season > 1:
            inner = np.flatnonzero(gaps)
            inner = inner[(inner >= season) & (inner + season < len(values))]
            around = (values[inner - season] + values[inner + season]) / 2
            known = ~np.isnan(around)
            found[inner[known]] = around[known]
    return found


def described(values: Array, counts: Counts) -> None:
    """Counts what is odd about a series that needs no mending."""
    if not len(values):
        counts.add("all_missing", 1)
    elif len(values) <= 3:
        counts.add("tiny", 1)
    elif not values.any():
        counts.add("zeros", 1)
    elif values.min() == values.max():
        counts.add("constant", 1)
    if len(values) and values.min() < 0:
        counts.add("negative", 1)
