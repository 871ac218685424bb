"""The one rule by which a column of texts is a column of times, whatever format and image it came to.

What is ambiguous in a cell (1/2/2024, 1-2015) is decided by the whole column, once, and kept with the model:
no request is read in another way than the training table was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slipway.errors import shown
from slipway.table import arrow, writing
from slipway.table.ambiguity import order_of, quarters_of
from slipway.table.arrow import Array, strings
from slipway.table.cell_errors import Errors, refuse
from slipway.table.kinds import MISSING
from slipway.table.spellings import NUMBERS, OF_MONTHS, Order, apart, moments

LOOKED_AT = 16  # cells by which a column of other texts is told at once
SAMPLE = 500  # cells by which the way of writing is told
AGREEMENT = 0.95  # this share of the cells must be times for the others to be mistakes
LONGEST = 64  # characters of a time
_MISSING = frozenset([*MISSING, "NaT"])
_GAPS = strings(sorted(_MISSING))
_DAY = 86_400

Texts: TypeAlias = Sequence[str | None] | pa.Array
"""A column of texts, or of Arrow's dates and times; a dictionary array is read by its distinct texts."""


@dataclass(frozen=True)
class TimeFormat:
    """How a column spells its times: plain facts that `dataclasses.asdict` makes ready for JSON."""

    template: str = writing.ISO
    """How a time is written back, in Python's format language."""
    order: Order = ""
    """Which of day and month comes first in 1/2/2024; if empty, no such cell came, and none can be read."""
    quarters: bool = False
    """Whether 1-2015 is a quarter, not a month."""
    wall: bool = False
    """Whether a time with a zone keeps the wall clock's time, as where every time of day is the same and
    midnight is to stay midnight; else it is the time in UTC, which has no gaps.
    """
    zone: str = ""
    """The zone that is written back."""

    @classmethod
    def learn(
        cls, texts: Texts, order: Order = "", name: str = "", known: bool = False
    ) -> tuple["TimeFormat | None", str]:
        """The format of a whole column, None if it holds no times; and what was guessed, for the log.

        `order` is what the user says of 1/2/2024. `known` says that by its role the column holds times,
        however many cells are none. Texts of four or eight digits are years and days: ask only where a role
        says that they are no numbers. Raises UserError for a column some of whose days can only be read day
        first, and others only month first.
        """
        cells = _cells(texts)
        if not (known or _may_be_times(cells)):
            return None, ""
        if (quick := _iso(cells)) is not None:
            sample, _ = _given(cells.slice(int(np.isnat(quick).argmin()), SAMPLE))
            return (cls._of(sample.to_pylist(), order, False, quick) if len(sample) else None), ""
        cells = _encoded(cells)
        distinct, places = _given(cells.dictionary)
        parts = apart(distinct)
        fine = ~np.isnat(moments(parts, "day-first", False, True))
        fine |= ~np.isnat(moments(parts, "month-first", False, True))
        codes = arrow.codes(cells)
        rows = np.bincount(codes[codes >= 0], minlength=len(cells.dictionary))[places]
        if not fine.any() or (not known and rows[fine].sum() < AGREEMENT * rows.sum()):
            return None, ""

        def cell(place: int) -> tuple[str, int]:
            return distinct[place].as_py(), int((codes == places[place]).argmax()) + 1

        said = shown(name) if name else "the column of times"
        notes = []
        if (numbers := np.flatnonzero(fine & (parts.form == NUMBERS))).size:
            order, note = order_of(parts, numbers, order, name, cell)
            notes += [f"{said}: {note}"] if note else []
        quarters, note = quarters_of(parts, np.flatnonzero(fine & parts.is_form(*OF_MONTHS)))
        notes += [f"{said}: {note}"] if note else []
        times = moments(parts, order, quarters, True)
        if (short := np.flatnonzero(~np.isnat(times) & (parts["short"] == 1))).size:
            example, year = shown(distinct[int(short[0])].as_py()), times[short[0]].astype("M8[Y]")
            notes.append(f"{said}: years of two digits; {example} is taken for {year}")
        kept = [distinct[place].as_py() for place in np.flatnonzero(fine)[:SAMPLE].tolist()]
        return cls._of(kept, order, quarters, times), "; ".join(notes)

    @classmethod
    def _of(cls, sample: Sequence[str], order: Order, quarters: bool, times: Array) -> "TimeFormat":
        template, zone = writing.learn(sample, order, quarters)
        clock = times[~np.isnat(times)].astype(np.int64) % _DAY
        return cls(template, order, quarters, bool((clock == clock[0]).all()), zone)

    def parse(self, texts: Texts, name: str, errors: Errors | None = None) -> Array:
        """The column `name` as datetime64[s], NaT where missing.

        Raises UserError naming row and cell of the first that is no time; with `errors` such cells are NaT,
        and what is wrong with each is put there by its place.
        """
        return self.read(texts, name, errors)[0]

    def read(self, texts: Texts, name: str, errors: Errors | None = None) -> tuple[Array, int]:
        """As `parse`; and how many of the times had a zone, which was dropped."""
        cells = _cells(texts)
        if (quick := _iso(cells)) is not None:
            return quick, 0
        cells = _encoded(cells)
        distinct, places = _given(cells.dictionary)
        parts = apart(distinct)
        # One more than there are: -1 is the code of a gap.
        times = np.full(len(cells.dictionary) + 1, np.datetime64("NaT"), dtype="M8[s]")
        times[places] = moments(parts, self.order, self.quarters, self.wall)
        zoned = np.zeros(len(times), np.int64)
        zoned[places] = parts["zoned"]
        codes = arrow.codes(cells)
        bad = np.isin(codes, places[np.isnat(times[places])])
        if bad.any():
            refuse(np.flatnonzero(bad), cells, name, self._expected, errors)
        return times[codes], int(zoned[codes].sum())

    def write(self, times: Array) -> list[str]:
        """`times`, datetime64, as the column spells them; an empty text for NaT."""
        distinct, places = np.unique(times.astype("M8[s]"), return_inverse=True)
        found = [
            "" if moment is None else writing.written(moment, self.template, self.zone, self.wall)
            for moment in distinct.tolist()
        ]
        return [found[place] for place in places.tolist()]

    @property
    def _expected(self) -> str:
        example = self.write(np.array(["2024-01-31T15:00:00"], dtype="M8[s]"))[0]
        order = f" ({self.order.replace('-', ' ')})" if self.order else ""
        return f"a date or time such as {example}{order} or 2024-01-31 15:00:00"


def _cells(texts: Texts) -> pa.Array:
    """Strings, or a dictionary of strings."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    if not isinstance(texts, pa.Array):
        return strings(["" if text is None else text for text in texts])
    if pa.types.is_dictionary(texts.type):
        return texts
    return texts if pa.types.is_string(texts.type) else texts.cast(pa.string())


def _encoded(cells: pa.Array) -> pa.DictionaryArray:
    return cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()


def _given(texts: pa.Array) -> tuple[pa.Array, Array]:
    """Texts that are no gaps, without spaces around them, and their places."""
    texts = pc.utf8_trim_whitespace(texts.cast(pa.string()))
    there = pc.invert(pc.or_(pc.is_in(texts, _GAPS), texts.is_null()))
    return texts.filter(there), np.flatnonzero(arrow.flags(there))


def _may_be_times(cells: pa.Array) -> bool:
    """Whether one of some cells is a time: what most columns of texts are refused by, in microseconds."""
    texts = [cells[place].as_py() for place in range(0, len(cells), max(len(cells) // LOOKED_AT, 1))]
    if all(text is None or text.strip() in _MISSING for text in texts):
        given, _ = _given(cells.dictionary if pa.types.is_dictionary(cells.type) else cells)
        texts = given.slice(0, LOOKED_AT).to_pylist()
    return any(text and len(text) <= LONGEST and writing.is_spelled(text.strip()) for text in texts)


def _iso(cells: pa.Array) -> Array | None:
    """The quick way for a column of nothing but ISO 8601 without zones; None where it is not."""
    if pa.types.is_dictionary(cells.type):
        quick = _iso(cells.dictionary)
        return None if quick is None else np.append(quick, np.datetime64("NaT"))[arrow.codes(cells)]
    head, _ = _given(cells.slice(0, LOOKED_AT))
    for step, ticks in (("s", 1), ("us", 1_000_000)):
        kind = pa.timestamp(step)
        if _cast(head, kind) is None:
            continue
        found = _cast(cells, kind)
        if found is None:
            found = _cast(pc.if_else(pc.is_in(cells, _GAPS), arrow.NULL, cells), kind)
        if found is not None:
            ticked = arrow.integers(found)
            times = (ticked // ticks if ticks > 1 else ticked.copy()).view("M8[s]")
            if found.null_count:
                times[arrow.flags(found.is_null())] = np.datetime64("NaT")
            return times
    return None


def _cast(cells: pa.Array, kind: pa.DataType) -> pa.Array | None:
    try:
        return cells.cast(kind)
    except pa.ArrowInvalid:
        return None
