"""How a column writes its dates.

In the image the shared layer reads dates. In another MindsDB server this module reads them: ISO 8601, and
numeric dates in the order of day and month that is stored with the column.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import DataError
from ..types import Cells

Order = Literal["", "day-first", "month-first"]
Times = NDArray[np.datetime64]

_AGREEMENT = 0.95  # share of the cells that must be dates
_CLOCK = (
    r"(?:[T ] *(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"(?: *(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?)?"
)
_ISO = re.compile(rf"(?P<year>\d{{4}})([-/.])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}}){_CLOCK}", re.ASCII)
_NUMBERS = re.compile(
    rf"(?P<first>\d{{1,2}})([-/.])(?P<second_>\d{{1,2}})\2(?P<year>\d{{4}}|\d{{2}}){_CLOCK}", re.ASCII
)
_NAT = np.datetime64("NaT", "s")


@dataclass(frozen=True)
class DateFormat:
    """`order` is the order of day and month in 1/2/2024; if empty, such dates cannot be read.

    `wall`: times with a zone are read as local times, not converted to UTC.
    """

    order: Order = ""
    wall: bool = False

    @classmethod
    def infer(cls, texts: Iterable[str], order: Order = "", name: str = "") -> Self | None:
        """The format of a column without missing cells; None if it does not hold dates.

        `order` is used for dates such as 1/2/2024 if no cell shows it. Raises DataError if it is unknown.
        """
        counts = pd.Series(texts, dtype=object).value_counts()
        found = {text: _NUMBERS.fullmatch(text.strip()) for text in counts.index.tolist()}
        orders: tuple[Order, Order] = ("day-first", "month-first")
        read = [{text for text in found if _moment(text, cls(one)) is not None} for one in orders]
        if counts[[text in read[0] or text in read[1] for text in found]].sum() < _AGREEMENT * counts.sum():
            return None
        numbered = [text for text, match in found.items() if match]
        if not numbered:
            return cls()
        only = [[text for text in numbered if text in mine - other] for mine, other in (read, read[::-1])]
        if all(only):
            raise DataError(
                f"column {name}: expected one order of day and month, "
                f'got "{only[0][0][:40]}" and "{only[1][0][:40]}"'
            )
        chosen = next((one for one, texts in zip(orders, only, strict=True) if texts), order)
        if not chosen:
            raise DataError(
                f'column {name}: day and month cannot be told apart, as in "{numbered[0][:40]}"; '
                "set dates='day-first' or dates='month-first'"
            )
        return cls(chosen)

    def read(self, cells: Cells, name: str) -> Times:
        """The cells as datetime64[s], NaT if missing. Raises DataError for a cell that is not a date."""
        if (known := instants(cells)) is not None:
            return known
        places, distinct = pd.factorize(np.asarray(cells, dtype=object))
        found = np.full(len(distinct) + 1, _NAT)  # the last is a gap's, whose place is -1
        for place, cell in enumerate(distinct.tolist()):
            text = str(cell).strip()
            if not text:
                continue
            moment = _moment(text, self)
            if moment is None:
                order = f", or 31/1/2024 ({self.order})" if self.order else ""
                raise DataError(
                    f'column {name}: expected a date such as 2024-01-31{order}, got "{text[:40]}"'
                )
            found[place] = moment
        times: Times = found[places]
        return times


def instants(cells: Cells) -> Times | None:
    """Cells that hold times rather than texts, as datetime64[s] in UTC; None for other cells."""
    if isinstance(cells.dtype, np.dtype) and cells.dtype.kind == "M":
        return np.asarray(cells).astype("M8[s]")
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return np.asarray(pd.DatetimeIndex(cells).tz_convert(None).to_numpy("M8[s]"))
    if pd.api.types.infer_dtype(cells, skipna=True) not in {"datetime", "datetime64", "date"}:
        return None
    listed: list[Any] = np.asarray(cells, dtype=object).tolist()
    return np.array([None if cell is None or cell != cell else _in_utc(cell) for cell in listed], "M8[s]")


def _in_utc(cell: Any) -> Any:
    """The date or time without its zone, converted to UTC."""
    shift = cell.utcoffset() if isinstance(cell, datetime) else None
    return cell if shift is None else cell.replace(tzinfo=None) - shift


def _moment(text: str, written: DateFormat) -> np.datetime64 | None:
    """The time that a text means; None if it is not a date, or could be two."""
    text = text.strip()
    match = _ISO.fullmatch(text)
    if match is not None:
        month, day = match["month"], match["day"]
    else:
        match = _NUMBERS.fullmatch(text)
        if match is None or not written.order:
            return None
        month, day = match["second_"], match["first"]
        if written.order == "month-first":
            month, day = day, month
    year = int(match["year"])
    if len(match["year"]) == 2:
        year += 2000 if year < 69 else 1900  # as Python's %y
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    try:
        found = datetime(year, int(month), int(day), hour, minute, second)
        found -= timedelta() if written.wall else _shift(match["zone"] or "Z")
    except (ValueError, OverflowError):
        return None
    return np.datetime64(found, "s")


def _shift(zone: str) -> timedelta:
    """The offset of a zone from UTC."""
    digits = re.sub("[^0-9]", "", zone).ljust(4, "0")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -ahead if zone.startswith("-") else ahead
