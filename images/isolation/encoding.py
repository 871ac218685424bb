"""How cells become the numbers that trees split: one or more features per column.

Trees compare numbers, and only their order and spacing within a column matter.

- A number or boolean is itself.
- A category counts by the logarithm of its share of the training rows, so that rare ones lie apart. Frequent
  ones are kept apart from one another, too.
- A time counts by its hour and its weekday; a later day than those of training is no anomaly in itself.
- A missing number or time counts as the median, and gets a feature of its own if training had missing cells.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal, Self

import numpy as np
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict

from slipway import NUMERIC, Array, Table, arrow

_LARGEST = 1e150  # cells beyond it count as this, so that their differences are finite
_FREQUENT = 0.01  # share of the rows from which on a category is kept apart from its like
_APART = 0.5  # in units of the logarithm of a share
_OF_TIMES = {"hour", "weekday"}


class Feature(BaseModel):
    """One number per row, made of one column. In units in which training spans at most -1 to 1 about 0."""

    model_config = ConfigDict(frozen=True)

    column: str
    role: Literal["number", "category", "hour", "weekday", "missing"]
    centre: float = 0.0
    """The median; a missing cell counts as it."""
    scale: float = 1.0
    codes: dict[str, float] = {}
    """Number of each category that training had more than once."""
    missing: float | None = None
    """Number of a missing category; None if training had none."""
    unseen: float = 0.0
    """Number of any other category: that of one that training had once."""

    def raw(self, table: Table, times: Array | None = None) -> Array:
        """float64 of shape (rows,), in the column's unit; NaN where a cell is missing.

        `times` are those of the column, if they were read before.
        """
        if self.role == "category":
            return self._coded(table)
        if self.role == "missing":
            return table.gaps(self.column).astype(np.float64)
        if self.role == "number":
            return np.clip(table.number(self.column), -_LARGEST, _LARGEST)
        return _of_times(table.times(self.column) if times is None else times, self.role)

    def _coded(self, table: Table) -> Array:
        gap = np.nan if self.missing is None else self.missing
        packed = table.arrow(self.column).dictionary_encode()
        codes = [self.codes.get(name, self.unseen) for name in packed.dictionary.to_pylist()]
        return np.array([*codes, gap])[arrow.codes(packed)]


class Encoding(BaseModel):
    """All features, in order."""

    model_config = ConfigDict(frozen=True)

    features: tuple[Feature, ...]
    typical: dict[str, str]
    """What is usual in each column, in words."""

    @classmethod
    def fit(cls, table: Table) -> tuple[Self, dict[str, str]]:
        """The features of a table's columns, and why columns are left out, by name."""
        features: list[Feature] = []
        typical, left_out = {}, {}
        for name in table.names:
            found = [_scaled(one, table) for one in _candidates(table, name)]
            varied = [one for one, varies in found if varies]
            if varied:
                features += varied
                typical[name] = _typical(table, name)
            else:
                left_out[name] = _why_not(table, name)
        return cls(features=tuple(features), typical=typical), left_out

    @cached_property
    def columns(self) -> list[str]:
        """The columns that features are made of, in order."""
        return list(dict.fromkeys(one.column for one in self.features))

    @cached_property
    def groups(self) -> Array:
        """The place in `columns` of each feature's column."""
        return np.array([self.columns.index(one.column) for one in self.features])

    def matrix(self, table: Table) -> Array:
        """float64 of shape (rows, features), without NaN."""
        found = np.empty((len(table), len(self.features)), order="F")
        times: dict[str, Array] = {}
        for place, one in enumerate(self.features):
            if one.role in _OF_TIMES and one.column not in times:
                times[one.column] = table.times(one.column)
            found[:, place] = one.raw(table, times.get(one.column))
        found -= self._centres
        found /= self._scales
        found[np.isnan(found)] = 0
        return found

    @cached_property
    def _centres(self) -> Array:
        return np.array([one.centre for one in self.features])

    @cached_property
    def _scales(self) -> Array:
        return np.array([one.scale for one in self.features])


def share_codes(counts: Mapping[str | None, int], rows: int) -> tuple[dict[str | None, float], float]:
    """A number per category, and that of one seen once: the logarithm of its share of `rows`.

    Frequent categories are at least `_APART` from one another.

    >>> codes, once = share_codes({"a": 50, "b": 50, "c": 2}, 102)
    >>> {name: round(code, 1) for name, code in codes.items()}, round(once, 1)
    ({'a': -0.7, 'b': -1.2, 'c': -4.4}, -5.1)
    """
    found: dict[str | None, float] = {}
    before, code = rows, 0.0
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0] or "")):
        step = float(np.log(before / count))
        code -= max(step, _APART) if found and count >= _FREQUENT * rows else step
        found[name], before = code, count
    return found, code - float(np.log(before))


def _candidates(table: Table, name: str) -> list[Feature]:
    kind = table.kinds[name]
    if kind == "text":
        return [_category(table, name)]
    roles: Sequence[Literal["number", "hour", "weekday"]]
    roles = ("number",) if kind in NUMERIC else ("hour", "weekday")
    return [*(Feature(column=name, role=role) for role in roles), Feature(column=name, role="missing")]


def _category(table: Table, name: str) -> Feature:
    counted = pc.value_counts(table.arrow(name)).to_pylist()
    counts = {one["values"]: one["counts"] for one in counted}
    codes, once = share_codes(counts, len(table))
    missing = codes.pop(None, None)
    kept = {name: code for name, code in codes.items() if name is not None and counts[name] > 1}
    return Feature(column=name, role="category", codes=kept, missing=missing, unseen=once)


def _scaled(feature: Feature, table: Table) -> tuple[Feature, bool]:
    """The feature in its unit, and whether it varies."""
    values = feature.raw(table)
    values = values[~np.isnan(values)]
    if not len(values) or values.min() == values.max():
        return feature, False
    centre = float(np.median(values))
    spread = float(np.abs(values - centre).max())
    return feature.model_copy(update={"centre": centre, "scale": spread}), True


def _of_times(times: Array, role: str) -> Array:
    """Hour of the day as a fraction, or weekday from 0, Monday; NaN for NaT."""
    days = times.astype("datetime64[D]")
    if role == "hour":
        found = (times - days) / np.timedelta64(1, "h")
    else:
        found = ((days.astype(np.int64) + 3) % 7).astype(np.float64)  # 1 January 1970 was a Thursday
    return np.where(np.isnat(times), np.nan, found)


def _typical(table: Table, name: str) -> str:
    """The middle 90 % of numbers and hours; the three most frequent categories or booleans."""
    kind = table.kinds[name]
    if kind in {"text", "boolean"}:
        cells = arrow.strings([None if cell is None else str(cell) for cell in table.column(name).tolist()])
        counted = pc.value_counts(cells.drop_null()).to_pylist()
        ranked = sorted(counted, key=lambda one: -one["counts"])
        return ", ".join(one["values"] for one in ranked[:3] if one["counts"] > 1)
    values = table.number(name) if kind in NUMERIC else _of_times(table.times(name), "hour")
    values = values[~np.isnan(values)]
    if not len(values):
        return "missing"
    shown = "{:.4g}".format if kind in NUMERIC else _clock
    ends = [shown(end) for end in np.quantile(values, [0.05, 0.95])]
    return " to ".join(dict.fromkeys(ends))


def _clock(hours: float) -> str:
    minutes = int(hours * 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _why_not(table: Table, name: str) -> str:
    gaps = table.gaps(name)
    if gaps.all():
        return "it has no values"
    if table.kinds[name] == "text" and len(pc.unique(table.arrow(name))) > 1:
        return "all its values are equally frequent, as identifiers are"
    return "it is constant"
