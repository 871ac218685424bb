"""What can be measured, by name: scikit-learn's scorers, and what is in measures.py."""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

from slipway import Array, UserError

from ..target import Outcome
from . import functions

_USUAL = {
    "binary": ("roc_auc", "pr_auc", "log_loss", "accuracy", "f1", "brier", "ece", "ks", "lift", "gain"),
    "multiclass": ("accuracy", "balanced_accuracy", "f1_macro", "log_loss", "brier", "ece"),
    "regression": ("rmse", "mae", "r2", "mape"),
    "ranking": ("ndcg", "ndcg@5", "map", "mrr"),
}


@dataclass(frozen=True)
class Answers:
    """What a model said of rows whose truth is known."""

    outcome: Outcome
    truth: Array
    """Codes of classes, or numbers."""
    labels: Array
    """Codes of the classes predicted; of regression and ranking the scores."""
    probabilities: Array | None
    """Shape (n, classes)."""
    score: Array
    """Of two classes the second one's probability; of regression and ranking the answer itself."""
    groups: Array | None = None

    def __len__(self) -> int:
        return len(self.truth)


Measure = Callable[[Answers], float]


def usual(problem: str) -> tuple[str, ...]:
    """What is measured where the configuration names nothing."""
    return _USUAL[problem]


def choose(given: Sequence[str], outcome: Outcome) -> dict[str, Measure]:
    """The metrics by name. Raises UserError for one that does not exist, or not for this problem."""
    return {name: named(name, outcome) for name in given or usual(outcome.problem)}


def named(name: str, outcome: Outcome, path: str = "metrics") -> Measure:
    """One metric. Raises UserError that begins with `path`."""
    own = _own(outcome.problem)
    plain, at, depth = name.partition("@")
    if at:
        return _at(plain, depth, name, outcome, path)
    if plain in own:
        return own[plain]
    scorers = _scorers(outcome.problem)
    for known in (name, name.removesuffix("_score"), f"neg_{name}", f"neg_mean_{name}"):
        if known in scorers:
            return _Scorer(known, name.startswith("neg_") or not known.startswith("neg_"))
    everything = sorted({*own, *scorers})
    near = get_close_matches(name, everything, 1)
    if any(name in _own(other) or name in _scorers(other) for other in _USUAL):
        raise UserError(f"{path}: {name} is not defined for problem {outcome.problem}")
    hint = f'; did you mean "{near[0]}"?' if near else f"; known: {', '.join(everything)}"
    raise UserError(f"{path}: unknown {name}{hint}"[:900])


def is_loss(name: str) -> bool:
    """Whether less of it is better."""
    return name.partition("@")[0] in _LOSSES


_LOSSES = {
    *("log_loss", "brier", "brier_score", "ece", "hosmer_lemeshow_chi2", "rmse", "mae", "mape", "medae"),
    *("mean_absolute_error", "mean_squared_error", "root_mean_squared_error", "max_error"),
    *("median_absolute_error", "mean_absolute_percentage_error", "mean_squared_log_error"),
    *("mean_poisson_deviance", "mean_gamma_deviance", "root_mean_squared_log_error"),
}


def _own(problem: str) -> Mapping[str, Measure]:
    if problem == "binary":
        return {**_PROBABLE, **_BINARY}
    return {"multiclass": _PROBABLE, "regression": _NUMBERS, "ranking": _RANKING}[problem]


def _at(plain: str, depth: str, name: str, outcome: Outcome, path: str) -> Measure:
    """Metrics at a depth: of rows in per cent, or of a group's first rows."""
    try:
        value = float(depth)
    except ValueError:
        value = math.nan
    if outcome.problem == "binary" and plain in {"lift", "gain"}:
        if not 0 < value <= 100:
            raise UserError(f"{path}: {name}: expected a depth in per cent up to 100, as in {plain}@10")
        function = functions.lift if plain == "lift" else functions.gain
        return lambda one: function(one.truth, one.score, value)
    if outcome.problem == "ranking" and plain == "ndcg":
        if not (value >= 1 and value.is_integer()):
            raise UserError(f"{path}: {name}: expected a whole depth from 1, as in ndcg@10")
        return lambda one: functions.ndcg(one.truth, one.score, _grouped(one), int(value))
    raise UserError(f"{path}: {name}: only lift@, gain@ (binary) and ndcg@ (ranking) have a depth")


def _log_loss(one: Answers) -> float:
    from sklearn.metrics import log_loss

    sure = _sure(one)
    sure = sure / sure.sum(axis=1, keepdims=True)  # XGBoost's are of float32, and scikit-learn warns of that
    return float(log_loss(one.truth, sure, labels=range(len(one.outcome.classes))))


def _kappa(one: Answers) -> float:
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(one.truth, one.labels))


def _sure(one: Answers) -> Array:
    assert one.probabilities is not None
    return one.probabilities


def _grouped(one: Answers) -> Array:
    assert one.groups is not None
    return one.groups


def _relative(one: Answers) -> float:
    from sklearn.metrics import mean_absolute_percentage_error

    return float(mean_absolute_percentage_error(one.truth, one.score))


_PROBABLE: Mapping[str, Measure] = {
    "log_loss": _log_loss,
    "brier": lambda one: functions.brier(one.truth, _sure(one)),
    "ece": lambda one: functions.ece(one.truth, _sure(one)),
    "cohen_kappa": _kappa,
}
_BINARY: Mapping[str, Measure] = {
    "pr_auc": lambda one: functions.pr_auc(one.truth, one.score),
    "lift": lambda one: functions.lift(one.truth, one.score),
    "gain": lambda one: functions.gain(one.truth, one.score),
    "ks": lambda one: functions.ks(one.truth, one.score),
    "hosmer_lemeshow": lambda one: functions.hosmer_lemeshow(one.truth, one.score)[1],
    "hosmer_lemeshow_chi2": lambda one: functions.hosmer_lemeshow(one.truth, one.score)[0],
}
_NUMBERS: Mapping[str, Measure] = {
    "rmse": lambda one: float(np.sqrt(np.square(one.truth - one.score).mean())),
    "mae": lambda one: float(np.abs(one.truth - one.score).mean()),
    "medae": lambda one: float(np.median(np.abs(one.truth - one.score))),
    "mape": _relative,
}
_RANKING: Mapping[str, Measure] = {
    "ndcg": lambda one: functions.ndcg(one.truth, one.score, _grouped(one)),
    "map": lambda one: functions.mean_precision(one.truth, one.score, _grouped(one)),
    "mrr": lambda one: functions.mrr(one.truth, one.score, _grouped(one)),
}


@dataclass(frozen=True)
class _Scorer:
    """A scorer of scikit-learn, asked about answers that are there already."""

    name: str
    signed: bool
    """Whether the sign that scikit-learn gives a loss is kept."""

    def __call__(self, one: Answers) -> float:
        from sklearn.metrics import get_scorer

        scorer = get_scorer(self.name)
        try:
            with warnings.catch_warnings(
                action="ignore"
            ):  # of a class that no row has, say: not the log's affair
                found = float(scorer(_Said.of(one), np.arange(len(one))[:, None], one.truth))
        except ValueError as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"metrics: {self.name} cannot be computed here: {reason}"[:500]) from None
        return found if self.signed else -found


def _scorers(problem: str) -> frozenset[str]:
    """The scorers that make sense for a problem: neither those of clusters nor those of several labels."""
    from sklearn.metrics import get_scorer, get_scorer_names

    if problem == "ranking":
        return frozenset()
    found = set()
    for name in get_scorer_names():
        module = get_scorer(name)._score_func.__module__
        regression = module.endswith("_regression")
        if (
            "cluster" not in module
            and not name.endswith("_samples")
            and regression == (problem == "regression")
        ):
            found.add(name)
    return frozenset(found)


class _Said:
    """What scikit-learn takes for a fitted estimator: it gives back what a model had said."""

    def __init__(self, one: Answers) -> None:
        self.one = one

    @staticmethod
    def of(one: Answers) -> Any:
        from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

        class Classifier(_Said, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
            def predict_proba(self, rows: Array) -> Array:
                return _sure(self.one)[rows[:, 0]]

        class Regressor(_Said, RegressorMixin, BaseEstimator):  # type: ignore[misc]
            pass

        said = Classifier(one) if one.outcome.classes else Regressor(one)
        if one.outcome.classes:
            said.classes_ = np.arange(len(one.outcome.classes))
        return said

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, rows: Array) -> Array:
        found: Array = self.one.labels[rows[:, 0]]
        return found
