"""How sure a filled cell is, learnt from out-of-fold predictions: probabilities, precision, intervals,
draws.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from columns import Floats
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scores import Codes

MARGIN = 1.0  # standard errors by which a learnt precision must exceed the asked one (Wilson's lower bound)
DONORS = (
    10  # nearest predictions of which one lends its truth to a draw (predictive mean matching, Little 1988)
)
KEPT = 5_000  # out-of-fold cells that are kept per column
LEVEL = 0.9  # how many truths an interval holds
TINY = 1e-12


@dataclass(frozen=True)
class Calibration:
    """Categories: one temperature (Guo et al. 2017), and the precision that each confidence reached out of
    fold.
    """

    temperature: float
    known: float  # share of the observed cells whose value is among the labels
    confidence: Floats  # ascending steps
    precision: Floats  # the most cautious estimate for cells at least as sure as the step; ascending

    @classmethod
    def fit(cls, raw: Floats, codes: Codes) -> Self:
        """From out-of-fold probabilities and the true codes; a code beyond the labels is always wrong."""
        among = codes < raw.shape[1]
        known = float(among.mean())
        logs = np.log(np.maximum(raw[among], TINY))
        picked = (np.arange(len(logs)), codes[among])

        def loss(log_temperature: float) -> float:
            return float(-np.log(np.maximum(tempered(logs, np.exp(log_temperature))[picked], TINY)).mean())

        temperature = (
            float(np.exp(minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded").x)) if len(logs) else 1.0
        )
        sure = tempered(np.log(np.maximum(raw, TINY)), temperature).max(1) * known
        steps, precision = precision_curve(sure, raw.argmax(1) == codes)
        return cls(temperature, known, steps, precision)

    def probabilities(self, raw: Floats) -> Floats:
        """Calibrated; a row sums to the chance that the value is among the labels at all."""
        return tempered(np.log(np.maximum(raw, TINY)), self.temperature) * self.known

    def precision_at(self, confidence: Floats) -> Floats:
        """The precision learnt for cells of this confidence; 0 below every step."""
        place = np.searchsorted(self.confidence, confidence, side="right")
        return np.concatenate([[0.0], self.precision])[place]

    def state(self) -> dict[str, Any]:
        """Plain state."""
        return {
            "temperature": np.array(self.temperature),
            "known": np.array(self.known),
            "confidence": self.confidence,
            "precision": self.precision,
        }

    @classmethod
    def revived(cls, state: Any) -> Self:
        """From `state`."""
        return cls(
            float(state["temperature"]), float(state["known"]), state["confidence"], state["precision"]
        )


def tempered(logs: Floats, temperature: float) -> Floats:
    """Probabilities after temperature."""
    scaled = np.exp((logs - logs.max(1, keepdims=True)) / temperature)
    return scaled / scaled.sum(1, keepdims=True)


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


@dataclass(frozen=True)
class Residuals:
    """Numbers: conformal intervals and donors from out-of-fold predictions, wider where predictions were
    worse.
    """

    predicted: Floats  # ascending
    truth: Floats
    knots: Floats
    spread: Floats  # the local scale of the errors at the knots

    @classmethod
    def fit(cls, raw: Floats, truth: Floats, seed: int) -> Self:
        """Keep a sample; keep the local scale when it makes the intervals shorter (Lei et al. 2018, section
        5.2).
        """
        rows = np.random.default_rng(seed).permutation(len(raw))[:KEPT]
        rows = rows[np.argsort(raw[rows], kind="stable")]
        predicted, truth = raw[rows], truth[rows]
        error = np.abs(truth - predicted)
        flat = cls(predicted, truth, predicted[:1], np.ones(1))
        window = max(30, len(rows) // 20)
        if len(rows) < 4 * window or error.mean() == 0:
            return flat
        sums = np.cumsum(np.append(0.0, error))
        local = (sums[window:] - sums[:-window]) / window
        places = np.linspace(0, len(local) - 1, 25).astype(int)
        knots, unique = np.unique(predicted[places + window // 2], return_index=True)
        scaled = cls(predicted, truth, knots, np.maximum(local[places], 0.1 * error.mean())[unique])
        return min(
            flat, scaled, key=lambda option: float(np.subtract(*option.interval(predicted)[::-1]).mean())
        )

    def scale(self, predicted: Floats) -> Floats:
        """The local scale of the errors."""
        return np.interp(predicted, self.knots, self.spread)

    def interval(self, predicted: Floats) -> tuple[Floats, Floats]:
        """Lower and upper end; each tail is its own, and neither leaves the observed range."""
        errors = np.sort((self.truth - self.predicted) / self.scale(self.predicted))
        tail = (1 - LEVEL) / 2
        low = errors[max(0, int(np.floor(tail * (len(errors) + 1))) - 1)]
        high = errors[min(len(errors) - 1, int(np.ceil((1 - tail) * (len(errors) + 1))) - 1)]
        scale, least, most = self.scale(predicted), self.truth.min(), self.truth.max()
        lower = np.clip(predicted + low * scale, least, most)
        return lower, np.clip(predicted + high * scale, least, most)

    def draw(self, predicted: Floats, rng: np.random.Generator) -> Floats:
        """One observed value a cell, from a row with a like prediction: variance, bounds and whole numbers are
        kept.
        """
        count = min(DONORS, len(self.truth))
        place = np.searchsorted(self.predicted, predicted) - count // 2
        first = np.clip(place, 0, len(self.truth) - count)
        return self.truth[first + rng.integers(0, count, len(predicted))]

    def state(self) -> dict[str, Any]:
        """Plain state."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def revived(cls, state: Any) -> Self:
        """From `state`."""
        return cls(**{name: state[name] for name in cls.__dataclass_fields__})
