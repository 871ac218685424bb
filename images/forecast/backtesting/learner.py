"""What share a global learner, with covariates or without, gets in each class of series: by the backtest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from slipway import Array

from ..models.classes import CLASSES, SeriesClass
from ..models.effects import positive
from ..models.engine import Engine
from ..models.evidence import expected_gain, improves
from ..models.foundation import blended
from ..models.learner import TRIED, Learner
from ..models.transforms import from_log
from ..panel.attributes import ItemFeatures
from ..panel.panel import Panel
from .backtest import Backtest, Window, evaluate
from .scale import errors
from .scores import mase
from .share import SHARES, forecasts_of, shares_of

Chosen = tuple[Engine, Engine, Backtest, list[str]]


@dataclass(frozen=True)
class Training:
    """How learners are trained."""

    seed: int
    item_features: ItemFeatures | None = None
    covariates: bool = True
    """Whether they see the covariates of a panel."""

    @property
    def name(self) -> str:
        return "LightGBM with covariates" if self.covariates else "LightGBM over all series"

    def fit(self, engine: Engine, panel: Panel) -> Learner | None:
        """A learner of the histories of `panel`, as `engine` models them."""
        histories, _ = engine.modelled(panel, engine.horizon, None)
        ratios = positive(panel.covariates) if self.covariates else np.empty(0, dtype=bool)
        return Learner.fit(histories, engine.horizon, engine.seasons, ratios, self.seed, self.item_features)


def with_learner(
    engine: Engine,
    past: Engine,
    panel: Panel,
    windows: Sequence[Window],
    tested: Backtest,
    seed: int,
    item_features: ItemFeatures | None,
    stop: Callable[[], bool],
) -> Chosen:
    """`choose_learner` with covariates, or without.

    Where the effects of the regression are used, requests have covariates anyway, and the learner gets them.
    Where they are not, it has to gain by them as much as the effects would have had to.
    """
    found: dict[bool, Chosen] = {}
    for covariates in (False, True):
        if engine.effects is None or covariates:
            training = Training(seed, item_features, covariates)
            found[covariates] = choose_learner(engine, past, panel, windows, tested, training, stop)
    notes = [note for chosen in found.values() for note in chosen[3]]
    plain, covaried = found.get(False), found[True]
    if plain is None or plain[0].learner is None:
        return *covaried[:3], notes
    if covaried[0].learner is None:
        return *plain[:3], notes
    before, after = errors(plain[2].evaluation), errors(covaried[2].evaluation)
    used = improves(before, after)
    notes.append(
        f"LightGBM: MASE plus scaled quantile loss {np.nanmean(after):.4g} with covariates, "
        f"{np.nanmean(before):.4g} without; {'used with' if used else 'used without'} them."
    )
    return *(covaried if used else plain)[:3], notes


def choose_learner(
    engine: Engine,
    past: Engine,
    panel: Panel,
    windows: Sequence[Window],
    tested: Backtest,
    training: Training,
    stop: Callable[[], bool],
) -> Chosen:
    """`engine` and `past`, the one that `tested` was made with, with a learner where it improves the
    backtest, the backtest with it, and a sentence on each class that was tried.

    Each window is forecast by a learner of the points before it. The error is MASE of the mean plus the
    scaled quantile loss, with intervals calibrated again for each share. A learner without covariates that is
    no better in the latest window is not tried in the others: most are not, and it should cost little.
    """
    unchanged = engine, past, tested
    rows = forecasts_of(tested, TRIED)
    trial = tested.covariates if training.covariates else None
    whole_backtest = len(tested.evaluation) == sum(len(window.panel) for window in windows)
    if not rows or not whole_backtest or (training.covariates and trial is None):
        return *unchanged, []
    means: list[Array] = []
    learner = None
    for window in windows:
        if stop():
            return *unchanged, [f"{training.name}: no time was left to backtest it; not used."]
        learner = training.fit(past, window.panel)  # in the end the one of the earliest window
        if learner is None:
            return *unchanged, []
        histories, added = past.modelled(window.panel, past.horizon, window.ahead)
        means.append(learner.predict(histories) + added)
        if len(means) == 1 and not training.covariates:
            rows = _promising(rows, tested, means[0])
            if not rows:
                return *unchanged, []
    assert learner is not None
    found, classes = np.concatenate(means), tested.forecasts.classes
    before, after = errors(tested.evaluation), {}
    for share in SHARES:
        after[share] = errors(_evaluated(tested, past, found, np.full(len(classes), share)).evaluation)
    shares, notes = shares_of(rows, before, after, training.name)
    whole = training.fit(engine, panel) if shares and not stop() else None
    if not shares or whole is None:
        return *unchanged, notes
    chosen = np.array([shares.get(label, 0.0) for label in CLASSES])[classes]
    tested = _evaluated(tested, past, found, chosen)
    past = replace(past, learner=learner.with_shares(shares))
    if trial is not None:
        evaluation = tested.evaluation
        with_them = mase(evaluation.actual, evaluation.mean, evaluation.change)
        tested = replace(tested, covariates=replace(trial, engine=past, with_them=with_them, used=True))
    return replace(engine, learner=whole.with_shares(shares)), past, tested, notes


def _promising(rows: dict[SeriesClass, Array], tested: Backtest, latest: Array) -> dict[SeriesClass, Array]:
    """The classes in which a learner is better in the latest window, whose means are `latest`."""
    found = tested.forecasts.take(np.arange(len(latest)))
    evaluation = tested.evaluation.take(np.arange(len(latest)))
    scores = []
    for share in (0.0, *SHARES):
        means = blended(found, latest, found.spread, np.full(len(latest), share)).mean
        means = from_log(means, found.log_scale[:, None])
        scores.append(mase(evaluation.actual, means, evaluation.change))
    chosen = {}
    for label, places in rows.items():
        mine = places[places < len(latest)]
        if max(expected_gain(scores[0][mine], other[mine]) for other in scores[1:]) > 0:
            chosen[label] = places
    return chosen


def _evaluated(tested: Backtest, past: Engine, means: Array, shares: Array) -> Backtest:
    forecasts = blended(tested.forecasts, means, tested.forecasts.spread, shares)
    evaluation = evaluate(forecasts, tested.panel, tested.evaluation.actual, past)
    return replace(tested, forecasts=forecasts, evaluation=evaluation)
