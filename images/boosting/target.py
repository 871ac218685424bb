"""The target column: the problem it poses, class codes, and back to class names."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from slipway import NUMERIC, Array, UserError, are_amounts
from slipway.kit.precision import float32_error

from .hyperparameters import Hyperparameters, Problem
from .peers import ALONE, Peers

if TYPE_CHECKING:
    from .row_view import View

_SHOWN = 10
_CLASSES = 1000
_LOST = 0.01  # of a target's spread, from which on it is too far from zero for 32 bits


class Target(BaseModel):
    """The problem and the names of the classes, if any, in the order of their codes."""

    model_config = ConfigDict(frozen=True)

    problem: Problem
    classes: tuple[int | float | str, ...] = ()
    """Of two classes, the second is the positive one. Empty for regression and ranking."""

    @classmethod
    def infer(cls, rows: "View", params: Hyperparameters, peers: Peers = ALONE) -> Self:
        """The problem and classes of the target of `rows`, which has no missing cells. Raises UserError."""
        kind, cells = rows.table.kinds[params.target], rows.column(params.target)
        values = sorted(set((cells.astype(np.int64) if kind == "integer" else cells).tolist()))
        if peers.size > 1:
            values = sorted({value for found in peers.gather(values[: _CLASSES + 1]) for value in found})
        problem = params.problem
        if problem == "auto":
            problem = _problem(len(values), kind, params)
        if problem in {"regression", "ranking"}:
            if kind not in NUMERIC:
                raise UserError(
                    f"target: {problem} needs numbers, but column {params.target} contains {kind} "
                    f"such as {_first_text(values)!r}"
                )
            if params.pos_class:
                raise UserError(f"pos_class: only for problem=binary, got problem={problem}")
            _check_precision(params.target, np.array(values, np.float64))
            return cls(problem=problem)
        if params.problem == "auto" and problem == "multiclass":
            _check_classes(params.target, kind, values)
        if len(values) < 2:
            raise UserError(f"target: column {params.target} has only one value, {values[0]!r}")
        if problem == "binary":
            if len(values) > 2:
                raise UserError(
                    f"target: column {params.target} has {len(values)} values; a binary target has two"
                )
            values = _positive_last(values, params)
        elif params.pos_class:
            raise UserError(f"pos_class: only for two classes; the target has {len(values)}")
        elif len(values) > _CLASSES:
            raise UserError(
                f"target: column {params.target} has {len(values)} classes; at most {_CLASSES} are supported"
            )
        return cls(problem=problem, classes=tuple(values))

    def encode(self, rows: "View", name: str, noun: str = "target") -> Array:
        """float64, shape (n,): class codes or the numbers. Raises UserError for an unknown class."""
        if not self.classes:
            return rows.number(name)
        where = {name: code for code, name in enumerate(self.classes)}
        values = rows.column(name).tolist()
        unknown = sorted(map(str, set(values) - where.keys()))
        if unknown:
            known = ", ".join(map(str, self.classes[:_SHOWN]))
            raise UserError(f"{noun}: class {unknown[0]!r} is not in the train channel, which has {known}")
        return np.array([where[value] for value in values], dtype=np.float64)

    def code_of(self, name: str) -> int | None:
        """The code of the class called `name` in the configuration; None if there is none."""
        return class_index(name, self.classes)

    def singletons(self, target: Array, peers: Peers = ALONE) -> list[str]:
        """The classes that have a single row, which may be typing errors."""
        if not self.classes:
            return []
        counts = peers.sum(np.bincount(target.astype(np.int64), minlength=len(self.classes)))
        return [str(self.classes[code]) for code in np.flatnonzero(counts == 1)]

    def decode(self, codes: Array) -> Array:
        """Class names for `codes`, shape (n,): int64 if all names are whole numbers, else objects."""
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


def _check_classes(name: str, kind: str, values: Sequence[str]) -> None:
    """Raises UserError for amounts and dates, which are classes only where a user says so."""
    what = "dates" if kind == "time" else "amounts" if are_amounts(values[:_CLASSES]) else ""
    if what:
        raise UserError(
            f"target: column {name} contains {what} such as {values[0]!r}; write plain numbers to predict "
            "how much, or set problem=multiclass to take each for a class"
        )


def _check_precision(name: str, values: Array) -> None:
    """Raises UserError for a target that engines, which keep it in 32 bits, cannot tell apart or hold."""
    lost = float32_error(values)
    if np.isinf(lost):
        raise UserError(f"target: column {name} has values beyond 3e38; divide them by a constant")
    if len(values) > 1 and lost > _LOST * values.std():
        middle = float(np.median(values))
        raise UserError(
            f"target: the values of column {name} are near {middle:g} and differ by less than engines can "
            "tell, which keep 7 digits; subtract a constant from them"
        )


def _positive_last(values: list[Any], params: Hyperparameters) -> list[Any]:
    if not params.pos_class:
        return values
    index = class_index(params.pos_class, values)
    if index is None:
        names = " and ".join(map(str, values))
        raise UserError(
            f"pos_class: {params.pos_class!r} is not a value of {params.target}, which has {names}"
        )
    return [*values[:index], *values[index + 1 :], values[index]]


def class_index(name: str, classes: Sequence[Any]) -> int | None:
    """Index of the class called `name`; None if there is none. For booleans `True` and `true` are the same.

    >>> class_index("true", ["False", "True"]), class_index("1", [0, 1]), class_index("b", ["a"])
    (1, 1, None)
    """
    names = [str(one) for one in classes]
    if {one.lower() for one in names} <= {"false", "true"}:
        name, names = name.lower(), [one.lower() for one in names]
    return names.index(name) if name in names else None


def _first_text(values: Sequence[str]) -> str:
    """The first value that is not a number, as the others are not the mistake."""
    for value in values:
        try:
            float(value)
        except ValueError:
            return value
    return values[0]
