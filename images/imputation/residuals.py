"""How sure a filled number is, learnt out of fold: intervals, and draws for multiple imputation."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from cells import Floats

# Nearest predictions of which one lends its truth to a draw (predictive mean matching, Little 1988).
DONORS = 10
KEPT = 5_000  # out-of-fold cells that are kept per column
LEVEL = 0.9  # how many truths an interval holds


@dataclass(frozen=True)
class Residuals:
    """Numbers: conformal intervals and donors, wider where out-of-fold predictions were worse."""

    predicted: Floats  # ascending
    truth: Floats
    knots: Floats
    spread: Floats  # the local scale of the errors at the knots

    @classmethod
    def fit(cls, raw: Floats, truth: Floats, seed: int) -> Self:
        """Keep a sample, and the local scale if it shortens the intervals (Lei et al. 2018, section 5.2)."""
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
        return np.asarray(np.interp(predicted, self.knots, self.spread), dtype=float)

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
        """One observed value of a like prediction: variance, bounds and whole numbers are kept."""
        count = min(DONORS, len(self.truth))
        place = np.searchsorted(self.predicted, predicted) - count // 2
        first = np.clip(place, 0, len(self.truth) - count)
        return np.asarray(self.truth[first + rng.integers(0, count, len(predicted))], dtype=float)

    def state(self) -> dict[str, Any]:
        """Plain state."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def revived(cls, state: Any) -> Self:
        """From `state`."""
        return cls(**{name: state[name] for name in cls.__dataclass_fields__})
