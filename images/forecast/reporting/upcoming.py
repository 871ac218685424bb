"""The forecasts to come: a few series, as the model serves them beyond the end of the data."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from pandas import DataFrame

from slipway import Array, Report

from ..backtesting.backtest import Backtest
from ..backtesting.scores import mase
from ..models.classes import CLASSES
from ..models.ensemble import Forecasts, ensemble_for
from ..models.members import NAMES
from ..panel.panel import Panel
from . import charts

if TYPE_CHECKING:
    from ..predictor import Model

MOST_STEPS = 12  # of a forecast that its table has
_MOST_NAMES = 6  # covariates that a text names


def typical(tested: Backtest) -> dict[str, tuple[int, float]]:
    """The rows of the best, the median and the worst forecast of the backtest, and their MASE."""
    evaluation = tested.evaluation
    errors = mase(evaluation.actual, evaluation.mean, evaluation.change)
    known = np.flatnonzero(np.isfinite(errors))
    if not len(known):
        return {}
    order = known[np.argsort(errors[known], kind="stable")]
    rows = dict.fromkeys([int(order[0]), int(order[len(order) // 2]), int(order[-1])])
    return {
        name: (row, float(errors[row])) for name, row in zip(("best", "median", "worst"), rows, strict=False)
    }


def write(page: Report, model: "Model", tested: Backtest | None) -> None:
    """Add a section for each chosen series."""
    for place, reasons in _chosen(model.panel, tested).items():
        _series(page, model, place, reasons)


def _chosen(panel: Panel, tested: Backtest | None) -> dict[int, list[str]]:
    """Places of series in the panel, and what each was chosen for."""
    found: dict[int, list[str]] = {}
    for name, (row, _) in typical(tested).items() if tested is not None else ():
        assert tested is not None
        found.setdefault(panel.where[tested.panel.keys[row]], []).append(f"{name} of the backtest")
    sizes = [float(np.abs(y).sum()) if len(y) else -1.0 for y in panel]
    found.setdefault(int(np.argmax(sizes)), []).append("largest")
    return found


def _series(page: Report, model: "Model", place: int, reasons: Sequence[str]) -> None:
    forecasts, panel = model.stored([place])
    mean = model.engine.means(forecasts, panel)[0]
    quantiles = model.engine.quantiles(forecasts, panel, charts.LEVELS)[0]
    name, horizon = charts.label(panel.keys[0]), len(mean)
    end = int(panel.after[0])
    last, first, until = panel.timeline.texts(np.array([end - 1, end, end + horizon - 1]))
    steps = min(horizon, MOST_STEPS)
    text = (
        f"{name}: the forecast from {first} to {until}, after its last point on {last}. "
        f"{_made_by(model, forecasts, panel)} The bands are the 80 % and 95 % prediction intervals."
    )
    if steps < horizon:
        text += f" The table has the first {steps} of {horizon} steps."
    table = DataFrame(
        {
            "step": panel.timeline.texts(end + np.arange(steps)),
            "forecast": mean[:steps],
            "80 % from": quantiles[:steps, 1],
            "80 % to": quantiles[:steps, 2],
            "95 % from": quantiles[:steps, 0],
            "95 % to": quantiles[:steps, 3],
        }
    )
    drawn = charts.fan(panel, 0, mean, quantiles, name)
    page.add(f"Forecast to come: {', '.join(reasons)}", text, table, drawn)


def _made_by(model: "Model", forecasts: Forecasts, panel: Panel) -> str:
    """Which methods made the forecast of the one series of `panel`, and on what scale."""
    engine, label = model.engine, CLASSES[forecasts.classes[0]]
    methods = listed([NAMES[name] for name in forecasts.members])
    if model.hierarchy is not None:
        return f"Class {label}; reconciled from forecasts of all series of the hierarchy by {methods}."
    if len(forecasts.members) > 1:
        with_lightgbm = "lightgbm" in forecasts.members
        middle = ensemble_for(
            label, len(panel.series(0)), engine.seasons, engine.preset, with_lightgbm
        ).middle
        methods = f"the {'median' if middle else 'mean'} of {methods}"
    parts = [f"Class {label}; made by {methods}"]
    if engine.foundation is not None and label in engine.foundation.shares:
        share = engine.foundation.shares[label]
        parts.append(f"with a share of {share:.0%} for the pretrained model {engine.foundation.model}")
    calendar = engine.calendar
    future = calendar is not None or np.isfinite(_future(panel, engine.horizon)).any()
    learner = engine.learner
    if learner is not None and label in learner.shares and (future or not learner.covaried):
        who = "LightGBM with covariates" if learner.covaried else "LightGBM over all series"
        parts.append(f"with a share of {learner.shares[label]:.0%} for {who}")
    if np.isfinite(forecasts.log_scale[0]):
        parts.append("in logarithms")
    if found := engine.shifts(panel)[0]:
        since = panel.timeline.texts(panel.first + found[0].place)[0]
        parts.append(f"from a history moved to its level since {since}")
    if engine.demand is not None and label == "intermittent":
        parts.append("with quantiles from its own past")
    told = ", ".join(parts)
    if not engine.covaried:
        return f"{told}."
    names = [charts.label((name,)) for name in model.roles.covariates]
    names += ["holidays"] if calendar is not None else []
    some = listed(
        names if len(names) <= _MOST_NAMES else [*names[:_MOST_NAMES], f"{len(names) - _MOST_NAMES} more"]
    )
    if future:
        return f"{told}, with the effects of {some}."
    return f"{told}, without the effects of {some}, of which no future values are known."


def _future(panel: Panel, horizon: int) -> Array:
    return panel.known(0)[len(panel.series(0)) :][:horizon]


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
