"""k-means over data that does not fit memory: a good start on a sample, then mini-batches (Sculley 2010)."""

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from slipway import Array, Channel, Job
from slipway.kit.checkpoints import ArrayCheckpoint

from . import selection
from .points import Points, choose_columns
from .summary import Summary, sums, tolerance

if TYPE_CHECKING:
    from .hyperparameters import Hyperparameters


def fit(channel: Channel, params: "Hyperparameters", job: Job) -> tuple[Points, selection.Choice, Array]:
    """A sample of the points, the choice of k made on it, and the centres found over all rows."""
    columns = choose_columns(channel, params.features)
    random = np.random.default_rng(params.seed)
    pieces = (Summary.of(matrix, random) for matrix in _matrices(channel, columns))
    summary = reduce(Summary.and_of, pieces)
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
    inertia = sum(sums(model.place(matrix), model)[2] for matrix in _matrices(channel, columns))
    return replace(points, inertia=inertia), choice, model.centres + points.middle


def _matrices(channel: Channel, columns: list[str]) -> Iterator[Array]:
    for table in channel.batches():
        yield table.numbers(columns)
