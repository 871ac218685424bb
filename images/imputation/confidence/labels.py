"""Confidence of filled labels, learned out of fold: probabilities, and the precision at each confidence."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from slipway.kit.calibration import fit_temperature, tempered

from ..evaluation.scores import Codes
from ..features.cells import Floats

MARGIN = 1.0  # standard errors by which a learnt precision must exceed the asked one (Wilson's lower bound)
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
        place = np.searchsorted(self.confidence, confidence, side="right")
        return np.concatenate([[0.0], self.precision])[place]

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


def precision_curve(confidence: Floats, correct: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Steps (confidence, precision) such that keeping cells at or above a step is right at least so often."""
    order = np.argsort(-confidence, kind="stable")
    sure, right = confidence[order], np.cumsum(correct[order])
    count = np.arange(1, len(sure) + 1)
    last = np.append(sure[1:] != sure[:-1], True)  # ties are kept or left together
    level, share, count = sure[last], (right / count)[last], count[last]
    centre = share + MARGIN**2 / (2 * count)
    spread = MARGIN * np.sqrt(share * (1 - share) / count + MARGIN**2 / (4 * count**2))
    cautious = ((centre - spread) / (1 + MARGIN**2 / count))[::-1]
    best = np.maximum.accumulate(cautious)
    rises = np.append(True, best[1:] > best[:-1])
    steps, precision = level[::-1][rises], best[rises]
    coarse = np.unique(np.ceil(precision * 1000).astype(int), return_index=True)[
        1
    ]  # a thousandth is fine enough
    return steps[coarse], precision[coarse]
