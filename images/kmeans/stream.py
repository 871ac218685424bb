"""k-means over data that does not fit memory: a good start on a sample, then mini-batches (Sculley 2010)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import selection
from points import Points, choose_columns, left_out, units

from predictor import Model
from slipway import Array, Channel, Job, UserError

if TYPE_CHECKING:
    from train import Hyperparameters

_SAMPLE = 20_000


@dataclass
class _Summary:
    """What one pass over the data leaves: counts, moments (Chan et al. 1979), a uniform sample."""

    random: np.random.Generator
    height: int = 0
    count: Array = field(default_factory=lambda: np.zeros(0))
    mean: Array = field(default_factory=lambda: np.zeros(0))
    squares: Array = field(default_factory=lambda: np.zeros(0))
    sample: Array = field(default_factory=lambda: np.zeros((0, 0)))
    keys: Array = field(default_factory=lambda: np.zeros(0))

    def add(self, matrix: Array) -> None:
        """Takes in the next rows."""
        seen = ~np.isnan(matrix)
        count = seen.sum(axis=0)
        mean = np.where(seen, matrix, 0.0).sum(axis=0) / np.maximum(count, 1)
        squares = np.where(seen, np.square(matrix - mean), 0.0).sum(axis=0)
        if self.height == 0:
            self.count, self.mean, self.squares = (
                np.zeros_like(mean),
                np.zeros_like(mean),
                np.zeros_like(mean),
            )
            self.sample = np.empty((0, matrix.shape[1]))
        both = np.maximum(self.count + count, 1)
        apart = mean - self.mean
        self.squares = self.squares + squares + np.square(apart) * self.count * count / both
        self.mean = self.mean + apart * count / both
        self.count = self.count + count
        self.height += len(matrix)
        # Keeping the rows with the smallest random keys is a uniform sample, whatever the pieces.
        keys = np.concatenate([self.keys, self.random.random(len(matrix))])
        rows = np.concatenate([self.sample, matrix])
        kept = np.argsort(keys)[:_SAMPLE]
        self.keys, self.sample = keys[kept], rows[kept]


def fit(channel: Channel, params: "Hyperparameters", job: Job) -> tuple[Points, selection.Choice, Array]:
    """A sample of the points, the choice of k made on it, and the centres found over all rows."""
    from sklearn.cluster import KMeans, MiniBatchKMeans

    columns = choose_columns(channel, params.features)
    summary = _Summary(np.random.default_rng(params.seed))
    for matrix in _matrices(channel, columns):
        summary.add(matrix)
    job.progress(f"{summary.height} rows seen; clustering in mini-batches of {params.batch_size}")
    if params.k != "auto" and params.k > summary.height:
        raise UserError(f"k is {params.k}, but the train channel has only {summary.height} rows")
    # A gap is filled with the mean and so adds nothing to the variance, but counts as a row of it.
    shift, scale = units(summary.mean, summary.squares / summary.height, params.standardize)
    sample = (np.where(np.isnan(summary.sample), summary.mean, summary.sample) - shift) / scale
    gaps = summary.height - summary.count
    points = Points(
        columns, left_out(channel, columns), sample, summary.mean, shift, scale, gaps, summary.height
    )
    choice = selection.choose(points, params, job)
    start = KMeans(choice.k, init=params.init, n_init=params.n_init, random_state=params.seed).fit(sample)
    batches = MiniBatchKMeans(
        choice.k,
        init=start.cluster_centers_,
        n_init=1,
        batch_size=params.batch_size,
        reassignment_ratio=0,
        random_state=params.seed,
    )
    centres, moved_little = start.cluster_centers_, params.tol * float(sample.var(axis=0).mean())
    for turn in range(1, params.max_iter + 1):
        for matrix in _matrices(channel, columns):
            placed = (np.where(np.isnan(matrix), summary.mean, matrix) - shift) / scale
            for first in range(0, len(placed), params.batch_size):
                batches.partial_fit(placed[first : first + params.batch_size])
        moved = float(np.square(batches.cluster_centers_ - centres).sum())
        centres = batches.cluster_centers_.copy()
        job.progress(f"pass {turn}: the centres moved by {moved:.3g}")
        if moved <= moved_little or job.should_stop():
            break
    return _with_inertia(points, channel, columns, centres), choice, centres


def _matrices(channel: Channel, columns: list[str]) -> Iterator[Array]:
    for table in channel.tables():
        yield table[columns].to_numpy(np.float64)


def _with_inertia(points: Points, channel: Channel, columns: list[str], centres: Array) -> Points:
    from dataclasses import replace

    model = Model(columns, centres, points.fill, points.shift, points.scale)
    total = 0.0
    for matrix in _matrices(channel, columns):
        placed = model.place(matrix)
        total += float(np.square(model.distances(placed, model.nearest(placed))).sum())
    return replace(points, inertia=total)
