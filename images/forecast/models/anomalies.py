"""Flags recent points that lie outside the interval forecast from the points before them."""

import numpy as np

from slipway import Array

from ..panel.panel import Panel
from .engine import Engine

OUTSIDE = (0.005, 0.995)  # the ends of the 99 % interval


def flags(engine: Engine, panel: Panel, last: int) -> tuple[Array, Array, Array]:
    """Expected value, lower and upper end of the 99 % interval of the `last` points of each series.

    Each array has the shape (series, last). Series are forecast from the points before; NaN where too short.
    """
    least = 3
    steps = min(last, engine.horizon)
    expected = np.full((3, len(panel), last), np.nan)
    places = np.flatnonzero(panel.lengths >= steps + least)
    if len(places):
        some = panel.take(places)
        cut = some.cut(some.lengths - steps)
        found = engine.forecast(cut, steps)
        ends = engine.quantiles(found, cut, OUTSIDE)
        expected[0][places, last - steps :] = engine.means(found, cut)
        expected[1][places, last - steps :], expected[2][places, last - steps :] = (
            ends[:, :, 0],
            ends[:, :, 1],
        )
    return expected[0], expected[1], expected[2]
