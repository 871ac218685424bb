"""Forecast training: reads the panel, backtests it, calibrates the intervals, and keeps the histories."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from slipway import Channel, Job, UserError

from . import report
from .backtesting import backtest
from .backtesting.fit import learn_of, seasons_of
from .backtesting.parallel import mapped
from .backtesting.scores import Scored
from .data import metadata
from .data.load import Reading, Target, read_like, read_target
from .data.roles import Given
from .hyperparameters import Hyperparameters
from .models.engine import Engine
from .models.ensemble import Forecasts
from .models.hierarchy import Hierarchy
from .panel.frequency import Frequency
from .panel.panel import Panel
from .predictor import Model
from .request import Names

KEPT = 2_000  # points of each series that the model keeps: more than any method looks at
CHUNK = 500  # series of a hierarchy that are forecast at once


def fit(data: Mapping[str, Channel], params: Hyperparameters, job: Job) -> Model:
    """Learns what forecasts need beside the histories, and reports how past ones would have done."""
    stop = _stopper(params, job)
    reading = _reading(params)
    target = read_target(data["train"], reading, data.get("related") if params.covariates else None)
    panel = target.panel
    if not panel.lengths.any():
        raise UserError(f"channel train: no series has a single point in the column {target.roles.target}")
    for note in reading.notes:
        job.progress(f"note: {note}")
    step = panel.timeline.frequency
    seasons = seasons_of(params, panel)
    job.progress(
        f"{len(panel)} series of {int(panel.lengths.sum())} points; step {step.alias}"
        f"{'' if params.freq else ' (found)'}, seasons {', '.join(map(str, seasons)) or 'none'}"
    )
    hierarchy = Hierarchy(params.hierarchy) if params.hierarchy else None
    if hierarchy is not None:
        hierarchy.check(panel)
        panel = hierarchy.aggregated(panel)
    known = metadata.read(data["metadata"], target.roles.keys) if "metadata" in data else []
    engine, tested, notes = learn_of(panel, params, job, stop, known)
    used = panel.covariate_names if engine.effects is not None else ()
    if not used:
        panel = replace(
            panel, covariate_names=(), covariates=np.empty((0, 0)), covariate_ends=np.empty(0, np.int64)
        )
    shares = _shares(engine, panel, hierarchy, job)
    names = Names(target.roles.keys, target.roles.time, target.roles.target, used)
    own = {
        name: kind
        for name, kind in target.own.items()
        if name in (*names.keys, names.time, names.target, *used)
    }
    kept = panel.tail(max(KEPT, 12 * max(seasons, default=1)))
    model = Model(engine, kept, names, own, tuple(sorted(set(params.quantiles))), hierarchy, shares)
    measures = tested.scored.measures() if tested is not None else {}
    job.report(**{name: measures[label] for name, label in METRICS.items() if measures})
    if "test" in data:
        job.report(**_test_metrics(read_like(data["test"], target, reading), target, engine, stop))
    with job.page.forgiving():
        report.write(
            job.page, panel, engine, tested, reading.counts, [*reading.notes, *notes], params, shares, known
        )
    return model


METRICS = {
    "mase": "MASE",
    "mase_naive": "MASE naive",
    "smape": "sMAPE",
    "rmsse": "RMSSE",
    "wql": "WQL",
    "coverage_80": "coverage 80 %",
    "coverage_95": "coverage 95 %",
}


def _stopper(params: Hyperparameters, job: Job) -> Callable[[], bool]:
    ends = time.monotonic() + 0.8 * params.time_limit_s if params.time_limit_s else float("inf")
    return lambda: job.should_stop() or time.monotonic() > ends


def _reading(params: Hyperparameters) -> Reading:
    given = Given(params.item_id, params.timestamp, params.target, params.layout)
    if params.columns:
        if params.item_id or params.timestamp or params.target:
            raise UserError(
                "hyperparameters schema and item_id, timestamp or target say the same; give one of them"
            )
        given = Given.of_schema(params.columns)
    return Reading(
        given,
        Frequency.parse(params.freq) if params.freq else None,
        params.duplicates,
        params.fill,
        params.dates,
    )


def _shares(engine: Engine, panel: Panel, hierarchy: Hierarchy | None, job: Job) -> Forecasts | None:
    """The forecasts of a hierarchy: its series add up together or not at all."""
    if hierarchy is None:
        return None
    tasks = [
        panel.take(range(start, min(start + CHUNK, len(panel)))) for start in range(0, len(panel), CHUNK)
    ]
    if engine.learner is not None:
        parts = {number: engine.forecast(task, engine.horizon) for number, task in enumerate(tasks)}
    else:
        parts = dict(mapped(_Forecast(engine), tasks, job.cpus, lambda: False))
    found = Forecasts.joined([parts[number] for number in sorted(parts)])
    return hierarchy.reconciled(found, panel, engine.floors(panel))


class _Forecast:
    """A call that another process can be sent."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, panel: Panel) -> Forecasts:
        return self._engine.forecast(panel, self._engine.horizon)


def _test_metrics(test: Panel, target: Target, engine: Engine, stop: Callable[[], bool]) -> dict[str, float]:
    """DeepAR's test metrics: the last horizon of each test series, forecast from what is before it.

    A test series that takes up where its training series ends is forecast from that one.
    """
    histories, actual, ahead = [], [], []
    for place, key in enumerate(test.keys):
        known = target.panel.where.get(key)
        follows = known is not None and test.first[place] == target.panel.after[known]
        if follows and known is not None:
            histories.append(target.panel.take([known]))
            came = test.series(place)[: engine.horizon]
            future = test.known(place)[: engine.horizon]
        elif len(test.series(place)) > engine.horizon:
            keep = len(test.series(place)) - engine.horizon
            histories.append(test.take([place]).cut(np.array([keep])))
            came, future = test.series(place)[keep:], test.known(place)[keep : keep + engine.horizon]
        else:
            continue
        actual.append(np.r_[came, np.full(engine.horizon - len(came), np.nan)])
        rows = np.full((engine.horizon, len(test.covariate_names)), np.nan)
        rows[: len(future)] = future
        ahead.append(rows)
    if not histories or stop():
        return {}
    joined = backtest.stacked(histories)
    windows = [backtest.Window(joined, np.array(actual), ahead)]
    found = backtest.run(windows, engine, 1, stop)
    if found is None:
        return {}
    scored: Scored = backtest.scored(found.forecasts, found.panel, found.scored.actual, engine, crossed=False)
    measures = scored.measures()
    return {
        "test:RMSE": measures["RMSE"],
        "test:mean_wQuantileLoss": measures["WQL"],
        "test:MASE": measures["MASE"],
    }
