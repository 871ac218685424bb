"""The report's plots."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from unicodedata import category

import numpy as np

from slipway import Array, figure

from ..backtesting.backtest import Backtest
from ..backtesting.scores import QUANTILES
from ..panel.panel import Panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEVELS = (0.025, 0.1, 0.9, 0.975)
"""The quantiles that a forecast is drawn with."""
LONGEST = 60  # letters of a series' key in a heading
MOST_DRAWN = 500  # points of a history, and steps of a forecast: more makes a large page and no other picture
_BANDS = ((0.025, 0.975, "95 %"), (0.1, 0.9, "80 %"))


def label(key: Sequence[str]) -> str:
    """The key of a series as a heading has it: short, in one line, and without invisible characters.

    >>> label(("north", "shop 7")), label(("north", ""))
    ('north/shop 7', 'north/-')
    """
    name = "/".join(part or "-" for part in key)
    shown = "".join(
        letter for letter in " ".join(name.split()) if letter.isprintable() and category(letter) != "Cf"
    )
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def fan(
    panel: Panel, row: int, mean: Array, quantiles: Array, title: str, actual: Array | None = None
) -> "Figure":
    """One forecast with its intervals, after the last points of its series, and the actual points if known.

    `mean` and `actual` have the shape (steps,), `quantiles`, at LEVELS, the shape (steps, levels).
    """
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    drawn, axes = figure(height=2.6)
    horizon = len(mean)
    steps = slice(0, MOST_DRAWN)
    history = panel.series(row)[-min(4 * horizon if horizon > 3 else 24, MOST_DRAWN) :]
    end = int(panel.after[row])
    past = panel.timeline.times(np.arange(end - len(history), end))
    future = panel.timeline.times(np.arange(end, end + horizon))[steps]
    dots = "." if horizon == 1 else None
    axes.plot(past, history, color="#64748b", linewidth=1.2)
    for (low, high, name), shade in zip(_BANDS, (0.15, 0.3), strict=True):
        lower, upper = (quantiles[steps, LEVELS.index(q)] for q in (low, high))
        axes.fill_between(future, lower, upper, alpha=shade, color="#2563eb", linewidth=0, label=name)
    axes.plot(future, mean[steps], color="#2563eb", label="forecast", marker=dots)
    if actual is not None:
        axes.plot(future, actual[steps], color="#f59e0b", label="actual", marker=dots)
    ticks = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(ticks)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(ticks))  # type: ignore[no-untyped-call]
    axes.set_title(title if horizon <= MOST_DRAWN else f"{title}, first {MOST_DRAWN} of {horizon} steps")
    axes.margins(y=0.2)  # room for the legend
    axes.legend(loc="upper left", fontsize=8, frameon=False, ncols=4)
    return drawn


def coverage(tested: Backtest) -> "Figure":
    """Observed against nominal coverage of each quantile."""
    drawn, axes = figure(width=4.2, height=3.6)
    evaluation = tested.evaluation
    known = np.isfinite(evaluation.actual)
    shares = [
        float((evaluation.actual <= evaluation.quantiles[:, :, place])[known].mean())
        for place in range(len(QUANTILES))
    ]
    axes.plot([0, 1], [0, 1], color="#64748b", linewidth=1, linestyle="--", label="ideal")
    axes.plot(QUANTILES, shares, marker="o", label="observed")
    axes.set_xlabel("quantile")
    axes.set_ylabel("share of points at or below the quantile")
    axes.legend(frameon=False)
    return drawn


def by_step(relative: Array) -> "Figure":
    """The error of each step relative to the seasonal naive forecast."""
    drawn, axes = figure(height=2.4)
    axes.plot(np.arange(1, len(relative) + 1), relative, marker="." if len(relative) < 40 else None)
    axes.axhline(1.0, color="#64748b", linewidth=1, linestyle="--")
    axes.set_xlabel("steps ahead")
    axes.set_ylabel("error relative to seasonal naive")
    axes.set_ylim(bottom=0)
    return drawn
