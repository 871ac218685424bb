"""How good clusters are."""

import numpy as np

from slipway import Array

from .centres import Centres
from .densities import NOISE, Densities
from .moments import group_sums
from .points import Points
from .predictor import Clusters

SILHOUETTE_ROWS = 2_000  # its cost grows with the square of the rows
_CHUNK = 1 << 12  # rows that are summed while they are in the processor's cache


class Silhouettes:
    """The mean silhouette of a sample of rows for one clustering after another."""

    def __init__(self, matrix: Array, middle: Array, seed: int) -> None:
        from sklearn.metrics import euclidean_distances

        self._chosen = np.arange(len(matrix))
        if len(matrix) > SILHOUETTE_ROWS:
            self._chosen = np.random.default_rng(seed).choice(len(matrix), SILHOUETTE_ROWS, replace=False)
        self._apart = euclidean_distances(matrix[self._chosen] - middle)

    def of(self, labels: Array) -> float:
        """As scikit-learn's `silhouette_score`; NaN where not defined: for 1 cluster, or one a point."""
        present, mine, counts = np.unique(labels[self._chosen], return_inverse=True, return_counts=True)
        rows = np.arange(len(mine))
        if not 2 <= len(present) < len(mine):
            return float("nan")
        means = self._apart @ (mine[:, None] == np.arange(len(present))).astype(np.float64)
        own = means[rows, mine] / np.maximum(counts[mine] - 1, 1)
        means /= counts
        means[rows, mine] = np.inf
        other = means.min(axis=1)
        gained = (other - own) / np.maximum(np.maximum(own, other), np.finfo(float).tiny)
        return float(np.where(counts[mine] > 1, gained, 0.0).mean())


def scores(points: Points, clusters: Clusters, labels: Array, inertia: float, seed: int) -> dict[str, float]:
    """The metrics of the final clusters; silhouette and Davies-Bouldin on what is in memory.

    Those of HDBSCAN are of the rows in clusters, and have the share of the others. `inertia` is of all rows.
    """
    matrix, found = points.matrix, dict[str, float]()
    if isinstance(clusters, Densities):
        inside = labels != NOISE
        matrix, labels = matrix[inside], labels[inside]
        found["noise"] = 1 - len(labels) / len(inside)
    else:
        found |= {"inertia": inertia, "msd": inertia / points.moments.height}
    found["silhouette"] = Silhouettes(matrix, points.middle, seed).of(labels)
    found["davies_bouldin"] = davies_bouldin(matrix, labels, Centres(clusters.centres, points.middle))
    return {name: value for name, value in found.items() if np.isfinite(value)}


def davies_bouldin(matrix: Array, labels: Array, clusters: Centres) -> float:
    """As scikit-learn's, but exact far from zero, and without a copy of the rows; NaN where not defined."""
    counts = np.bincount(labels)
    present = np.flatnonzero(counts)
    if not 2 <= len(present) < len(labels):
        return float("nan")
    near = clusters.centres[: len(counts)]  # sums of the small differences from these keep their digits
    totals = np.zeros_like(near)
    for first in range(0, len(matrix), _CHUNK):
        mine = labels[first : first + _CHUNK]
        totals += group_sums(matrix[first : first + _CHUNK] - near[mine], mine, len(counts))
    centroids = near + totals / np.maximum(counts, 1)[:, None]
    apart = clusters.moved(centroids).distances(matrix, labels)
    widths = (np.bincount(labels, weights=apart) / np.maximum(counts, 1))[present]
    likest = 0.0
    for place, centroid in enumerate(centroids[present]):
        between = np.linalg.norm(centroids[present] - centroid, axis=1)
        likeness = (widths + widths[place])[between > 0] / between[between > 0]
        likest += float(likeness.max(initial=0.0))
    return likest / len(present)
