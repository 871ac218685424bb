"""What is to be learnt: the target as engines take it, and back."""

from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from slipway import Array, UserError

if TYPE_CHECKING:
    from configuration import Hyperparameters
    from pandas import Series

Problem = Literal["binary", "multiclass", "regression", "ranking"]
_SHOWN = 10


class Outcome(BaseModel):
    """The problem and, where there are classes, what they are called, in the order of their codes."""

    model_config = ConfigDict(frozen=True)

    problem: Problem
    classes: tuple[int | float | str, ...] = ()
    """Of two classes the second is the one that probabilities are of."""

    @classmethod
    def of(cls, target: "Series", kind: str, params: "Hyperparameters") -> Self:
        """The problem that `target`, which has no gaps, poses. Raises UserError where it poses none."""
        values = sorted(set(target.tolist()))
        problem = params.problem
        if problem == "auto":
            problem = _problem(len(values), kind, params)
        if problem in {"regression", "ranking"}:
            if kind == "text":
                raise UserError(
                    f"target: {problem} needs numbers, but column {params.target} holds texts "
                    f"such as {values[0]!r}"
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

    def encode(self, target: "Series", noun: str = "target") -> Array:
        """The codes of classes, or the numbers themselves. Raises UserError for a class not learnt."""
        if not self.classes:
            numbers: Array = target.to_numpy(np.float64)
            return numbers
        where = {name: code for code, name in enumerate(self.classes)}
        values = target.tolist()
        strange = sorted(map(str, set(values) - where.keys()))
        if strange:
            known = ", ".join(map(str, self.classes[:_SHOWN]))
            raise UserError(f"{noun}: class {strange[0]!r} is not among those of the train channel: {known}")
        return np.array([where[value] for value in values], dtype=np.float64)

    def named(self, codes: Array) -> Array:
        """Classes by name, for their codes; whole numbers as such."""
        if all(isinstance(name, int) for name in self.classes):
            return np.array(self.classes, dtype=np.int64)[codes]
        names: Array = np.array(self.classes, dtype=object)
        return names[codes]


def _problem(distinct: int, kind: str, params: "Hyperparameters") -> Problem:
    if params.group and params.split != "group":
        return "ranking"
    if distinct <= 2 or params.pos_class:
        return "binary"
    return "multiclass" if kind == "text" else "regression"


def _positive_last(values: list[Any], params: "Hyperparameters") -> list[Any]:
    if not params.pos_class:
        return values
    names = [str(value) for value in values]
    if params.pos_class not in names:
        raise UserError(
            f"pos_class: {params.pos_class!r} is no value of {params.target}; it has {' and '.join(names)}"
        )
    positive = values[names.index(params.pos_class)]
    return [value for value in values if value != positive] + [positive]
