"""HDBSCAN in serving: a row belongs to a cluster that reaches it, or to none.

HDBSCAN itself says nothing of new rows. Here a row joins the cluster of the training row to which its mutual
reachability distance (Campello et al. 2013) is least, if that is no more than the largest core distance in
the cluster: if it lies no sparser than the cluster's sparsest row. So training rows have their own labels.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from slipway import Array, UserError

if TYPE_CHECKING:
    from scipy.spatial import KDTree

NOISE = -1
"""The label of a row that belongs to no cluster."""
_CELLS = 1 << 19  # distances in hand at a time: 4 MB


class Densities:
    """Clusters as the training rows that they consist of."""

    def __init__(self, rows: Array, labels: Array, core: Array, neighbours: int, middle: Array) -> None:
        """`rows` are those of training about `middle`, noise among them; `core` has their core distances.

        A core distance is that to the row's `neighbours`-th nearest, itself counted.
        """
        self.rows, self.labels, self.core = rows, labels, core
        self.neighbours, self.middle = neighbours, middle
        self._inside = np.flatnonzero(labels != NOISE)
        self._reach = np.zeros(labels.max() + 1)
        np.maximum.at(self._reach, labels[self._inside], core[self._inside])
        near = min(2 * neighbours, len(self._inside))  # as many as McInnes' approximate_predict asks
        self._near = np.arange(1, near + 1)
        self._at_once = max(1, _CELLS // (near + rows.shape[1]))

    @cached_property
    def centres(self) -> Array:
        """The mean of each cluster's rows; shape (k, columns)."""
        k = len(self._reach)
        groups = [self.rows[self.labels == cluster].mean(axis=0) for cluster in range(k)]
        found: Array = np.array(groups) + self.middle
        return found

    def assigned(self, points: Array) -> tuple[Array, Array]:
        """The cluster of each point or NOISE; the mutual reachability distance to it, or to the nearest."""
        if not len(points):
            return np.empty(0, np.int64), np.empty(0)
        pieces = range(0, len(points), self._at_once)
        found = [self._assigned(points[first : first + self._at_once]) for first in pieces]
        labels, distances = (np.concatenate(each) for each in zip(*found, strict=True))
        return labels, distances

    def nearest(self, points: Array) -> Array:
        """The cluster of each point, or NOISE."""
        return self.assigned(points)[0]

    def memberships(self, points: Array) -> Array:
        """Raises UserError: HDBSCAN has clusters and noise, and no probability of each cluster."""
        raise UserError("option memberships: a model of algorithm=hdbscan has no memberships")

    def arrays(self) -> dict[str, Array]:
        """What `of` makes the same clusters from."""
        neighbours = np.array(self.neighbours)
        return {"rows": self.rows, "labels": self.labels, "core": self.core, "neighbours": neighbours}

    @classmethod
    def of(cls, stored: Mapping[str, Array], middle: Array) -> Self:
        return cls(stored["rows"], stored["labels"], stored["core"], int(stored["neighbours"]), middle)

    @cached_property
    def trees(self) -> "tuple[KDTree, KDTree]":
        """Of all rows, and of those in clusters."""
        return tree(self.rows), tree(self.rows[self._inside])

    def _assigned(self, points: Array) -> tuple[Array, Array]:
        points = points - self.middle
        everything, inside = self.trees
        core = core_distances(everything, points, self.neighbours)
        apart, near = inside.query(points, k=self._near)
        near = self._inside[near]
        np.maximum(apart, core[:, None], out=apart)
        np.maximum(apart, self.core[near], out=apart)
        best = apart.argmin(axis=1)
        row = np.arange(len(points))
        distances = apart[row, best]
        labels = self.labels[near[row, best]]
        return np.where(distances <= self._reach[labels], labels, NOISE), distances


def tree(rows: Array) -> "KDTree":
    """Finds the nearest of `rows`."""
    from scipy.spatial import KDTree

    return KDTree(rows)


def core_distances(rows: "KDTree", points: Array, neighbours: int) -> Array:
    """The distance of each of `points` to its `neighbours`-th nearest row."""
    found: Array = rows.query(points, k=[neighbours])[0][:, 0]
    return found
