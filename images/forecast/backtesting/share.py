"""What share a further model, as a pretrained one, gets in each class of series: by backtest forecasts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from slipway import Array

from ..models.classes import CLASSES, SeriesClass
from ..models.engine import Engine
from ..models.evidence import expected_gain
from ..models.foundation import Foundation, blended
from ..pretrained.model import PretrainedModel
from .backtest import Backtest, Window, evaluate
from .scale import errors

SHARES = (0.5, 1.0)  # one more member beside the ensemble, or alone
MIN_FORECASTS = 12  # of a class; with fewer it is left as it is
MIN_GAIN = 0.02  # expected relative gain: below it another model is not worth its memory and time
_TRIED: tuple[SeriesClass, ...] = ("short", "intermittent", "seasonal", "long seasons")


def choose_shares(
    model: PretrainedModel,
    windows: Sequence[Window],
    engine: Engine,
    tested: Backtest | None,
    stop: Callable[[], bool],
) -> tuple[Foundation | None, Backtest | None, list[str]]:
    """The model with its share in each class (None if it is in none), the backtest with it, and a sentence on
    each class that was tried.

    `engine` is the one that `tested` was made with. The error is MASE of the mean plus the scaled quantile
    loss at the deciles, with intervals calibrated again for each share.
    """
    unused = f"Pretrained model {model}: no time was left to backtest it, or no series is long enough."
    if tested is None or len(tested.evaluation) < sum(len(window.panel) for window in windows):
        return None, tested, [unused]
    ahead = [row for window in windows for row in window.ahead]
    histories, added = engine.modelled(tested.panel, engine.horizon, ahead)
    classes = tested.forecasts.classes
    rows = forecasts_of(tested, _TRIED)
    tried = np.concatenate([np.empty(0, np.int64), *rows.values()])
    means, spreads = model.forecast(histories.panel, engine.horizon, tried, stop)
    if stop() or not len(tried):
        return None, tested, [unused]
    means, actual = means + added, tested.evaluation.actual
    before = errors(tested.evaluation)
    after = {}
    for share in SHARES:
        forecasts = blended(tested.forecasts, means, spreads, np.full(len(classes), share))
        after[share] = errors(evaluate(forecasts, tested.panel, actual, engine))
    shares, notes = shares_of(rows, before, after, f"Pretrained model {model}")
    if not shares:
        return None, tested, notes
    chosen = np.array([shares.get(label, 0.0) for label in CLASSES])[classes]
    forecasts = blended(tested.forecasts, means, spreads, chosen)
    evaluation = evaluate(forecasts, tested.panel, actual, engine)
    return Foundation(model, shares), replace(tested, forecasts=forecasts, evaluation=evaluation), notes


def forecasts_of(tested: Backtest, labels: Sequence[SeriesClass]) -> dict[SeriesClass, Array]:
    """The places of the forecasts of each class that has MIN_FORECASTS of them."""
    classes = tested.forecasts.classes
    rows = {label: np.flatnonzero(classes == CLASSES.index(label)) for label in labels}
    return {label: places for label, places in rows.items() if len(places) >= MIN_FORECASTS}


def shares_of(
    rows: Mapping[SeriesClass, Array], before: Array, after: Mapping[float, Array], who: str
) -> tuple[dict[SeriesClass, float], list[str]]:
    """The share of a further model in each class of series in which one of `after`, the errors with each
    share, is better than `before`, and a sentence on each class.
    """
    shares: dict[SeriesClass, float] = {}
    notes = []
    for label, places in rows.items():
        errors = {share: found[places] for share, found in after.items()}
        best = SHARES[0]
        for share in SHARES[1:]:
            # Against each other: a large gain is less certain than half of it, which says nothing for half.
            if expected_gain(errors[best], errors[share]) > 0:
                best = share
        used = max(expected_gain(before[places], found) for found in errors.values()) > MIN_GAIN
        if used:
            shares[label] = best
        notes.append(
            f"{who} for the class {label}: MASE plus scaled quantile loss "
            f"{np.nanmean(after[best][places]):.4g} with a share of {best:.0%}, "
            f"{np.nanmean(before[places]):.4g} without, in {len(places)} forecasts; "
            f"{'used' if used else 'not used'}."
        )
    return shares, notes
