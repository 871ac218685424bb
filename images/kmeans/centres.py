"""Clusters in serving: the nearest of k centres, with plain arithmetic; scikit-learn is not imported."""

from collections.abc import Iterator, Mapping
from typing import Self

import numpy as np

from slipway import Array, UserError

_CELLS = 1 << 15  # numbers in hand at a time: a quarter of a megabyte, which stays in the processor's cache


class Centres:
    """Each point belongs to the nearest of `centres`, of shape (k, columns).

    Distances are compared about `middle`, the mean of the training rows, as scikit-learn does in training:
    far from zero |c|² - 2xc would lose the digits that tell one centre from another.
    """

    def __init__(self, centres: Array, middle: Array, variance: float = np.nan) -> None:
        """`variance`: of the points about their centres, the mean over columns; NaN where it is not known."""
        self.centres = np.ascontiguousarray(centres)
        self.middle = middle
        self.variance = variance
        self._off_zero = bool(middle.any())
        apart = self.centres - middle
        self._pull = np.ascontiguousarray(-2 * apart.T)
        self._norms = np.einsum("ij,ij->i", apart, apart)
        self._at_once = max(1, _CELLS // max(apart.shape))

    def moved(self, centres: Array) -> Self:
        """The same with other centres."""
        return type(self)(centres, self.middle, self.variance)

    def assigned(self, points: Array) -> tuple[Array, Array]:
        """The cluster of each point, and how far the point is from it."""
        nearest = self.nearest(points)
        return nearest, self.distances(points, nearest)

    def nearest(self, points: Array) -> Array:
        """The number of each point's cluster."""
        if len(points) <= self._at_once:
            return self._nearest(points)
        return np.concatenate([self._nearest(points[some]) for some in self._pieces(len(points))])

    def distances(self, points: Array, nearest: Array) -> Array:
        """Euclidean, from the differences: |x|² - 2xc + |c|² would lose digits near a centre."""
        if len(points) <= self._at_once:
            return self._distances(points, nearest)
        pieces = self._pieces(len(points))
        return np.concatenate([self._distances(points[some], nearest[some]) for some in pieces])

    def memberships(self, points: Array) -> Array:
        """The probability of each cluster, of shape (points, k).

        k-means is the mixture of round Gaussians of one size and one variance, whose shares these are. Raises
        UserError where the variance is not known.
        """
        if np.isnan(self.variance):
            raise UserError("option memberships: the model is of an earlier version; train it again")
        pieces = [self._likelihoods(points[some]) for some in self._pieces(len(points))]
        return shares(np.concatenate(pieces)) if pieces else np.empty((0, len(self.centres)))

    def arrays(self) -> dict[str, Array]:
        """What `of` makes the same clusters from."""
        return {"centres": self.centres, "variance": np.array(self.variance)}

    @classmethod
    def of(cls, stored: Mapping[str, Array], middle: Array) -> Self:
        # Models from before there were memberships have no variance.
        return cls(stored["centres"], middle, float(stored.get("variance", np.nan)))

    def _pieces(self, height: int) -> Iterator[slice]:
        return (slice(first, first + self._at_once) for first in range(0, height, self._at_once))

    def _squares(self, points: Array) -> Array:
        """Squared distances to each centre less |x|², which is the same for all centres."""
        products: Array = (points - self.middle if self._off_zero else points).dot(self._pull)
        products += self._norms
        return products

    def _nearest(self, points: Array) -> Array:
        found: Array = self._squares(points).argmin(axis=1)
        return found

    def _likelihoods(self, points: Array) -> Array:
        """Logarithms, but for what all clusters of a point have in common."""
        squares = self._squares(points)
        squares -= squares.min(axis=1, keepdims=True)
        return squares / (-2 * max(self.variance, np.finfo(float).tiny))

    def _distances(self, points: Array, nearest: Array) -> Array:
        apart = self.centres.take(nearest, axis=0)
        np.subtract(points, apart, out=apart)
        squares: Array = np.einsum("ij,ij->i", apart, apart)
        return np.sqrt(squares, out=squares)


def shares(likelihoods: Array) -> Array:
    """Logarithms of likelihoods as probabilities that sum to 1 in each row."""
    found: Array = np.exp(likelihoods - likelihoods.max(axis=1, keepdims=True))
    found /= found.sum(axis=1, keepdims=True)
    return found
