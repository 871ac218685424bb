"""Gaussian mixtures of a sample, by BIC, and the groups that their components are part of.

Components are chosen as by Fraley & Raftery (2002). Two are one group where no valley lies between them: of
the ways to merge that Hennig (2010) compares, this is the one by dips.
"""

import warnings
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from slipway import Array

from .dip import dip
from .moments import group_sums

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

FAMILIES = ("spherical", "diag", "tied", "full")
"""What the components' covariances may be, in scikit-learn's words."""
_COLUMNS = 20  # principal components of wider tables: the cost of a covariance grows with the square
_ITERATIONS = 12
_FLOOR = 1e-4  # of a component's variance, relative to that of all rows: a hundredth of their spread
_VALLEY = (
    0.38  # the least dip that counts, times the root of the rows; benchmarks/README.md says how it was chosen
)
_NEIGHBOURS = 3  # of a group, from which a valley may not part it
_RATIO = 3  # rows of the larger of two groups, per row of the smaller: of more, the smaller would be no mode


@dataclass(frozen=True)
class Mixture:
    """A Gaussian mixture, fitted to rows in units of their spread."""

    model: "GaussianMixture | None"
    """None where a component lost its rows."""
    rows: Array
    """In those units; shape (rows, columns)."""
    volume: float
    """The logarithm of the volume that is 1 in those units."""
    start: Array
    """The labels that the fit started from; shape (rows,)."""

    @property
    def bic(self) -> float:
        """The Bayesian information criterion, of the rows in their own units; less is better."""
        if self.model is None:
            return np.inf
        return float(self.model.bic(self.rows) + 2 * len(self.rows) * self.volume)

    @property
    def components(self) -> Array:
        """The component that each row most likely comes from."""
        found: Array = self.start if self.model is None else self.model.predict(self.rows)
        return found


class Mixtures:
    """Mixtures of one sample; every clustering that they start from has a label for each of its rows."""

    def __init__(self, matrix: Array, seed: int) -> None:
        """`matrix`: shape (rows, columns), in the space where distances are measured."""
        rows = matrix - matrix.mean(axis=0)
        rows = rows + _between_values(rows, np.random.default_rng(seed))
        if rows.shape[1] > _COLUMNS:
            from sklearn.utils.extmath import randomized_svd

            *_, axes = randomized_svd(rows, _COLUMNS, random_state=seed)
            rows = rows @ axes.T
        spread = rows.std(axis=0)
        varies = spread > 1e-9 * spread.max(initial=0)
        self._rows, self._spread = rows[:, varies], spread[varies]
        self._seed = seed

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def constant(self) -> bool:
        """Whether the rows are all one point."""
        return not len(self._spread)

    def take(self, places: Array) -> Self:
        """Mixtures of some of the rows."""
        some = copy(self)
        some._rows = self._rows[places]
        return some

    def clusters(self, k: int, seed: int) -> Array:
        """A label for each row, of k-means."""
        from sklearn.cluster import KMeans

        found: Array = KMeans(k, n_init=1, random_state=seed).fit(self._rows).labels_
        return found

    def bic(self, labels: Array, family: str) -> float:
        """The Bayesian information criterion of the mixture that starts from `labels`."""
        return 0.0 if self.constant else self.fit(labels, family).bic

    def fit(self, labels: Array, family: str) -> Mixture:
        """The mixture of `family` that starts from `labels`; the rows must not be constant."""
        from sklearn.mixture import GaussianMixture

        width = len(self._spread)
        scale = (
            np.full(width, np.sqrt(np.square(self._spread).mean())) if family == "spherical" else self._spread
        )
        rows = self._rows / scale
        _, clusters = np.unique(labels, return_inverse=True)
        weights, means, precisions = start(rows, clusters, family)
        mixture = GaussianMixture(
            len(weights),
            covariance_type=family,
            weights_init=weights,
            means_init=means,
            precisions_init=precisions,
            reg_covar=_FLOOR,
            max_iter=_ITERATIONS,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it would take more iterations: BIC changes little by them
            try:
                model = mixture.fit(rows)
            except (ValueError, np.linalg.LinAlgError):  # a component lost its rows
                model = None
        return Mixture(model, rows, float(np.log(scale).sum()), labels)

    def merged(self, labels: Array) -> Array:
        """The groups with a valley between each two of them; the two with the shallowest are merged first."""
        random = np.random.default_rng(self._seed)
        labels, depths = labels.copy(), dict[tuple[int, int], float]()
        while True:
            pairs = self._neighbours(labels)
            if not pairs:
                return labels
            for pair in pairs:
                if pair not in depths:
                    depths[pair] = self._valley(labels, *pair, random)
            one, other = min(pairs, key=depths.__getitem__)
            if depths[one, other] >= _VALLEY:
                return labels
            labels[labels == other] = one
            depths = {pair: depth for pair, depth in depths.items() if not {one, other} & set(pair)}

    def _neighbours(self, labels: Array) -> list[tuple[int, int]]:
        """Each group with the few whose means are nearest."""
        groups, labels = np.unique(labels, return_inverse=True)
        means = group_sums(self._rows, labels, len(groups)) / np.bincount(labels)[:, None]
        apart = np.linalg.norm(means[:, None] - means, axis=2)
        nearest = np.argsort(apart, axis=1)[:, 1 : 1 + _NEIGHBOURS]
        pairs = {(min(one, other), max(one, other)) for one, near in enumerate(nearest) for other in near}
        return sorted((int(groups[one]), int(groups[other])) for one, other in pairs)

    def _valley(self, labels: Array, one: int, other: int, random: np.random.Generator) -> float:
        """The dip of two groups along the direction that tells them apart, times the root of the rows.

        The direction of one half of the rows is used for the other half: along one that fits the very rows,
        any sample of many columns has a valley.
        """
        small, large = sorted(
            (random.permutation(np.flatnonzero(labels == group)) for group in (one, other)), key=len
        )
        large = large[: _RATIO * len(small)]
        if len(small) < 4:
            return 0.0
        along = [
            _projected(
                self._rows[small[half::2]],
                self._rows[large[half::2]],
                self._rows[np.concatenate([small[1 - half :: 2], large[1 - half :: 2]])],
            )
            for half in (0, 1)
        ]
        return dip(np.concatenate(along)) * float(np.sqrt(len(small) + len(large)))


def _projected(here: Array, there: Array, rows: Array) -> Array:
    """`rows` along Fisher's direction from one group to the other; the groups' means are at -1/2 and 1/2."""
    means = here.mean(axis=0), there.mean(axis=0)
    within = np.concatenate([here - means[0], there - means[1]])
    width, height = within.shape[1], len(within)
    covariance, apart = within.T @ within / height, means[1] - means[0]
    shrink = min(1.0, width / height)
    covariance = (1 - shrink) * covariance
    covariance += (shrink + 1e-12) * max(np.square(within).mean(), np.finfo(float).tiny) * np.eye(width)
    direction = np.linalg.solve(covariance, apart)
    found: Array = (
        (rows - (means[0] + means[1]) / 2) @ direction / max(apart @ direction, np.finfo(float).tiny)
    )
    return found


def _between_values(rows: Array, random: np.random.Generator) -> Array:
    """Noise as wide as the steps between a column's values: each stands for all that are rounded to it."""
    steps = []
    for column in rows.T:
        gaps = np.diff(np.unique(column))
        steps.append(np.quantile(gaps, 0.1, method="lower") if len(gaps) else 0.0)
    noise: Array = random.uniform(-0.5, 0.5, rows.shape) * np.array(steps)
    return noise


def start(rows: Array, labels: Array, family: str) -> tuple[Array, Array, Array]:
    """Weights, means and precisions of a clustering; variances of small clusters lean on those of all."""
    height, width = rows.shape
    counts = np.bincount(labels)
    means = group_sums(rows, labels, len(counts)) / counts[:, None]
    apart = rows - means[labels]
    if family in ("tied", "full"):
        tied = apart.T @ apart / height
        if family == "tied":
            return counts / height, means, np.linalg.inv(tied + _FLOOR * np.eye(width))
        lent = 0.1 * width
        each = [apart[labels == cluster] for cluster in range(len(counts))]
        covariances = np.stack([(one.T @ one + lent * tied) / (len(one) + lent) for one in each])
        return counts / height, means, np.linalg.inv(covariances + _FLOOR * np.eye(width))
    squares = np.square(apart)
    sums = group_sums(squares, labels, len(counts))
    variances = (sums + squares.mean(axis=0)) / (1 + counts)[:, None] + _FLOOR
    return counts / height, means, 1 / (variances if family == "diag" else variances.mean(axis=1))
