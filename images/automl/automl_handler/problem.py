"""What kind of problem a target poses, and its values as learners take them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Literal, Self, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import Unfit

Floats = NDArray[np.float64]
Label = str | int | float
Cells: TypeAlias = pd.Series | NDArray[Any]
"""A column of a table, or of a request, of which no DataFrame is made."""
Kind = Literal["binary", "multiclass", "regression"]

_FEW = 10  # whole numbers with at most so many values are labels, unless told otherwise
_MOST = 1_000  # labels


@dataclass(frozen=True)
class Problem:
    """`labels` are the target's values in their own type, in order; none for regression.

    `whole` says that the numbers of a regression are whole; `weights` are what a right answer of each label
    counts when one of them has to be chosen.
    """

    target: str
    kind: Kind
    labels: tuple[Label, ...] = ()
    weights: tuple[float, ...] = ()

    @property
    def classes(self) -> int:
        """How many probabilities a row has; 1, its number, for regression."""
        return max(1, len(self.labels))

    @property
    def is_regression(self) -> bool:
        return self.kind == "regression"

    def encode(self, cells: pd.Series) -> Floats:
        """The target as float64: the number, or the label's place; NaN where missing or unknown.

        Cells are read as the labels are: whatever the table they come from made of 1 and true. Raises Unfit
        for a text where all is numbers.
        """
        if self.is_regression:
            return numbers(cells, self.target)
        if self.has_texts:
            places = spelled(self.labels)
            found = [
                np.nan if value is None else places.get(str(value), np.nan) for value in labels_of(cells)
            ]
        else:
            known = {label: place for place, label in enumerate(self.labels)}
            found = [known.get(value, np.nan) for value in numbers(cells, self.target).tolist()]
        return np.array(found, np.float64)

    @property
    def has_texts(self) -> bool:
        """Whether labels are texts; else they are numbers."""
        return any(isinstance(label, str) for label in self.labels)

    def choose(self, probabilities: Floats) -> NDArray[np.intp]:
        """The place of the label to answer, of each row."""
        chosen = (
            (probabilities * np.array(self.weights)).argmax(1) if self.weights else probabilities.argmax(1)
        )
        return np.asarray(chosen)

    def facts(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        return cls(**{**facts, "labels": tuple(facts["labels"]), "weights": tuple(facts["weights"])})


def find(cells: pd.Series, target: str, asked: str) -> Problem:
    """The problem that `cells` pose; `asked` is its kind, or auto. Raises Unfit where there is none."""
    known = [value for value in labels_of(cells) if value is not None]
    if not known:
        raise Unfit(f"target {target}: every cell is missing")
    values = sorted(set(known), key=lambda value: (isinstance(value, str), value))
    numeric = not any(isinstance(value, str) for value in values)
    if asked == "regression" and not numeric:
        sample = next(value for value in values if isinstance(value, str))
        raise Unfit(f'target {target}: regression needs numbers, got "{sample[:40]}"')
    if len(values) == 1:
        raise Unfit(f"target {target}: every row has {values[0]!r}, so there is nothing to predict")
    kind = asked if asked != "auto" else _kind(values, numeric)
    if kind == "regression":
        return Problem(target, "regression")
    if kind == "binary" and len(values) != 2:
        raise Unfit(f"target {target}: binary needs two values, got {len(values)}")
    if len(values) > _MOST or (len(values) > 20 and len(values) > len(known) / 2):
        hint = "; problem_type=regression would predict a number" if numeric else ""
        raise Unfit(
            f"target {target}: expected labels that repeat, at most {_MOST}, got {len(values)} values "
            f"in {len(known)} rows{hint}"
        )
    return Problem(target, "binary" if len(values) == 2 else "multiclass", tuple(values))


def _kind(values: list[Label], numeric: bool) -> Kind:
    if len(values) == 2:
        return "binary"
    few = len(values) <= _FEW and all(float(value).is_integer() for value in values) if numeric else True
    return "multiclass" if few else "regression"


def labels_of(cells: pd.Series) -> list[Label | None]:
    """The cells as plain values: int where a number is whole, None where missing; texts where one is."""
    found = [None if cell is None or cell != cell or cell == "" else _plain(cell) for cell in _listed(cells)]
    if any(isinstance(cell, str) for cell in found):
        return [None if cell is None else str(cell) for cell in found]
    return found


def _listed(cells: pd.Series) -> list[Any]:
    if cells.dtype != object and not pd.api.types.is_numeric_dtype(cells.dtype):
        cells = cells.astype(object)
    listed: list[Any] = cells.tolist()
    return listed


def _plain(cell: Any) -> Label:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool | np.bool_):
        return truth(cell)
    if not isinstance(cell, int | float | np.number | Decimal):
        return str(cell)  # a date, for one
    value = float(cell)
    return int(value) if value.is_integer() else value


def truth(cell: Any) -> str:
    """The text of a boolean."""
    return "true" if cell else "false"


def spelled(values: Sequence[Any]) -> dict[str, int]:
    """The places of known texts; of true and false alone also under their other spellings.

    One table has `True` where another has a boolean, as CSV, JSON, Parquet and SQL have it.
    """
    found: dict[str, int] = {}
    if {str(value).lower() for value in values} <= {"true", "false"}:
        for place, value in enumerate(values):
            low = str(value).lower()
            digit = "1" if low == "true" else "0"
            found |= dict.fromkeys((low, low.title(), low.upper(), digit), place)
    return found | {str(value): place for place, value in enumerate(values)}


def numbers(cells: Cells, name: str) -> Floats:
    """The cells as float64, NaN where missing or infinite. Raises Unfit for one that is no number."""
    if isinstance(cells.dtype, np.dtype) and cells.dtype.kind in "iuf":
        found = np.asarray(cells, np.float64)  # pandas would take most of the time of a row
    else:
        given = pd.Series(cells)
        found = pd.to_numeric(given, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        bad = np.isnan(found) & given.notna().to_numpy() & (given != "").to_numpy(bool)
        if bad.any():
            raise Unfit(f'column {name}: expected a number, got "{str(given[bad].iloc[0])[:40]}"')
    return np.where(np.isfinite(found), found, np.nan)
