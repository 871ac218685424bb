"""k-means of a sample of the rows for one number of clusters after another."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import numpy as np

from slipway import Array, Job
from slipway.kit.checkpoints import ArrayCheckpoint

from .mixture import FAMILIES, Mixtures
from .points import Points
from .scores import Silhouettes

if TYPE_CHECKING:
    from sklearn.cluster import KMeans

    from .hyperparameters import Hyperparameters

_ROWS = 5_000
_MIXTURE_ROWS = 2_000
FEW = 20  # rows; fewer do not show whether there is a valley between two groups
_PATIENCE = 2  # numbers of components without a better BIC, after which a family is given up
_WORTH_THREADS = 10_000_000  # products in an iteration; of fewer, threads wait more than they work


class Curve:
    """k-means of a sample for k = 1, 2, …; with `mixtures`, also the BIC of each family of them."""

    def __init__(self, points: Points, params: "Hyperparameters", job: Job) -> None:
        self.sample = points.sample(_ROWS, params.seed).matrix
        self.distinct = len(np.unique(self.sample, axis=0))
        self._silhouettes = Silhouettes(self.sample, points.middle, params.seed)
        self.seed, self._job, self._labels = params.seed, job, dict[int, Array]()
        order = np.random.default_rng(params.seed).permutation(len(self.sample))
        self._places = order[:_MIXTURE_ROWS]
        self.mixtures: Mixtures | None = None
        if params.k == "auto" and len(self.sample) >= FEW:
            self.mixtures = Mixtures(self.sample[self._places] - points.middle, params.seed)
        name = "curve-of-mixtures" if self.mixtures else "curve"
        self._checkpoint = ArrayCheckpoint(job, name, self.sample)
        self.values: Array = np.empty((0, 2 + len(FAMILIES)))  # mean squared distance, silhouette, BICs
        if state := self._checkpoint.load():
            self.values = state["curve"]
            job.progress(f"going on after k={len(self.values)} of the curve")

    def extend(self, most: int) -> None:
        """Goes on to `most` clusters, or to what the rows allow."""
        most = min(most, self.distinct)
        for k in range(len(self.values) + 1, most + 1):
            found = self._cluster(k)
            inertia, silhouette = (
                float(found.inertia_) / len(self.sample),
                self._silhouettes.of(found.labels_),
            )
            bics = [self._bic(k, place) for place in range(len(FAMILIES))]
            self.values = np.concatenate([self.values, [[inertia, silhouette, *bics]]])
            known = f", silhouette {silhouette:.4f}" if k > 1 else ""
            self._job.progress(f"k={k}: mean squared distance {inertia:.6g}{known}")
            self._checkpoint.save(at_once=k == most, curve=self.values)
            if self._job.should_stop():
                break

    def labels(self, k: int) -> Array:
        """Of the mixtures' rows."""
        if k not in self._labels:
            self._cluster(k)
        return self._labels[k]

    def _cluster(self, k: int) -> "KMeans":
        from sklearn.cluster import KMeans

        with threads(self.sample, k):
            found = KMeans(k, n_init=3, random_state=self.seed).fit(self.sample)
        self._labels[k] = found.labels_[self._places]
        return found

    def _bic(self, k: int, place: int) -> float:
        """NaN where the family is given up."""
        before = self.values[:, 2 + place]
        given_up = len(before) and (
            np.isnan(before[-1]) or len(before) - 1 - int(np.nanargmin(before)) >= _PATIENCE
        )
        if self.mixtures is None or given_up:
            return float("nan")
        return self.mixtures.bic(self.labels(k), FAMILIES[place])


def threads(matrix: Array, k: int) -> AbstractContextManager[object]:
    """One thread while scikit-learn clusters a few rows: as fast, and at a fraction of the CPU time."""
    from threadpoolctl import threadpool_limits

    if matrix.size * k >= _WORTH_THREADS:
        return nullcontext()
    limited: AbstractContextManager[object] = threadpool_limits(1)
    return limited
