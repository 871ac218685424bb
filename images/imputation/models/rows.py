"""Rows of one column: what is learned from, and what learners are judged by."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..confidence.missingness import StandIns
from ..features.design import Design
from .learners import Task


@dataclass(frozen=True)
class Rows:
    """`places` are those of the rows among the observed ones of the column; all of shape (rows,)."""

    design: Design
    truth: NDArray[Any]
    folds: NDArray[np.int64]
    places: NDArray[np.int64]

    @classmethod
    def of(cls, design: Design, truth: NDArray[Any], folds: NDArray[np.int64]) -> Self:
        """All observed rows."""
        return cls(design, truth, folds, np.arange(len(truth)))

    def standing_in(self, alike: StandIns) -> Self:
        """Of these rows those that are like the rows with a missing cell, each in the fold that it had."""
        places = alike.places
        design = self.design.take(places)
        if alike.hidden is not None:
            design = design.hiding(alike.hidden)
        return type(self)(design, self.truth[places], self.folds[places], places)

    def inside(
        self, rows: NDArray[np.int64], more: Self | None = None, task: Task | None = None, fold: int = -1
    ) -> tuple[Design, NDArray[Any]]:
        """What is learned from: some rows, and `more` out of a fold whose labels are among the task's."""
        if more is None:
            return self.design.take(rows), self.truth[rows]
        chosen = more.folds != fold
        if task is not None and task.labels:
            chosen &= more.truth < task.labels
        also = np.flatnonzero(chosen)
        return (
            self.design.take(rows).and_also(more.design.take(also)),
            np.concatenate([self.truth[rows], more.truth[also]]),
        )

    def lacking(self, places: Collection[int]) -> NDArray[np.bool_]:
        """Which rows lack any of these dense columns."""
        return np.asarray(np.isnan(self.design.source.dense[:, sorted(places)]).any(axis=1), bool)
