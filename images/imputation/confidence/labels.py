"""Confidence of filled labels, learned out of fold: probabilities, and the precision at each confidence."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from slipway.kit.calibration import fit_temperature, tempered

from ..evaluation.scores import Codes
from ..features.cells import Floats
from .precision import precision_at, precision_curve

BOUNDS = (-3.0, 5.0)  # of the natural logarithm of a temperature


@dataclass(frozen=True)
class LabelConfidence:
    """Temperature scaling (Guo et al. 2017), and the precision reached at each confidence."""

    temperature: float
    known: float  # share of the observed cells whose value is among the labels
    confidence: Floats  # ascending steps
    precision: Floats  # the most cautious estimate for cells at least as sure as the step; ascending

    @classmethod
    def fit(cls, raw: Floats, codes: Codes) -> Self:
        """From out-of-fold probabilities, shape (cells, labels), and true codes, shape (cells,).

        A code beyond the labels is a value that the model cannot predict.
        """
        among = codes < raw.shape[1]
        known = float(among.mean())
        # However many were right, one more may be wrong: without this, a dozen would make all certain.
        doubt = 1 / (among.sum() + 2)
        temperature = (
            fit_temperature(raw[among], codes[among], bounds=BOUNDS, tolerance=1e-5, smoothing=doubt)
            if among.any()
            else 1.0
        )
        sure = tempered(raw, temperature).max(1) * known
        steps, precision = precision_curve(sure, raw.argmax(1) == codes)
        return cls(temperature, known, steps, precision)

    def probabilities(self, raw: Floats) -> Floats:
        """Calibrated probabilities; a row sums to the probability that the value is one of the labels."""
        return tempered(raw, self.temperature) * self.known

    def precision_at(self, confidence: Floats) -> Floats:
        """The precision learned for cells of at least this confidence; 0 below every step."""
        return precision_at(confidence, self.confidence, self.precision)

    def state(self) -> dict[str, Any]:
        """The parameters by name, as `numpy.savez` takes them."""
        return {
            "temperature": np.array(self.temperature),
            "known": np.array(self.known),
            "confidence": self.confidence,
            "precision": self.precision,
        }

    @classmethod
    def from_state(cls, state: Any) -> Self:
        """From `state`."""
        return cls(
            float(state["temperature"]), float(state["known"]), state["confidence"], state["precision"]
        )
