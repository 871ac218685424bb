"""From rows to a panel: the one way that training and requests take."""

from collections.abc import Sequence

import numpy as np
import tidy
from frequency import infer
from panel import Panel
from tidy import Counts, Duplicates, Fill, Points
from timeline import Timeline

from slipway import Array, UserError

LOOKED_AT = 2_000  # series that a step is told from
SPARSEST = 1_000  # steps a point that a series may span, and as many again: more is a wrong date or step


def timeline_of(points: Points, counts: Counts) -> Timeline:
    """The grid of `points`, which are in order. Raises UserError where no step can be told."""
    starts = np.flatnonzero(np.r_[True, points.codes[1:] != points.codes[:-1]])
    ends = np.r_[starts[1:], len(points)]
    some = np.unique(np.linspace(0, len(starts) - 1, min(len(starts), LOOKED_AT)).astype(int))
    frequency, others = infer([points.times[starts[place] : ends[place]] for place in some])
    counts.add("other_step", others)
    return Timeline.of(frequency, points.times)


def panel_of(
    points: Points,
    keys: Sequence[tuple[str, ...]],
    timeline: Timeline,
    key_names: tuple[str, ...],
    covariate_names: tuple[str, ...],
    duplicates: Duplicates,
    fill: Fill,
    counts: Counts,
) -> Panel:
    """The series of `points`, which are in order, with every rule of `tidy` applied.

    A series of `keys` without points is kept, empty. Rows after a series' last point are the known future.
    """
    off = timeline.off(points.times)
    counts.add("off_grid", off.sum())
    days = points.times.astype("M8[D]")
    leap = days == (days.astype("M8[M]").astype("M8[D]") + 28)
    counts.add("leap_days", (leap & (points.times.astype("M8[M]").astype(int) % 12 == 1)).sum())
    points, steps = tidy.merged(points, timeline.steps(points.times), duplicates, counts)
    bounds = np.searchsorted(points.codes, np.arange(len(keys) + 1))
    season = min(timeline.frequency.seasons, default=1)
    first, values, known = np.zeros(len(keys), dtype=np.int64), [], []
    for place in range(len(keys)):
        part = slice(bounds[place], bounds[place + 1])
        _check_span(keys[place], steps[part], timeline)
        row, future, first[place] = _series(
            steps[part], points.values[part], points.covariates[part], season, fill, counts
        )
        values.append(row)
        known.append(future)
    like = Panel(timeline, key_names, [], first, first, np.empty(0), covariate_names)
    return Panel.of(like, keys, first, values, known if covariate_names else ())


def _check_span(key: tuple[str, ...], steps: Array, timeline: Timeline) -> None:
    """A few rows must not ask for any memory."""
    span = int(steps[-1] - steps[0]) + 1 if len(steps) else 0
    if span > SPARSEST * (len(steps) + 1):
        first, last = timeline.texts(steps[[0, -1]])
        raise UserError(
            f"series {'/'.join(key)} has {len(steps)} points from {first} to {last}, "
            f"which are {span} steps of {timeline.frequency.alias}; check its timestamps, or give freq"
        )


def _series(
    steps: Array, values: Array, covariates: Array, season: int, fill: Fill, counts: Counts
) -> tuple[Array, Array, int]:
    """One series without gaps, its covariates, and its first step."""
    if not len(steps):
        tidy.described(np.empty(0), counts)
        return np.empty(0), np.empty((0, covariates.shape[1])), 0
    span = int(steps[-1] - steps[0]) + 1
    dense = np.full(span, np.nan)
    dense[steps - steps[0]] = values
    begin, end = tidy.trimmed(dense, counts)
    row = tidy.filled(dense[begin:end], season, fill, counts) if end else np.empty(0)
    tidy.described(row, counts)
    known = np.full((span, covariates.shape[1]), np.nan)
    known[steps - steps[0]] = covariates
    return row, known[begin:], int(steps[0]) + begin
