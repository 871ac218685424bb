"""What one pass over rows leaves: moments and a uniform sample; and the search's start, made of that."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from slipway import Array, Channel, Job

from . import curve, selection
from .moments import Moments, group_sums
from .points import Points, left_out
from .predictor import Model

if TYPE_CHECKING:
    from .hyperparameters import Hyperparameters

_SAMPLE = 20_000
_CHUNK = 1 << 16  # rows whose differences from their centres are in memory at a time


@dataclass(frozen=True)
class Summary:
    """Of rows with gaps."""

    moments: Moments
    sample: Array
    keys: Array
    """One random number a row of the sample, which has the smallest of all rows."""

    @classmethod
    def of(cls, matrix: Array, random: np.random.Generator) -> Self:
        """Of some rows."""
        return cls(Moments.of(list(matrix.T)), *_fewest(matrix, random.random(len(matrix))))

    def and_of(self, other: Self) -> Self:
        """Of these rows and others together."""
        return type(self)(
            self.moments.and_of(other.moments),
            *_fewest(np.concatenate([self.sample, other.sample]), np.concatenate([self.keys, other.keys])),
        )

    def points(self, channel: Channel, columns: list[str], params: "Hyperparameters") -> Points:
        """The sample as points."""
        out = left_out(channel, columns)
        return Points.placed(columns, out, self.sample.copy(), self.moments, params.standardize)

    def start(
        self, channel: Channel, columns: list[str], params: "Hyperparameters", job: Job
    ) -> "tuple[Points, selection.Choice, Model]":
        """The sample as points, the choice of k made on it, and the best centres for it, about the mean."""
        from sklearn.cluster import KMeans

        job.progress(f"{self.moments.height} rows seen")
        points = self.points(channel, columns, params)
        if points.units:
            job.progress(points.units)
        choice = selection.choose(points, params, job)
        with curve.threads(points.matrix, choice.k):
            found = KMeans(choice.k, init=params.init, n_init=params.n_init, random_state=params.seed).fit(
                points.matrix
            )
        return points, choice, about_mean(points, found.cluster_centers_)


def about_mean(points: Points, centres: Array) -> Model:
    """A model to search with, whose zero is the mean of all rows: sums far from zero would lose digits."""
    mean = points.moments.mean
    return Model.with_centres(points.columns, centres - points.middle, mean, mean, points.scale)


def tolerance(points: Points, tol: float) -> float:
    """How far centres may move when the search has converged: scikit-learn's rule, on the sample."""
    return tol * float((points.matrix - points.middle).var(axis=0).mean())


def sums(points: Array, model: Model) -> tuple[Array, Array, float]:
    """Of the points that are nearest to each centre: their sum, their number; and all squared distances."""
    k = len(model.centres)
    totals, counts, inertia = np.zeros_like(model.centres), np.zeros(k), 0.0
    for first in range(0, len(points), _CHUNK):
        chunk = points[first : first + _CHUNK]
        nearest, apart = model.clusters.assigned(chunk)
        counts += np.bincount(nearest, minlength=k)
        totals += group_sums(chunk, nearest, k)
        inertia += float(np.square(apart).sum())
    return totals, counts, inertia


def _fewest(rows: Array, keys: Array) -> tuple[Array, Array]:
    """The rows with the smallest keys: a uniform sample, whatever the pieces that the rows come in."""
    kept = np.argsort(keys)[:_SAMPLE]
    return rows[kept], keys[kept]
