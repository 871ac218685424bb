"""The cells of a CSV: by Python's reader where they are few, by Arrow's where they are many."""

import csv
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from slipway.errors import NoRows, UserError, counted
from slipway.formats import csv_quotes, json_numbers
from slipway.formats.base import Direct
from slipway.table import arrow, kinds
from slipway.table.arrow import Array
from slipway.table.plain import plain

SMALL = 1 << 15  # bytes; below it setting out Arrow's reader takes longer than reading
_LOOKED_AT = 1 << 22  # bytes in which a line is looked for that has other cells
_CHUNK = 1 << 17  # bytes looked at at a time, which stay in the processor's cache
_ZERO, _PLUS, _MINUS, _COMMA, _LINE = b"0+-,\n"
_PLUS_SIGN = re.compile(rb'(?:^|[,\n\r" \t])\+')
_CODE = kinds.CODE + r"|^[-+]?0[xX]|^\+"  # what Arrow reads as a number, and would lose by it
_TYPES = {"number": pa.float64(), "integer": pa.int64(), "": pa.string()}
csv.field_size_limit(1 << 30)  # by default a text beyond 128 KiB would raise


def first_record(body: bytes, mark: str) -> list[str]:
    """The first line that is not blank, split. Raises NoRows when there is none."""
    try:
        for record in csv.reader(csv_quotes.lines(body), delimiter=mark):
            if record:
                return record
    except csv.Error as error:
        raise UserError(f"line 1: a quote opens or closes in a wrong place: {error}") from None
    raise NoRows("the CSV is empty")


def texts(body: bytes, mark: str, width: int, above: int = 0) -> list[Any]:
    """Every record as texts, the first included; blank lines are rows only where a row is one cell.

    Raises UserError naming the line that has another number of cells; `above` are lines above `body`.
    """
    if width == 1:
        body = body.strip(b"\r\n")
    if len(body) < SMALL:
        return few(body, mark, width, above)
    return list(typed(body, mark, [""] * width, before=above))


def few(body: bytes, mark: str, width: int, above: int = 0) -> list[Any]:
    reader = csv.reader(csv_quotes.lines(body), delimiter=mark, strict=True)
    records: list[list[str]] = []
    try:
        for record in reader:
            if len(record) == width:
                records.append(record)
            elif record:
                raise uneven(f"line {reader.line_num + above}", len(record), width)
            elif width == 1:
                records.append([""])
    except csv.Error as error:
        raise UserError(
            f"line {reader.line_num + above}: a quote opens or closes in a wrong place: {error}"
        ) from None
    return list(map(list, zip(*records, strict=True))) if records else [[] for _ in range(width)]


def typed(
    body: bytes,
    mark: str,
    direct: Sequence[Direct],
    missing: Sequence[str] = (),
    wanted: Sequence[int] | None = None,
    before: int = 0,
) -> list[pa.Array]:
    """Columns as Arrow's: numbers where `direct` says so, else texts; None of those that are not `wanted`.

    `before` are the lines of the file above `body`. Raises pa.ArrowInvalid where a cell among numbers is
    none, UserError where lines differ in length.
    """
    names = [str(place) for place in range(len(direct))]
    quoted = b'"' in body
    if wanted is not None and quoted:  # the last one tells whether a quote was closed
        wanted = sorted({*wanted, len(names) - 1})
    uneven: list[Any] = []

    def refuse(row: Any) -> str:
        uneven.append(row)
        return "error"

    try:
        table = arrow_csv.read_csv(
            pa.py_buffer(body),
            arrow_csv.ReadOptions(
                use_threads=False, column_names=names, block_size=max(1 << 20, len(body) + 1)
            ),
            arrow_csv.ParseOptions(
                delimiter=mark,
                newlines_in_values=quoted,
                ignore_empty_lines=len(names) > 1,
                invalid_row_handler=refuse,
            ),
            arrow_csv.ConvertOptions(
                column_types={name: _TYPES[one] for name, one in zip(names, direct, strict=True)},
                null_values=[*kinds.MISSING, *missing],
                strings_can_be_null=False,
                include_columns=None if wanted is None else [names[place] for place in wanted],
                check_utf8=False,  # charset.py has seen to it
            ),
        )
    except pa.ArrowInvalid as error:
        if uneven:
            raise _of_row(body, mark, uneven[0], len(names), before) from None
        if any(direct):
            raise
        raise UserError(
            "the CSV does not parse: a quote is not closed, or a line breaks inside a cell"
        ) from error
    found = dict(zip(table.column_names, map(plain, table.columns), strict=True))
    if quoted:
        csv_quotes.check(body, mark, found[names[-1]], before)
    words = b"a" in body or b"A" in body
    if words and any(column.type == pa.float64() and _has_words(column) for column in found.values()):
        raise pa.ArrowInvalid("a spelling of nan that is no gap")
    return [found.get(name) for name in names]


def _has_words(column: pa.Array) -> bool:
    """Whether Arrow took a word for NaN, which it reads in any spelling; the buffer has 0 for a gap."""
    values = np.frombuffer(column.buffers()[1] or b"", np.float64, len(column), 8 * column.offset)
    return bool((values != values).any())


def _of_row(body: bytes, mark: str, row: Any, width: int, before: int) -> UserError:
    """Which line is uneven: Arrow counts rows, and lines may be blank or break inside a cell."""
    if len(body) > _LOOKED_AT:
        return uneven(f"row {row.number}", row.actual_columns, width)
    reader = csv.reader(csv_quotes.lines(body), delimiter=mark)
    for record in reader:
        if record and len(record) != width:
            return uneven(f"line {reader.line_num + before}", len(record), width)
    return uneven(f"row {row.number}", row.actual_columns, width)


def uneven(where: str, count: int, width: int) -> UserError:
    """The error of a line that has another number of cells."""
    return UserError(f"{where}: {counted(count, 'cell')}, expected {width} as in the first line")


class Typing:
    """How the columns of a file are read, as far as its blocks have shown: as numbers until one is none."""

    def __init__(self, sample: Sequence[Any], missing: Sequence[str], texts: Sequence[bool]) -> None:
        """`sample` are the first cells of each column; `texts` says which must stay as they are written."""
        self._missing = missing
        # All columns at once: a kernel of Arrow's takes longer to set out than to look at a few cells.
        cells = [cell for column in sample for cell in _listed(column)]
        ways = _directs(arrow.strings(cells), len(sample), missing)
        self.direct: list[Direct] = ["" if stays else way for way, stays in zip(ways, texts, strict=True)]

    def read(self, body: bytes, mark: str, before: int = 0) -> list[pa.Array]:
        """A block's columns: numbers where all cells are and none loses a digit, else texts."""
        while True:
            try:
                found = typed(body, mark, self.direct, self._missing, before=before)
                break
            except pa.ArrowInvalid:
                self._give_up(body, mark, before)
        suspects = [place for place, one in enumerate(self.direct) if one]
        if suspects and has_codes(body, mark):
            written = typed(body, mark, [""] * len(found), wanted=suspects)
            for place in suspects:
                cells = written[place]
                if arrow.any_true(pc.match_substring_regex(pc.utf8_trim_whitespace(cells), _CODE)):
                    found[place] = cells
                    self.direct[place] = ""
        return found

    def _give_up(self, body: bytes, mark: str, before: int) -> None:
        """Some column's cells are no numbers, or no whole ones, any more: the rest goes on as it was."""
        written = typed(body, mark, [""] * len(self.direct), before=before)
        changed = False
        for place, one in enumerate(self.direct):
            now = _directs(written[place], 1, self._missing)[0] if one else one
            now = "number" if one == "number" and now else now
            changed |= now != one
            self.direct[place] = now
        if not changed:  # Arrow refuses what the rule takes: whitespace around a word for a gap
            self.direct = [""] * len(self.direct)


def _listed(cells: Any) -> list[str]:
    found: list[str] = cells if isinstance(cells, list) else cells.to_pylist()
    return found


def _directs(cells: pa.Array, count: int, missing: Sequence[str]) -> list[Direct]:
    """How so many columns may be read, whose first cells are `cells`, column after column."""
    looks = kinds.look(cells, missing)

    def by_column(mask: Array) -> Array:
        return mask.reshape(count, -1)

    numbers = by_column(looks.numeric).any(axis=1)
    numbers &= ~by_column(looks.others | looks.codes | looks.infinite).any(axis=1)
    whole = arrow.flags(pc.match_substring_regex(looks.trimmed, r"^-?[0-9]+$"))
    integers = ~by_column(looks.numeric & ~whole).any(axis=1)
    # What float64 cannot hold is a code: it stays as it is written.
    beyond = by_column(looks.numeric & (arrow.lengths(looks.trimmed) >= 16)).any(axis=1)
    found = np.where(integers, np.where(beyond, "", "integer"), "number")
    ways: list[Direct] = np.where(numbers, found, "").tolist()
    return ways


def has_codes(body: bytes, mark: str = ",") -> bool:
    """Whether a cell may begin with a leading zero, a plus sign, or as a number in base 16: a quick hint.

    What a number has before its digits, a separator or a sign, has a lower code than a point and all digits.
    """
    if mark != ",":
        body = body.replace(mark.encode(), b",")
    if b"+" in body and _PLUS_SIGN.search(body):
        return True
    if _has_noughts(np.frombuffer(b"\n\n" + body[:3], np.uint8)):
        return True
    whole = np.frombuffer(body, np.uint8)
    return any(_has_noughts(whole[start : start + _CHUNK + 3]) for start in range(0, len(whole), _CHUNK))


def _has_noughts(some: Array) -> bool:
    """Whether a cell begins with a nought and another digit from the third byte on."""
    before, first, second = some[1:-2], some[2:-1], some[3:]
    odd = first == _ZERO
    odd &= second >= _ZERO
    odd &= before <= _MINUS
    if not odd.any():
        return False
    places = np.flatnonzero(odd)
    lower = np.where(before[places] == _MINUS, some[places], before[places])
    return bool((lower < _PLUS).any() or (lower == _COMMA).any())


def matrix(body: bytes, width: int) -> Array | None:
    """A large CSV of plain numbers as one float64 array; None where it is not plain."""
    quick = _flat_matrix(body, width)
    if quick is not None:
        return quick
    try:
        columns = typed(body, ",", ["number"] * width)
    except (pa.ArrowInvalid, UserError):
        return None
    found = np.empty((len(columns[0]), width), order="F")
    for place, column in enumerate(columns):
        found[:, place] = arrow.floats(column)
    return None if np.isinf(found).any() else found


def _flat_matrix(body: bytes, width: int) -> Array | None:
    """The same by JSON's grammar, in half the time, where no cell is empty and each number is JSON's, too."""
    if not body.endswith(b"\n"):
        body += b"\n"
    marks = np.frombuffer(body, np.uint8)
    marks = marks[np.flatnonzero((marks == _COMMA) | (marks == _LINE))]
    if len(marks) % width:
        return None
    ends = marks.reshape(-1, width) == _LINE
    if not ends[:, -1].all() or ends[:, :-1].any():
        return None
    return json_numbers.flat(b"[" + body[:-1].replace(b"\n", b",") + b"]", width)
