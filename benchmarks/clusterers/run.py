"""k-means of a file of rows with one library: CPU seconds, peak memory and inertia, as JSON.

python -m benchmarks.clusterers.run METHOD FILE.npy K RESTARTS
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

Array = Any  # this file runs in environments without the project's types
PIECE = 1 << 16


def sklearn(rows: Array, k: int, restarts: int) -> Array:
    """KMeans, Lloyd's algorithm until it has converged."""
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=restarts, random_state=0).fit(rows).cluster_centers_


def faiss(rows: Array, k: int, restarts: int, **given: int) -> Array:
    """faiss.Kmeans as it comes: 25 iterations on 256 rows a cluster, in 32 bits."""
    from faiss import Kmeans

    search = Kmeans(rows.shape[1], k, nredo=restarts, seed=0, **given)
    search.train(rows.astype(np.float32))
    return search.centroids.astype(np.float64)


def faiss_all(rows: Array, k: int, restarts: int) -> Array:
    """The same on all rows."""
    return faiss(rows, k, restarts, max_points_per_centroid=len(rows))


def ours(rows: Array, k: int, restarts: int) -> Array:
    """The search of the image, without the rest of a job."""
    from kmeans.hyperparameters import Hyperparameters
    from kmeans.train import _lloyd

    from slipway import Job
    from slipway.image import Image
    from slipway.paths import Paths

    job = Job(Image.read(Path("images/kmeans")), Paths(Path("/nowhere")))  # no checkpoints, nothing written
    return _lloyd(rows, k, Hyperparameters.read({"k": str(k), "n_init": str(restarts)}), job)


METHODS = {one.__name__: one for one in (ours, sklearn, faiss, faiss_all)}


def inertia(rows: Array, centres: Array) -> float:
    """The sum of squared distances to the nearest centre."""
    total = 0.0
    for first in range(0, len(rows), PIECE):
        piece = rows[first : first + PIECE]
        squares = np.square(centres).sum(axis=1) - 2 * piece @ centres.T
        total += float(squares.min(axis=1).sum() + np.square(piece).sum())
    return total


if __name__ == "__main__":
    method, file, k, restarts = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    METHODS[method](np.random.default_rng(0).normal(size=(1_000, 4)), 2, 1)  # imports, pools of threads
    rows = np.load(file)
    begun = time.process_time()
    centres = METHODS[method](rows, k, restarts)
    cpu = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(json.dumps({"cpu": cpu, "peak": peak, "inertia": inertia(rows, centres)}))
