"""What share a global learner with covariates gets in each class of series: by the backtest's forecasts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from slipway import Array

from ..models.classes import CLASSES
from ..models.effects import positive
from ..models.engine import Engine
from ..models.foundation import blended
from ..models.learner import TRIED, Learner
from ..panel.attributes import ItemFeatures
from ..panel.panel import Panel
from .backtest import Backtest, Window, evaluate
from .scale import errors
from .scores import mase
from .share import SHARES, forecasts_of, shares_of


@dataclass(frozen=True)
class Training:
    """How learners are trained."""

    seed: int
    item_features: ItemFeatures | None = None

    def fit(self, engine: Engine, panel: Panel) -> Learner | None:
        """A learner of the histories of `panel`, as `engine` models them."""
        histories, _ = engine.modelled(panel, engine.horizon, None)
        ratios = positive(panel.covariates)
        return Learner.fit(histories, engine.horizon, engine.seasons, ratios, self.seed, self.item_features)


def choose_learner(
    engine: Engine,
    past: Engine,
    panel: Panel,
    windows: Sequence[Window],
    tested: Backtest,
    training: Training,
    stop: Callable[[], bool],
) -> tuple[Engine, Engine, Backtest, list[str]]:
    """`engine` and `past`, the one that `tested` was made with, with a learner where it improves the
    backtest, the backtest with it, and a sentence on each class that was tried.

    Each window is forecast by a learner of the points before it. The error is MASE of the mean plus the
    scaled quantile loss, with intervals calibrated again for each share.
    """
    unchanged = engine, past, tested
    rows = forecasts_of(tested, TRIED)
    trial = tested.covariates
    if trial is None or not rows or len(tested.evaluation) < sum(len(window.panel) for window in windows):
        return *unchanged, []
    means, learner = [], None
    for window in windows:
        if stop():
            return *unchanged, ["LightGBM with covariates: no time was left to backtest it; not used."]
        learner = training.fit(past, window.panel)  # in the end the one of the earliest window
        if learner is None:
            return *unchanged, []
        histories, added = past.modelled(window.panel, past.horizon, window.ahead)
        means.append(learner.predict(histories) + added)
    assert learner is not None
    found, classes = np.concatenate(means), tested.forecasts.classes
    before, after = errors(tested.evaluation), {}
    for share in SHARES:
        after[share] = errors(_evaluated(tested, past, found, np.full(len(classes), share)).evaluation)
    shares, notes = shares_of(rows, before, after, "LightGBM with covariates")
    whole = training.fit(engine, panel) if shares and not stop() else None
    if not shares or whole is None:
        return *unchanged, notes
    chosen = np.array([shares.get(label, 0.0) for label in CLASSES])[classes]
    tested = _evaluated(tested, past, found, chosen)
    past = replace(past, learner=learner.with_shares(shares))
    evaluation = tested.evaluation
    with_them = mase(evaluation.actual, evaluation.mean, evaluation.change)
    tested = replace(tested, covariates=replace(trial, engine=past, with_them=with_them, used=True))
    return replace(engine, learner=whole.with_shares(shares)), past, tested, notes


def _evaluated(tested: Backtest, past: Engine, means: Array, shares: Array) -> Backtest:
    forecasts = blended(tested.forecasts, means, tested.forecasts.spread, shares)
    evaluation = evaluate(forecasts, tested.panel, tested.evaluation.actual, past)
    return replace(tested, forecasts=forecasts, evaluation=evaluation)
