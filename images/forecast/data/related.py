"""The rows of the related channel, next to the points of the target's series."""

from dataclasses import replace

import numpy as np

from slipway import Array

from ..panel import clean
from ..panel.clean import Duplicates, Points, RuleCounts
from ..panel.timeline import Timeline


def appended(
    points: Points, related: Points, timeline: Timeline, duplicates: Duplicates, counts: RuleCounts
) -> Points:
    """The sorted points of the target with rows of the related channel, which have covariates and no target.

    Rows of the related channel with a code below 0 belong to no series.
    """
    points, _ = clean.merge_duplicates(points, timeline.steps(points.times), duplicates, counts)
    counts.add("unknown_related", (related.codes < 0).sum())
    related = related.take((related.codes >= 0) & ~np.isnat(related.times))
    more = np.full((len(points), related.covariates.shape[1] - points.covariates.shape[1]), np.nan)
    wider: Array = np.hstack([points.covariates, more])
    # Steps of the related channel before a series begins are trimmed with its missing points.
    both = Points.concatenate([replace(points, covariates=wider), related])
    both = clean.sort_points(both, RuleCounts())
    return clean.merge_duplicates(both, timeline.steps(both.times), "mean", RuleCounts())[0]
