"""Forecast training: reads the panel, backtests it, calibrates the intervals, and keeps the histories."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Literal

import attributes
import backtest
import numpy as np
import pages
from asked import Names
from backtest import Backtest
from calibration import Calibration
from effects import Effects, is_gain
from engine import Engine, NonNegative
from ensemble import Forecasts, Preset
from frequency import Frequency, parse_times
from hierarchy import Hierarchy
from learner import Learner
from panel import Panel
from parallel import mapped
from pydantic import AliasChoices, Field, field_validator
from reading import Reading, Target, read_like, read_target
from roles import Given
from scores import Scored, mase
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
    """All of these at once, as the older system had them: [{"name": "sku", "col_type": "key"}, …], with
    col_type key, time, num or str; the first num is the target."""
    layout: Literal["auto", "long", "wide"] = "auto"
    """long is a row a series and step, wide a column a series."""
    covariates: bool = True
    """Whether to try what the other columns of numbers and the related channel say; used only where a
    backtest gains by it."""
    hierarchy: tuple[str, ...] = ()
    """The key columns from the top down, such as region,store: their sums are forecast too, and add up."""
    quantiles: tuple[Quantile, ...] = (0.1, 0.5, 0.9)
    """The quantiles that are answered unless a request names others."""
    season_length: Annotated[
        tuple[int, ...], Field(validation_alias=AliasChoices("season_length", "seasonality"))
    ] = ()
    """The lengths of the seasons in steps; those usual for the step when empty, 1 for none."""
    preset: Literal["fast", "balanced", "best"] = "balanced"
    """How much time to spend: methods averaged, series backtested."""
    backtest_windows: Annotated[int, Field(ge=0, le=50)] | None = None
    """How many past horizons to forecast for the report and the intervals; as many as intervals want when
    empty.
    """
    backtest_dates: tuple[str, ...] = ()
    """The last known times to forecast from in backtests, in the place of windows from the end."""
    non_negative: NonNegative = "auto"
    """Whether forecasts stay at zero or above; auto holds for each series that never was below."""
    duplicates: Duplicates = "mean"
    """What becomes of several rows of one series and step."""
    fill: Fill = "auto"
    """What a missing point inside a series becomes: zero, the previous one, or a point of a line between the
    neighbours; auto takes zero where most are, else the mean of a season before and after, else the line."""
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
    step = panel.timeline.frequency
    seasons = _seasons(params, panel)
    job.progress(
        f"{len(panel)} series of {int(panel.lengths.sum())} points; step {step.alias}"
        f"{'' if params.freq else ' (found)'}, seasons {', '.join(map(str, seasons)) or 'none'}"
    )
    hierarchy = Hierarchy(params.hierarchy) if params.hierarchy else None
    if hierarchy is not None:
        hierarchy.check(panel)
        panel = hierarchy.aggregated(panel)
    engine, tested, notes = learn_of(panel, params, job, stop)
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
    known = attributes.read(data["metadata"], target.roles.keys) if "metadata" in data else []
    pages.write(job.page, panel, engine, tested, reading.counts, notes, params, shares, known)
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
        given, Frequency.parse(params.freq) if params.freq else None, params.duplicates, params.fill
    )


def _seasons(params: Hyperparameters, panel: Panel) -> tuple[int, ...]:
    """The lengths given, else the usual ones that the longest series has seen twice."""
    if params.season_length:
        if min(params.season_length) < 1:
            raise UserError(f"season_length: expected 1 or more, got {min(params.season_length)}")
        return tuple(sorted({m for m in params.season_length if m > 1}))
    longest = int(panel.lengths.max())
    return tuple(m for m in panel.timeline.frequency.seasons if longest > 2 * m)


def learn_of(
    panel: Panel, params: Hyperparameters, job: Job, stop: Callable[[], bool] = lambda: False
) -> tuple[Engine, Backtest | None, list[str]]:
    """The engine with what backtests taught it, the last of these, and what the report has to say of it."""
    engine = Engine(
        params.horizon,
        _seasons(params, panel),
        params.preset,
        params.non_negative,
        Calibration.normal(params.horizon),
    )
    notes: list[str] = []
    some = backtest.sample(panel, backtest.SERIES[params.preset], params.seed)
    if len(some) < len(panel):
        notes.append(f"Backtested on {len(some)} of {len(panel)} series, chosen at random.")
    dates = _dates(params, panel)
    longest = max(engine.seasons, default=1)
    windows = backtest.windows_of(some, engine.horizon, longest, params.backtest_windows, dates)
    if params.backtest_windows == 0 and not dates:
        windows = []

    def told(done: int, todo: int) -> None:
        if done == todo or done * 10 // todo != (done - backtest.CHUNK) * 10 // todo:
            job.progress(f"backtest: {done} of {todo} forecasts")

    past = replace(engine, learner=_learner(engine, panel, len(windows) or 1, params, job, stop))
    tested = backtest.run(windows, past, job.cpus, stop, told)
    if panel.covariate_names and tested is not None and not stop():
        engine, past, tested = _with_effects(engine, past, panel, windows, tested, notes, job, stop)
    if tested is None:
        notes.append(
            "No series was backtested, as none is long enough or no time was left: intervals are a guess."
        )
        return replace(engine, learner=past.learner), None, notes
    everything = np.arange(len(tested.scored))
    calibration = backtest.calibrated(tested.forecasts, tested.scored.actual, everything)
    engine = replace(engine, calibration=calibration)
    if past.learner is not None:
        # With what the backtests held back; a stop keeps the one that is there.
        whole = engine.split(panel, engine.horizon)[0]
        last = None if stop() else Learner.fit(whole, engine.seasons, params.seed, job.cpus)
        engine = replace(engine, learner=last or past.learner)
    return engine, tested, notes


def _learner(
    engine: Engine, panel: Panel, windows: int, params: Hyperparameters, job: Job, stop: Callable[[], bool]
) -> Learner | None:
    """LightGBM on what lies before every window; None for presets and series that it is not for."""
    if (
        params.preset == "fast"
        or stop()
        or not (len(engine.seasons) > 1 or max(engine.seasons, default=1) > 24)
    ):
        return None
    held = np.maximum(panel.lengths - windows * engine.horizon, 0)
    found = Learner.fit(panel.cut(held), engine.seasons, params.seed, job.cpus)
    if found is not None:
        job.progress(f"LightGBM: {len(found.boosters)} models of all long series")
    return found


def _with_effects(
    engine: Engine,
    past: Engine,
    panel: Panel,
    windows: list[backtest.Window],
    plain: Backtest,
    notes: list[str],
    job: Job,
    stop: Callable[[], bool],
) -> tuple[Engine, Engine, Backtest]:
    """Covariates, if the backtest gains by them."""
    names = ", ".join(panel.covariate_names)
    held = np.maximum(panel.lengths - len(windows) * engine.horizon, 0)
    before = Effects.fit(panel.cut(held), engine.seasons)
    if before is None:
        notes.append(f"Covariates ({names}): none varies, or no series is long enough; not used.")
        return engine, past, plain
    other = backtest.run(windows, replace(past, effects=before), job.cpus, stop)
    effects = Effects.fit(panel, engine.seasons)
    if other is None or effects is None or len(other.scored) < len(plain.scored):
        notes.append(f"Covariates ({names}): no time was left to try them; not used.")
        return engine, past, plain
    without, with_them = (mase(one.actual, one.mean, one.change) for one in (plain.scored, other.scored))
    told = (
        f"Covariates ({names}): MASE {np.nanmean(with_them):.4g} with them, {np.nanmean(without):.4g} without"
    )
    if not is_gain(without, with_them):
        notes.append(f"{told}; not used.")
        return engine, past, plain
    notes.append(f"{told}; used.")
    job.progress(f"{told}; used")
    return replace(engine, effects=effects), replace(past, effects=before), other


def _dates(params: Hyperparameters, panel: Panel) -> list[int]:
    if not params.backtest_dates:
        return []
    times, _ = parse_times(np.array(params.backtest_dates, dtype=object), True)
    return [int(step) for step in panel.timeline.steps(times)]


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


__all__ = ["Hyperparameters", "Preset", "Tunable", "fit"]
