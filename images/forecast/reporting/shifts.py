"""The series whose level has changed at once, and since when."""

import numpy as np
from pandas import DataFrame

from slipway import Report

from ..models.engine import Engine
from ..models.shifts import Shift
from ..panel.panel import Panel
from . import charts

LOOKED_AT = 1_000  # series, chosen at random
MOST_ROWS = 50


def write(page: Report, panel: Panel, engine: Engine, seed: int) -> None:
    """Add a section of the series with level shifts; none without any."""
    number = min(len(panel), LOOKED_AT)
    places = np.sort(np.random.default_rng(seed).permutation(len(panel))[:number])
    some = panel.take(places)
    logs = np.isfinite(engine.log_scales(some))
    found = engine.shifts(some)
    rows = [
        {
            "series": charts.label(some.keys[place]),
            "since": str(panel.timeline.texts(some.first[[place]] + shift.place)[0]),
            "change": change(shift, bool(logs[place])),
        }
        for place, shifts in enumerate(found)
        for shift in shifts
    ]
    if not rows:
        return
    of = f"{number} series" if number == len(panel) else f"{number} of {len(panel)} series, chosen at random,"
    text = (
        f"{sum(map(bool, found))} of {of} have changed their level at once. Their points before are moved to "
        "the level after, in backtests, too, as soon as a shift shows; what was observed stays as it is."
    )
    if len(rows) > MOST_ROWS:
        text += f" The table has the first {MOST_ROWS} of {len(rows)} shifts."
    page.add("Level shifts", text, DataFrame(rows[:MOST_ROWS]))


def change(shift: Shift, logs: bool) -> str:
    """What a shift does to points, which it adds to if it does not multiply."""
    if shift.logs or logs:
        return f"times {np.exp(shift.size):.3g}"
    return f"{shift.size:+.4g}"
