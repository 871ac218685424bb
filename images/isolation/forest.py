"""Isolation trees as arrays: how anomalous rows are, and which columns make them so.

The score is that of Liu, Ting and Zhou 2008, https://doi.org/10.1109/ICDM.2008.17: 2 to the power of minus
the mean path length over the one to be expected of so many rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import SimpleNamespace
from typing import Any, Self

import numpy as np

from slipway import Array
from slipway.kit.forest import Forest, pieces

_PAIRS = 2**18  # (row, tree) pairs explained at once, which bounds memory


def expected_length(rows: Array) -> Array:
    """Mean path length of an unsuccessful search in a binary tree of so many rows, float64 of their shape.

    >>> expected_length(np.array([1, 2, 256])).round(2).tolist()
    [0.0, 1.0, 10.24]
    """
    found = np.where(rows == 2, 1.0, 0.0)
    many = rows > 2
    size = rows[many].astype(np.float64)
    found[many] = 2 * (np.log(size - 1) + np.euler_gamma) - 2 * (size - 1) / size
    return found


@dataclass(frozen=True)
class IsolationTrees:
    """A forest whose leaves hold how many training rows came to them."""

    forest: Forest
    samples: int
    """Training rows per tree."""

    @classmethod
    def fit(cls, matrix: Array, trees: int, samples: int, seed: int) -> Self:
        """Isolates the rows of `matrix`, of shape (rows, features) without NaN; at least two rows.

        `samples` rows at most are drawn for each tree, without replacement.
        """
        from sklearn.ensemble import IsolationForest

        samples = min(samples, len(matrix))
        model = IsolationForest(n_estimators=trees, max_samples=samples, random_state=seed).fit(matrix)
        found = [_counting(one.tree_) for one in model.estimators_]
        return cls(Forest.of(found, matrix.shape[1]), samples)

    def scores(self, rows: Array) -> Array:
        """Anomaly scores from 0 to 1, of shape (rows,); a score far above 0.5 is anomalous."""
        found: Array = np.exp2(-self._lengths.predict(rows)[:, 0] / self._unit)
        return found

    def contributions(self, rows: Array, groups: Array, count: int) -> Array:
        """What each group of features adds to log2(score) beyond `baseline`, of shape (rows, count).

        `groups`, of shape (features,), has the group of each feature. The columns of a row add up to
        log2(score) - baseline. A split that isolates a row early shortens the path that was to be expected
        before it, and its feature gets the difference (Palczewska et al. 2013,
        https://arxiv.org/abs/1312.1121). In totally randomised trees such as these the mean over many trees
        tends to Shapley values (Sutera et al. 2021, https://arxiv.org/abs/2111.02218).
        """
        features, gains = self._paths
        groups = np.append(groups, 0)[features]  # a path's padding has no gain
        total = np.empty((len(rows), count))
        for part in pieces(len(rows), max(1, _PAIRS // len(self.forest))):
            leaves = self.forest.leaves(rows[part])
            height = len(leaves)
            cells = groups[leaves] + np.arange(height)[:, None, None] * count
            found = np.bincount(cells.ravel(), gains[leaves].ravel(), height * count)
            total[part] = found.reshape(height, count)
        return total / len(self.forest)

    @cached_property
    def baseline(self) -> float:
        """log2 of the score of a row of which nothing is known."""
        return -float(self._expected[self.forest.starts[:-1]].mean()) / self._unit

    def warm(self) -> None:
        """Prepares what the first request would wait for."""
        self._lengths.warm()

    def arrays(self) -> dict[str, Any]:
        """Everything by name, as `numpy.savez` takes it."""
        return {**self.forest.arrays(), "samples": np.array(self.samples)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """The trees that gave `arrays`."""
        return cls(Forest.of_arrays(arrays), int(arrays["samples"]))

    @cached_property
    def _unit(self) -> float:
        return float(expected_length(np.array([self.samples]))[0])

    @cached_property
    def _inner(self) -> Array:
        return self.forest.feature >= 0

    @cached_property
    def _parent(self) -> Array:
        """The node above each node; -1 for roots."""
        roots = np.repeat(self.forest.starts[:-1], np.diff(self.forest.starts))
        parents = np.flatnonzero(self._inner)
        left = (self.forest.child + roots)[parents]
        found = np.full(len(self._inner), -1)
        found[left] = found[left + 1] = parents
        return found

    @cached_property
    def _levels(self) -> list[Array]:
        """The nodes of each depth, from the roots on."""
        above, levels = self._parent, [self.forest.starts[:-1]]
        depth = np.where(above < 0, 0, -1)
        while len(levels[-1]):
            nodes = np.flatnonzero((depth < 0) & (depth[above] == len(levels) - 1))
            depth[nodes] = len(levels)
            levels.append(nodes)
        return levels[:-1]

    @cached_property
    def _expected(self) -> Array:
        """Mean path length of the training rows that came to each node."""
        count = np.zeros(len(self._inner))
        count[~self._inner] = self.forest.values[:, 0]
        length = np.zeros(len(self._inner))
        length[~self._inner] = expected_length(self.forest.values[:, 0])
        for depth, nodes in enumerate(self._levels):
            length[nodes] += np.where(self._inner[nodes], 0, depth)
        total = count * length
        for nodes in self._levels[:0:-1]:
            np.add.at(count, self._parent[nodes], count[nodes])
            np.add.at(total, self._parent[nodes], total[nodes])
        return total / count

    @cached_property
    def _lengths(self) -> Forest:
        """The same trees, whose leaves hold path lengths."""
        lengths = self._expected[~self._inner].astype(np.float32)[:, None]
        return replace(self.forest, values=lengths)

    @cached_property
    def _paths(self) -> tuple[Array, Array]:
        """Features and gains on the way to each leaf, of shape (leaves, depth); -1 and 0 beyond the root."""
        nodes = np.flatnonzero(~self._inner)
        shape = len(nodes), max(1, len(self._levels) - 1)
        features, gains = np.full(shape, -1, np.int64), np.zeros(shape)
        for step in range(len(self._levels) - 1):
            above = self._parent[nodes]
            some = np.flatnonzero(above >= 0)
            features[some, step] = self.forest.feature[above[some]]
            gains[some, step] = (self._expected[above[some]] - self._expected[nodes[some]]) / self._unit
            nodes = np.where(above >= 0, above, nodes)
        return features, gains


def _counting(tree: Any) -> SimpleNamespace:
    """One of scikit-learn's trees, whose nodes answer how many rows came to them."""
    names = ("node_count", "children_left", "children_right", "feature", "threshold", "missing_go_to_left")
    return SimpleNamespace(**{name: getattr(tree, name) for name in names}, value=tree.n_node_samples)
