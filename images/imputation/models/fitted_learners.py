"""Fitted learners as values: coefficients, and a LightGBM text model. No pickles."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from slipway.kit.imports import lean

from ..features.cells import Floats
from ..features.design import Design

with lean():
    import lightgbm


class Fitted(Protocol):
    """A fitted learner: values (n,) for numbers, probabilities (n, labels) for categories."""

    def predict(self, design: Design) -> Floats: ...
    def warm(self) -> None: ...
    def save(self, folder: Path) -> None: ...
    @classmethod
    def load(cls, folder: Path) -> Self: ...


@dataclass(frozen=True)
class Linear:
    """Ridge (numbers) or logistic regression (categories) on the linear view."""

    coef: NDArray[np.float32]  # (features, outputs)
    intercept: Floats
    softmax: bool

    def predict(self, design: Design) -> Floats:
        """Values, or probabilities by softmax."""
        scores = np.asarray(design.linear @ self.coef, dtype=float) + self.intercept
        if not self.softmax:
            return scores[:, 0]
        scores = np.exp(scores - scores.max(1, keepdims=True))
        return np.asarray(scores / scores.sum(1, keepdims=True), dtype=float)

    def warm(self) -> None:
        """Nothing to unpack."""

    def save(self, folder: Path) -> None:
        """Write linear.npz."""
        np.savez_compressed(
            folder / "linear.npz", coef=self.coef, intercept=self.intercept, softmax=np.array(self.softmax)
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read linear.npz."""
        with np.load(folder / "linear.npz") as state:
            return cls(state["coef"], state["intercept"], bool(state["softmax"]))


@dataclass(frozen=True)
class Boost:
    """LightGBM, always parsed from its text, so that a saved model predicts exactly like the fitted one."""

    text: str

    @cached_property
    def booster(self) -> lightgbm.Booster:
        """The parsed model."""
        return lightgbm.Booster(model_str=self.text)

    def predict(self, design: Design) -> Floats:
        """Values or probabilities, on one thread: a server runs one process per CPU and may have forked."""
        answer = np.asarray(self.booster.predict(design.trees, num_threads=1), dtype=float)
        binary = "objective=binary" in self.text[:2000]
        return np.column_stack([1.0 - answer, answer]) if binary else answer

    def warm(self) -> None:
        """Parse the text."""
        self.booster.num_trees()

    def save(self, folder: Path) -> None:
        """Write boost.txt."""
        (folder / "boost.txt").write_text(self.text)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read boost.txt."""
        return cls((folder / "boost.txt").read_text())
