"""Gaussian mixtures in serving: the component that a row most likely comes from."""

from collections.abc import Mapping
from typing import Self

import numpy as np

from slipway import Array

from .centres import Centres


class Gaussians(Centres):
    """Each point belongs to the component of the greatest probability; distances are to its mean."""

    def __init__(self, centres: Array, middle: Array, weights: Array, whiteners: Array) -> None:
        """`weights`: shape (k,). `whiteners`: what gives a component's points variance 1 in every direction.

        Matrices of shape (k, columns, columns), or one of (1, columns, columns) that all share, or one factor
        for each column, of shape (k, columns).
        """
        super().__init__(centres, middle, variance=1.0)
        self.weights = weights
        self.whiteners = whiteners
        sizes = np.diagonal(whiteners, axis1=1, axis2=2) if whiteners.ndim == 3 else whiteners
        with np.errstate(divide="ignore"):  # a component that has no weight left
            self._heights = np.log(weights) + np.log(sizes).sum(axis=1)

    def arrays(self) -> dict[str, Array]:
        return {"centres": self.centres, "weights": self.weights, "whiteners": self.whiteners}

    @classmethod
    def of(cls, stored: Mapping[str, Array], middle: Array) -> Self:
        return cls(stored["centres"], middle, stored["weights"], stored["whiteners"])

    def _nearest(self, points: Array) -> Array:
        found: Array = self._likelihoods(points).argmax(axis=1)
        return found

    def _likelihoods(self, points: Array) -> Array:
        found = np.empty((len(points), len(self.centres)))
        for place, centre in enumerate(self.centres):
            whitener = self.whiteners[place % len(self.whiteners)]
            apart = points - centre
            apart = apart @ whitener if whitener.ndim == 2 else apart * whitener
            found[:, place] = np.einsum("ij,ij->i", apart, apart)
        found *= -0.5
        found += self._heights
        return found
