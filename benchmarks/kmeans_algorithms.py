"""How near k-means, Gaussian mixtures and HDBSCAN come to the true groups, by the shape of these.

    PYTHONPATH=shared:images .slipway/envs/kmeans/bin/python -m benchmarks.kmeans_algorithms --seeds 24,25

The generated sets of kmeans_shapes.py that have groups, and rings and half-moons. See README.md.
"""

import argparse
import contextlib
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from kmeans import gaussian_mixture, hdbscan, selection
from kmeans.centres import Centres
from kmeans.hyperparameters import Hyperparameters
from kmeans.moments import Moments
from kmeans.points import Points
from kmeans.train import _lloyd
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from slipway import Job, UserError
from slipway.image import Image
from slipway.paths import Paths

from .kmeans_shapes import SETS, make

Array = Any
KINDS = {
    "round groups, apart or overlapping": ("round", "overlap", "nested"),
    "unequal sizes or spreads": ("sizes", "spreads", "both"),
    "long, heavy-tailed, skewed": ("long", "heavy", "skewed"),
    "columns that say nothing": ("nuisance",),
    "rows that belong nowhere": ("noise",),
    "rings and half-moons": ("rings", "moons"),
}
ROOT = Path(__file__).parent.parent
JOB = Job(Image.read(ROOT / "images/kmeans"), Paths(Path("/nowhere")))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", default="24,25")
    seeds = [int(seed) for seed in parser.parse_args().seeds.split(",")]
    names = [*(name for name in SETS if not name.startswith(("one", "none"))), "rings", "moons"]
    found: dict[str, dict[str, list[tuple[float, float, float]]]] = {}
    for name in names:
        for seed in seeds:
            points, labels = curved(name, seed) if name in ("rings", "moons") else make(name, seed)
            kind = next(kind for kind, begins in KINDS.items() if name.startswith(begins))
            for method, assign in METHODS.items():
                result = measured(assign, points, labels)
                found.setdefault(kind, {}).setdefault(method, []).append(result)
    print(f"| groups | sets x seeds | {' | '.join(METHODS)} |")
    print("| --- | --- |" + " --- |" * len(METHODS))
    for kind, by_method in found.items():
        line([kind, len(by_method["k-means, true k"])], by_method, 0)
    every = {method: [one for by in found.values() for one in by[method]] for method in METHODS}
    line(["**all**", len(every["k-means, true k"])], every, 0)
    line(["CPU s a set", ""], every, 1)
    line(["share called noise", ""], every, 2)


def line(first: list[Any], by_method: dict[str, list[tuple[float, float, float]]], place: int) -> None:
    cells = [*map(str, first)]
    for runs in by_method.values():
        values = np.array(runs)[:, place]
        error = values.std(ddof=1) / len(values) ** 0.5
        cells.append(f"{values.mean():.3f} ± {error:.3f}")
    print("| " + " | ".join(cells) + " |", flush=True)


def measured(
    assign: Callable[[Points, int], Array], points: Array, labels: Array
) -> tuple[float, float, float]:
    """The adjusted Rand index over rows that belong to a group, CPU seconds, and the share called noise."""
    moments = Moments.of(list(points.T))
    names = [str(place) for place in range(points.shape[1])]
    placed = Points.placed(names, [], points.copy(), moments, False)
    belongs = labels >= 0
    begun = time.process_time()
    with threadpool_limits(1), contextlib.redirect_stderr(io.StringIO()):
        found = assign(placed, len(set(labels[belongs].tolist())))
    cpu = time.process_time() - begun
    return adjusted_rand_score(labels[belongs], found[belongs]), cpu, float((found < 0).mean())


def curved(name: str, seed: int) -> tuple[Array, Array]:
    """Two rings, one in the other, or two half-moons; of 1,000 rows."""
    random = np.random.default_rng([seed, *name.encode()])
    labels = np.repeat([0, 1], 500)
    turn = random.uniform(0, 2 * np.pi, 1000) if name == "rings" else random.uniform(0, np.pi, 1000)
    rows = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    if name == "rings":
        rows *= np.array([1, 2.2])[labels][:, None]
    else:
        rows[500:] = np.array([1, 0.4]) - rows[500:]
    return rows + random.normal(size=rows.shape) * 0.08, labels


def kmeans(points: Points, k: int) -> Centres:
    return Centres(_lloyd(points.matrix, k, Hyperparameters.read({}), JOB), points.middle)


def lloyd(points: Points, k: int) -> Array:
    return kmeans(points, k).nearest(points.matrix)


def mixture(points: Points, k: int) -> Array:
    found, _ = gaussian_mixture.fit(points, kmeans(points, k), Hyperparameters.read({}), JOB)
    return found.nearest(points.matrix)


def auto(assign: Callable[[Points, int], Array]) -> Callable[[Points, int], Array]:
    return lambda points, k: assign(points, selection.choose(points, Hyperparameters.read({}), JOB).k)


def dense(points: Points, k: int) -> Array:
    try:
        return hdbscan.fit(points, Hyperparameters.read({"algorithm": "hdbscan"}), JOB)[1].labels
    except UserError:  # all rows are noise
        return np.full(len(points.matrix), -1)


METHODS: dict[str, Callable[[Points, int], Array]] = {
    "k-means, true k": lloyd,
    "k-means, k=auto": auto(lloyd),
    "mixture, true k": mixture,
    "mixture, k=auto": auto(mixture),
    "hdbscan": dense,
}


if __name__ == "__main__":
    main()
