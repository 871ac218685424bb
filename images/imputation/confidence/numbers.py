"""Confidence of filled numbers, learned out of fold: intervals, and draws for multiple imputation."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Self

import numpy as np

from slipway.kit.conformal import ends

from ..features.cells import Floats
from .precision import precision_at, precision_curve

# Nearest predictions of which one lends its truth to a draw (predictive mean matching, Little 1988).
DONORS = 10
KEPT = 5_000  # out-of-fold cells stored per column
LEVEL = 0.9  # share of true values within an interval
WINDOW = 30  # cells with similar predictions that estimate the local size of errors
PAYS = 0.95  # by how much a local scale must shorten the intervals


@dataclass(frozen=True)
class Scale:
    """The local size of the errors as a function of the prediction, piecewise linear."""

    knots: Floats
    spread: Floats

    @classmethod
    def flat(cls) -> Self:
        """The same size everywhere."""
        return cls(np.zeros(1), np.ones(1))

    @classmethod
    def fit(cls, predicted: Floats, error: Floats) -> Self:
        """Moving means of the absolute errors, shape (cells,); `predicted` is ascending."""
        window = max(WINDOW, len(predicted) // 20)
        sums = np.cumsum(np.append(0.0, error))
        local = (sums[window:] - sums[:-window]) / window
        places = np.linspace(0, len(local) - 1, 25).astype(int)
        knots, unique = np.unique(predicted[places + window // 2], return_index=True)
        return cls(knots, np.maximum(local[places], 0.1 * error.mean())[unique])

    def at(self, predicted: Floats) -> Floats:
        """The size of the errors at these predictions."""
        return np.asarray(np.interp(predicted, self.knots, self.spread), dtype=float)


@dataclass(frozen=True)
class NumberConfidence:
    """Conformal intervals, wider where out-of-fold predictions were worse, and donors of random draws."""

    predicted: Floats  # ascending
    truth: Floats
    knots: Floats  # of the scale
    spread: Floats
    errors: Floats  # in scales, ascending

    @classmethod
    def fit(cls, raw: Floats, truth: Floats, seed: int) -> Self:
        """From out-of-fold predictions and true values, both of shape (cells,).

        The local scale is used if it shortens the intervals (Lei et al. 2018, section 5.2).

        An error is never measured by a scale that it helped to set: half of the cells set the other half's.
        Else large errors look smaller than they are, and intervals hold one or two in a hundred too few.
        """
        rows = np.random.default_rng(seed).permutation(len(raw))[:KEPT]
        rows = rows[np.argsort(raw[rows], kind="stable")]
        predicted, truth = raw[rows], truth[rows]
        error = truth - predicted
        scale, errors = Scale.flat(), np.sort(error)
        if len(rows) >= 8 * WINDOW and np.abs(error).mean() > 0:
            halves = [Scale.fit(predicted[half::2], np.abs(error[half::2])) for half in (0, 1)]
            other = np.empty(len(rows))
            for half in (0, 1):
                other[half::2] = halves[1 - half].at(predicted[half::2])
            local, own = Scale.fit(predicted, np.abs(error)), np.sort(error / other)
            if np.ptp(tails(own)) * local.at(predicted).mean() < PAYS * np.ptp(tails(errors)):
                scale, errors = local, own
        return cls(predicted, truth, scale.knots, scale.spread, errors)

    def interval(self, predicted: Floats) -> tuple[Floats, Floats]:
        """Lower and upper bounds; each tail is estimated by itself, and neither leaves the observed range."""
        scale, least, most = Scale(self.knots, self.spread).at(predicted), self.truth.min(), self.truth.max()
        lower, upper = (np.clip(predicted + end * scale, least, most) for end in tails(self.errors))
        return np.minimum(lower, predicted), np.maximum(upper, predicted)

    def within(self, predicted: Floats, tolerance: float) -> Floats:
        """The probability that the error is at most `tolerance` standard deviations of the column."""
        reach = tolerance * self.truth.std() / Scale(self.knots, self.spread).at(predicted)
        near = np.searchsorted(self._sizes, reach, side="right")
        return np.asarray(near / (len(self.errors) + 1), dtype=float)

    def precision_at(self, chances: Floats, tolerance: float) -> Floats:
        """The share of out-of-fold numbers within the tolerance, of those at least as likely to be."""
        return precision_at(chances, *self._curves(tolerance))

    @cached_property
    def _sizes(self) -> Floats:
        """Of the errors, in scales, ascending."""
        return np.sort(np.abs(self.errors))

    @cached_property
    def _curves(self) -> Callable[[float], tuple[Floats, Floats]]:
        """The precision curve of a tolerance, kept for the next request: most come with the model's own."""
        return lru_cache(maxsize=4)(self._curve)

    def _curve(self, tolerance: float) -> tuple[Floats, Floats]:
        near = np.abs(self.truth - self.predicted) <= tolerance * self.truth.std()
        return precision_curve(self.within(self.predicted, tolerance), near)

    def bounded(self, predicted: Floats) -> Floats:
        """Predictions clipped to the observed range widened by half its width: linear models extrapolate."""
        least, most = self.truth.min(), self.truth.max()
        return np.asarray(
            np.clip(predicted, least - (most - least) / 2, most + (most - least) / 2), dtype=float
        )

    def draw(self, predicted: Floats, rng: np.random.Generator) -> Floats:
        """One observed value of a similar prediction each; preserves variance, bounds and whole numbers."""
        count = min(DONORS, len(self.truth))
        place = np.searchsorted(self.predicted, predicted) - count // 2
        first = np.clip(place, 0, len(self.truth) - count)
        return np.asarray(self.truth[first + rng.integers(0, count, len(predicted))], dtype=float)

    def state(self) -> dict[str, Any]:
        """The parameters by name, as `numpy.savez` takes them."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_state(cls, state: Any) -> Self:
        """From `state`."""
        return cls(**{name: state[name] for name in cls.__dataclass_fields__})


def tails(errors: Floats) -> Floats:
    """The two of the ascending errors between which a new one lies with probability LEVEL."""
    return ends(errors, LEVEL)
