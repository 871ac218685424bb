"""The sections of the training report."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pandas import DataFrame

from slipway import Array, Report

from . import charts
from .backtesting.backtest import Backtest
from .backtesting.scores import mase
from .models.classes import CLASSES, classes_of
from .models.engine import Engine
from .models.ensemble import Forecasts
from .panel.attributes import Attribute
from .panel.clean import RULES, RuleCounts
from .panel.panel import Panel

if TYPE_CHECKING:
    from .hyperparameters import Hyperparameters

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
    engine: Engine,
    tested: Backtest | None,
    counts: RuleCounts,
    notes: Sequence[str],
    params: "Hyperparameters",
    reconciled: Forecasts | None,
    attributes: Sequence[Attribute],
) -> None:
    """Everything that the report says of a job."""
    page.add("The series", " ".join(notes), _facts(panel, engine, params))
    _classes(page, panel, engine)
    page.add("Rules applied", "How often each rule for odd data was used.", _rules(counts))
    if tested is not None:
        _backtest(page, tested)
        for attribute in attributes:
            _by_attribute(page, tested, attribute)
        _fans(page, tested)
        _reliability(page, tested)
        _slowest(page, tested)
    page.add(
        "Fallbacks",
        "How often a method of an ensemble failed in backtests, and the others went on without it.",
        _fallbacks(tested, reconciled),
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
        "points a series": f"{lengths.min()} to {lengths.max()}, {int(np.median(lengths))} in the middle",
        "step": step.alias + ("" if params.freq else " (found)"),
        "seasons in steps": ", ".join(map(str, engine.seasons)) or "none",
        "from": min(first.tolist()),
        "to": max(last.tolist()),
        "series that end before the last one": int((panel.after[some] < panel.after[some].max()).sum()),
        "steps ahead": engine.horizon,
        "preset": engine.preset,
        "LightGBM": ", ".join(engine.lightgbm_model.boosters) if engine.lightgbm_model else "not used",
        "covariates": ", ".join(panel.covariate_names) if engine.effects is not None else "not used",
    }
    return DataFrame({"": list(facts), "value": list(facts.values())})


def _classes(page: Report, panel: Panel, engine: Engine) -> None:
    classes = classes_of(panel.values, panel.ends, engine.seasons)
    found = [series_class for series_class in CLASSES if series_class in classes]
    pooled = engine.calibration.pooled
    table = DataFrame(
        {
            "class": found,
            "series": [classes.count(series_class) for series_class in found],
            "forecasts its intervals are from": [
                int(pooled[CLASSES.index(series_class)]) for series_class in found
            ],
        }
    )
    page.add(
        "Classes", "Each class has an ensemble of its own; none is chosen for a series by a contest.", table
    )


def _rules(counts: RuleCounts) -> DataFrame:
    found = [rule for rule in RULES if counts.times[rule]]
    if not found:
        return DataFrame({"rule": ["none was needed"], "times": [0]})
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
        return DataFrame({"method and error": ["none failed"], "times": [0]})
    return DataFrame({"method and error": list(found), "times": list(found.values())})


def _backtest(page: Report, tested: Backtest) -> None:
    rows = [("all", np.arange(len(tested.evaluation)))]
    for number, series_class in enumerate(CLASSES):
        here = np.flatnonzero(tested.forecasts.classes == number)
        if len(here):
            rows.append((series_class, here))
    text = (
        f"Forecasts of {tested.windows} past windows of {tested.series} series, from what was known then. "
        "MASE and RMSSE are below 1 where a forecast is better than the changes in the history; "
        "naive is the last season again. "
        "Intervals of each half of the series are from the errors of the other half."
    )
    page.add("Backtest", text, _measured(tested, rows, "class"))


def _by_attribute(page: Report, tested: Backtest, attribute: Attribute) -> None:
    values = attribute.values(tested.panel)
    rows = [(value or "not known", np.flatnonzero(values == value)) for value in sorted(set(values))]
    text = "The same by an attribute of the metadata, which forecasts do not use."
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
    errors = mase(tested.evaluation.actual, tested.evaluation.mean, tested.evaluation.change)
    known = np.flatnonzero(np.isfinite(errors))
    if not len(known):
        return
    order = known[np.argsort(errors[known], kind="stable")]
    chosen = dict.fromkeys([order[0], order[len(order) // 2], order[-1]])
    for row, label in zip(chosen, ("Best", "Median", "Worst"), strict=False):
        name = "/".join(tested.panel.keys[row])
        page.add(
            f"{label} backtest forecast",
            f"{name}: MASE {errors[row]:.3g}. The bands hold 80 % and 95 % of what may come.",
            figure=charts.fan(tested, int(row), name),
        )


def _reliability(page: Report, tested: Backtest) -> None:
    page.add(
        "Coverage",
        "Quantiles that hold what they promise lie on the line.",
        figure=charts.coverage(tested),
    )
    relative = _relative(tested)
    if np.isfinite(relative).any():
        page.add(
            "Error by step",
            "Below 1 the forecast is better than the last season again.",
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
            "series": ["/".join(tested.panel.keys[row]) for row in order],
            "points": [len(tested.panel.series(row)) for row in order],
            "class": [CLASSES[tested.forecasts.classes[row]] for row in order],
            "milliseconds": [round(1000 * float(seconds[row]), 1) for row in order],
        }
    )
    page.add("Slowest series", f"All forecasts of the backtest took {seconds.sum():.1f} s of one CPU.", table)
