"""Whether the quantiles of intermittent series are those of their own past: by the backtest's forecasts."""

from dataclasses import replace
from itertools import product
from math import inf

import numpy as np

from slipway import Array

from ..models.classes import class_of
from ..models.demand import Demand
from ..models.engine import Engine, intermittent
from ..models.evidence import expected_gain
from ..panel.panel import Panel
from .backtest import Backtest, evaluate

HALF_LIVES = (inf, 90.0, 30.0)  # steps
SEASONAL = (1.0, 4.0)
USUAL = (90.0, 1.0)  # where too few forecasts tell
MIN_FORECASTS = 24
TRIED = 300  # forecasts, chosen at random, on which each distribution is tried


def choose_demand(engine: Engine, tested: Backtest, seed: int) -> tuple[Engine, Backtest, list[str]]:
    """The engine with the distribution of demand that loses least (without one if the calibration does), the
    backtest with it, and a sentence on what was tried.

    `engine` is the one that `tested` was made with. The error is the scaled quantile loss at the deciles.
    """
    rows = intermittent(tested.forecasts)
    if not len(rows):
        return engine, tested, []
    if len(rows) < MIN_FORECASTS:
        demand = usual(tested.panel.take(rows), engine)
        return _used(replace(engine, demand=demand), tested, []) if demand else (engine, tested, [])
    some = np.sort(np.random.default_rng(seed).permutation(rows)[:TRIED])
    part = _take(tested, some)
    past = list(part.panel)
    demands = [Demand.of(past, *settings) for settings in product(HALF_LIVES, SEASONAL)]
    tried = [_losses(replace(engine, demand=demand), part) for demand in demands]
    best = int(np.argmin([np.nanmean(losses) for losses in tried]))
    before, after = _losses(engine, part), tried[best]
    use = expected_gain(before, after) > 0
    note = (
        f"Quantiles of intermittent series from {demands[best]}: scaled quantile loss "
        f"{np.nanmean(after):.4g}, {np.nanmean(before):.4g} from means and errors, in {len(some)} forecasts; "
        f"{'used' if use else 'not used'}."
    )
    return _used(replace(engine, demand=demands[best]), tested, [note]) if use else (engine, tested, [note])


def usual(panel: Panel, engine: Engine) -> Demand | None:
    """The distribution without a trial; None where no series of `panel` is intermittent, or where covariates
    have effects, which it would not have."""
    past = [y for y in panel if class_of(y, engine.seasons) == "intermittent"]
    return Demand.of(past, *USUAL) if past and not engine.covaried else None


def _used(engine: Engine, tested: Backtest, notes: list[str]) -> tuple[Engine, Backtest, list[str]]:
    evaluation = evaluate(tested.forecasts, tested.panel, tested.evaluation.actual, engine)
    return engine, replace(tested, evaluation=evaluation), notes


def _take(tested: Backtest, rows: Array) -> Backtest:
    return replace(
        tested,
        evaluation=tested.evaluation.take(rows),
        forecasts=tested.forecasts.take(rows),
        panel=tested.panel.take(rows),
    )


def _losses(engine: Engine, part: Backtest) -> Array:
    found = evaluate(part.forecasts, part.panel, part.evaluation.actual, engine)
    return found.scaled_quantile_loss()
