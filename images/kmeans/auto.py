"""k=auto: how many groups of a sample have a valley between each two of them, and how sure that is."""

from typing import TYPE_CHECKING

import numpy as np

from slipway import Array, Job

from .curve import FEW, Curve
from .mixture import FAMILIES

if TYPE_CHECKING:
    from .hyperparameters import Hyperparameters

_REPEATED = 10  # rows per distinct point, from which each point is a group
_GROWTH = 2  # how many times k_max the search may reach, where k_max was not given
_TRUE = 0.75  # share of components that are groups, below which more components make no more groups
_HALVES = 5  # of the rows, on which the choice is made again
_AROUND = 1  # numbers of components on either side of the best that are tried on a half


def number(curve: Curve, params: "Hyperparameters", job: Job) -> tuple[int, str]:
    """The number of groups, and how it was found and how sure it is, in words."""
    rows, distinct, silhouettes = len(curve.sample), curve.distinct, curve.values[:, 1]
    if distinct <= len(curve.values) and rows >= _REPEATED * distinct:
        return distinct, "the rows hold no more distinct points"
    if rows < FEW:
        best = 1 if np.isnan(silhouettes).all() else int(np.nanargmax(silhouettes)) + 1
        return best, f"the best silhouette; {rows} rows are too few to say how sure that is"
    assert curve.mixtures is not None
    if curve.mixtures.constant:
        return 1, "all but a few rows are one and the same point"
    components, family, k, at_end = _search(curve, params, job)
    text = f"{components} Gaussian component{'s' * (components > 1)} fit best (BIC)"
    if k < components:
        text += f" and form {k} groups with valleys between" if k > 1 else ", with no valley between any two"
    if at_end:
        text += "; that is the end of the curve, and a larger k_max may find more"
    if job.should_stop():
        return k, text
    halves = [_of_half(curve, components, family, turn) for turn in range(_HALVES)]
    if k > 1 and halves.count(1) > _HALVES // 2:  # a valley that most halves do not show is chance
        k, text = 1, f"{text}, which most halves of the rows do not show"
    agreed = halves.count(k)
    return k, f"{text}; {_sure(agreed)}: {agreed} of {_HALVES} halves of the rows gave the same number"


def _sure(agreed: int) -> str:
    if agreed == _HALVES:
        return "sure"
    return "fairly sure" if agreed > _HALVES // 2 else "unsure"


def _search(curve: Curve, params: "Hyperparameters", job: Job) -> tuple[int, str, int, bool]:
    """Components, family and groups; and whether there may be more groups than the curve has clusters."""
    assert curve.mixtures is not None
    limit = bound = params.k_max
    if "k_max" not in params.model_fields_set:
        bound *= _GROWTH
    while True:
        components, family = _best(curve.values[:, 2:])
        fitted = curve.mixtures.fit(curve.labels(components), family)
        k = len(np.unique(curve.mixtures.merged(fitted.components)))
        at_end = components == len(curve.values) < curve.distinct and k >= _TRUE * components
        if not at_end or limit == bound or job.should_stop():
            return components, family, k, at_end
        limit = min(limit + params.k_max // 2, bound)
        job.progress(f"the best k is at the end of the curve, {components}: going on to {limit}")
        curve.extend(limit)


def _best(bics: Array) -> tuple[int, str]:
    """The number of components and the family that have the least BIC."""
    row, place = np.unravel_index(np.nanargmin(bics), bics.shape)
    return int(row) + 1, FAMILIES[place]


def _of_half(curve: Curve, components: int, family: str, turn: int) -> int:
    """The number of groups of a random half of the rows, from k-means of its own."""
    assert curve.mixtures is not None
    places = np.random.default_rng([curve.seed, turn]).permutation(len(curve.mixtures))
    half = curve.mixtures.take(places[: len(places) // 2])
    near = range(max(1, components - _AROUND), min(components + _AROUND, len(half) // 2) + 1)
    best = min((half.fit(half.clusters(k, turn), family) for k in near), key=lambda fitted: fitted.bic)
    return len(np.unique(half.merged(best.components)))
