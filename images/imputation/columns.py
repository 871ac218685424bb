"""What a column holds (numbers, categories, text, dates): read from any cells, written back as the column
writes them.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Kind = Literal["number", "category", "text", "date", "empty"]

# Cells of a column of text that say "nothing here". Words such as NA are cells: predictor.py, which knows
# what else
# was said to be missing, takes them out before.
MISSING_WORDS = frozenset([""])
DATE_FORMATS = (
    "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M:%S.%f", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y",
    "%d-%b-%Y", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M",
)  # fmt: skip
AGREEMENT = 0.95  # this share of the cells must read as a number (a date) for the column to be one
MAX_LABELS = 200  # beyond the 200 most frequent values a cell is "something else"
EPOCH = pd.Timestamp(0)


@dataclass(frozen=True)
class Column:
    """A column's name, kind, and how its cells are written; `labels` are what a category (or a text) can be
    filled with.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...] = ()
    form: str = ""  # the format of dates; "number" or "bool" for categories that are not strings

    def read(self, cells: pd.Series) -> NDArray[Any]:
        """Float64 with NaN for numbers and dates (days since 1970), objects (str or None) for categories and
        text.
        """
        if self.kind == "number":
            return numbers(cells)
        if self.kind == "date":
            return dates(cells, self.form)
        if self.form == "number":
            values = numbers(cells)
            return np.array([None if math.isnan(value) else written(value) for value in values], dtype=object)
        return np.array(
            [None if gap else written(cell) for cell, gap in zip(cells, gaps(cells), strict=True)],
            dtype=object,
        )

    def codes(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """The position of every read cell in `labels`: -1 for a gap, len(labels) for a value that is not among
        them.
        """
        place: dict[Any, int] = {label: code for code, label in enumerate(self.labels)}
        place[None] = -1
        return np.fromiter((place.get(value, len(self.labels)) for value in values), np.int64, len(values))

    def write(self, values: NDArray[Any]) -> NDArray[Any]:
        """Filled values as this column's cells: floats, dates in the column's own format, labels as they were
        typed.
        """
        if self.kind == "number":
            return values.astype(object)
        if self.kind == "date":
            moments = EPOCH + pd.to_timedelta(np.round(np.asarray(values, float) * 86_400), unit="s")
            cells = moments if not self.form else moments.strftime(self.form)
            return np.array(list(cells), dtype=object)
        return np.array([self.typed(value) for value in values], dtype=object)

    def typed(self, label: str) -> Any:
        """A label as the training cells had it: 1, not "1"; True, not "True"."""
        if self.form == "bool":
            return label == "True"
        if self.form == "number":
            return float(label) if not label.lstrip("-").isdigit() else int(label)
        return label


def infer(name: str, cells: pd.Series) -> Column:
    """The kind of a column from its cells; a number with only two values (0/1, 1/2) is a category."""
    seen = cells[~gaps(cells)]
    if seen.empty:
        return Column(name, "empty")
    if pd.api.types.is_bool_dtype(seen) or all(isinstance(cell, bool | np.bool_) for cell in seen):
        return Column(name, "category", labels_of(map(written, seen)), "bool")
    if pd.api.types.is_datetime64_any_dtype(seen):
        return Column(name, "date")
    values = numbers(seen)
    if np.isfinite(values).mean() >= AGREEMENT:
        values = values[np.isfinite(values)]
        if len(np.unique(values)) == 2:
            return Column(name, "category", labels_of(map(written, values)), "number")
        return Column(name, "number")
    sample = seen.iloc[:1000]
    for form in DATE_FORMATS:
        if (
            np.isfinite(dates(sample, form)).mean() >= AGREEMENT
            and np.isfinite(dates(seen, form)).mean() >= AGREEMENT
        ):
            return Column(name, "date", form=form)
    strings = [written(cell) for cell in seen]
    distinct = len(set(strings))
    short = float(np.median([len(string) for string in strings])) <= 80
    few = distinct <= 2 or (distinct <= 0.3 * len(strings) and distinct <= 1000)
    return Column(name, "category" if few and short else "text", labels_of(strings))


def labels_of(strings: Iterable[str]) -> tuple[str, ...]:
    """The values worth learning, most frequent first; what occurs once cannot be learnt and tested."""
    ranked = sorted(Counter(strings).items(), key=lambda item: (-item[1], item[0]))
    return tuple(label for label, count in ranked[:MAX_LABELS] if count > 1)


def gaps(cells: pd.Series) -> NDArray[np.bool_]:
    """Which cells are missing."""
    missing = np.array(cells.isna(), dtype=bool)
    if cells.dtype == object or isinstance(cells.dtype, pd.StringDtype):
        words = [
            isinstance(cell, str) and (cell in MISSING_WORDS or cell.strip() in MISSING_WORDS)
            for cell in cells
        ]
        missing |= np.array(words, dtype=bool)
    return missing


def numbers(cells: pd.Series) -> Floats:
    """Cells as float64; NaN for what is missing, infinite or not a number."""
    if cells.dtype.kind in "iuf" and isinstance(cells.dtype, np.dtype):
        values = cells.to_numpy(float, copy=True)
    elif pd.api.types.is_datetime64_any_dtype(cells):
        return np.full(len(cells), np.nan)
    elif isinstance(cells.dtype, np.dtype) and cells.dtype == object:
        try:  # about ten times as fast as pandas for one row, and as exact
            values = np.array([math.nan if cell is None or cell == "" else float(cell) for cell in cells])
        except (TypeError, ValueError, OverflowError):
            values = np.array(pd.to_numeric(cells, errors="coerce"), dtype=float)
    else:
        values = pd.to_numeric(cells, errors="coerce").to_numpy(float, na_value=np.nan)
    values[~np.isfinite(values)] = np.nan
    return values


def dates(cells: pd.Series, form: str) -> Floats:
    """Cells as days since 1970; NaN for what is missing or not a date of this format."""
    if not pd.api.types.is_datetime64_any_dtype(cells):
        strings = [str(cell).strip() if isinstance(cell, str) else cell for cell in cells]
        moments = pd.Series(
            pd.to_datetime(pd.Series(strings, dtype=object), format=form or None, errors="coerce")
        )
    else:
        moments = cells
    if moments.dt.tz is not None:
        moments = moments.dt.tz_convert("UTC").dt.tz_localize(None)
    return ((moments - EPOCH) / pd.Timedelta(days=1)).to_numpy(float)


def written(cell: Any) -> str:
    """The one spelling of a cell that is a label: 1, 1.0 and "1" are the same category."""
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return cell.strip() if isinstance(cell, str) else str(cell)
