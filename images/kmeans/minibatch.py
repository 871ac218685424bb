"""k-means over data that does not fit memory: a good start on a sample, then mini-batches (Sculley 2010)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from slipway import Array, Channel, Job
from slipway.kit.checkpoints import ArrayCheckpoint

from . import selection
from .points import Points, choose_columns
from .predictor import Model
from .summary import Summary, sums, tolerance

if TYPE_CHECKING:
    from .hyperparameters import Hyperparameters


def fit(channel: Channel, params: "Hyperparameters", job: Job) -> tuple[Points, selection.Choice, Array]:
    """A sample of the points, the choice of k made on it, and the centres found over all rows."""
    columns = choose_columns(channel, params.features)
    summary = summarised(channel, columns, params.seed)
    points, choice, model = summary.start(channel, columns, params, job)
    job.progress(f"clustering in mini-batches of {params.batch_size}")
    near = tolerance(points, params.tol)
    kept = ArrayCheckpoint(job, "minibatch", points.moments.mean, points.moments.squares, model.centres)
    counts, done = np.zeros(choice.k), 0
    if state := kept.load():
        model, counts, done = model.moved(state["centres"]), state["counts"], int(state["done"])
        job.progress(f"going on after pass {done}")
    for turn in range(done + 1, params.max_iter + 1):
        before = model.centres
        for matrix in _matrices(channel, columns):
            placed = model.place(matrix)
            for first in range(0, len(placed), params.batch_size):
                totals, more, _ = sums(placed[first : first + params.batch_size], model)
                counts = counts + more
                apart = totals - more[:, None] * model.centres
                model = model.moved(model.centres + apart / np.maximum(counts, 1)[:, None])
        way = float(np.square(model.centres - before).sum())
        job.progress(f"pass {turn}: the centres moved by {way:.3g}")
        kept.save(centres=model.centres, counts=counts, done=np.array(turn))
        if way <= near or job.should_stop():
            break
    return replace(points, inertia=inertia(channel, model)), choice, model.centres + points.middle


def summarised(channel: Channel, columns: list[str], seed: int) -> Summary:
    """What one pass over the rows leaves."""
    random = np.random.default_rng(seed)
    return reduce(Summary.and_of, (Summary.of(matrix, random) for matrix in _matrices(channel, columns)))


def inertia(channel: Channel, model: Model) -> float:
    """The sum of squared distances of all rows to their centres, in one pass."""
    return sum(sums(model.place(matrix), model)[2] for matrix in _matrices(channel, model.names))


def _matrices(channel: Channel, columns: Sequence[str]) -> Iterator[Array]:
    for table in channel.batches():
        yield table.numbers(columns)
