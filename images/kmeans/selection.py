"""How many clusters, and how good they are."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from points import Points

from predictor import Model
from slipway import Array, Job

if TYPE_CHECKING:
    from train import Hyperparameters

_CURVE_ROWS = 5_000
_SILHOUETTE_ROWS = 2_000  # its cost grows with the square of the rows


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


def choose(points: Points, params: "Hyperparameters", job: Job) -> Choice:
    """The k asked for, or for auto the one with the best silhouette (Rousseeuw 1987) on a sample.

    The curve goes on past the k asked for, where the data allow, to show whether another would do better.
    """
    from sklearn.cluster import KMeans

    sample = points.sample(_CURVE_ROWS, params.seed)
    distinct = len(np.unique(sample.matrix, axis=0))
    ks, inertias, silhouettes = [], [], []
    for k in range(1, min(params.k_max, distinct) + 1):
        found = KMeans(k, n_init=3, random_state=params.seed).fit(sample.matrix)
        ks.append(k)
        inertias.append(float(found.inertia_) / len(sample.matrix))
        silhouettes.append(silhouette(sample.matrix, found.labels_, params.seed))
        known = f", silhouette {silhouettes[-1]:.4f}" if k > 1 else ""
        job.progress(f"k={k}: mean squared distance {inertias[-1]:.6g}{known}")
        if job.should_stop():
            break
    if params.k != "auto":
        return Choice(params.k, ks, inertias, silhouettes, "as asked")
    best = 1 if np.isnan(silhouettes).all() else ks[int(np.nanargmax(silhouettes))]
    job.progress(f"k=auto chose {best}")
    return Choice(best, ks, inertias, silhouettes, "the best silhouette")


def silhouette(matrix: Array, labels: Array, seed: int) -> float:
    """The mean silhouette of a sample, NaN where it is not defined: for 1 cluster, or one a point."""
    from sklearn.metrics import silhouette_score

    if len(matrix) > _SILHOUETTE_ROWS:
        chosen = np.random.default_rng(seed).choice(len(matrix), _SILHOUETTE_ROWS, replace=False)
        matrix, labels = matrix[chosen], labels[chosen]
    if not 2 <= len(np.unique(labels)) < len(labels):
        return float("nan")
    return float(silhouette_score(matrix, labels))


def scores(points: Points, model: Model, labels: Array, seed: int) -> dict[str, float]:
    """The metrics of the final clusters; silhouette and Davies-Bouldin on what is in memory."""
    from sklearn.metrics import davies_bouldin_score

    inertia = points.inertia
    if inertia is None:
        inertia = float(np.square(model.distances(points.matrix, labels)).sum())
    found = {
        "inertia": inertia,
        "msd": inertia / points.height,
        "silhouette": silhouette(points.matrix, labels, seed),
    }
    if 2 <= len(np.unique(labels)) < len(labels):
        found["davies_bouldin"] = float(davies_bouldin_score(points.matrix, labels))
    return {name: value for name, value in found.items() if np.isfinite(value)}
