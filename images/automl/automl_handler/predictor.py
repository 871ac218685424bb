"""A fitted predictor as a value: what it reads, what it blends, how it calibrates."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .calibration import Calibration
from .features.columns import Column
from .features.design import Design, Table, design
from .interval import Interval
from .learners.catboost import Cat
from .learners.forest import Forest
from .learners.learner import Fitted
from .learners.lightgbm import Light
from .learners.linear import Linear
from .learners.prior import Prior
from .problem import Floats, Problem
from .shapley import contributions

FILE = "predictor.json"
KINDS: dict[str, type[Fitted]] = {kind.name: kind for kind in (Cat, Light, Linear, Forest, Prior)}
LEVEL = 0.9


@dataclass(frozen=True)
class Member:
    """One part of the blend: a model of each fold, whose answers are averaged, and their temperature."""

    title: str
    weight: float
    models: tuple[Fitted, ...]
    calibration: Calibration

    def predict(self, rows: Design) -> Floats:
        return self.calibration.apply(self._together(rows))

    @cached_property
    def _together(self) -> Callable[[Design], Floats]:
        return type(self.models[0]).together(self.models)


@dataclass(frozen=True)
class Answers:
    """`prediction` holds labels or float64; `low` and `high` are the interval of a number."""

    prediction: NDArray[Any]
    confidence: Floats
    probabilities: Floats | None
    low: Floats | None = None
    high: Floats | None = None


@dataclass(frozen=True)
class Predictor:
    """What a search found."""

    problem: Problem
    columns: tuple[Column, ...]
    members: tuple[Member, ...]
    calibration: Calibration
    interval: Interval | None
    facts: dict[str, Any]
    """What the search has to tell: leaderboard, columns, scores."""

    @property
    def reads(self) -> list[str]:
        return [one.name for one in self.columns]

    def design(self, table: Table) -> Design:
        return design(self.columns, table)

    def blend(self, rows: Design) -> Floats:
        """Calibrated probabilities of shape (rows, labels), or numbers of shape (rows, 1)."""
        if not len(rows):  # which not every library can be asked about
            return np.empty((0, self.problem.classes))
        whole = sum(member.weight * member.predict(rows) for member in self.members)
        return self.calibration.apply(np.asarray(whole))

    def predict(self, table: Table, level: float = LEVEL) -> Answers:
        """An answer a row; `level` is how often an interval is to hold the true number."""
        return self.answers(self.blend(self.design(table)), level)

    def answers(self, blend: Floats, level: float = LEVEL) -> Answers:
        if self.problem.is_regression:
            number = blend[:, 0]
            half = self.interval.half(number, level) if self.interval else np.full(len(number), np.inf)
            return Answers(number, np.full(len(number), level), None, number - half, number + half)
        place = self.problem.choose(blend)
        labels = np.array(self.problem.labels, dtype=object)
        if not self.problem.has_texts:
            labels = np.array(self.problem.labels)
        return Answers(labels[place], blend[np.arange(len(blend)), place], blend)

    def contributions(self, rows: Design) -> Floats:
        """Shapley values of shape (rows, columns): of a number in its unit, of a label in log-odds."""

        def value(rows: Design) -> Floats:
            blend = self.blend(rows)
            if self.problem.is_regression:
                return blend
            chance = np.clip(blend, 1e-9, 1 - 1e-9)
            found: Floats = np.log(chance / (1 - chance))
            return found

        return contributions(value, rows, self.design(self.usual), self.columns)

    @property
    def usual(self) -> Table:
        """A typical row: the usual value in every column."""
        return {one.name: np.array([one.usual], object) for one in self.columns}

    def warm(self) -> None:
        """Answers one row, so that the first request does not wait for what libraries put off."""
        self.predict(self.usual)

    def save(self, folder: Path) -> None:
        """JSON, arrays, and the libraries' own formats, never a pickle."""
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
                    "calibration": member.calibration.facts(),
                }
            )
        stored = {
            "problem": self.problem.facts(),
            "columns": [one.facts() for one in self.columns],
            "members": members,
            "calibration": self.calibration.facts(),
            "interval": self.interval.facts() if self.interval else None,
            "facts": self.facts,
        }
        (folder / FILE).write_text(json.dumps(stored, ensure_ascii=False))

    @classmethod
    def load(cls, folder: Path) -> Self:
        stored = json.loads((folder / FILE).read_text())
        problem = Problem.of(stored["problem"])
        return cls(
            problem,
            tuple(Column.of(one) for one in stored["columns"]),
            tuple(_member(folder, number, one, problem) for number, one in enumerate(stored["members"])),
            Calibration.of(stored["calibration"]),
            Interval.of(stored["interval"]) if stored["interval"] else None,
            stored["facts"],
        )


def _member(folder: Path, number: int, facts: dict[str, Any], problem: Problem) -> Member:
    kind = KINDS[facts["kind"]]
    models: Sequence[Fitted] = [
        kind.load(folder / f"{number}-{fold}", problem) for fold in range(facts["folds"])
    ]
    return Member(facts["title"], facts["weight"], tuple(models), Calibration.of(facts["calibration"]))
