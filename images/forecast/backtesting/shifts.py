"""Whether histories are moved to the level after a shift: on trial where backtests have many shifts.

Shifts are rarely found where there are none, so without a trial they are believed. Where many series have
some, levels may come and go, as with holidays, and the past then says more than the last points.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from slipway import Job

from ..models.calibration import IntervalCalibration
from ..models.engine import Engine
from ..models.evidence import expected_gain
from .backtest import Window, evaluate, run
from .scale import errors

MIN_TRIAL, MAX_TRIAL = 6, 24  # forecasts, each made twice


def choose_shifts(
    windows: Sequence[Window], engine: Engine, seed: int, job: Job, stop: Callable[[], bool]
) -> tuple[Engine, list[str]]:
    """The engine that moves histories or not, and a sentence on the trial.

    The error is that of the trial of logarithms, and so are the methods, those of the preset `fast`.
    """
    rows = [
        (place, row)
        for place, window in enumerate(windows)
        for row, shifts in enumerate(engine.shifts(window.panel))
        if shifts
    ]
    if len(rows) < MIN_TRIAL or stop():
        return engine, []
    chosen = np.sort(np.random.default_rng(seed).permutation(len(rows))[:MAX_TRIAL])
    trial = []
    for place, window in enumerate(windows):
        mine = [rows[which][1] for which in chosen.tolist() if rows[which][0] == place]
        if mine:
            ahead = [window.ahead[row] for row in mine]
            trial.append(Window(window.panel.take(mine), window.actual[mine], ahead))
    normal = IntervalCalibration.normal(engine.horizon)
    scores = []
    for level_shifts in (False, True):
        quick = replace(engine, preset="fast", level_shifts=level_shifts)
        found = run(trial, quick, job, stop)
        if found is None or len(found.evaluation) < len(chosen):
            return engine, []
        quick = replace(quick, calibration=normal)
        scores.append(
            errors(evaluate(found.forecasts, found.panel, found.evaluation.actual, quick, crossed=False))
        )
    used = expected_gain(*scores) > 0
    note = (
        "Histories moved to the level after a shift: MASE plus scaled quantile loss "
        f"{np.nanmean(scores[1]):.4g} moved, {np.nanmean(scores[0]):.4g} as they are, "
        f"in {len(chosen)} forecasts of series with shifts; {'used' if used else 'not used'}."
    )
    return replace(engine, level_shifts=used), [note]
