"""k-means at serving: the nearest centre of each row, with plain arithmetic; scikit-learn is not imported."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

import slipway
from slipway import Answers, Array, Column, Table

from .options import Options

_CELLS = 1 << 15  # numbers in hand at a time: a quarter of a megabyte, which stays in the processor's cache


class Model(slipway.Model):
    """Centres in the space that they were found in: the columns as they are, or standardised.

    `centres` has shape (k, columns); `fill`, `shift` and `scale` have one entry per column. A missing cell
    counts as `fill`, the column's mean in training, so that every row gets an answer.

    Distances are compared about that mean, as scikit-learn does in training: far from zero |c|² - 2xc would
    lose the digits that tell one centre from another.
    """

    options: ClassVar = Options
    task = "clustering"

    def __init__(self, names: Sequence[str], centres: Array, fill: Array, shift: Array, scale: Array) -> None:
        self.columns = [Column(name=name) for name in names]
        self.centres = np.ascontiguousarray(centres)
        self.fill = fill
        self.shift = shift
        self.scale = scale
        self._scaled = bool((shift != 0).any() or (scale != 1).any())
        self._middle = (fill - shift) / scale
        self._off_zero = bool(self._middle.any())
        apart = self.centres - self._middle
        self._pull = np.ascontiguousarray(-2 * apart.T)
        self._norms = np.einsum("ij,ij->i", apart, apart)
        self._at_once = max(1, _CELLS // max(apart.shape))

    def moved(self, centres: Array) -> Self:
        """The same model with other centres."""
        return type(self)(self.names, centres, self.fill, self.shift, self.scale)

    def predict(self, table: Table, options: Options) -> Answers:
        """The nearest centre and the Euclidean distance to it, named and typed as the built-in k-means does.

        https://docs.aws.amazon.com/sagemaker/latest/dg/km-in-formats.html
        """
        points = self.place(table.matrix)
        nearest = self.nearest(points)
        if options.ids:
            return Answers({"closest_cluster": nearest})
        distances = self.distances(points, nearest)
        return Answers({"closest_cluster": nearest.astype(np.float64), "distance_to_cluster": distances})

    def place(self, matrix: Array) -> Array:
        """`matrix` in the space of the centres: gaps filled, columns standardised where training did so."""
        gaps = np.isnan(matrix)
        if gaps.any():
            matrix = np.where(gaps, self.fill, matrix)
        return (matrix - self.shift) / self.scale if self._scaled else matrix

    def nearest(self, points: Array) -> Array:
        """The number of each point's nearest centre; |x|² is the same for all centres and left out."""
        if len(points) <= self._at_once:
            return self._nearest(points)
        return np.concatenate([self._nearest(points[some]) for some in self._pieces(len(points))])

    def distances(self, points: Array, nearest: Array) -> Array:
        """Euclidean, from the differences: |x|² - 2xc + |c|² would lose digits near a centre."""
        if len(points) <= self._at_once:
            return self._distances(points, nearest)
        pieces = self._pieces(len(points))
        return np.concatenate([self._distances(points[some], nearest[some]) for some in pieces])

    def _pieces(self, height: int) -> Iterator[slice]:
        return (slice(first, first + self._at_once) for first in range(0, height, self._at_once))

    def _nearest(self, points: Array) -> Array:
        products = (points - self._middle if self._off_zero else points).dot(self._pull)
        products += self._norms
        found: Array = products.argmin(axis=1)
        return found

    def _distances(self, points: Array, nearest: Array) -> Array:
        apart = self.centres.take(nearest, axis=0)
        np.subtract(points, apart, out=apart)
        squares: Array = np.einsum("ij,ij->i", apart, apart)
        return np.sqrt(squares, out=squares)

    def save(self, folder: Path) -> None:
        """Numbers only, so plain NumPy arrays, never a pickle."""
        np.savez(
            folder / "centres.npz",
            columns=np.array(self.names),
            centres=self.centres,
            fill=self.fill,
            shift=self.shift,
            scale=self.scale,
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        with np.load(folder / "centres.npz", allow_pickle=False) as stored:
            names = [str(name) for name in stored["columns"]]
            return cls(names, stored["centres"], stored["fill"], stored["shift"], stored["scale"])
