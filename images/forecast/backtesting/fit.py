"""Fits the engine on backtests: intervals, transforms, covariates and LightGBM."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from slipway import Array, Job

from ..models.calibration import IntervalCalibration
from ..models.effects import Effects
from ..models.engine import Engine
from ..models.evidence import improves
from ..models.lightgbm_model import LightGBMModel
from ..models.transforms import from_log
from ..panel.attributes import Attribute, ItemFeatures
from ..panel.panel import Panel
from ..pretrained.model import PretrainedModel
from . import backtest
from .backtest import Backtest, CovariateTrial
from .demand import choose_demand, usual
from .learner import with_learner
from .scale import choose_log_classes
from .scores import mase, units
from .share import choose_shares
from .shifts import choose_shifts

if TYPE_CHECKING:
    from ..hyperparameters import Hyperparameters


def season_lengths(params: "Hyperparameters", panel: Panel) -> tuple[int, ...]:
    """Season lengths in steps: as set, else the usual ones of which the longest series has two."""
    if params.season_length:
        return tuple(sorted({m for m in params.season_length if m > 1}))
    longest = int(panel.lengths.max())
    return tuple(m for m in panel.timeline.frequency.seasons if longest > 2 * m)


def fit_engine(
    panel: Panel,
    params: "Hyperparameters",
    job: Job,
    stop: Callable[[], bool] = lambda: False,
    attributes: Sequence[Attribute] = (),
    pretrained: PretrainedModel | None = None,
) -> tuple[Engine, Backtest | None, list[str]]:
    """The fitted engine, its backtest (None if there was none), and notes for the report."""
    engine = Engine(
        params.horizon,
        season_lengths(params, panel),
        params.preset,
        params.non_negative,
        IntervalCalibration.usual(params.horizon),
    )
    notes: list[str] = []
    some = backtest.sample(panel, backtest.MAX_SERIES[params.preset], params.seed)
    if len(some) < len(panel):
        notes.append(f"Backtested on {len(some)} of {len(panel)} series, sampled at random.")
    dates = _dates(params, panel)
    longest = max(engine.seasons, default=1)
    windows = backtest.make_windows(some, engine.horizon, longest, params.backtest_windows, dates)
    if params.backtest_windows == 0 and not dates:
        windows = []

    def log_progress(done: int, todo: int) -> None:
        if done == todo or done * 10 // todo != (done - backtest.CHUNK) * 10 // todo:
            job.progress(f"backtest: {done} of {todo} forecasts")

    if not params.hierarchy:  # sums add up on the series' own scale only
        engine, tried = choose_log_classes(windows, engine, params.seed, job, stop)
        notes += tried
    engine, tried = choose_shifts(windows, engine, params.seed, job, stop)
    notes += tried
    past = replace(engine, lightgbm_model=_fit_lightgbm(engine, panel, len(windows) or 1, params, job, stop))
    if past.lightgbm_model is not None and past.lightgbm_model.note:
        notes.append(f"LightGBM is trained on {past.lightgbm_model.note}.")
    if past.lightgbm_model is not None and attributes and windows and not stop():
        item_features = ItemFeatures.read(attributes, panel)
        past = _with_item_features(past, panel, windows, item_features, params, job, notes)
    tested = backtest.run(windows, past, job, stop, log_progress)
    if panel.covariate_names and tested is not None and not stop():
        engine, past, tested = _with_effects(engine, past, panel, windows, tested, notes, job, stop)
    if tested is not None and params.preset != "fast" and not stop():
        items = ItemFeatures.read(attributes, panel) if attributes else None
        engine, past, tested, tried = with_learner(
            engine, past, panel, windows, tested, params.seed, items, stop
        )
        notes += tried
    if pretrained is not None:
        foundation, tested, tried = choose_shares(pretrained, windows, past, tested, stop)
        engine = replace(engine, foundation=foundation)
        notes += tried
    if tested is None:
        notes.append(
            "No series was backtested, as none is long enough or the time was up: intervals are uncalibrated."
        )
        demand = None if params.hierarchy else usual(panel, engine)
        return replace(engine, lightgbm_model=past.lightgbm_model, demand=demand), None, notes
    if not stop() and not params.hierarchy:  # sums of quantiles are none
        past, tested, tried = choose_demand(past, tested, params.seed)
        engine = replace(engine, demand=past.demand)
        notes += tried
    everything = np.arange(len(tested.evaluation))
    engine = backtest.calibrated(engine, tested.forecasts, tested.panel, tested.evaluation.actual, everything)
    if past.lightgbm_model is not None:
        # Train again with the points held out for backtests; after a stop keep the model without them.
        whole = engine.split(engine.transformed(panel)[0], engine.horizon)[0]
        last = (
            None
            if stop()
            else LightGBMModel.fit(
                whole, engine.seasons, params.seed, job.cpus, past.lightgbm_model.item_features
            )
        )
        engine = replace(engine, lightgbm_model=last or past.lightgbm_model)
    return engine, tested, notes


def _before_windows(engine: Engine, panel: Panel, windows: int) -> Panel:
    """The points before all windows, on the scale on which they are modelled."""
    held = np.maximum(panel.lengths - windows * engine.horizon, 0)
    return engine.transformed(panel.cut(held))[0]


def _fit_lightgbm(
    engine: Engine, panel: Panel, windows: int, params: "Hyperparameters", job: Job, stop: Callable[[], bool]
) -> LightGBMModel | None:
    """LightGBM trained on the points before all windows; None for presets and series without it."""
    if (
        params.preset == "fast"
        or stop()
        or not (len(engine.seasons) > 1 or max(engine.seasons, default=1) > 24)
    ):
        return None
    before = _before_windows(engine, panel, windows)
    found = LightGBMModel.fit(before, engine.seasons, params.seed, job.cpus)
    if found is not None:
        sampled = f", of {found.note}" if found.note else ""
        job.progress(f"LightGBM: {len(found.boosters)} models over all long series{sampled}")
    return found


def _with_item_features(
    past: Engine,
    panel: Panel,
    windows: list[backtest.Window],
    item_features: ItemFeatures,
    params: "Hyperparameters",
    job: Job,
    notes: list[str],
) -> Engine:
    """LightGBM with item attributes, if that improves its forecasts of the windows."""
    before = _before_windows(past, panel, len(windows))
    lightgbm_model = LightGBMModel.fit(before, past.seasons, params.seed, job.cpus, item_features)
    other = replace(past, lightgbm_model=lightgbm_model)
    errors = [
        np.concatenate([_lightgbm_errors(engine, window, job.cpus) for window in windows])
        for engine in (past, other)
    ]
    summary = (
        f"Item attributes in LightGBM: MASE of its forecasts {np.nanmean(errors[1]):.4g} with them, "
        f"{np.nanmean(errors[0]):.4g} without"
    )
    used = improves(*errors)
    notes.append(f"{summary}; {'used' if used else 'not used'}.")
    return other if used else past


def _lightgbm_errors(engine: Engine, window: backtest.Window, cpus: int) -> Array:
    """MASE of LightGBM alone on each series of a window; NaN without a forecast."""
    panel = window.panel
    transformed, scales = engine.transformed(panel)
    mean = np.mean(engine.lightgbm_forecasts(transformed, engine.horizon, cpus), axis=0)
    mean = from_log(mean, scales[:, None])
    return mase(window.actual, mean, np.array([units(y, engine.season)[0] for y in panel]))


def _with_effects(
    engine: Engine,
    past: Engine,
    panel: Panel,
    windows: list[backtest.Window],
    baseline: Backtest,
    notes: list[str],
    job: Job,
    stop: Callable[[], bool],
) -> tuple[Engine, Engine, Backtest]:
    """Covariates, if they improve the backtest."""
    names = ", ".join(panel.covariate_names)
    before = Effects.fit(_before_windows(engine, panel, len(windows)), engine.seasons)
    if before is None:
        notes.append(f"Covariates ({names}): none varies, or no series is long enough; not used.")
        return engine, past, baseline
    other = backtest.run(windows, replace(past, effects=before), job, stop)
    effects = Effects.fit(engine.transformed(panel)[0], engine.seasons)
    if other is None or effects is None or len(other.evaluation) < len(baseline.evaluation):
        notes.append(f"Covariates ({names}): no time was left to backtest them; not used.")
        return engine, past, baseline
    without, with_them = (
        mase(one.actual, one.mean, one.change) for one in (baseline.evaluation, other.evaluation)
    )
    summary = (
        f"Covariates ({names}): MASE {np.nanmean(with_them):.4g} with them, {np.nanmean(without):.4g} without"
    )
    used = improves(without, with_them)
    ahead = [row for window in windows for row in window.ahead][: len(without)]
    trial = CovariateTrial(replace(past, effects=before), with_them, without, used, ahead)
    if not used:
        notes.append(f"{summary}; not used.")
        return engine, past, replace(baseline, covariates=trial)
    notes.append(f"{summary}; used.")
    job.progress(f"{summary}; used")
    return replace(engine, effects=effects), trial.engine, replace(other, covariates=trial)


def _dates(params: "Hyperparameters", panel: Panel) -> list[int]:
    if not params.backtest_dates:
        return []
    times = panel.timeline.format.parse(params.backtest_dates, "backtest_dates")
    return [int(step) for step in panel.timeline.steps(times)]
