"""What one pass over rows leaves: counts, moments, a uniform sample; and the search's start, made of that."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import selection
from points import Points, left_out, units

from predictor import Model
from slipway import Array, Channel, Job, UserError

if TYPE_CHECKING:
    from train import Hyperparameters

_SAMPLE = 20_000
_CHUNK = 1 << 16  # rows whose distances to all centres are in memory at a time


@dataclass(frozen=True)
class Summary:
    """Of rows with gaps; moments are put together as Chan et al. (1979) do."""

    height: int
    count: Array
    """Of each column, the cells that are there."""
    mean: Array
    squares: Array
    """Summed, of the distances to the mean."""
    sample: Array
    keys: Array
    """One random number a row of the sample, which has the smallest of all rows."""

    @classmethod
    def of(cls, matrix: Array, random: np.random.Generator) -> Self:
        """Of some rows."""
        seen = ~np.isnan(matrix)
        count = seen.sum(axis=0)
        mean = np.where(seen, matrix, 0.0).sum(axis=0) / np.maximum(count, 1)
        squares = np.where(seen, np.square(matrix - mean), 0.0).sum(axis=0)
        return cls(len(matrix), count, mean, squares, *_fewest(matrix, random.random(len(matrix))))

    def and_of(self, other: Self) -> Self:
        """Of these rows and others together."""
        count = self.count + other.count
        both, apart = np.maximum(count, 1), other.mean - self.mean
        return type(self)(
            self.height + other.height,
            count,
            self.mean + apart * other.count / both,
            self.squares + other.squares + np.square(apart) * self.count * other.count / both,
            *_fewest(np.concatenate([self.sample, other.sample]), np.concatenate([self.keys, other.keys])),
        )

    def start(
        self, channel: Channel, columns: list[str], params: "Hyperparameters", job: Job
    ) -> "tuple[Points, selection.Choice, Model]":
        """The sample as points, the choice of k made on it, and the best centres for it."""
        from sklearn.cluster import KMeans

        job.progress(f"{self.height} rows seen")
        if params.k != "auto" and params.k > self.height:
            raise UserError(f"k is {params.k}, but the train channel has only {self.height} rows")
        # A gap is filled with the mean and so adds nothing to the variance, but counts as a row of it.
        shift, scale = units(self.mean, self.squares / self.height, params.standardize)
        sample = (np.where(np.isnan(self.sample), self.mean, self.sample) - shift) / scale
        gaps = self.height - self.count
        out = left_out(channel, columns)
        points = Points(columns, out, sample, self.mean, shift, scale, gaps, self.height)
        choice = selection.choose(points, params, job)
        found = KMeans(choice.k, init=params.init, n_init=params.n_init, random_state=params.seed).fit(sample)
        return points, choice, Model(columns, found.cluster_centers_, self.mean, shift, scale)


def moved(model: Model, centres: Array) -> Model:
    """The same model with other centres."""
    return Model(model.columns, centres, model.fill, model.shift, model.scale)


def sums(points: Array, model: Model) -> tuple[Array, Array, float]:
    """Of the points that are nearest to each centre: their sum, their number; and all squared distances."""
    k, width = model.centres.shape
    totals, counts, inertia = np.zeros((k, width)), np.zeros(k), 0.0
    for first in range(0, len(points), _CHUNK):
        chunk = points[first : first + _CHUNK]
        nearest = model.nearest(chunk)
        counts += np.bincount(nearest, minlength=k)
        for place in range(width):
            totals[:, place] += np.bincount(nearest, weights=chunk[:, place], minlength=k)
        inertia += float(np.square(model.distances(chunk, nearest)).sum())
    return totals, counts, inertia


def _fewest(rows: Array, keys: Array) -> tuple[Array, Array]:
    """The rows with the smallest keys: a uniform sample, whatever the pieces that the rows come in."""
    kept = np.argsort(keys)[:_SAMPLE]
    return rows[kept], keys[kept]
