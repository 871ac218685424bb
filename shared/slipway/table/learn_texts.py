"""Columns of texts, which may be numbers, booleans or times as they were written; see `learn`."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slipway.errors import UserError, counted, listed, shown
from slipway.table import arrow, kinds, match, styles
from slipway.table import numbers as reading
from slipway.table.arrow import Array, any_true, booleans, strings
from slipway.table.cell_errors import refuse
from slipway.table.kinds import EXACT, TRUTHS, Looks
from slipway.table.learn_numbers import Learned, check_finite, numbers
from slipway.table.options import DataOptions
from slipway.table.schema import Column
from slipway.table.times import TimeFormat

_STRAYS = 0.05  # of a column's cells: so many that are no numbers are mistakes, more are texts
_SPELLINGS = 5
_WHOLE = b"0123456789+-"
# Of numbers in any style, of `inf`, and of the spaces that may stand before them, in UTF-8.
_NUMERIC = _WHOLE + b".,iI \t\n\v\f\r\x1c\x1d\x1e\x1f\xc2\xe1\xe2\xe3"
_CODES = 20  # distinct whole numbers that may be codes, next to a few texts


def of_texts(name: str, cells: pa.Array, given: DataOptions) -> Learned:
    """A column of texts, which may be numbers, booleans or times as they were written."""
    if not _maybe_numbers(cells, given):
        return _words(name, cells, given)
    looks = kinds.look(cells, given.missing)
    if not (looks.numeric | looks.codes | looks.infinite).any():
        styled = _styled(name, cells, looks, _distinct(cells, looks.others), given)
        return styled or _words(name, cells, given)
    if looks.others.any():
        return _mixed(name, cells, looks, given)
    refuse(np.flatnonzero(looks.infinite), cells, name, "a finite number")
    if _loses_digits(looks):
        return _codes(name, cells, looks, given)
    found = reading.parsed(looks.trimmed, looks.numeric)
    if _is_beyond(found, looks):
        return beyond(name, cells, given)
    check_finite(name, found, cells)
    return numbers(name, found, given)


def beyond(name: str, cells: pa.Array, given: DataOptions) -> Learned:
    """Whole numbers that float64 does not hold are texts, digit for digit."""
    column, found, _ = texts(name, cells.cast(pa.string()), given, collapse=False)
    note = f"column {shown(name)}: whole numbers beyond 2**53 were read as texts, digit for digit"
    return column, found, [note]


def _maybe_numbers(cells: pa.Array, given: DataOptions) -> bool:
    """Whether one of a thousand cells, spread over all, reads as a number of any style."""
    begun = arrow.Begun(cells)
    if not begun.any_with(_NUMERIC):
        return False
    gaps = begun.among(kinds.gap_words(given.missing))
    if cells.null_count:
        gaps |= ~arrow.flags(pc.is_valid(cells))
    present = np.flatnonzero(~gaps)
    step = max(1, len(present) // 1000)
    places = np.arange(0, len(present), step)
    places += np.arange(len(places)) % step  # no row in so many, as every 24th of hours, meets all of these
    places = places[places < len(present)]
    looks = kinds.look(cells.take(arrow.numbers(present[places])))
    styled = arrow.flags(pc.match_substring_regex(looks.trimmed, r"^[-+]?[0-9.]*,?[0-9.,]+$"))
    return bool((looks.numeric | looks.codes | looks.infinite | styled).any())


def _loses_digits(looks: Looks) -> bool:
    """Whether cells would lose what was written, as codes do: not where plus signs stand for a difference."""
    if not looks.codes.any():
        return False
    chosen = looks.trimmed.filter(booleans(looks.codes))
    plus_only = pc.all(pc.match_substring_regex(chosen, r"^\+([1-9][0-9]*|0)$")).as_py()
    return not (plus_only and any_true(pc.starts_with(looks.trimmed, "-")))


def _is_beyond(found: Array, looks: Looks) -> bool:
    """Whether they are whole numbers, some of which float64 cannot hold."""
    with np.errstate(invalid="ignore"):
        if not (np.abs(found) >= EXACT).any():
            return False
    return not any_true(pc.match_substring_regex(looks.trimmed.filter(booleans(looks.numeric)), r"[.eE]"))


def _codes(name: str, cells: pa.Array, looks: Looks, given: DataOptions) -> Learned:
    """Digits that would lose some: texts, unless they are a few among numbers with points."""
    count, row = int(looks.codes.sum()), int(looks.codes.argmax())
    example = shown(cells[row].as_py())
    written = looks.trimmed.filter(booleans(looks.numeric & ~looks.codes))
    decimals = arrow.flags(pc.match_substring(written, "."))
    if 2 * decimals.sum() > len(written) and count <= max(1, _STRAYS * len(cells)):
        raise _stray(name, cells[row], f", which would lose digits ({count} such)", row)
    column, found, notes = texts(name, cells, given, collapse=False)
    said = f"column {shown(name)}: read as texts, as {example} would lose digits as a number"
    return column, found, [said, *notes]


def _mixed(name: str, cells: pa.Array, looks: Looks, given: DataOptions) -> Learned:
    """Numbers, and cells that are none."""
    others = looks.others | looks.infinite
    spellings = _distinct(cells, others)
    styled = _styled(name, cells, looks, spellings, given)
    if styled is not None:
        return styled
    numbers, count, row = int((looks.numeric | looks.codes).sum()), int(others.sum()), int(others.argmax())
    few = count <= _STRAYS * (numbers + count) or (count == 1 and numbers > 1)
    if few and len(spellings) <= _SPELLINGS and not _are_codes(looks):
        raise _stray(name, cells[row], f" ({counted(count, 'such cell')})", row)
    column, found, notes = texts(name, cells, given, collapse=True)
    said = (
        f"column {shown(name)}: read as texts, as {count} of {numbers + count} cells are no numbers, such as "
    )
    return column, found, [said + listed([shown(one) for one in spellings], 3), *notes]


def _distinct(cells: pa.Array, where: Array) -> list[str]:
    """The different texts among some cells."""
    found = pc.unique(pc.utf8_trim_whitespace(cells.filter(booleans(where))))
    return [text for text in found.to_pylist() if text]


def _stray(name: str, cell: pa.Scalar, why: str, row: int) -> UserError:
    return UserError(
        f"expected a number as in the column's other cells, got {shown(cell.as_py())}{why}; "
        f'mend it, name it in missing where it means a gap, or say kinds={{{shown(name)}: "text"}}',
        row + 1,
        name,
    )


def _are_codes(looks: Looks) -> bool:
    """Whether the numbers are few whole ones that come again and again, as grades and classes do."""
    written = looks.trimmed.filter(booleans(looks.numeric))
    distinct = pc.unique(written)
    whole = pc.all(pc.match_substring_regex(distinct, r"^[-+]?[0-9]+(\.0+)?$")).as_py()
    return bool(whole) and len(distinct) <= _CODES and len(written) >= 3 * len(distinct)


def _styled(
    name: str, cells: pa.Array, looks: Looks, spellings: Sequence[str], given: DataOptions
) -> Learned | None:
    """Numbers with decimal commas or marks between thousands."""
    if not spellings or not all("," in text for text in spellings[:1000]) or looks.infinite.any():
        return None
    numbers_of = looks.trimmed.filter(booleans(looks.numeric))
    points = pc.unique(numbers_of.filter(pc.match_substring(numbers_of, "."))).to_pylist()
    try:
        style = styles.style_of(spellings)
    except ValueError:
        if not points:
            row = int(looks.others.argmax())
            raise UserError(
                f"{shown(cells[row].as_py())} may be a number with a decimal comma, or with one between "
                f'thousands; write it with a point, or say kinds={{{shown(name)}: "text"}}',
                row + 1,
                name,
            ) from None
        style = "1,000.5"
    if style is None or (points and style == "1,5") or not all(styles.fits(text, style) for text in points):
        return None
    found = reading.numbers(cells, name, given.missing, style)
    column, typed, _ = numbers(name, found, given)
    said = f"column {shown(name)}: {shown(spellings[0])} was taken for a number with {styles.MEANT[style]}"
    return column.model_copy(update={"style": style}), typed, [said]


def _words(name: str, cells: pa.Array, given: DataOptions) -> Learned:
    """Texts of no numbers: booleans, times, or else texts."""
    words = _truths(cells, given)
    if words:
        column = Column(name=name, kind="boolean", words=_spelled(words), missing=given.missing)
        return column, match.truths(cells, column), []
    column, begun, notes = _texts(name, cells, given, collapse=True)
    found = begun.cells
    may_be_times = begun.packed if begun.mostly_with(_WHOLE) else found  # of which many come again and again
    times, note = TimeFormat.learn(may_be_times, given.dates, name)
    if times is not None:
        return column.model_copy(update={"kind": "time", "times": times}), found, [note] if note else []
    return column, found, notes


def _truths(cells: pa.Array, given: DataOptions) -> list[str]:
    """The words for true and false of a column that holds nothing else, but gaps; none of any other."""
    known = {*TRUTHS, *kinds.MISSING, *given.missing}
    for some in (cells[:100], cells):  # mostly the first tell
        distinct = {text for text in pc.unique(pc.utf8_trim_whitespace(some)).to_pylist() if text is not None}
        if not distinct <= known:
            return []
    return sorted(distinct & TRUTHS.keys())


def _spelled(words: Sequence[str]) -> tuple[str, str]:
    """How false and true are written by a column that has some of these words."""
    spell = str.title if words[0].istitle() else str.upper if words[0].isupper() else str.lower
    return spell("false"), spell("true")


def texts(name: str, cells: pa.Array, given: DataOptions, collapse: bool) -> Learned:
    """Texts byte for byte; but where whole numbers are written as 12 and as 12.0, as 12 where `collapse`."""
    column, begun, notes = _texts(name, cells, given, collapse)
    return column, begun.cells, notes


def _texts(
    name: str, cells: pa.Array, given: DataOptions, collapse: bool
) -> tuple[Column, arrow.Begun, list[str]]:
    column = Column(name=name, kind="text", missing=given.missing)
    begun = arrow.Begun(match.texts_of(cells, column))
    if begun.mostly_with(_WHOLE):
        whole = begun.packed.dictionary
    else:
        whole = pc.unique(begun.cells.filter(booleans(begun.which(_WHOLE))))
    dotted = any_true(pc.match_substring_regex(whole, match.DOTTED))
    plain = any_true(pc.match_substring_regex(whole, match.WHOLE))
    notes = []
    if dotted and plain and collapse:
        begun = arrow.Begun(pc.replace_substring_regex(begun.cells, match.DOTTED, r"\1"))
        notes = [f"column {shown(name)}: 12 and 12.0 were read as one text, 12"]
    way = "12" if plain and (collapse or not dotted) else "12.0" if dotted and not plain else ""
    words = pc.unique(begun.cells.filter(booleans(begun.among(strings([*TRUTHS]))))).to_pylist()
    spelled = _spelled(words) if words else ()
    return column.model_copy(update={"whole": way, "words": spelled}), begun, notes
