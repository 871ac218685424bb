"""What each column holds, and which are of no use: constants, identifiers, empty ones."""

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import Unfit
from ..problem import Cells, Floats, numbers, spelled, truth
from .dates import Dates, Order, Times, instants
from .text import Reader

Kind = Literal["number", "category", "date", "text"]

_RARE = 2  # rows a value must have to be known by name, else it is one of the others
_CATEGORIES = 1_000
_MANY = 1_000  # cells
_LOOKED_AT = 5_000  # cells that decide what a column of texts holds
_ID_NAME = re.compile(
    r"(^|[_\W])(id|uuid|guid|key|index|row|rownum|number|no|nr)$|(?<=[a-z])(ID|Id)$", re.IGNORECASE
)
_CODE = re.compile(r"[-+]?0[0-9]+|\+[0-9]+", re.ASCII)
_NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal"}
_EPOCH = 10_957  # days from 1970 to 2000, where time is counted from
PARTS = ("time", "year", "month", "day", "weekday", "hour")


@dataclass(frozen=True)
class Column:
    """A column that is learnt from."""

    name: str
    kind: Kind
    categories: tuple[str, ...] = ()
    """Known values, the most frequent first."""
    usual: float | str | None = None
    """The median or the most frequent value: what a typical row holds."""
    missing: float = 0.0
    """Share of cells that were missing."""
    reader: Reader | None = None
    """How a column of text is read."""
    dates: Dates | None = None
    """How a column of dates writes them."""

    @property
    def width(self) -> int:
        """How many numbers it gives; a category gives a code instead."""
        if self.kind == "text":
            return self.reader.width if self.reader else 0
        return {"number": 1, "category": 0, "date": len(PARTS)}[self.kind]

    def codes(self, cells: Cells) -> NDArray[np.int32]:
        """A category's place; one past the last for a value not known; -1 where missing.

        Raises Unfit for a number that was a text of digits before somebody read it as one.
        """
        found, places, other = texts(cells), self._places, len(self.categories)
        if cells.dtype != object and (short := self._shortened.keys() & set(found)):
            number = min(short)
            raise Unfit(
                f"column {self.name}: {number} came as a number; "
                f'expected texts, such as "{self._shortened[number]}"'
            )
        return np.array([-1 if cell is None else places.get(cell, other) for cell in found], np.int32)

    @cached_property
    def _places(self) -> dict[str, int]:
        return spelled(self.categories)

    @cached_property
    def _shortened(self) -> dict[str, str]:
        """Known texts by what is left of them as numbers: 02108 by 2108."""
        codes = [value for value in self.categories if _CODE.fullmatch(value)]
        return {str(int(code)): code for code in codes if str(int(code)) not in self._places}

    def numbers(self, cells: Cells) -> Floats:
        """What a column that is no category gives, of shape (rows, width). Raises Unfit for another cell."""
        if self.kind == "number":
            return numbers(cells, self.name)[:, None]
        if self.kind == "date":
            return _parts((self.dates or Dates()).read(cells, self.name))
        assert self.reader is not None
        return self.reader.read([cell or "" for cell in texts(cells)])

    def facts(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "categories": list(self.categories),
            "usual": self.usual,
            "missing": self.missing,
            "reader": self.reader.facts() if self.reader else None,
            "dates": asdict(self.dates) if self.dates else None,
        }

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        reader = Reader.of(facts["reader"]) if facts["reader"] else None
        dates = Dates(**facts["dates"]) if facts["dates"] else None
        return cls(**{**facts, "categories": tuple(facts["categories"]), "reader": reader, "dates": dates})


@dataclass(frozen=True)
class Dropped:
    """A column that is not learnt from, and why."""

    name: str
    why: str


def look_at(
    table: pd.DataFrame,
    kept: Collection[str] = (),
    dates: Mapping[str, Dates] | None = None,
    order: Order = "",
) -> tuple[list[Column], list[Dropped]]:
    """The columns of `table` by what they hold. `kept` were asked for by name: no identifier among them.

    `dates` are the columns that hold some, where that is known; else their cells tell, with `order` for days
    such as 1/2/2024. Raises Unfit where they do not.
    """
    found: list[Column] = []
    dropped: list[Dropped] = []
    for name in table:
        one = _look_at(str(name), table[name], str(name) in kept, dates, order)
        (found if isinstance(one, Column) else dropped).append(one)  # type: ignore[arg-type]
    return found, dropped


def texts(cells: Cells) -> list[str | None]:
    """The cells as texts, a whole number without its point; None where missing or empty."""
    if cells.dtype != object:
        cells = cells.astype(object)
    if len(cells) > _MANY and _all_texts(cells):
        places, known = pd.factorize(
            np.asarray(cells)
        )  # each text once: a cell at a time takes ten times as long
        found = np.array([*(text.strip() if text else None for text in known), None], object)
        return found[places].tolist()  # type: ignore[no-any-return]
    return [None if cell is None or cell != cell or cell == "" else _text(cell) for cell in cells.tolist()]


def _all_texts(cells: Cells) -> bool:
    """Whether every cell that is not missing is a text."""
    return bool(pd.api.types.infer_dtype(cells, skipna=True) == "string")


def _text(cell: Any) -> str:
    if isinstance(cell, bool | np.bool_):
        return truth(cell)
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.strip() if isinstance(cell, str) else str(cell)


def _look_at(
    name: str, cells: pd.Series, wanted: bool, dates: Mapping[str, Dates] | None, order: Order
) -> Column | Dropped:
    empty = cells.isna() | (cells == "") if cells.dtype == object else cells.isna()
    known = cells[~empty]
    if known.empty:
        return Dropped(name, "empty: no cell has a value")
    missing = float(empty.mean())
    if known.nunique() == 1 and not empty.any():
        return Dropped(name, "constant: every cell has the same value")
    if instants(known) is not None:
        return Column(name, "date", missing=missing, dates=(dates or {}).get(name, Dates()))
    if _is_number(known):
        found = numbers(known, name)
        if not wanted and _is_count(name, found):
            return Dropped(name, "identifier: whole numbers, each of its own")
        return Column(name, "number", usual=float(np.nanmedian(found)), missing=missing)
    written = pd.Series(texts(known))
    if dates is None and (learnt := Dates.learn(written, order, name)) is not None:
        return Column(name, "date", missing=missing, dates=learnt)
    return _look_at_texts(name, written, missing, wanted)


def _is_number(known: pd.Series) -> bool:
    if pd.api.types.is_bool_dtype(known.dtype):
        return False
    if known.dtype != object:
        return bool(pd.api.types.is_numeric_dtype(known.dtype))
    return pd.api.types.infer_dtype(known) in _NUMBERS


def _look_at_texts(name: str, cells: pd.Series, missing: float, wanted: bool) -> Column | Dropped:
    seen = cells.iloc[:_LOOKED_AT]
    distinct = cells.nunique() / len(cells)
    words = seen.str.count(r"\s+").mean() + 1
    if words >= 2.5 and (distinct > 0.5 or cells.nunique() > _CATEGORIES):
        return Column(name, "text", missing=missing, usual="", reader=Reader.fit(cells.tolist()))
    if not wanted and len(cells) >= 20 and distinct > 0.95:
        return Dropped(name, "identifier: texts, each of its own")
    counts = cells.value_counts()
    counts = counts[counts >= _RARE].sort_index().sort_values(ascending=False, kind="stable")
    known = tuple(str(value) for value in counts.index[:_CATEGORIES])
    return Column(name, "category", known, known[0] if known else None, missing)


def _is_count(name: str, found: Floats) -> bool:
    """Whether numbers only tell rows apart: all distinct, and named so or one after the other."""
    if len(found) < 20 or not np.array_equal(found, np.trunc(found)) or len(np.unique(found)) < len(found):
        return False
    return bool(_ID_NAME.search(name)) or bool((np.diff(found) == 1).all())


def _parts(found: Times) -> Floats:
    """Of shape (rows, PARTS); with numpy, as pandas takes a millisecond for a row of it."""
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
