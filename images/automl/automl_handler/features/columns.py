"""The type of each feature column, and the columns to drop: constants, identifiers, empty columns."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import DataError
from ..problem import boolean_text, label_positions, numbers
from ..types import Cells, Floats
from .amounts import AmountFormat
from .dates import DateFormat, Order, Times, instants
from .text import TextEncoder

Kind = Literal["number", "category", "date", "text"]

_RARE = 2  # rows that a category needs; rarer ones are treated as unknown values
_CATEGORIES = 1_000
_MANY = 1_000  # cells from which on each distinct text is handled once
_INSPECTED = 5_000  # cells that decide whether a text column is prose
_ID_NAME = re.compile(
    r"(^|[_\W])(id|uuid|guid|key|index|row|rownum|number|no|nr)$|(?<=[a-z])(ID|Id)$", re.IGNORECASE
)
_MOSTLY_NUMBERS = 0.95  # share of amounts from which on a text column is numeric
_DISTINCT_NUMBERS = 20  # that such a column must exceed; fewer are categories
_CODE = re.compile(r"[-+]?0[0-9]+|\+[0-9]+", re.ASCII)
_NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal"}
_EPOCH = 10_957  # days from 1970 to 2000, the origin of the feature `time`
PARTS = ("time", "year", "month", "day", "weekday", "hour")


@dataclass(frozen=True)
class FeatureColumn:
    """A column used as a feature."""

    name: str
    kind: Kind
    categories: tuple[str, ...] = ()
    """Known values, the most frequent first."""
    typical: float | str | None = None
    """The median or the most frequent value, used for the typical row of Shapley values."""
    missing: float = 0.0
    """Share of missing cells in training, from 0 to 1."""
    encoder: TextEncoder | None = None
    """Turns a text column into numbers."""
    dates: DateFormat | None = None
    """How dates are written."""
    amounts: AmountFormat | None = None
    """How numbers are written in a column of texts; other cells count as missing."""

    @property
    def width(self) -> int:
        """Number of numeric features; 0 for a category, which gives a code."""
        if self.kind == "text":
            return self.encoder.width if self.encoder else 0
        return {"number": 1, "category": 0, "date": len(PARTS)}[self.kind]

    def codes(self, cells: Cells) -> NDArray[np.int32]:
        """Positions in `categories`, of shape (rows,): -1 if missing, len(categories) for an unknown value.

        Raises DataError for a number that lost its leading zeros, as MindsDB reads 02108 in a CSV file.
        """
        found, positions, unknown = texts(cells), self._positions, len(self.categories)
        if cells.dtype != object and (short := self._shortened.keys() & set(found)):
            number = min(short)
            raise DataError(
                f"column {self.name}: received the number {number}; "
                f'expected texts, such as "{self._shortened[number]}"'
            )
        return np.array([-1 if cell is None else positions.get(cell, unknown) for cell in found], np.int32)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return label_positions(self.categories)

    @cached_property
    def _shortened(self) -> dict[str, str]:
        """Categories with leading zeros, by their text without them: 02108 by 2108."""
        codes = [value for value in self.categories if _CODE.fullmatch(value)]
        return {str(int(code)): code for code in codes if str(int(code)) not in self._positions}

    def read_texts(self, cells: Cells) -> tuple[Floats, Any]:
        """Numeric features of a text column, of shape (rows, width), and a sparse matrix of its terms."""
        assert self.encoder is not None
        return self.encoder.read([cell or "" for cell in texts(cells)])

    def numbers(self, cells: Cells) -> Floats:
        """Numeric features of shape (rows, width). Raises DataError for an invalid cell."""
        if self.amounts is not None:
            return self.amounts.read(_plain_texts(cells))[:, None]
        if self.kind == "number":
            return numbers(cells, self.name)[:, None]
        if self.kind == "date":
            return _parts((self.dates or DateFormat()).read(cells, self.name))
        return self.read_texts(cells)[0]

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "categories": list(self.categories),
            "typical": self.typical,
            "missing": self.missing,
            "encoder": self.encoder.to_dict() if self.encoder else None,
            "dates": asdict(self.dates) if self.dates else None,
            "amounts": asdict(self.amounts) if self.amounts else None,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        encoder, dates, amounts = (stored[name] for name in ("encoder", "dates", "amounts"))
        read: dict[str, Any] = {
            "categories": tuple(stored["categories"]),
            "encoder": TextEncoder.from_dict(encoder) if encoder else None,
            "dates": DateFormat(**dates) if dates else None,
            "amounts": AmountFormat(**amounts) if amounts else None,
        }
        return cls(**{**stored, **read})


@dataclass(frozen=True)
class DroppedColumn:
    """A column that is not used, and the reason."""

    name: str
    why: str


def infer_columns(
    table: pd.DataFrame,
    requested: Collection[str] = (),
    dates: Mapping[str, DateFormat] | None = None,
    order: Order = "",
    as_text: Collection[str] = (),
) -> tuple[list[FeatureColumn], list[DroppedColumn]]:
    """The feature columns of `table`, and those that are dropped.

    `requested` columns were named by the user, so they are not dropped as identifiers. `dates` are the date
    columns where they are known; otherwise they are inferred, with `order` for dates such as 1/2/2024.
    `as_text` columns were declared to be text. Raises DataError for dates whose order is unknown.
    """
    found: list[FeatureColumn] = []
    dropped: list[DroppedColumn] = []
    for name in map(str, table):
        column = _infer_column(name, table[name], name in requested, dates, order, name in as_text)
        if isinstance(column, FeatureColumn):
            found.append(column)
        else:
            dropped.append(column)
    return found, dropped


def notes(columns: Sequence[FeatureColumn]) -> list[str]:
    """One note per column of texts that is used as numbers."""
    return [
        f"column {one.name}: nearly all cells are numbers {one.amounts.name}, so it is a numeric feature and "
        f"its other cells count as missing ({one.missing:.1%} in all); "
        f'kinds={{"{one.name}": "text"}} makes it a category'
        for one in columns
        if one.amounts is not None
    ]


def texts(cells: Cells) -> list[str | None]:
    """The cells as stripped texts, a whole number without decimals; None if missing or empty.

    >>> texts(np.array([" a", 12.0, None], object))
    ['a', '12', None]
    """
    if cells.dtype != object:
        cells = cells.astype(object)
    if len(cells) > _MANY and _all_texts(cells):
        places, known = pd.factorize(np.asarray(cells))  # ten times as fast as cell by cell
        found = np.array([*(text.strip() if text else None for text in known), None], object)
        return found[places].tolist()  # type: ignore[no-any-return]
    return [None if cell is None or cell != cell or cell == "" else _text(cell) for cell in cells.tolist()]


def _all_texts(cells: Cells) -> bool:
    """Whether all cells that are not missing are texts."""
    return bool(pd.api.types.infer_dtype(cells, skipna=True) == "string")


def _text(cell: Any) -> str:
    if isinstance(cell, bool | np.bool_):
        return boolean_text(cell)
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.strip() if isinstance(cell, str) else str(cell)


def _plain_texts(cells: Cells) -> list[Any]:
    """Cells for AmountFormat.read: texts, numbers, None if missing."""
    listed: list[Any] = cells.astype(object).tolist()
    return [None if cell is None or cell != cell else cell for cell in listed]


def _infer_column(
    name: str,
    cells: pd.Series,
    requested: bool,
    dates: Mapping[str, DateFormat] | None,
    order: Order,
    as_text: bool,
) -> FeatureColumn | DroppedColumn:
    empty = cells.isna() | (cells == "") if cells.dtype == object else cells.isna()
    known = cells[~empty]
    if known.empty:
        return DroppedColumn(name, "empty: no cell has a value")
    missing = float(empty.mean())
    if known.nunique() == 1 and not empty.any():
        return DroppedColumn(name, "constant: every cell has the same value")
    if instants(known) is not None:
        return FeatureColumn(name, "date", missing=missing, dates=(dates or {}).get(name, DateFormat()))
    if _is_number(known):
        found = numbers(known, name)
        if not requested and _is_row_number(name, found):
            return DroppedColumn(name, "identifier: distinct whole numbers")
        return FeatureColumn(name, "number", typical=float(np.nanmedian(found)), missing=missing)
    written = pd.Series(texts(known))
    if dates is None and (learnt := DateFormat.infer(written, order, name)) is not None:
        return FeatureColumn(name, "date", missing=missing, dates=learnt)
    if not as_text and (column := _amounts(name, written.tolist(), len(cells))) is not None:
        return column
    return _infer_text_column(name, written, missing, requested)


def _amounts(name: str, written: list[str], rows: int) -> FeatureColumn | None:
    """A numeric column if nearly all of its texts are amounts in one unit."""
    amounts = AmountFormat.infer(written, _MOSTLY_NUMBERS)
    if amounts is None:
        return None
    found = amounts.read(written)
    known = found[~np.isnan(found)]
    if len(np.unique(known)) <= _DISTINCT_NUMBERS:
        return None
    typical, missing = float(np.median(known)), 1 - len(known) / rows
    return FeatureColumn(name, "number", typical=typical, missing=missing, amounts=amounts)


def _is_number(known: pd.Series) -> bool:
    if pd.api.types.is_bool_dtype(known.dtype):
        return False
    if known.dtype != object:
        return bool(pd.api.types.is_numeric_dtype(known.dtype))
    return pd.api.types.infer_dtype(known) in _NUMBERS


def _infer_text_column(
    name: str, cells: pd.Series, missing: float, requested: bool
) -> FeatureColumn | DroppedColumn:
    seen = cells.iloc[:_INSPECTED]
    distinct = cells.nunique() / len(cells)
    words = seen.str.count(r"\s+").mean() + 1
    if words >= 2.5 and (distinct > 0.5 or cells.nunique() > _CATEGORIES):
        return FeatureColumn(
            name, "text", missing=missing, typical="", encoder=TextEncoder.fit(cells.tolist())
        )
    if not requested and len(cells) >= 20 and distinct > 0.95:
        return DroppedColumn(name, "identifier: nearly all texts differ")
    counts = cells.value_counts()
    counts = counts[counts >= _RARE].sort_index().sort_values(ascending=False, kind="stable")
    known = tuple(str(value) for value in counts.index[:_CATEGORIES])
    return FeatureColumn(name, "category", known, known[0] if known else None, missing)


def _is_row_number(name: str, found: Floats) -> bool:
    """Whether numbers only identify rows: distinct integers, consecutive or under a name such as `id`."""
    if len(found) < 20 or not np.array_equal(found, np.trunc(found)) or len(np.unique(found)) < len(found):
        return False
    return bool(_ID_NAME.search(name)) or bool((np.diff(found) == 1).all())


def _parts(found: Times) -> Floats:
    """Features of times, of shape (rows, len(PARTS)). NumPy, because pandas needs a millisecond per row."""
    days, months = found.astype("datetime64[D]"), found.astype("datetime64[M]")
    seconds = found.astype(np.int64)
    parts = [
        seconds / 86_400 - _EPOCH,
        1970 + found.astype("datetime64[Y]").astype(np.int64),
        1 + months.astype(np.int64) % 12,
        1 + (days - months).astype("timedelta64[D]").astype(np.int64),
        (days.astype(np.int64) + 3) % 7,  # 1970 began on a Thursday
        seconds // 3_600 % 24,
    ]
    matrix = np.column_stack(parts).astype(np.float64)
    matrix[np.isnat(found)] = np.nan
    return matrix
