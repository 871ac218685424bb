"""k-means over the rows of several hosts: Lloyd's algorithm, whose sums are made where the rows lie."""

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from slipway import Array, Channel, Job, Table
from slipway.kit.checkpoints import ArrayCheckpoint

from . import selection
from .points import Points, choose_columns
from .predictor import Model
from .summary import Summary, sums, tolerance

if TYPE_CHECKING:
    from .hyperparameters import Hyperparameters


def fit(channel: Channel, params: "Hyperparameters", job: Job) -> tuple[Points, selection.Choice, Array]:
    """A sample of the points, the choice of k made on it, and the centres found over all rows."""
    tables = channel.partitions()  # which tells what the columns hold
    columns = choose_columns(channel, params.features)
    parts = job.cluster.keep(_matrix, tables, columns=columns)
    del tables  # the hosts need them no longer
    summary = reduce(Summary.and_of, job.cluster.map(_summary, parts, seed=params.seed))
    points, choice, model = summary.start(channel, columns, params, job)
    near = tolerance(points, params.tol)
    kept = ArrayCheckpoint(job, "distributed", points.moments.mean, points.moments.squares, model.centres)
    done = 0
    if state := kept.load():
        model, done = model.moved(state["centres"]), int(state["done"])
        job.progress(f"going on after iteration {done}")
    for turn in range(done + 1, params.max_iter + 1):
        totals, counts, inertia = _added(list(job.cluster.map(_sums, parts, model=model)))
        empty = counts == 0  # a centre that is nearest to no point stays where it is
        centres = np.where(empty[:, None], model.centres, totals / np.maximum(counts, 1)[:, None])
        way = float(np.square(centres - model.centres).sum())
        job.progress(f"iteration {turn}: inertia {inertia:.6g}; the centres moved by {way:.3g}")
        model = model.moved(centres)
        kept.save(centres=centres, done=np.array(turn))
        if way <= near or job.should_stop():
            break
    _, _, inertia = _added(list(job.cluster.map(_sums, parts, model=model)))
    return replace(points, inertia=inertia), choice, model.centres + points.middle


# These run on each host, over the rows that it has.


def _matrix(part: Table, columns: list[str]) -> Array:
    return part.numbers(columns)


def _summary(matrix: Array, seed: int) -> Summary:
    # The rows themselves make one host's random numbers others than another's.
    rows = np.ascontiguousarray(matrix[:1]).view(np.uint64).ravel().tolist()
    return Summary.of(matrix, np.random.default_rng([seed, len(matrix), *rows]))


def _sums(matrix: Array, model: Model) -> tuple[Array, Array, float]:
    return sums(model.place(matrix), model)


def _added(parts: list[tuple[Array, Array, float]]) -> tuple[Array, Array, float]:
    totals, counts, inertias = zip(*parts, strict=True)
    return np.sum(totals, axis=0), np.sum(counts, axis=0), sum(inertias)
