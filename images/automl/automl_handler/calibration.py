"""Calibration of probabilities: temperature scaling, or isotonic regression for two classes."""

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np

from slipway.kit.calibration import fit_isotonic, fit_temperature, tempered

from .types import Floats

_MIN_ISOTONIC = 1_000  # rows; with fewer, isotonic regression fits noise
_FOLDS = 5


@dataclass(frozen=True)
class Calibrator:
    """A fitted calibration: `temperature` divides log-probabilities; isotonic regression interpolates between
    the points (`given`, `meant`) of the second class's probability."""

    kind: Literal["none", "temperature", "isotonic"] = "none"
    temperature: float = 1.0
    given: tuple[float, ...] = ()
    meant: tuple[float, ...] = ()

    def apply(self, probabilities: Floats) -> Floats:
        """Calibrated probabilities, of the shape (rows, classes) of `probabilities`."""
        if self.kind == "none":
            return probabilities
        if self.kind == "isotonic":
            positive = np.interp(probabilities[:, 1], self.given, self.meant)
            return np.column_stack([1 - positive, positive])
        return tempered(probabilities, self.temperature)

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "temperature": self.temperature,
            "given": list(self.given),
            "meant": list(self.meant),
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        return cls(stored["kind"], stored["temperature"], tuple(stored["given"]), tuple(stored["meant"]))


def fit(target: Floats, probabilities: Floats, seed: int) -> tuple[Calibrator, Floats]:
    """The calibration with the lowest cross-fitted log loss, and its cross-fitted probabilities.

    `target` has shape (rows,), `probabilities` (rows, classes).
    """
    kinds = ["none", "temperature"]
    if probabilities.shape[1] == 2 and len(target) >= _MIN_ISOTONIC:
        kinds.append("isotonic")
    folds = np.random.default_rng(seed).integers(0, _FOLDS, len(target))
    best, crossfitted, least = "none", probabilities, np.inf
    for kind in kinds:
        crossed = probabilities.copy()
        for fold in range(_FOLDS):
            held = folds == fold
            if held.any() and not held.all():
                crossed[held] = _fitted(kind, target[~held], probabilities[~held]).apply(probabilities[held])
        loss = _log_loss(target, crossed)
        if loss < least - 1e-4:
            best, crossfitted, least = kind, crossed, loss
    return _fitted(best, target, probabilities), crossfitted


def fit_temperature_if_better(target: Floats, probabilities: Floats) -> Calibrator:
    """A learner's temperature, if it lowers the log loss: forests are underconfident, boosted trees
    overconfident."""
    found = _fitted("temperature", target, probabilities)
    doubt = _doubt(probabilities)
    before, after = (_log_loss(target, one, doubt) for one in (probabilities, found.apply(probabilities)))
    return found if before - after > 1e-4 else Calibrator()


def _doubt(probabilities: Floats) -> float:
    """The share of each label that is spread over all classes: as if one more row had been wrong.

    So few rows, all of them right, make no class certain (Platt 1999, Probabilistic outputs for support
    vector machines). Shape (rows, classes).
    """
    rows, classes = probabilities.shape
    return float(classes / max(1, classes - 1) / (rows + 2))


def _log_loss(target: Floats, probabilities: Floats, doubt: float = 0.0) -> float:
    logs = np.log(np.clip(probabilities, 1e-12, 1))
    likely = logs[np.arange(len(target)), target.astype(int)]
    return float(-((1 - doubt) * likely + doubt * logs.mean(1)).mean())


def _fitted(kind: str, target: Floats, probabilities: Floats) -> Calibrator:
    if kind == "temperature":
        found = fit_temperature(probabilities, target, smoothing=_doubt(probabilities))
        return Calibrator("temperature", found)
    if kind == "isotonic":
        given, meant = fit_isotonic(probabilities[:, 1], target)
        return Calibrator("isotonic", 1.0, tuple(given.tolist()), tuple(meant.tolist()))
    return Calibrator()
