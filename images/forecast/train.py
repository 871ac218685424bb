"""Forecast training: reads the panel, backtests it, calibrates the intervals, and keeps the histories."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Literal

import backtest
import metadata
import numpy as np
import pages
from asked import Names
from engine import Engine, NonNegative
from ensemble import Forecasts
from frequency import Frequency
from hierarchy import Hierarchy
from learning import learn_of, seasons_of
from panel import Panel
from parallel import mapped
from pydantic import AliasChoices, Field, field_validator
from reading import Reading, Target, read_like, read_target
from roles import Given
from scores import Scored
from tidy import Duplicates, Fill

import slipway
from predictor import Model, Quantile
from slipway import Channel, Job, Tunable, UserError

KEPT = 2_000  # points of each series that the model keeps: more than any method looks at
CHUNK = 500  # series of a hierarchy that are forecast at once


class Hyperparameters(slipway.Hyperparameters):
    """What a user may set."""

    horizon: Annotated[
        int,
        Field(ge=1, le=10_000),
        Field(validation_alias=AliasChoices("horizon", "prediction_length", "forecast_horizon")),
    ] = 12
    """How many steps ahead to forecast."""
    freq: Annotated[str, Field(validation_alias=AliasChoices("freq", "frequency", "time_freq"))] = ""
    """The step of the series, a pandas alias: D, W-SUN, MS, h, 15min; found from the data when empty."""
    item_id: Annotated[
        tuple[str, ...], Field(validation_alias=AliasChoices("item_id", "key", "keys", "series_id"))
    ] = ()
    """The columns that tell one series from another; found by name when empty."""
    timestamp: Annotated[str, Field(validation_alias=AliasChoices("timestamp", "date", "ds", "time"))] = ""
    """The column of times; found by name when empty."""
    target: Annotated[str, Field(validation_alias=AliasChoices("target", "y", "label"))] = ""
    """The column to forecast; found by name when empty."""
    columns: Annotated[
        tuple[dict[str, str], ...], Field(validation_alias=AliasChoices("columns", "schema"))
    ] = ()
    """The columns as the older system had them: [{"name": "sku", "col_type": "key"}, …], time, num, str."""
    layout: Literal["auto", "long", "wide"] = "auto"
    """long is a row a series and step, wide a column a series."""
    covariates: bool = True
    """Whether to try further columns of numbers; they are used only where a backtest gains by them."""
    hierarchy: tuple[str, ...] = ()
    """The key columns from the top down, such as region,store: their sums are forecast too, and add up."""
    quantiles: tuple[Quantile, ...] = (0.1, 0.5, 0.9)
    """The quantiles that are answered unless a request names others."""
    season_length: Annotated[
        tuple[int, ...], Field(validation_alias=AliasChoices("season_length", "seasonality"))
    ] = ()
    """The lengths of the seasons in steps; those usual for the step when empty, 1 for none."""
    preset: Annotated[Literal["fast", "balanced", "best"], Tunable()] = "balanced"
    """How much time to spend: methods averaged, series backtested."""
    backtest_windows: Annotated[int, Field(ge=0, le=50)] | None = None
    """How many past horizons to forecast for report and intervals; as many as intervals want when empty."""
    backtest_dates: tuple[str, ...] = ()
    """The last known times to forecast from in backtests, in the place of windows from the end."""
    non_negative: NonNegative = "auto"
    """Whether forecasts stay at zero or above; auto holds for each series that never was below."""
    duplicates: Duplicates = "mean"
    """What becomes of several rows of one series and step."""
    fill: Fill = "auto"
    """What a missing point inside a series becomes; auto: zero among zeros, else by season or neighbours."""
    time_limit_s: Annotated[int, Field(ge=1, le=432_000)] | None = None
    """Seconds that training may take, by and large; backtests end when most of it is spent."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """Fixes every random choice: which series are backtested, and LightGBM's draws."""

    @field_validator("season_length", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        """A single length, and auto, as lists."""
        if given in ("auto", "", None):
            return ()
        return (given,) if isinstance(given, int | str) else given


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
    pages.write(
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
