"""Metrics by name: scikit-learn's scorers, and those of functions.py."""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

from slipway import Array, UserError

from ..target import Target
from . import functions

_DEFAULTS = {
    "binary": ("roc_auc", "pr_auc", "log_loss", "accuracy", "f1", "brier", "ece", "ks", "lift", "gain"),
    "multiclass": ("accuracy", "balanced_accuracy", "f1_macro", "log_loss", "brier", "ece"),
    "regression": ("rmse", "mae", "r2", "mape"),
    "ranking": ("ndcg", "ndcg@5", "map", "mrr"),
}


@dataclass(frozen=True)
class Evaluated:
    """A model's predictions for rows whose target is known, one entry per row."""

    target: Target
    truth: Array
    """Codes of classes, or numbers."""
    labels: Array
    """Codes of the predicted classes; the scores in regression and ranking."""
    probabilities: Array | None
    """Shape (n, classes)."""
    score: Array
    """The probability of the last class; in regression and ranking the prediction."""
    groups: Array | None = None

    def __len__(self) -> int:
        return len(self.truth)


Metric = Callable[[Evaluated], float]


def default_metrics(problem: str) -> tuple[str, ...]:
    """The metrics of a job that names none."""
    return _DEFAULTS[problem]


def select(given: Sequence[str], problem: str) -> dict[str, Metric]:
    """The metrics by name. Raises UserError for one that does not exist or does not fit the problem."""
    return {name: metric(name, problem) for name in given or default_metrics(problem)}


def metric(name: str, problem: str, path: str = "metrics") -> Metric:
    """The metric called `name`. Raises UserError that begins with `path` if there is none."""
    own = _image_metrics(problem)
    base, at, depth = name.partition("@")
    if at:
        return _at_depth(base, depth, name, problem, path)
    if base in own:
        return own[base]
    scorers = _scorers(problem)
    for known in (name, name.removesuffix("_score"), f"neg_{name}", f"neg_mean_{name}"):
        if known in scorers:
            return _Scorer(known, name.startswith("neg_") or not known.startswith("neg_"))
    everything = sorted({*own, *scorers})
    near = get_close_matches(name, everything, 1)
    if any(name in _image_metrics(other) or name in _scorers(other) for other in _DEFAULTS):
        raise UserError(f"{path}: {name} is not defined for problem {problem}")
    hint = f'; did you mean "{near[0]}"?' if near else f"; known: {', '.join(everything)}"
    raise UserError(f"{path}: unknown {name}{hint}"[:900])


def is_loss(name: str) -> bool:
    """Whether lower is better."""
    return name.partition("@")[0] in _LOSSES


_LOSSES = {
    *("log_loss", "brier", "brier_score", "ece", "hosmer_lemeshow_chi2", "rmse", "mae", "mape", "medae"),
    *("mean_absolute_error", "mean_squared_error", "root_mean_squared_error", "max_error"),
    *("median_absolute_error", "mean_absolute_percentage_error", "mean_squared_log_error"),
    *("mean_poisson_deviance", "mean_gamma_deviance", "root_mean_squared_log_error"),
}


def _image_metrics(problem: str) -> Mapping[str, Metric]:
    if problem == "binary":
        return {**_PROBABLE, **_BINARY}
    return {"multiclass": _PROBABLE, "regression": _NUMBERS, "ranking": _RANKING}[problem]


def _at_depth(base: str, depth: str, name: str, problem: str, path: str) -> Metric:
    """A metric at a depth: in per cent of the rows, or the first rows of each group."""
    try:
        value = float(depth)
    except ValueError:
        value = math.nan
    if problem == "binary" and base in {"lift", "gain"}:
        if not 0 < value <= 100:
            raise UserError(f"{path}: {name}: expected a depth in per cent up to 100, as in {base}@10")
        function = functions.lift if base == "lift" else functions.gain
        return lambda one: function(one.truth, one.score, value)
    if problem == "ranking" and base == "ndcg":
        if not (value >= 1 and value.is_integer()):
            raise UserError(f"{path}: {name}: expected a whole depth of at least 1, as in ndcg@10")
        return lambda one: functions.ndcg(one.truth, one.score, _groups(one), int(value))
    raise UserError(f"{path}: {name}: only lift@, gain@ (binary) and ndcg@ (ranking) have a depth")


def _log_loss(one: Evaluated) -> float:
    """Of the probabilities as they are served: XGBoost's are float32 and sum to 1 to seven digits only."""
    tiny = np.finfo(np.float64).eps
    likelihood = _probabilities(one)[np.arange(len(one)), one.truth.astype(np.int64)]
    return float(-np.log(np.clip(likelihood, tiny, 1 - tiny)).mean())


def _kappa(one: Evaluated) -> float:
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(one.truth, one.labels))


def _probabilities(one: Evaluated) -> Array:
    assert one.probabilities is not None
    return one.probabilities


def _groups(one: Evaluated) -> Array:
    assert one.groups is not None
    return one.groups


def _mape(one: Evaluated) -> float:
    from sklearn.metrics import mean_absolute_percentage_error

    return float(mean_absolute_percentage_error(one.truth, one.score))


_PROBABLE: Mapping[str, Metric] = {
    "log_loss": _log_loss,
    "brier": lambda one: functions.brier(one.truth, _probabilities(one)),
    "ece": lambda one: functions.ece(one.truth, _probabilities(one)),
    "cohen_kappa": _kappa,
}
_BINARY: Mapping[str, Metric] = {
    "pr_auc": lambda one: functions.pr_auc(one.truth, one.score),
    "lift": lambda one: functions.lift(one.truth, one.score),
    "gain": lambda one: functions.gain(one.truth, one.score),
    "ks": lambda one: functions.ks(one.truth, one.score),
    "hosmer_lemeshow": lambda one: functions.hosmer_lemeshow(one.truth, one.score)[1],
    "hosmer_lemeshow_chi2": lambda one: functions.hosmer_lemeshow(one.truth, one.score)[0],
}
_NUMBERS: Mapping[str, Metric] = {
    "rmse": lambda one: float(np.sqrt(np.square(one.truth - one.score).mean())),
    "mae": lambda one: float(np.abs(one.truth - one.score).mean()),
    "medae": lambda one: float(np.median(np.abs(one.truth - one.score))),
    "mape": _mape,
}
_RANKING: Mapping[str, Metric] = {
    "ndcg": lambda one: functions.ndcg(one.truth, one.score, _groups(one)),
    "map": lambda one: functions.mean_precision(one.truth, one.score, _groups(one)),
    "mrr": lambda one: functions.mrr(one.truth, one.score, _groups(one)),
}


@dataclass(frozen=True)
class _Scorer:
    """A scorer of scikit-learn, applied to predictions that exist already."""

    name: str
    signed: bool
    """Whether scikit-learn's negative sign of a loss is kept."""

    def __call__(self, one: Evaluated) -> float:
        from sklearn.metrics import get_scorer

        scorer = get_scorer(self.name)
        try:
            with warnings.catch_warnings(
                action="ignore"
            ):  # for example of a class without rows, which the log need not tell
                found = float(scorer(_FixedEstimator.of(one), np.arange(len(one))[:, None], one.truth))
        except ValueError as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"metrics: {self.name} cannot be computed here: {reason}"[:500]) from None
        return found if self.signed else -found


def _scorers(problem: str) -> frozenset[str]:
    """The scorers that fit a problem, without those for clustering and for several labels per row."""
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


class _FixedEstimator:
    """A fitted estimator for scikit-learn that returns predictions made before."""

    def __init__(self, one: Evaluated) -> None:
        self.one = one

    @staticmethod
    def of(one: Evaluated) -> Any:
        from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

        class Classifier(_FixedEstimator, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
            def predict_proba(self, rows: Array) -> Array:
                return _probabilities(self.one)[rows[:, 0]]

        class Regressor(_FixedEstimator, RegressorMixin, BaseEstimator):  # type: ignore[misc]
            pass

        fixed = Classifier(one) if one.target.classes else Regressor(one)
        if one.target.classes:
            fixed.classes_ = np.arange(len(one.target.classes))
        return fixed

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, rows: Array) -> Array:
        found: Array = self.one.labels[rows[:, 0]]
        return found
