"""Probabilities that mean what they say: temperature scaling, or isotonic regression for two labels."""

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np

from slipway.kit.calibration import fit_isotonic, fit_temperature
from slipway.kit.calibration import tempered as tempered_by

from .problem import Floats

_LEAST = 1_000  # rows from which on isotonic regression is not just noise
_FOLDS = 5


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
        return tempered_by(probabilities, self.temperature)

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
        return Calibration("temperature", fit_temperature(probabilities, target))
    if kind == "isotonic":
        given, meant = fit_isotonic(probabilities[:, 1], target)
        return Calibration("isotonic", 1.0, tuple(given.tolist()), tuple(meant.tolist()))
    return Calibration()
