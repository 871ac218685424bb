"""What a column holds: numbers, categories, text or dates, read from any cells and written back."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from cells import EPOCH, dates, gaps, numbers, written
from numpy.typing import NDArray

Kind = Literal["number", "category", "text", "date", "empty"]

DATE_FORMATS = (
    "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M:%S.%f", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y",
    "%d-%b-%Y", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M",
)  # fmt: skip
AGREEMENT = 0.95  # this share of the cells must read as a number (a date) for the column to be one
MAX_LABELS = 200  # beyond the 200 most frequent values a cell is "something else"


@dataclass(frozen=True)
class Column:
    """A column's name, kind and spelling; `labels` are what a category (or a text) can be filled with."""

    name: str
    kind: Kind
    labels: tuple[str, ...] = ()
    form: str = ""  # the format of dates; "number" or "bool" for categories that are not strings

    def read(self, cells: pd.Series) -> NDArray[Any]:
        """Float64 and NaN for numbers and dates (days since 1970), str and None for categories and text."""
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
        """The place of every read cell in `labels`: -1 for a gap, len(labels) for another value."""
        place: dict[Any, int] = {label: code for code, label in enumerate(self.labels)}
        place[None] = -1
        return np.fromiter((place.get(value, len(self.labels)) for value in values), np.int64, len(values))

    def write(self, values: NDArray[Any]) -> NDArray[Any]:
        """Answers as this column's cells: floats, dates in the column's own format, labels as typed."""
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
        labels = labels_of(map(written, values)) if len(np.unique(values)) == 2 else ()
        if len(labels) == 2:
            return Column(name, "category", labels, "number")
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
