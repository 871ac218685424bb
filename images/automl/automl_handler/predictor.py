"""A fitted predictor: its columns, the blend of its models, calibration and prediction intervals."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .calibration import Calibrator
from .features.columns import FeatureColumn
from .features.design import Design, TableLike, design
from .interval import ConformalInterval
from .learners.in_logs import LEARNERS, InLogsModel
from .learners.learner import FittedModel
from .learners.prior import PriorModel
from .problem import Problem
from .shapley import contributions
from .types import Floats

FILE = "predictor.json"
KINDS: dict[str, type[FittedModel]] = {**LEARNERS, **{kind.name: kind for kind in (InLogsModel, PriorModel)}}
LEVEL = 0.9


@dataclass(frozen=True)
class Member:
    """One learner of the blend: a model per fold, whose predictions are averaged, and their temperature."""

    title: str
    weight: float
    models: tuple[FittedModel, ...]
    calibrator: Calibrator

    def predict(self, rows: Design) -> Floats:
        return self.calibrator.apply(self._average(rows))

    @cached_property
    def _average(self) -> Callable[[Design], Floats]:
        return type(self.models[0]).averaged(self.models)


@dataclass(frozen=True)
class Predictions:
    """Predictions of shape (rows,): classes or float64, and the confidence of each.

    `probabilities` has shape (rows, classes), None for regression. `low` and `high` are the prediction
    interval of regression.
    """

    prediction: NDArray[Any]
    confidence: Floats
    probabilities: Floats | None
    low: Floats | None = None
    high: Floats | None = None


@dataclass(frozen=True)
class Predictor:
    """The result of a search that is saved and served."""

    problem: Problem
    columns: tuple[FeatureColumn, ...]
    members: tuple[Member, ...]
    calibrator: Calibrator
    interval: ConformalInterval | None
    facts: dict[str, Any]
    """Leaderboard, scores, dropped columns and notes of the search."""

    @property
    def reads(self) -> list[str]:
        """Names of the columns that a request needs."""
        return [one.name for one in self.columns]

    def design(self, table: TableLike) -> Design:
        return design(self.columns, table)

    def blend(self, rows: Design) -> Floats:
        """Calibrated probabilities of shape (rows, classes), or numbers of shape (rows, 1)."""
        if not len(rows):  # not every library accepts an empty table
            return np.empty((0, self.problem.classes))
        whole = sum(member.weight * member.predict(rows) for member in self.members)
        found = self.calibrator.apply(np.asarray(whole))
        return found if self.problem.floor is None else np.maximum(found, self.problem.floor)

    def predict(self, table: TableLike, level: float = LEVEL) -> Predictions:
        """One prediction per row; `level` is the coverage of the intervals, from 0 to 1.

        Raises DataError for an invalid cell.
        """
        rows = self.design(table)
        return self.answers(rows, self.blend(rows), level)

    def answers(self, rows: Design, blend: Floats, level: float = LEVEL) -> Predictions:
        """The same for `rows` of which `blend` is known."""
        if self.problem.is_regression:
            number = blend[:, 0]
            low, high = np.full((2, len(number)), np.inf) * [[-1], [1]]
            if self.interval:
                low, high = self.interval.bounds(rows, number, level)
            if self.problem.floor is not None:  # where the target never was, no interval need reach
                low = np.maximum(low, self.problem.floor)
            return Predictions(number, np.full(len(number), level), None, low, high)
        place = self.problem.choose(blend)
        labels = np.array(self.problem.labels, dtype=object)
        if not self.problem.has_texts:
            labels = np.array(self.problem.labels)
        return Predictions(labels[place], blend[np.arange(len(blend)), place], blend)

    def contributions(self, rows: Design) -> Floats:
        """Shapley values of shape (rows, columns): in the unit of the target, or in log-odds of the class."""

        def value(rows: Design) -> Floats:
            blend = self.blend(rows)
            if self.problem.is_regression:
                return blend
            chance = np.clip(blend, 1e-9, 1 - 1e-9)
            found: Floats = np.log(chance / (1 - chance))
            return found

        return contributions(value, rows, self.design(self.typical), self.columns)

    @property
    def typical(self) -> TableLike:
        """A typical row: the median or most frequent value of every column."""
        return {one.name: np.array([one.typical], object) for one in self.columns}

    def warm(self) -> None:
        """Predicts one row, so that the first request does not wait for lazy imports."""
        self.predict(self.typical)

    def save(self, folder: Path) -> None:
        """Writes JSON, arrays and the formats of the libraries; never a pickle."""
        members = []
        for number, member in enumerate(self.members):
            for fold, model in enumerate(member.models):
                place = folder / f"{number}-{fold}"
                place.mkdir(parents=True)
                model.save(place)
            members.append(
                {
                    "title": member.title,
                    "weight": member.weight,
                    "kind": type(member.models[0]).name,
                    "folds": len(member.models),
                    "calibrator": member.calibrator.to_dict(),
                }
            )
        stored = {
            "problem": self.problem.to_dict(),
            "columns": [one.to_dict() for one in self.columns],
            "members": members,
            "calibrator": self.calibrator.to_dict(),
            "interval": self.interval.save(folder) if self.interval else None,
            "facts": self.facts,
        }
        (folder / FILE).write_text(json.dumps(stored, ensure_ascii=False))

    @classmethod
    def load(cls, folder: Path) -> Self:
        stored = json.loads((folder / FILE).read_text())
        problem = Problem.from_dict(stored["problem"])
        return cls(
            problem,
            tuple(FeatureColumn.from_dict(one) for one in stored["columns"]),
            tuple(_member(folder, number, one, problem) for number, one in enumerate(stored["members"])),
            Calibrator.from_dict(stored["calibrator"]),
            ConformalInterval.load(folder, stored["interval"]) if stored["interval"] else None,
            stored["facts"],
        )


def _member(folder: Path, number: int, stored: dict[str, Any], problem: Problem) -> Member:
    kind = KINDS[stored["kind"]]
    models: Sequence[FittedModel] = [
        kind.load(folder / f"{number}-{fold}", problem) for fold in range(stored["folds"])
    ]
    return Member(
        stored["title"], stored["weight"], tuple(models), Calibrator.from_dict(stored["calibrator"])
    )
