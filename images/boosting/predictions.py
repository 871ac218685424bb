"""The answer columns of a request, computed from the trees' scores.

Names are those of Autopilot and of the built-in XGBoost. A column without meaning for a problem is empty.
https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-automate-model-development-container-output.html
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from slipway import Array, Table, arrow

from .boosters import Booster
from .target import Target


def default_outputs(target: Target, labels: bool = False) -> tuple[str, ...]:
    """The outputs of a request that names none; `labels` is the option of that name."""
    if not target.classes:
        return ("score",)
    return ("predicted_label",) if labels else ("predicted_label", "probability")


def answer_columns(
    booster: Booster, target: Target, table: Table, outputs: Sequence[str], threshold: float
) -> dict[str, Array]:
    """One column per output, each of shape (n,); `shap` gives one per feature and its base value last."""
    if not len(table):  # engines refuse no rows
        names = [one for name in outputs for one in (shap_columns(booster) if name == "shap" else [name])]
        labels = target.decode(np.empty(0, np.int64)) if target.classes else np.empty(0)
        return {name: labels if name == "predicted_label" else np.empty(0) for name in names}
    predictions = Predictions(booster, target, booster.data(table), threshold)
    found: dict[str, Array] = {}
    for name in outputs:
        if name == "shap":
            found |= predictions.shap()
        else:
            found[name] = _OUTPUTS[name](predictions)
    return found


def shap_columns(booster: Booster) -> list[str]:
    """Names of the columns of the output `shap`."""
    return [*(f"shap_{name}" for name in booster.features.names), "shap_base"]


def class_probabilities(score: Array) -> Array:
    """Scores of shape (n,) or (n, classes) as probabilities of shape (n, classes).

    >>> class_probabilities(np.array([0.25, 1.0])).tolist()
    [[0.75, 0.25], [0.0, 1.0]]
    """
    return np.column_stack([1 - score, score]) if score.ndim == 1 else score


def predicted_codes(probabilities: Array, threshold: float) -> Array:
    """Codes of the predicted classes, shape (n,), for probabilities of shape (n, classes).

    Of two classes the second if its probability is at least `threshold`, of more the most likely one.

    >>> predicted_codes(np.array([[0.6, 0.4], [0.7, 0.3]]), 0.4).tolist()
    [1, 0]
    """
    if probabilities.shape[1] == 2:
        return (probabilities[:, 1] >= threshold).astype(np.int64)
    codes: Array = probabilities.argmax(axis=1)
    return codes


class Predictions:
    """The trees' predictions for some rows, each computed when first needed."""

    def __init__(self, booster: Booster, target: Target, data: Any, threshold: float) -> None:
        self.booster = booster
        self.target = target
        self.data = data
        self.threshold = threshold
        self._cache: dict[str, Array] = {}

    @property
    def score(self) -> Array:
        return self._cached("score", lambda: self.booster.score(self.data))

    @property
    def raw(self) -> Array:
        return self._cached("raw", lambda: self.booster.raw(self.data))

    @property
    def probabilities(self) -> Array:
        return class_probabilities(self.score)

    @property
    def codes(self) -> Array:
        return predicted_codes(self.probabilities, self.threshold)

    @property
    def n_rows(self) -> int:
        return len(self.score)

    def nulls(self) -> Array:
        """NaN, for an output without meaning for the problem."""
        return np.full(self.n_rows, np.nan)

    def label(self) -> Array:
        return self.target.decode(self.codes) if self.target.classes else self.nulls()

    def probability(self) -> Array:
        """Of two classes the probability of the second, of more that of the predicted one."""
        if not self.target.classes:
            return self.nulls()
        return self.score if self.score.ndim == 1 else self.score.max(axis=1)

    def raw_score(self) -> Array:
        return self.raw if self.raw.ndim == 1 else self.raw.max(axis=1)

    def xgboost_score(self) -> Array:
        """The built-in XGBoost's number per row: a probability, a number, or the predicted class's code."""
        return self.score if self.score.ndim == 1 else self.score.argmax(axis=1).astype(np.float64)

    def predicted_score(self) -> Array:
        return self.nulls() if self.target.classes else self.score

    def as_lists(self, matrix: Array | None) -> Array:
        return self.nulls() if matrix is None else arrow.objects(matrix.tolist())

    def raw_scores(self) -> Array:
        raw = self.raw
        if raw.ndim == 1:
            raw = np.column_stack([-raw, raw]) if self.target.classes else raw[:, None]
        return arrow.objects(raw.tolist())

    def labels(self) -> Array:
        """The names of all classes, in the order of `probabilities`, per row."""
        if not self.target.classes:
            return self.nulls()
        return arrow.objects([list(self.target.classes) for _ in range(self.n_rows)])

    def shap(self) -> dict[str, Array]:
        """SHAP values of the raw score; of more than two classes that of the predicted class."""
        found = self.booster.contributions(self.data)
        if found.ndim == 3:
            found = found[np.arange(len(found)), self.codes]
        names = shap_columns(self.booster)
        return {name: np.ascontiguousarray(found[:, index]) for index, name in enumerate(names)}

    def _cached(self, name: str, make: Callable[[], Array]) -> Array:
        if name not in self._cache:
            self._cache[name] = make()
        return self._cache[name]


_OUTPUTS: Mapping[str, Callable[[Predictions], Array]] = {
    "predicted_label": Predictions.label,
    "probability": Predictions.probability,
    "probabilities": lambda one: one.as_lists(one.probabilities if one.target.classes else None),
    "labels": Predictions.labels,
    "score": Predictions.xgboost_score,
    "predicted_score": Predictions.predicted_score,
    "raw_score": Predictions.raw_score,
    "raw_scores": Predictions.raw_scores,
    "leaves": lambda one: one.as_lists(one.booster.leaves(one.data)),
}
