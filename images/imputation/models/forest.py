"""A forest of extremely randomised trees as plain arrays. No pickle."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.tree._tree import NODE_DTYPE, Tree

from ..features.cells import Floats
from ..features.design import Design

LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Forest:
    """Trees as flat arrays; scikit-learn's own tree walks them, so gaps go where they went in training."""

    feature: NDArray[np.int16]  # of every node of every tree; -2 for a leaf
    threshold: NDArray[np.float32]
    right: NDArray[np.int32]  # the left child is always the next node
    gap_left: NDArray[np.bool_]
    leaf: NDArray[np.float32]  # the values of the leaves, in node order: (leaves, outputs)
    starts: NDArray[np.int64]  # first node of every tree, and the end
    n_features: int
    labels: bool  # whether the outputs are probabilities

    @classmethod
    def of(
        cls, trees: Sequence[Tree], n_features: int, outputs: NDArray[np.int64] | None, count: int
    ) -> Self:
        """scikit-learn's trees; `outputs` places their classes among `count` labels (None: numbers)."""
        feature = np.concatenate([tree.feature for tree in trees])
        cut = np.concatenate([tree.threshold for tree in trees])
        # Features are float32, so `x <= threshold` is the same with the threshold rounded down to float32.
        threshold = cut.astype(np.float32)
        threshold = np.where(threshold > cut, np.nextafter(threshold, np.float32(-np.inf)), threshold)
        values = np.concatenate([tree.value.reshape(tree.node_count, -1) for tree in trees])[feature < 0]
        leaf = np.zeros((len(values), count), np.float32)
        leaf[:, np.arange(values.shape[1]) if outputs is None else outputs] = values
        return cls(
            feature.astype(np.int16),
            threshold.astype(np.float32),
            np.concatenate([tree.children_right for tree in trees]).astype(np.int32),
            np.concatenate([tree.missing_go_to_left for tree in trees]).astype(bool),
            leaf,
            np.cumsum([0, *(tree.node_count for tree in trees)]),
            n_features,
            outputs is not None,
        )

    @cached_property
    def trees(self) -> list[Tree]:
        """scikit-learn's trees, rebuilt from the arrays."""
        leaves = np.cumsum(np.concatenate([[0], self.feature < 0]))
        return [
            self.tree(first, last, leaves)
            for first, last in zip(self.starts[:-1], self.starts[1:], strict=True)
        ]

    def tree(self, first: int, last: int, leaves: NDArray[np.int64]) -> Tree:
        """One tree from its slice of the arrays."""
        part, count, outputs = slice(first, last), last - first, self.leaf.shape[1]
        inner = self.feature[part] >= 0
        nodes = np.zeros(count, dtype=NODE_DTYPE)
        nodes["left_child"] = np.where(inner, np.arange(1, count + 1), -1)
        nodes["right_child"] = self.right[part]
        nodes["feature"] = self.feature[part]
        nodes["threshold"] = self.threshold[part]
        nodes["missing_go_to_left"] = self.gap_left[part]
        nodes["n_node_samples"] = nodes["weighted_n_node_samples"] = 1
        values = np.zeros((count, 1, outputs))
        values[~inner, 0, :] = self.leaf[leaves[first] : leaves[last]]
        tree = Tree(self.n_features, np.array([outputs], dtype=np.intp), 1)
        tree.__setstate__(
            {"max_depth": int(count), "node_count": int(count), "nodes": nodes, "values": values}
        )
        return tree

    def warm(self) -> None:
        """Rebuild the trees."""
        assert self.trees

    def predict(self, design: Design) -> Floats:
        """Values or probabilities."""
        answer = self.walk(design.trees)
        return answer / answer.sum(1, keepdims=True) if self.labels else answer[:, 0]

    def walk(self, features: Floats) -> Floats:
        """The mean of the trees on dense features: (rows, outputs)."""
        values = np.clip(features, -LARGEST, LARGEST).astype(np.float32)
        return np.asarray(sum(tree.predict(values).reshape(len(values), -1) for tree in self.trees)) / len(
            self.trees
        )

    def state(self) -> dict[str, Any]:
        """The arrays by name."""
        return {name: np.asarray(getattr(self, name)) for name in self.__dataclass_fields__}

    def save(self, folder: Path) -> None:
        """Write forest.npz."""
        np.savez_compressed(folder / "forest.npz", **self.state())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read forest.npz."""
        with np.load(folder / "forest.npz") as state:
            return cls.revived(state)

    @classmethod
    def revived(cls, state: Any) -> Self:
        """From the arrays by name."""
        arrays = {name: state[name] for name in cls.__dataclass_fields__}
        return cls(**arrays | {"n_features": int(arrays["n_features"]), "labels": bool(arrays["labels"])})
