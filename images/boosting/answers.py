"""Answers to rows, in the columns that were asked for.

The names are those of Autopilot and of the built-in XGBoost; one that means nothing for a problem is empty.
https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-automate-model-development-container-output.html
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from slipway import Array, Table, arrow

from .boosters import Booster
from .target import Outcome


def usual(outcome: Outcome, labels: bool = False) -> tuple[str, ...]:
    """What is answered when nothing is asked for."""
    if not outcome.classes:
        return ("score",)
    return ("predicted_label",) if labels else ("predicted_label", "probability")


def columns(
    booster: Booster, outcome: Outcome, table: Table, outputs: Sequence[str], threshold: float
) -> dict[str, Array]:
    """One column an output; `shap` gives one a feature and its mean last."""
    if not len(table):  # which engines refuse
        names = [own for name in outputs for own in (shap_names(booster) if name == "shap" else [name])]
        return {name: np.empty(0) for name in names}
    said = Said(booster, outcome, booster.data(table), threshold)
    found: dict[str, Array] = {}
    for name in outputs:
        if name == "shap":
            found |= said.shap()
        else:
            found[name] = _OUTPUTS[name](said)
    return found


def shap_names(booster: Booster) -> list[str]:
    """The columns that the output `shap` has."""
    return [*(f"shap_{name}" for name in booster.features.names), "shap_base"]


def probabilities(score: Array) -> Array:
    """Scores of shape (n,) or (n, classes) as shape (n, classes)."""
    return np.column_stack([1 - score, score]) if score.ndim == 1 else score


def decide(probable: Array, threshold: float) -> Array:
    """Codes of the predicted classes: of two the second from `threshold` on, of more the likeliest."""
    if probable.shape[1] == 2:
        return (probable[:, 1] >= threshold).astype(np.int64)
    codes: Array = probable.argmax(axis=1)
    return codes


class Said:
    """What the trees say of some rows, worked out when first asked for."""

    def __init__(self, booster: Booster, outcome: Outcome, data: Any, threshold: float) -> None:
        self.booster = booster
        self.outcome = outcome
        self.data = data
        self.threshold = threshold
        self._made: dict[str, Array] = {}

    @property
    def score(self) -> Array:
        return self._once("score", lambda: self.booster.score(self.data))

    @property
    def raw(self) -> Array:
        return self._once("raw", lambda: self.booster.raw(self.data))

    @property
    def probable(self) -> Array:
        return probabilities(self.score)

    @property
    def codes(self) -> Array:
        return decide(self.probable, self.threshold)

    @property
    def height(self) -> int:
        return len(self.score)

    def none(self) -> Array:
        """NaN where an output means nothing for the problem."""
        return np.full(self.height, np.nan)

    def label(self) -> Array:
        return self.outcome.named(self.codes) if self.outcome.classes else self.none()

    def probability(self) -> Array:
        """Of two classes the second one's, of more the predicted one's."""
        if not self.outcome.classes:
            return self.none()
        return self.score if self.score.ndim == 1 else self.score.max(axis=1)

    def raw_score(self) -> Array:
        return self.raw if self.raw.ndim == 1 else self.raw.max(axis=1)

    def first(self) -> Array:
        """The built-in XGBoost's one number a row: a probability, a number, or the likeliest class's code."""
        return self.score if self.score.ndim == 1 else self.score.argmax(axis=1).astype(np.float64)

    def predicted_score(self) -> Array:
        return self.none() if self.outcome.classes else self.score

    def listed(self, matrix: Array | None) -> Array:
        return self.none() if matrix is None else arrow.objects(matrix.tolist())

    def raw_scores(self) -> Array:
        raw = self.raw
        if raw.ndim == 1:
            raw = np.column_stack([-raw, raw]) if self.outcome.classes else raw[:, None]
        return arrow.objects(raw.tolist())

    def labels(self) -> Array:
        """The names of all classes, in the order of `probabilities`."""
        if not self.outcome.classes:
            return self.none()
        return arrow.objects([list(self.outcome.classes) for _ in range(self.height)])

    def shap(self) -> dict[str, Array]:
        """What each column added to the raw score; of more than two classes to the predicted one's."""
        found = self.booster.contributions(self.data)
        if found.ndim == 3:
            found = found[np.arange(len(found)), self.codes]
        names = shap_names(self.booster)
        return {name: np.ascontiguousarray(found[:, place]) for place, name in enumerate(names)}

    def _once(self, name: str, make: Callable[[], Array]) -> Array:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]


_OUTPUTS: Mapping[str, Callable[[Said], Array]] = {
    "predicted_label": Said.label,
    "probability": Said.probability,
    "probabilities": lambda said: said.listed(said.probable if said.outcome.classes else None),
    "labels": Said.labels,
    "score": Said.first,
    "predicted_score": Said.predicted_score,
    "raw_score": Said.raw_score,
    "raw_scores": Said.raw_scores,
    "leaves": lambda said: said.listed(said.booster.leaves(said.data)),
}
