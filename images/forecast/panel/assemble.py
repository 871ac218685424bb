"""Builds a panel from rows, in training and in serving."""

from collections.abc import Sequence

import numpy as np

from slipway import Array, UserError

from . import clean
from .clean import Duplicates, Fill, Points, RuleCounts
from .frequency import Frequency, infer
from .panel import Panel
from .timeline import Timeline, distinct

SAMPLED_SERIES = 2_000  # series that a step is inferred from
MAX_STEPS_PER_POINT = 1_000  # steps per point that a series may span: more indicates a wrong date or step


def infer_frequency(points: Points, counts: RuleCounts) -> Frequency:
    """Infer the step of `points`, which are sorted. Raises UserError if it cannot be inferred."""
    starts = np.flatnonzero(np.r_[True, points.codes[1:] != points.codes[:-1]])
    ends = np.r_[starts[1:], len(points)]
    frequency, others = infer([points.times[starts[place] : ends[place]] for place in sampled(len(starts))])
    counts.add("other_step", others)
    return frequency


def sampled(series: int) -> Array:
    """The places of the series that a step is inferred from."""
    found: Array = np.unique(np.linspace(0, series - 1, min(series, SAMPLED_SERIES)).astype(int))
    return found


def build_panel(
    points: Points,
    keys: Sequence[tuple[str, ...]],
    timeline: Timeline,
    key_names: tuple[str, ...],
    covariate_names: tuple[str, ...],
    duplicates: Duplicates,
    fill: Fill,
    counts: RuleCounts,
) -> Panel:
    """The series of `points`, which are sorted, cleaned by the rules of `clean`.

    A series of `keys` without points is empty. Rows after the last point of a series have its future
    covariates. Raises UserError for a series that spans too many steps.
    """
    times, moments = distinct(points.times)
    often = np.bincount(moments, minlength=len(times))
    counts.add("off_grid", often[timeline.off(times)].sum())
    counts.add("leap_days", often[_are_leap_days(times)].sum())
    points, steps = clean.merge_duplicates(points, timeline.steps(times)[moments], duplicates, counts)
    bounds = np.searchsorted(points.codes, np.arange(len(keys) + 1))
    there = bounds[1:] > bounds[:-1]
    first, spans = np.zeros(len(keys), dtype=np.int64), np.zeros(len(keys), dtype=np.int64)
    first[there] = steps[bounds[:-1][there]]
    spans[there] = steps[bounds[1:][there] - 1] - first[there] + 1
    _check_spans(keys, first, spans, np.diff(bounds), timeline)
    ends = np.cumsum(spans)
    places = (ends - spans - first)[points.codes] + steps
    dense = _placed(points.values, places, int(spans.sum()))
    begins, lasts = clean.trim(dense, ends, counts)
    lengths = lasts - begins
    values = dense if (lengths == spans).all() else dense[within(spans, begins, lasts)]
    season = min(timeline.frequency.seasons, default=1)
    values = clean.fill_gaps(values, np.cumsum(lengths), season, fill, counts)
    clean.count_odd_series(values, np.cumsum(lengths), counts)
    covariates, covariate_ends = np.empty((0, 0)), np.empty(0, dtype=np.int64)
    if covariate_names:
        covariates = _placed(points.covariates, places, len(dense))[within(spans, begins, spans)]
        covariate_ends = np.cumsum(spans - begins)
    return Panel(
        timeline,
        key_names,
        list(keys),
        first + begins,
        np.cumsum(lengths),
        values,
        covariate_names,
        covariates,
        covariate_ends,
    )


def _are_leap_days(times: Array) -> Array:
    days, months = times.astype("M8[D]"), times.astype("M8[M]")
    found: Array = (days == months.astype("M8[D]") + 28) & (months.astype(np.int64) % 12 == 1)
    return found


def _check_spans(
    keys: Sequence[tuple[str, ...]], first: Array, spans: Array, points: Array, timeline: Timeline
) -> None:
    """Raise UserError for a few rows that span so many steps that memory would not suffice."""
    wide = np.flatnonzero(spans > MAX_STEPS_PER_POINT * (points + 1))
    if len(wide):
        place = int(wide[0])
        start, end = timeline.texts(first[place] + np.array([0, spans[place] - 1]))
        alias = timeline.frequency.alias
        raise UserError(
            f"series {'/'.join(keys[place])} has {points[place]} points from {start} to {end}, "
            f"which are {spans[place]} steps of {alias}; check its timestamps, or give freq"
        )


def _placed(rows: Array, places: Array, height: int) -> Array:
    """Put rows at their places; NaN elsewhere."""
    if len(rows) == height:  # each step has its row, in order
        return rows
    found = np.full((height, *rows.shape[1:]), np.nan)
    found[places] = rows
    return found


def within(spans: Array, begins: Array, ends: Array) -> Array:
    """The mask of steps from `begins` to before `ends` of each series, for concatenated series."""
    steps = np.arange(spans.sum()) - np.repeat(np.cumsum(spans) - spans, spans)
    found: Array = (steps >= np.repeat(begins, spans)) & (steps < np.repeat(ends, spans))
    return found
