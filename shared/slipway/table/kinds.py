"""What a cell is: the one rule by which texts become numbers, booleans or gaps, whatever format they came in.

A number is a number only where nothing is lost by reading it so: `02108`, `+49`, `1_000` and whole numbers
beyond 2**53 are codes, which stay texts, byte for byte.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slipway.table import arrow
from slipway.table.arrow import Array

Kind = Literal["number", "integer", "boolean", "text", "time", "list"]
NUMERIC: frozenset[Kind] = frozenset({"number", "integer", "boolean"})
"""Kinds of columns that hold numbers, or what counts as such."""

# How a column of numbers may say "missing". In a column of texts only an empty cell does: "NA" is Namibia.
MISSING = ("", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None", "?")
EXACT = 2**53  # float64 holds every whole number below it
NUMBER = r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$"
CODE = r"^[-+]?0[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?$|^\+[0-9]+$|^[-+]?[0-9]+(_[0-9]+)+$"
INFINITE = r"^[-+]?(?i:inf|infinity)$"
IS_NUMBER = re.compile(NUMBER)
TRUTHS = {
    word: truth for truth in (False, True) for word in (str(truth), str(truth).lower(), str(truth).upper())
}


@dataclass(frozen=True)
class Looks:
    """What the cells of a column of texts look like, each mask with an entry for each cell."""

    trimmed: pa.Array
    gaps: Array
    """Cells that say "missing" in a column of numbers."""
    numeric: Array
    """Cells that read as plain numbers, and lose nothing by it but perhaps the marks below."""

    @cached_property
    def codes(self) -> Array:
        """Cells of digits that would lose some: leading zeros, a plus sign, underscores."""
        found: Array = arrow.flags(pc.match_substring_regex(self.trimmed, CODE)) & ~self.gaps
        return found

    @cached_property
    def infinite(self) -> Array:
        """Cells that say so."""
        if (self.numeric | self.gaps).all():
            return np.zeros(len(self.gaps), bool)
        found: Array = arrow.flags(pc.match_substring_regex(self.trimmed, INFINITE)) & ~self.gaps
        return found

    @cached_property
    def others(self) -> Array:
        """Cells that are none of these."""
        found: Array = ~(self.gaps | self.numeric | self.codes | self.infinite)
        return found


def look(cells: pa.Array, missing: Sequence[str] = ()) -> Looks:
    """Looks at each cell of a column of texts; the work is linear in their bytes."""
    trimmed = pc.utf8_trim_whitespace(cells)
    gaps = arrow.flags(pc.is_in(trimmed, gap_words(missing))) | ~arrow.flags(pc.is_valid(cells))
    return Looks(trimmed, gaps, arrow.flags(pc.match_substring_regex(trimmed, NUMBER)) & ~gaps)


def gap_words(missing: Sequence[str]) -> pa.Array:
    """What counts as missing in a column of numbers, as Arrow looks it up."""
    return arrow.strings([*MISSING, *missing]) if missing else _GAP_WORDS


def without_gaps(found: Array, missing: Sequence[str]) -> Array:
    """Numbers, NaN where one is a number that means a gap, in whatever way it was written."""
    values = gap_numbers(missing) if missing else []
    if not values or not (gaps := np.isin(found, values)).any():
        return found
    without: Array = np.where(gaps, np.nan, found)
    return without


def gap_numbers(missing: Sequence[str]) -> list[float]:
    """Those of the texts that mean a gap which are numbers: -999 is one in formats with types, too."""
    return [float(text) for text in missing if IS_NUMBER.match(text)]


_GAP_WORDS = arrow.strings(MISSING)


def number_text(value: float) -> str | None:
    """A number as a category or a key is called by it: 12.0 and 12 are one."""
    if value != value:
        return None
    return str(int(value)) if value.is_integer() and abs(value) < EXACT else repr(value)
