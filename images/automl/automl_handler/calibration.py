"""Probabilities that mean what they say: temperature scaling, or isotonic regression for two labels.

Guo et al. 2017, https://arxiv.org/abs/1706.04599; Zadrozny and Elkan 2002.
"""

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np

from .problem import Floats

_LEAST = 1_000  # rows from which on isotonic regression is not just noise
_FOLDS = 5
_EDGE = 1e-4


@dataclass(frozen=True)
class Calibration:
    """`temperature` divides log-probabilities; or `given` and `meant` are points of a rising line."""

    kind: Literal["none", "temperature", "isotonic"] = "none"
    temperature: float = 1.0
    given: tuple[float, ...] = ()
    meant: tuple[float, ...] = ()

    def apply(self, probabilities: Floats) -> Floats:
        """`probabilities`, of shape (rows, labels), calibrated."""
        if self.kind == "none":
            return probabilities
        if self.kind == "isotonic":
            positive = np.interp(probabilities[:, 1], self.given, self.meant)
            return np.column_stack([1 - positive, positive])
        logs = np.log(np.clip(probabilities, 1e-12, 1)) / self.temperature
        powers = np.exp(logs - logs.max(1, keepdims=True))
        found: Floats = powers / powers.sum(1, keepdims=True)
        return found

    def facts(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "temperature": self.temperature,
            "given": list(self.given),
            "meant": list(self.meant),
        }

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        return cls(facts["kind"], facts["temperature"], tuple(facts["given"]), tuple(facts["meant"]))


def fit(target: Floats, probabilities: Floats, seed: int) -> tuple[Calibration, Floats]:
    """The kind with the least cross-fitted log loss, fitted, and its cross-fitted probabilities."""
    kinds = ["none", "temperature"]
    if probabilities.shape[1] == 2 and len(target) >= _LEAST:
        kinds.append("isotonic")
    folds = np.random.default_rng(seed).integers(0, _FOLDS, len(target))
    best, kept, least = "none", probabilities, np.inf
    for kind in kinds:
        crossed = probabilities.copy()
        for fold in range(_FOLDS):
            held = folds == fold
            if held.any() and not held.all():
                crossed[held] = _fitted(kind, target[~held], probabilities[~held]).apply(probabilities[held])
        loss = _log_loss(target, crossed)
        if loss < least - 1e-4:
            best, kept, least = kind, crossed, loss
    return _fitted(best, target, probabilities), kept


def tempered(target: Floats, probabilities: Floats) -> Calibration:
    """One learner's temperature, where it helps: forests are too shy, boosted trees too sure."""
    found = _fitted("temperature", target, probabilities)
    gain = _log_loss(target, probabilities) - _log_loss(target, found.apply(probabilities))
    return found if gain > 1e-4 else Calibration()


def _log_loss(target: Floats, probabilities: Floats) -> float:
    chance = probabilities[np.arange(len(target)), target.astype(int)]
    return float(-np.log(np.clip(chance, 1e-12, 1)).mean())


def _fitted(kind: str, target: Floats, probabilities: Floats) -> Calibration:
    if kind == "temperature":
        from scipy.optimize import minimize_scalar

        def loss(log_temperature: float) -> float:
            tried = Calibration("temperature", float(np.exp(log_temperature)))
            return _log_loss(target, tried.apply(probabilities))

        found = minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded", options={"xatol": 1e-3})
        return Calibration("temperature", float(np.exp(found.x)))
    if kind == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        line = IsotonicRegression(y_min=_EDGE, y_max=1 - _EDGE).fit(probabilities[:, 1], target)
        return Calibration(
            "isotonic", 1.0, tuple(line.X_thresholds_.tolist()), tuple(line.y_thresholds_.tolist())
        )
    return Calibration()
