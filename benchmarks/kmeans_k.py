"""How often a way to choose k finds the true number of groups, on 31 generated data sets.

    PYTHONPATH=shared:images .slipway/envs/kmeans/bin/python -m benchmarks.kmeans_k --seeds 20,21,22

Every criterion but ours chooses among the same k-means clusterings, k = 1 to 12; of them, only the gap
statistic and BIC are defined for k = 1.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from kmeans.hyperparameters import Hyperparameters
from kmeans.moments import Moments
from kmeans.points import Points
from kmeans.selection import choose
from sklearn.cluster import KMeans
from sklearn.metrics import (
    adjusted_rand_score,
    calinski_harabasz_score,
    davies_bouldin_score,
    silhouette_score,
)
from threadpoolctl import threadpool_limits

from .kmeans_shapes import SETS, make

Array = Any
K_MAX = 12
REFERENCES = 5  # of the gap statistic


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", default="20,21,22")
    parser.add_argument("--sets", default=",".join(SETS))
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    seeds = [int(seed) for seed in args.seeds.split(",")]
    found: dict[str, list[list[tuple[bool, float, float]]]] = {}
    with threadpool_limits(1):
        for seed in seeds:
            for name in args.sets.split(","):
                measure(name, seed, found)
    print(f"\n| criterion | true k, of {len(args.sets.split(','))} sets | ARI | CPU s per set |")
    print("| --- | --- | --- | --- |")
    for criterion, runs in found.items():
        by_seed = np.array(runs).reshape(len(seeds), -1, 3)
        right, ari = by_seed[:, :, 0].sum(axis=1), by_seed[:, :, 1].mean(axis=1)
        figures = f"{right.mean():.1f} ± {error(right):.1f} | {ari.mean():.3f} ± {error(ari):.3f}"
        print(f"| {criterion} | {figures} | {by_seed[:, :, 2].mean():.2f} |")


def error(values: Array) -> float:
    """The standard error of the mean over seeds."""
    return float(values.std(ddof=1) / len(values) ** 0.5) if len(values) > 1 else float("nan")


def measure(name: str, seed: int, found: dict[str, Any]) -> None:
    """Adds to `found`, for each criterion: was k right, the adjusted Rand index, CPU seconds."""
    points, labels = make(name, seed)
    truth = len(set(labels.tolist()) - {-1})
    begun = time.process_time()
    models = {k: KMeans(k, n_init=3, random_state=0).fit(points) for k in range(1, K_MAX + 1)}
    shared = time.process_time() - begun
    told = []
    for criterion, best in CRITERIA.items():
        begun = time.process_time()
        k, said = best(points, models)
        cpu = time.process_time() - begun + (shared if criterion != "ours" else 0)
        final = models[k].labels_ if k in models else KMeans(k, n_init=3, random_state=0).fit_predict(points)
        belongs = labels >= 0
        ari = adjusted_rand_score(labels[belongs], final[belongs])
        found.setdefault(criterion, []).append((k == truth, ari, cpu))
        told.append(f"{criterion} {k}{'' if k == truth else ' !'}")
    print(f"{name}, seed {seed}, {truth}: {', '.join(told)}; {said}", flush=True)


def scored(score: Callable[[Array, Array], float]) -> Callable[..., tuple[int, str]]:
    """The k with the greatest score, which is not defined for 1."""
    return lambda points, models: (
        max(range(2, K_MAX + 1), key=lambda k: score(points, models[k].labels_)),
        "",
    )


def gap(points: Array, models: dict[int, Any]) -> tuple[int, str]:
    """Tibshirani et al. (2001), with uniform references along the principal axes."""
    random = np.random.default_rng(0)
    middle = points.mean(axis=0)
    _, _, axes = np.linalg.svd(points - middle, full_matrices=False)
    turned = (points - middle) @ axes.T
    references = [
        random.uniform(turned.min(axis=0), turned.max(axis=0), turned.shape) for _ in range(REFERENCES)
    ]
    gaps, errors = [], []
    for k, model in models.items():
        logs = np.log([KMeans(k, n_init=1, random_state=0).fit(one).inertia_ for one in references])
        gaps.append(logs.mean() - np.log(model.inertia_))
        errors.append(logs.std() * np.sqrt(1 + 1 / REFERENCES))
    enough = (k for k in range(1, K_MAX) if gaps[k - 1] >= gaps[k] - errors[k])
    return next(enough, K_MAX), ""


def bic(points: Array, models: dict[int, Any]) -> tuple[int, str]:
    """Of round groups of one spread, as x-means has it (Pelleg & Moore 2000)."""
    height, width = points.shape

    def cost(k: int) -> float:
        counts = np.bincount(models[k].labels_)
        variance = models[k].inertia_ / (height * width)
        fit = (counts * np.log(counts / height)).sum() - height * width / 2 * (
            np.log(2 * np.pi * variance) + 1
        )
        return float(-2 * fit + (k * (width + 1)) * np.log(height))

    return min(models, key=cost), ""


def ours(points: Array, models: dict[int, Any]) -> tuple[int, str]:
    """k=auto of the image."""
    nothing = SimpleNamespace(find=lambda name: None, save=lambda name, write: None)
    job = SimpleNamespace(checkpoints=nothing, progress=lambda text: None, should_stop=lambda: False)
    moments = Moments.of(list(points.T))
    placed = Points.placed(
        [str(place) for place in range(points.shape[1])], [], points.copy(), moments, False
    )
    choice = choose(placed, Hyperparameters.read({}), job)  # type: ignore[arg-type]
    return choice.k, choice.chosen_by


CRITERIA: dict[str, Callable[..., tuple[int, str]]] = {
    "silhouette (until now)": scored(
        lambda *given: silhouette_score(*given, sample_size=2_000, random_state=0)
    ),
    "Davies-Bouldin": scored(lambda *given: -davies_bouldin_score(*given)),
    "gap statistic": gap,
    "Calinski-Harabasz": scored(calinski_harabasz_score),
    "BIC, round groups": bic,
    "ours": ours,
}


if __name__ == "__main__":
    main()
