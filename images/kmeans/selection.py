"""How many clusters."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from slipway import Job, UserError

from . import auto
from .curve import Curve, threads
from .points import Points

if TYPE_CHECKING:
    from .hyperparameters import Hyperparameters


@dataclass(frozen=True)
class Choice:
    """The number of clusters, and the curve it was chosen from."""

    k: int
    ks: list[int]
    inertias: list[float]
    """Per point, on a sample."""
    silhouettes: list[float]
    """NaN for one cluster."""
    chosen_by: str
    rows: int
    """Of the sample."""
    bics: list[float] = field(default_factory=list)
    """Of the best mixture for each k, NaN where none was tried; empty where k was given."""


def none(k: int, rows: int) -> Choice:
    """Where the algorithm finds k by itself."""
    return Choice(k, [], [], [], "by hdbscan", rows)


def choose(points: Points, params: "Hyperparameters", job: Job) -> Choice:
    """The k asked for, or for auto the number of groups with a valley between each two, on a sample.

    The curve goes on past the k asked for, where the data allow, to show whether another would do better.
    Raises UserError if the channel has fewer rows than k.
    """
    height = points.moments.height
    if params.k != "auto" and params.k > height:
        raise UserError(f"k is {params.k}, but the train channel has only {height} rows")
    curve = Curve(points, params, job)
    best, chosen_by = params.k, "as given"
    with threads(curve.sample, params.k_max):
        curve.extend(params.k_max)
        if best == "auto":
            best, chosen_by = auto.number(curve, params, job)
    if params.k == "auto":
        job.progress(f"k=auto chose {best}: {chosen_by}")
    inertias, silhouettes, *families = curve.values.T
    bics = np.fmin.reduce(families) if params.k == "auto" else np.empty(0)
    ks = list(range(1, len(curve.values) + 1))
    return Choice(
        best, ks, inertias.tolist(), silhouettes.tolist(), chosen_by, len(curve.sample), bics.tolist()
    )
