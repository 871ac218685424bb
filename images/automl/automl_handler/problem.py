"""The problem type of a target, and its values as learners take them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import DataError, listed
from .features.amounts import AmountFormat
from .types import Cells, Floats

Label = str | int | float
ProblemType = Literal["binary", "multiclass", "regression"]

_MAX_INTEGER_CLASSES = 10  # distinct integers up to which a target is classes, unless problem_type is given
_MAX_CLASSES = 1_000
_MOSTLY = 0.9  # share of numbers from which a text target is suspected to be numeric


@dataclass(frozen=True)
class Problem:
    """The target column, its problem type and its classes.

    `labels` are the classes in their own type, sorted; empty for regression. `weights` are the class weights
    used to choose the predicted class; empty if all count the same. `amounts` says how a numeric target is
    written if it has a unit. `floor` is 0 for a numeric target that was never negative. `logs` says whether
    learners take such a target in logarithms, None where it makes no difference.
    """

    target: str
    kind: ProblemType
    labels: tuple[Label, ...] = ()
    weights: tuple[float, ...] = ()
    amounts: AmountFormat | None = None
    floor: float | None = None
    logs: bool | None = None

    @property
    def classes(self) -> int:
        """Number of outputs per row: one per class, 1 for regression."""
        return max(1, len(self.labels))

    @property
    def is_regression(self) -> bool:
        return self.kind == "regression"

    def encode(self, cells: pd.Series) -> Floats:
        """The target as float64 of shape (rows,): the number, or the position of the class in `labels`.

        NaN where the cell is missing or the class unknown. Booleans, 1 and "1" match a label in whatever
        type the table holds them. Raises DataError for a text in a numeric target.

        >>> Problem("y", "binary", ("no", "yes")).encode(pd.Series(["yes", "no", None]))
        array([ 1.,  0., nan])
        """
        if self.amounts is not None:
            return self._encode_amounts(cells, self.amounts)
        if self.is_regression:
            return numbers(cells, self.target)
        if self.has_texts:
            positions = label_positions(self.labels)
            found = [
                np.nan if value is None else positions.get(str(value), np.nan) for value in labels_of(cells)
            ]
        else:
            known = {label: position for position, label in enumerate(self.labels)}
            found = [known.get(value, np.nan) for value in numbers(cells, self.target).tolist()]
        return np.array(found, np.float64)

    def _encode_amounts(self, cells: pd.Series, amounts: AmountFormat) -> Floats:
        given = labels_of(cells)
        found = amounts.read(given)
        invalid = [
            value
            for value, number in zip(given, found, strict=True)
            if value is not None and number != number
        ]
        if invalid:
            raise DataError(
                f'target {self.target}: expected a number {amounts.name}, got "{str(invalid[0])[:40]}"'
            )
        return found

    @property
    def has_texts(self) -> bool:
        """Whether the classes are texts; otherwise they are numbers."""
        return any(isinstance(label, str) for label in self.labels)

    def choose(self, probabilities: Floats) -> NDArray[np.intp]:
        """The position of the predicted class of each row, from probabilities of shape (rows, classes)."""
        weighted = probabilities * np.array(self.weights) if self.weights else probabilities
        return np.asarray(weighted.argmax(1))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        amounts = AmountFormat(**stored["amounts"]) if stored["amounts"] else None
        lists = {name: tuple(stored[name]) for name in ("labels", "weights")}
        return cls(**{**stored, **lists, "amounts": amounts})


def detect_problem(
    cells: pd.Series, target: str, requested: str, as_text: bool = False
) -> tuple[Problem, list[str]]:
    """The problem type of a target column, and notes on what was assumed and how to override it.

    `requested` is the hyperparameter `problem_type`. `as_text`: the user declared the column to be text, so
    amounts in it stay classes. Raises DataError if the column cannot be predicted.
    """
    known = [value for value in labels_of(cells) if value is not None]
    if not known:
        raise DataError(f"target {target}: every cell is missing")
    values = sorted(set(known), key=lambda value: (isinstance(value, str), value))
    texts = [value for value in values if isinstance(value, str)]
    amounts = AmountFormat.infer([str(value) for value in known], 1.0) if texts and not as_text else None
    if requested == "regression" and texts and amounts is None:
        raise DataError(
            f'target {target}: regression needs numbers, got "{texts[0][:40]}"{_numeric_hint(known)}'
        )
    if len(values) == 1:
        raise DataError(f"target {target}: every row has {values[0]!r}, so there is nothing to predict")
    kind = requested if requested != "auto" else _detected_kind(values, not texts, amounts)
    if kind == "regression":
        problem = Problem(target, "regression", amounts=amounts)
        return problem, _assumptions(problem, values, amounts) if requested == "auto" else []
    if kind == "binary" and len(values) != 2:
        raise DataError(f"target {target}: binary needs two values, got {len(values)}")
    if len(values) > _MAX_CLASSES or (len(values) > 20 and len(values) > len(known) / 2):
        hint = "; problem_type=regression would predict a number" if not texts or amounts else ""
        raise DataError(
            f"target {target}: expected labels that repeat, at most {_MAX_CLASSES}, got {len(values)} values "
            f"in {len(known)} rows{hint or _numeric_hint(known)}"
        )
    problem = Problem(target, "binary" if len(values) == 2 else "multiclass", tuple(values))
    notes = _assumptions(problem, values, amounts) if requested == "auto" else []
    return problem, [*notes, *_similar_labels(problem)]


def _detected_kind(values: list[Label], numeric: bool, amounts: AmountFormat | None) -> ProblemType:
    if len(values) == 2:
        return "binary"
    if len(values) <= _MAX_INTEGER_CLASSES and (not numeric or _are_integers(values)):
        return "multiclass"
    return "regression" if numeric or amounts is not None else "multiclass"


def _assumptions(problem: Problem, values: list[Label], amounts: AmountFormat | None) -> list[str]:
    """What was assumed about a target that could be read in two ways."""
    target, count = problem.target, len(values)
    if problem.is_regression:
        if amounts is not None:
            return [
                f"target {target}: predicted as a number {amounts.name}; "
                f'kinds={{"{target}": "text"}} predicts its {count} texts as classes'
            ]
        if _are_integers(values) and count <= _MAX_CLASSES:
            return [
                f"target {target}: predicted as a number ({count} distinct integers); "
                "problem_type=multiclass predicts classes"
            ]
        return []
    if amounts is not None:
        return [
            f"target {target}: {count} distinct amounts are predicted as classes; "
            f"problem_type=regression predicts a number {amounts.name}"
        ]
    if problem.has_texts or set(values) == {0, 1}:
        return []
    return [
        f"target {target}: {count} distinct numbers are predicted as classes; "
        "problem_type=regression predicts a number"
    ]


def _similar_labels(problem: Problem) -> list[str]:
    """A note on classes that differ only in case or in spaces around them."""
    spellings: dict[str, list[str]] = {}
    for label in problem.labels:
        if isinstance(label, str):
            spellings.setdefault(" ".join(label.split()).casefold(), []).append(f'"{label}"')
    groups = [" / ".join(group) for group in spellings.values() if len(group) > 1]
    if not groups:
        return []
    return [
        f"target {problem.target}: classes that differ only in case or spaces are learnt as different "
        f"classes: {listed(groups)}; spell them alike in the data if they are the same"
    ]


def _numeric_hint(known: list[Label]) -> str:
    """What to do about a few texts in a target of numbers."""
    read = AmountFormat.infer([str(value) for value in known], _MOSTLY)
    if read is None:
        return ""
    share = float(np.mean(~np.isnan(read.read(map(str, known)))))
    return f"; {share:.1%} of the cells are numbers {read.name}: correct the others, or name them in missing"


def _are_integers(values: Sequence[Label]) -> bool:
    return all(float(value).is_integer() for value in values)


def labels_of(cells: pd.Series) -> list[Label | None]:
    """The cells as Python values: int for a whole number, None if missing; all texts if one is a text."""
    found = [
        None if cell is None or cell != cell or cell == "" else _normalised(cell) for cell in _as_list(cells)
    ]
    if any(isinstance(cell, str) for cell in found):
        return [None if cell is None else str(cell) for cell in found]
    return found


def _as_list(cells: pd.Series) -> list[Any]:
    if cells.dtype != object and not pd.api.types.is_numeric_dtype(cells.dtype):
        cells = cells.astype(object)
    listed: list[Any] = cells.tolist()
    return listed


def _normalised(cell: Any) -> Label:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool | np.bool_):
        return boolean_text(cell)
    if not isinstance(cell, int | float | np.number | Decimal):
        return str(cell)  # for example a date
    value = float(cell)
    return int(value) if value.is_integer() else value


def boolean_text(cell: Any) -> str:
    return "true" if cell else "false"


def label_positions(values: Sequence[Any]) -> dict[str, int]:
    """The position of each label by its text; true and false are also found in their other spellings.

    The same column holds `True` in CSV and a boolean in JSON, Parquet and SQL.

    >>> label_positions(["False", "True"])["1"]
    1
    """
    found: dict[str, int] = {}
    if {str(value).lower() for value in values} <= {"true", "false"}:
        for position, value in enumerate(values):
            low = str(value).lower()
            digit = "1" if low == "true" else "0"
            found |= dict.fromkeys((low, low.title(), low.upper(), digit), position)
    return found | {str(value): position for position, value in enumerate(values)}


def numbers(cells: Cells, name: str) -> Floats:
    """The cells as float64, NaN if missing or infinite. Raises DataError for a cell that is not a number."""
    if isinstance(cells.dtype, np.dtype) and cells.dtype.kind in "iuf":
        found = np.asarray(cells, np.float64)  # pandas would take most of the time of a row
    else:
        given = pd.Series(cells)
        found = pd.to_numeric(given, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        bad = np.isnan(found) & given.notna().to_numpy() & (given != "").to_numpy(bool)
        if bad.any():
            raise DataError(f'column {name}: expected a number, got "{str(given[bad].iloc[0])[:40]}"')
    return np.where(np.isfinite(found), found, np.nan)
