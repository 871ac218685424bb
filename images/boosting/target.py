"""What is to be learnt: the target as engines take it, and back."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from slipway import Array, UserError

from .hyperparameters import Hyperparameters, Problem

if TYPE_CHECKING:
    from .row_view import View

NUMERIC = {"number", "integer", "boolean"}
_SHOWN = 10


class Outcome(BaseModel):
    """The problem and, where there are classes, what they are called, in the order of their codes."""

    model_config = ConfigDict(frozen=True)

    problem: Problem
    classes: tuple[int | float | str, ...] = ()
    """Of two classes the second is the one that probabilities are of."""

    @classmethod
    def of(cls, rows: "View", params: Hyperparameters) -> Self:
        """The problem that the target of `rows`, without gaps, poses. Raises UserError where it has none."""
        kind, cells = rows.table.kinds[params.target], rows.column(params.target)
        values = sorted(set((cells.astype(np.int64) if kind == "integer" else cells).tolist()))
        problem = params.problem
        if problem == "auto":
            problem = _problem(len(values), kind, params)
        if problem in {"regression", "ranking"}:
            if kind not in NUMERIC:
                raise UserError(
                    f"target: {problem} needs numbers, but column {params.target} holds {kind}s "
                    f"such as {_stray(values)!r}"
                )
            if params.pos_class:
                raise UserError(f"pos_class is for problem=binary, but the problem is {problem}")
            return cls(problem=problem)
        if len(values) < 2:
            raise UserError(f"target: column {params.target} holds one value only, {values[0]!r}")
        if problem == "binary":
            if len(values) > 2:
                raise UserError(
                    f"target: column {params.target} has {len(values)} values; a binary target has two"
                )
            values = _positive_last(values, params)
        elif params.pos_class:
            raise UserError(f"pos_class is for a target of two classes; this one has {len(values)}")
        elif len(values) > 1000:
            raise UserError(
                f"target: column {params.target} has {len(values)} classes; at most 1000 are learnt"
            )
        return cls(problem=problem, classes=tuple(values))

    def encode(self, rows: "View", name: str, noun: str = "target") -> Array:
        """The codes of classes, or the numbers themselves. Raises UserError for a class not learnt."""
        if not self.classes:
            return rows.number(name)
        where = {name: code for code, name in enumerate(self.classes)}
        values = rows.column(name).tolist()
        strange = sorted(map(str, set(values) - where.keys()))
        if strange:
            known = ", ".join(map(str, self.classes[:_SHOWN]))
            raise UserError(f"{noun}: class {strange[0]!r} is not among those of the train channel: {known}")
        return np.array([where[value] for value in values], dtype=np.float64)

    def place(self, name: str) -> int | None:
        """The code of the class that a configuration calls by `name`; None where there is none."""
        return place_of(name, self.classes)

    def alone(self, target: Array) -> list[str]:
        """The classes of a single row, as a slip of the pen makes one."""
        if not self.classes:
            return []
        counts = np.bincount(target.astype(np.int64), minlength=len(self.classes))
        return [str(self.classes[code]) for code in np.flatnonzero(counts == 1)]

    def named(self, codes: Array) -> Array:
        """Classes by name, for their codes; whole numbers as such."""
        if all(isinstance(name, int) for name in self.classes):
            return np.array(self.classes, dtype=np.int64)[codes]
        names: Array = np.array(self.classes, dtype=object)
        return names[codes]


def _problem(distinct: int, kind: str, params: Hyperparameters) -> Problem:
    if params.group and params.split != "group":
        return "ranking"
    if distinct <= 2 or params.pos_class:
        return "binary"
    return "regression" if kind in NUMERIC else "multiclass"


def _positive_last(values: list[Any], params: Hyperparameters) -> list[Any]:
    if not params.pos_class:
        return values
    place = place_of(params.pos_class, values)
    if place is None:
        names = " and ".join(map(str, values))
        raise UserError(f"pos_class: {params.pos_class!r} is no value of {params.target}; it has {names}")
    return [*values[:place], *values[place + 1 :], values[place]]


def place_of(name: str, classes: Sequence[Any]) -> int | None:
    """Where among `classes` the one called `name` is; True and true are one where classes are booleans."""
    names = [str(one) for one in classes]
    if {one.lower() for one in names} <= {"false", "true"}:
        name, names = name.lower(), [one.lower() for one in names]
    return names.index(name) if name in names else None


def _stray(values: Sequence[str]) -> str:
    """The first text that is no number: where a few are mistakes, the others are not to be blamed."""
    for value in values:
        try:
            float(value)
        except ValueError:
            return value
    return values[0]
