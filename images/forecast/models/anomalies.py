"""Which of the last observed points are not what was to be expected from those before them."""

import numpy as np

from slipway import Array

from ..panel.panel import Panel
from .engine import Engine

OUTSIDE = (0.005, 0.995)  # the quantiles beyond which a point is one


def flags(engine: Engine, panel: Panel, last: int) -> tuple[Array, Array, Array]:
    """For the `last` points of each series: what was expected, and the ends of the 99 % interval.

    Each series is forecast from what came before those points. Shape (series, last); NaN where a series is
    too short to tell.
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
        expected[0][places, last - steps :] = engine.clipped(found, cut).mean
        expected[1][places, last - steps :], expected[2][places, last - steps :] = (
            ends[:, :, 0],
            ends[:, :, 1],
        )
    return expected[0], expected[1], expected[2]
