"""Training: read the series, backtest, calibrate the intervals, and store the histories."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from slipway import Channel, Job, UserError

from .backtesting import backtest
from .backtesting.fit import fit_engine, season_lengths
from .backtesting.parallel import mapped
from .backtesting.scores import Evaluation
from .data import metadata, together
from .data.load import ReadSettings, Target, read_like, read_target
from .data.roles import ColumnSettings
from .hyperparameters import Hyperparameters
from .models.engine import Engine
from .models.ensemble import Forecasts, chunks
from .models.hierarchy import Hierarchy
from .panel.clean import RULES
from .panel.frequency import Frequency
from .panel.holidays import Calendar
from .panel.panel import Panel
from .panel.shelves import empty_shelves
from .predictor import Model
from .pretrained.model import PretrainedModel
from .reporting import report

MAX_HISTORY = 2_000  # points of each series that the model stores: more than any method uses
_LARGEST = 1e150  # of which the square is a number, too
CHUNK = 500  # series of a hierarchy that are forecast at once


def fit(data: Mapping[str, Channel], params: Hyperparameters, job: Job) -> Model:
    """Fit the engine, report the metrics of its backtests, and return it with the histories as a model.

    Raises UserError if the data cannot be forecast."""
    stop = _stop_check(params, job)
    pretrained = _pretrained(data, params, job)
    settings = _read_settings(params)
    target = _read(data["train"], settings, data.get("related") if params.covariates else None, job)
    panel = target.panel
    if not panel.lengths.any():
        raise UserError(f"channel train: column {target.roles.target} has no values")
    if np.nanmax(np.abs(panel.values)) > _LARGEST:
        raise UserError(
            f"channel train: column {target.roles.target} has numbers too large for errors to be squared; "
            "divide them by a constant"
        )
    settings.notes.extend(_nameless(target))
    settings.notes.extend(empty_shelves(panel))
    for note in settings.notes:
        job.progress(f"note: {note}")
    step = panel.timeline.frequency
    seasons = season_lengths(params, panel)
    job.progress(
        f"{len(panel)} series of {int(panel.lengths.sum())} points; step {step.alias}"
        f"{'' if params.freq else ' (inferred)'}, seasons {', '.join(map(str, seasons)) or 'none'}"
    )
    for rule, count in settings.counts.times.items():
        job.progress(f"{RULES[rule]}: {count}")
    hierarchy = Hierarchy(params.hierarchy) if params.hierarchy else None
    if hierarchy is not None:
        hierarchy.check(panel)
        panel = hierarchy.aggregate(panel)
    known = metadata.read(data["metadata"], target.roles.keys) if "metadata" in data else []
    calendar = Calendar.of(params.holidays, panel) if params.holidays else None
    wide = calendar.extended(panel, params.horizon)[0] if calendar is not None else panel
    engine, tested, notes = fit_engine(wide, params, job, stop, known, pretrained)
    engine = replace(engine, calendar=calendar if engine.covaried else None)
    used = panel.covariate_names if engine.covaried else ()
    if not used:
        panel = replace(
            panel, covariate_names=(), covariates=np.empty((0, 0)), covariate_ends=np.empty(0, np.int64)
        )
    reconciled = _reconciled_forecasts(engine, panel, hierarchy, job)
    roles = target.roles if used else replace(target.roles, covariates=(), categories={})
    column_kinds = {
        name: kind
        for name, kind in target.column_kinds.items()
        if name in (*roles.keys, roles.time, roles.target, *roles.covariates)
    }
    history = panel.tail(max(MAX_HISTORY, 12 * max(seasons, default=1)))
    model = Model(
        engine, history, roles, column_kinds, tuple(sorted(set(params.quantiles))), hierarchy, reconciled
    )
    metrics = tested.evaluation.metrics() if tested is not None else {}
    job.log_metrics(**{name: metrics[label] for name, label in METRICS.items() if metrics})
    if "test" in data:
        job.log_metrics(**_test_metrics(read_like(data["test"], target, settings), target, engine, job, stop))
    with job.report.forgiving():
        report.write(
            job.report,
            panel,
            model,
            tested,
            settings.counts,
            [*settings.notes, *notes],
            params,
            known,
            stop,
        )
    return model


def _read(channel: Channel, settings: ReadSettings, related: Channel | None, job: Job) -> Target:
    """The series of the target channel; on several hosts each reads its own rows, where it can."""
    if len(job.cluster.hosts) == 1:
        return read_target(channel, settings, related)
    if why := together.why_alone(channel, related):
        job.progress(f"{job.hosts.current} reads the series of all hosts: {why}")
        return read_target(channel, settings, related)
    return together.read_target(channel, settings, related, job)


METRICS = {
    "mase": "MASE",
    "mase_naive": "MASE naive",
    "smape": "sMAPE",
    "rmsse": "RMSSE",
    "wql": "WQL",
    "coverage_80": "coverage 80 %",
    "coverage_95": "coverage 95 %",
}


def _nameless(target: Target) -> list[str]:
    """A note on rows that do not say which series they belong to."""
    panel = target.panel
    places = [place for place, key in enumerate(panel.keys) if "" in key and len(panel.keys) > 1]
    count = int(panel.lengths[places].sum())
    names = ", ".join(target.roles.keys)
    return [f"{count} points have no {names}; they were read as series of their own"] if places else []


def _pretrained(data: Mapping[str, Channel], params: Hyperparameters, job: Job) -> PretrainedModel | None:
    """The model of the channel `weights`, checked before the series are read."""
    if "weights" not in data:
        return None
    found = PretrainedModel(data["weights"].paths)
    found.check()
    if found.longest is not None and params.horizon > found.longest:
        raise UserError(
            f"channel weights: {found.name} forecasts at most {found.longest} steps, not {params.horizon}"
        )
    job.progress(f"pretrained model: {found}")
    return found


def _stop_check(params: Hyperparameters, job: Job) -> Callable[[], bool]:
    ends = time.monotonic() + 0.8 * params.time_limit_s if params.time_limit_s else float("inf")
    return lambda: job.should_stop() or time.monotonic() > ends


def _read_settings(params: Hyperparameters) -> ReadSettings:
    given = ColumnSettings(params.item_id, params.timestamp, params.target, params.layout)
    if params.columns:
        given = ColumnSettings.from_schema(params.columns)
    given = replace(given, stockout=params.stockout)
    return ReadSettings(
        given,
        Frequency.parse(params.freq) if params.freq else None,
        params.duplicates,
        params.fill,
        params.dates,
    )


def _reconciled_forecasts(
    engine: Engine, panel: Panel, hierarchy: Hierarchy | None, job: Job
) -> Forecasts | None:
    """Reconciled forecasts of all series of a hierarchy; None without a hierarchy."""
    if hierarchy is None:
        return None
    tasks = list(chunks(panel, CHUNK))
    if engine.lightgbm_model or engine.learner or engine.foundation:  # none is sent to processes
        parts = [_forecast(task, engine) for task in tasks]
    else:
        parts = list(mapped(job, _forecast, tasks, lambda: False, engine=engine))
    found = Forecasts.concatenate(parts)
    return hierarchy.reconcile(found, panel, engine.lower_bounds(panel))


def _forecast(panel: Panel, engine: Engine) -> Forecasts:
    return engine.forecast(panel, engine.horizon)


def _test_metrics(
    test: Panel, target: Target, engine: Engine, job: Job, stop: Callable[[], bool]
) -> dict[str, float]:
    """DeepAR's test metrics, on the last horizon of each test series.

    A test series that continues its training series is forecast from the training series, any other one from
    its own earlier points. Empty if no series is long enough.
    """
    histories, actual, ahead = [], [], []
    for place, key in enumerate(test.keys):
        known = target.panel.where.get(key)
        follows = known is not None and test.first[place] == target.panel.after[known]
        if follows and known is not None:
            histories.append(target.panel.take([known]))
            observed = test.series(place)[: engine.horizon]
            future = test.known(place)[: engine.horizon]
        elif len(test.series(place)) > engine.horizon:
            keep = len(test.series(place)) - engine.horizon
            histories.append(test.take([place]).cut(np.array([keep])))
            observed, future = test.series(place)[keep:], test.known(place)[keep : keep + engine.horizon]
        else:
            continue
        actual.append(np.r_[observed, np.full(engine.horizon - len(observed), np.nan)])
        rows = np.full((engine.horizon, len(test.covariate_names)), np.nan)
        rows[: len(future)] = future
        ahead.append(rows)
    if not histories or stop():
        return {}
    windows = [backtest.Window(backtest.concatenate(histories), np.array(actual), ahead)]
    found = backtest.run(windows, engine, job, stop)
    if found is None:
        return {}
    evaluation: Evaluation = backtest.evaluate(
        found.forecasts, found.panel, found.evaluation.actual, engine, crossed=False
    )
    metrics = evaluation.metrics()
    return {
        "test:RMSE": metrics["RMSE"],
        "test:mean_wQuantileLoss": metrics["WQL"],
        "test:MASE": metrics["MASE"],
    }
