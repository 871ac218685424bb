"""The report's plots."""

from typing import TYPE_CHECKING

import numpy as np

from slipway import Array, figure

from ..backtesting.backtest import Backtest
from ..backtesting.scores import QUANTILES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BANDS = ((0.025, 0.975, "95 %"), (0.1, 0.9, "80 %"))


def fan(tested: Backtest, row: int, title: str) -> "Figure":
    """One backtest forecast with its intervals, after its history and next to the actual points."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    drawn, axes = figure(height=2.6)
    panel, evaluation = tested.panel, tested.evaluation
    horizon = evaluation.mean.shape[1]
    history = panel.series(row)[-4 * horizon :] if horizon > 3 else panel.series(row)[-24:]
    end = int(panel.after[row])
    past = panel.timeline.times(np.arange(end - len(history), end))
    future = panel.timeline.times(np.arange(end, end + horizon))
    axes.plot(past, history, color="#64748b", linewidth=1.2)
    for (low, high, label), shade in zip(_BANDS, (0.15, 0.3), strict=True):
        lower, upper = (evaluation.quantiles[row, :, QUANTILES.index(q)] for q in (low, high))
        axes.fill_between(future, lower, upper, alpha=shade, color="#2563eb", linewidth=0, label=label)
    axes.plot(
        future, evaluation.mean[row], color="#2563eb", label="forecast", marker="." if horizon == 1 else None
    )
    axes.plot(
        future,
        evaluation.actual[row],
        color="#f59e0b",
        label="actual",
        marker="." if horizon == 1 else None,
    )
    ticks = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(ticks)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(ticks))  # type: ignore[no-untyped-call]
    axes.set_title(title)
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
