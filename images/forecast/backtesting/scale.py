"""Which classes of series are forecast better in logarithms: a trial on a few backtest forecasts."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from slipway import Array, Job

from ..models.calibration import FEW, IntervalCalibration
from ..models.classes import CLASSES, SeriesClass
from ..models.effects import Effects
from ..models.engine import Engine
from ..models.evidence import expected_gain
from .backtest import Backtest, Window, evaluate, run
from .scores import Evaluation, mase

CANDIDATES: tuple[SeriesClass, ...] = ("seasonal", "long seasons")
SHARE = 0.05  # of the backtest's forecasts, each made twice: a tenth of its cost
MIN_TRIAL, MAX_TRIAL = 24, 100  # forecasts
MIN_GAIN = 0.02  # expected relative gain: below it the scale of the points is kept


def choose_log_classes(
    windows: Sequence[Window], engine: Engine, seed: int, job: Job, stop: Callable[[], bool]
) -> tuple[Engine, list[str]]:
    """The engine with the classes to model in logarithms, and a sentence on each class that was tried.

    The error is MASE of the mean plus the scaled quantile loss at the deciles, so that neither the mean nor
    the quantiles are bought with the other. The trial uses the methods of the preset `fast`, for its cost, no
    LightGBM, and the effects of covariates, which may multiply even if the season does not.
    """
    trial = _sample(windows, engine, seed)
    if not trial or stop():
        return engine, []
    quick = replace(engine, preset="fast")
    plain, logs = (
        run(trial, _with_effects(replace(quick, log_classes=classes), windows), job, stop)
        for classes in ((), CANDIDATES)
    )
    if plain is None or logs is None or len(plain.evaluation) != len(logs.evaluation):
        return engine, []
    before, after = (errors(_evaluated(found, engine)) for found in (plain, logs))
    chosen, notes = [], []
    for label in CANDIDATES:
        rows = plain.forecasts.classes == CLASSES.index(label)
        if rows.sum() < MIN_TRIAL // 2:
            continue
        used = expected_gain(before[rows], after[rows]) > MIN_GAIN
        chosen += [label] if used else []
        notes.append(
            f"Logarithms for positive series of the class {label}: MASE plus scaled quantile loss "
            f"{np.nanmean(after[rows]):.4g} with them, {np.nanmean(before[rows]):.4g} without, "
            f"in {rows.sum()} forecasts; {'used' if used else 'not used'}."
        )
    return replace(engine, log_classes=tuple(chosen)), notes


def _sample(windows: Sequence[Window], engine: Engine, seed: int) -> list[Window]:
    """Some of the series that could be modelled in logarithms, chosen at random in each window."""
    in_logs = replace(engine, log_classes=CANDIDATES)
    eligible = [np.flatnonzero(np.isfinite(in_logs.log_scales(window.panel))) for window in windows]
    total = sum(map(len, eligible))
    number = int(np.clip(SHARE * sum(len(window.panel) for window in windows), MIN_TRIAL, MAX_TRIAL))
    if total < MIN_TRIAL // 2:
        return []
    chosen = np.sort(np.random.default_rng(seed).permutation(total)[:number])
    bounds = np.cumsum([0, *map(len, eligible)])
    trial = []
    for place, window in enumerate(windows):
        here = chosen[(chosen >= bounds[place]) & (chosen < bounds[place + 1])] - bounds[place]
        rows = eligible[place][here]
        if len(rows):
            ahead = [window.ahead[row] for row in rows.tolist()]
            trial.append(Window(window.panel.take(rows), window.actual[rows], ahead))
    return trial


def _evaluated(found: Backtest, engine: Engine) -> Evaluation:
    """The trial's evaluation. Intervals fitted to a few forecasts would decide by chance, so normal ones are
    taken instead."""
    if len(found.evaluation) >= 2 * FEW:
        return found.evaluation
    engine = replace(engine, calibration=IntervalCalibration.normal(engine.horizon))
    return evaluate(found.forecasts, found.panel, found.evaluation.actual, engine, crossed=False)


def _with_effects(engine: Engine, windows: Sequence[Window]) -> Engine:
    """The engine with the effects of covariates, fitted to the earliest histories."""
    earliest = min(windows, key=lambda window: int(window.panel.after.max()))
    panel = engine.transformed(earliest.panel)[0]
    return replace(engine, effects=Effects.fit(panel, engine.seasons))


def errors(found: Evaluation) -> Array:
    """MASE of the mean plus the scaled quantile loss at the deciles, of each forecast."""
    return mase(found.actual, found.mean, found.change) + found.scaled_quantile_loss()
