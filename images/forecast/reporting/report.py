"""The sections of the training report."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pandas import DataFrame

from slipway import Array, Report

from ..backtesting.backtest import Backtest
from ..backtesting.scores import QUANTILES
from ..models.classes import CLASSES, classes_of
from ..models.engine import Engine
from ..models.ensemble import Forecasts
from ..panel.attributes import Attribute
from ..panel.clean import RULES, RuleCounts
from ..panel.panel import Panel
from . import charts, covariates, shifts, upcoming

if TYPE_CHECKING:
    from ..hyperparameters import Hyperparameters
    from ..predictor import Model

SLOWEST = 5
_ORDER = (
    "MASE",
    "MASE naive",
    "sMAPE",
    "sMAPE naive",
    "RMSSE",
    "WQL",
    "WQL naive",
    "coverage 80 %",
    "coverage 95 %",
)


def write(
    page: Report,
    panel: Panel,
    model: "Model",
    tested: Backtest | None,
    counts: RuleCounts,
    notes: Sequence[str],
    params: "Hyperparameters",
    attributes: Sequence[Attribute],
    stop: Callable[[], bool],
) -> None:
    """Write all sections of the report. `panel` has the histories, which the model may store in part."""
    engine = model.engine
    page.add("The series", " ".join(notes), _facts(panel, engine, params))
    _classes(page, panel, engine)
    shifts.write(page, panel, engine, params.seed)
    page.add("Rules applied", "How often each data cleaning rule was applied.", _rules(counts))
    if tested is not None:
        _backtest(page, tested)
        for attribute in attributes:
            _by_attribute(page, tested, attribute)
        covariates.write(page, model, tested, params.seed, stop)
        _fans(page, tested)
        _reliability(page, tested)
        _slowest(page, tested)
    upcoming.write(page, model, tested)
    page.add(
        "Fallbacks",
        "Failures of methods in backtests; the other methods of the ensemble were used.",
        _fallbacks(tested, model.reconciled),
    )


def _facts(panel: Panel, engine: Engine, params: "Hyperparameters") -> DataFrame:
    lengths = panel.lengths
    some = lengths > 0
    step = panel.timeline.frequency
    first = panel.timeline.texts(panel.first[some])
    last = panel.timeline.texts(panel.after[some] - 1)
    facts: dict[str, Any] = {
        "series": len(panel),
        "points": int(lengths.sum()),
        "points per series": f"{lengths.min()} to {lengths.max()}, median {int(np.median(lengths))}",
        "step": step.alias + ("" if params.freq else " (inferred)"),
        "seasons in steps": ", ".join(map(str, engine.seasons)) or "none",
        "from": min(first.tolist()),
        "to": max(last.tolist()),
        "series that end early": int((panel.after[some] < panel.after[some].max()).sum()),
        "steps ahead": engine.horizon,
        "preset": engine.preset,
        "LightGBM": ", ".join(engine.lightgbm_model.boosters) if engine.lightgbm_model else "not used",
        f"LightGBM {'with covariates' if engine.covaried else 'over all series'}": _shares(engine),
        "covariates": ", ".join(panel.covariate_names) or "none sent" if engine.covaried else "not used",
        "holidays": f"{len(engine.calendar.days)} by name" if engine.calendar is not None else "not used",
    }
    return DataFrame({"": list(facts), "value": list(facts.values())})


def _shares(engine: Engine) -> str:
    shares = engine.learner.shares if engine.learner is not None else {}
    return ", ".join(f"{label}: a share of {share:.0%}" for label, share in shares.items()) or "not used"


def _classes(page: Report, panel: Panel, engine: Engine) -> None:
    classes = classes_of(panel.values, panel.ends, engine.seasons)
    found = [label for label in CLASSES if label in classes]
    pooled = engine.calibration.pooled.reshape(2, -1).sum(axis=0)
    table = DataFrame(
        {
            "class": found,
            "series": [classes.count(label) for label in found],
            "scale": [
                "logarithms if positive" if label in engine.log_classes else "as is" for label in found
            ],
            "backtest forecasts behind its intervals": [int(pooled[CLASSES.index(label)]) for label in found],
        }
    )
    text = "Each class has its own ensemble; no method is selected for a single series."
    page.add("Classes", text, table)


def _rules(counts: RuleCounts) -> DataFrame:
    found = [rule for rule in RULES if counts.times[rule]]
    if not found:
        return DataFrame({"rule": ["none"], "times": [0]})
    return DataFrame(
        {"rule": [RULES[rule] for rule in found], "times": [counts.times[rule] for rule in found]}
    )


def _fallbacks(tested: Backtest | None, reconciled: Forecasts | None) -> DataFrame:
    found: dict[str, int] = {}
    for forecasts in (tested.forecasts if tested else None, reconciled):
        if forecasts is not None:
            for name, times in forecasts.fallbacks.items():
                found[name] = found.get(name, 0) + times
    if not found:
        return DataFrame({"method and error": ["none"], "times": [0]})
    return DataFrame({"method and error": list(found), "times": list(found.values())})


def _backtest(page: Report, tested: Backtest) -> None:
    rows = [("all", np.arange(len(tested.evaluation)))]
    for number, label in enumerate(CLASSES):
        here = np.flatnonzero(tested.forecasts.classes == number)
        if len(here):
            rows.append((label, here))
    text = (
        f"Forecasts of {tested.windows} past windows of {tested.series} series, each from the points "
        "before it. "
        "MASE and RMSSE are scaled by the mean change within the history. "
        "naive is the seasonal naive forecast. "
        "Intervals of each half of the series are calibrated on the other half."
    )
    page.add("Backtest", text, _measured(tested, rows, "class"))


def _by_attribute(page: Report, tested: Backtest, attribute: Attribute) -> None:
    values = attribute.values(tested.panel)
    rows = [(value or "unknown", np.flatnonzero(values == value)) for value in sorted(set(values))]
    text = "The same metrics by an attribute of the metadata."
    page.add(f"Backtest by {attribute.name}", text, _measured(tested, rows, attribute.name))


def _measured(tested: Backtest, rows: Sequence[tuple[str, Array]], label: str) -> DataFrame:
    metrics = [tested.evaluation.take(chosen).metrics() for _, chosen in rows]
    return DataFrame(
        {
            label: [name for name, _ in rows],
            "forecasts": [len(chosen) for _, chosen in rows],
            **{name: [found[name] for found in metrics] for name in _ORDER},
        }
    )


def _fans(page: Report, tested: Backtest) -> None:
    levels = [QUANTILES.index(level) for level in charts.LEVELS]
    evaluation = tested.evaluation
    for name, (row, error) in upcoming.typical(tested).items():
        key = charts.label(tested.panel.keys[row])
        page.add(
            f"{name.capitalize()} backtest forecast",
            f"{key}: MASE {error:.3g}. The bands are the 80 % and 95 % prediction intervals.",
            figure=charts.fan(
                tested.panel,
                row,
                evaluation.mean[row],
                evaluation.quantiles[row][:, levels],
                key,
                evaluation.actual[row],
            ),
        )


def _reliability(page: Report, tested: Backtest) -> None:
    page.add(
        "Coverage",
        "Calibrated quantiles lie on the diagonal.",
        figure=charts.coverage(tested),
    )
    relative = _relative(tested)
    if np.isfinite(relative).any():
        page.add(
            "Error by step",
            "Below 1 the forecast is better than the seasonal naive forecast.",
            figure=charts.by_step(relative),
        )


def _relative(tested: Backtest) -> Array:
    evaluation = tested.evaluation
    unit = np.where(np.isfinite(evaluation.change), evaluation.change, np.nan)[:, None]
    with np.errstate(all="ignore"):
        errors = np.nansum(np.abs(evaluation.actual - evaluation.mean) / unit, axis=0)
        naive = np.nansum(np.abs(evaluation.actual - evaluation.naive) / unit, axis=0)
        found: Array = np.where(naive > 0, errors / naive, np.nan)
    return found


def _slowest(page: Report, tested: Backtest) -> None:
    seconds = tested.forecasts.seconds
    order = np.argsort(-seconds, kind="stable")[:SLOWEST]
    table = DataFrame(
        {
            "series": [charts.label(tested.panel.keys[row]) for row in order],
            "points": [len(tested.panel.series(row)) for row in order],
            "class": [CLASSES[tested.forecasts.classes[row]] for row in order],
            "milliseconds": [round(1000 * float(seconds[row]), 1) for row in order],
        }
    )
    page.add("Slowest series", f"All forecasts of the backtest took {seconds.sum():.1f} s on one CPU.", table)
