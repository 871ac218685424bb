"""What a column holds, told from all of its cells: the rule by which training types a table.

Nothing is guessed in silence: each function gives notes for the log and the report, and refuses in one line what
would change its meaning without a word.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slipway.errors import UserError, listed, shown
from slipway.table import kinds, match
from slipway.table.kinds import EXACT, TRUTHS, Array, Looks
from slipway.table.raw import Raw
from slipway.table.schema import Column
from slipway.table.spellings import Order
from slipway.table.table import Table
from slipway.table.times import TimeFormat

_STRAYS = 0.05  # of a column's cells: so many that are no numbers are mistakes, more are texts
_SPELLINGS = 5
_CODES = 20  # distinct whole numbers that may be codes, beside a few texts
_CATEGORIES = 50
KINDS = ("number", "integer", "boolean", "text", "time")


@dataclass(frozen=True)
class DataOptions:
    """What a user says of the data, in every image: the hyperparameters kinds, dates and missing."""

    kinds: Mapping[str, str] = field(default_factory=dict)
    dates: Order = ""
    missing: tuple[str, ...] = ()


_NOTHING = DataOptions()
Learned = tuple[Column, Any, list[str]]
"""A column, its cells as `Table` keeps them, and what is to be said of them."""


def column(name: str, cells: pa.Array, given: DataOptions, role: str = "") -> Learned:
    """Types a column by all of its cells. Raises UserError for a few that are unlike all others."""
    kind = given.kinds.get(name, "") or ("text" if role == "key" else "")
    if role == "label" and not kind:
        kind = _label_kind(cells, given)
    column, typed, notes = _by_kind(name, cells, given, kind) if kind else _by_cells(name, cells, given)
    if role:
        column = column.model_copy(update={"role": role})
    return _facts(column, typed), typed, notes


def _label_kind(cells: pa.Array, given: DataOptions) -> str:
    """Labels are texts, byte for byte, but where they are whole numbers or booleans and lose nothing by it."""
    if pa.types.is_boolean(cells.type) or pa.types.is_int64(cells.type):
        return ""
    if not pa.types.is_string(cells.type):
        return "text"
    looks = kinds.look(cells, given.missing)
    words = pc.is_in(looks.trimmed, kinds.strings([*TRUTHS, *kinds.MISSING, *given.missing]))
    if pc.all(pc.fill_null(words, True)).as_py():
        return ""
    strict = pc.all(pc.match_substring_regex(looks.trimmed.filter(pa.array(~looks.gaps)), r"^(0|-?[1-9][0-9]{0,14})$")).as_py()
    return "" if strict else "text"


def of_numbers(name: str, found: Array, given: DataOptions) -> Learned:
    """Types a column whose cells all came as numbers. Raises UserError for one that is not finite."""
    if len(found) and np.isinf([np.fmin.reduce(found), np.fmax.reduce(found)]).any():
        row = int(np.isinf(found).argmax())
        raise UserError(f"expected a finite number, got {found[row]}", row + 1, name)
    kind = given.kinds.get(name, "")
    if kind:
        column = Column(name=name, kind=kind, missing=given.missing)  # type: ignore[arg-type]
        typed = match.cells_of(found, column)
        return _facts(column, typed), typed, []
    column, typed, notes = _numbers(name, found, given)
    return _facts(column, typed), typed, notes


def _by_kind(name: str, cells: pa.Array, given: DataOptions, kind: str) -> Learned:
    """As the user or the algorithm says."""
    if kind == "text":
        return _texts(name, cells, given, collapse=False)
    if kind == "time":
        texts = match.texts_of(cells, Column(name=name, kind="text", missing=given.missing))
        texts = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())
        times, note = TimeFormat.learn(texts, given.dates, name, known=True)
        if times is None:
            raise UserError(f"kinds says that it holds times, and cells such as {_example(texts)} are none", column=name)
        return Column(name=name, kind="time", times=times, missing=given.missing), texts, [note] if note else []
    column = Column(name=name, kind=kind, missing=given.missing)  # type: ignore[arg-type]
    return column, match.cells_of(cells, column), []


def _by_cells(name: str, cells: pa.Array, given: DataOptions) -> Learned:
    if pa.types.is_boolean(cells.type):
        return Column(name=name, kind="boolean", words=("false", "true")), kinds.numbers(cells, name), []
    if pa.types.is_list(cells.type) or pa.types.is_large_list(cells.type):
        return Column(name=name, kind="list"), match.listed_objects(cells), []
    if pa.types.is_int64(cells.type):
        return _integers(name, cells, given)
    if pa.types.is_float64(cells.type):
        return _numbers(name, kinds.numbers(cells, name), given)
    return _of_texts(name, cells, given)


def _integers(name: str, cells: pa.Array, given: DataOptions) -> Learned:
    ends = pc.min_max(cells).as_py()
    if ends["max"] is not None and max(ends["max"], -ends["min"]) >= EXACT:
        column, texts, _ = _texts(name, cells.cast(pa.string()), given, collapse=False)
        return column, texts, [f"column {shown(name)}: whole numbers beyond 2**53 were read as texts, digit for digit"]
    found = kinds.whole(cells) if not cells.null_count else kinds.floats(cells.cast(pa.float64()))
    return Column(name=name, kind="integer", missing=given.missing), found, _gaps(name, found)


def _numbers(name: str, found: Array, given: DataOptions) -> Learned:
    """A column of floats; of whole ones, as a gap or a format without integers makes of them, integers."""
    if _is_whole(found):
        present = not np.isnan(found).any()
        return (
            Column(name=name, kind="integer", missing=given.missing),
            found.astype(np.int64) if present else found,
            _gaps(name, found),
        )
    if np.isnan(found[:1000]).all() and np.isnan(found).all():
        return Column(name=name, kind="text"), np.full(len(found), None, dtype=object), []
    return Column(name=name, kind="number", missing=given.missing), found, _gaps(name, found)


def _is_whole(found: Array) -> bool:
    for some in (found[:1000], found):
        given = some[~np.isnan(some)]
        if not ((given == np.trunc(given)) & (np.abs(given) < EXACT)).all():
            return False
    return len(given) > 0


def _of_texts(name: str, cells: pa.Array, given: DataOptions) -> Learned:
    """A column of texts, which may be numbers, booleans or times as they were written."""
    if not _maybe_numbers(cells, given):
        return _words(name, cells, given)
    looks = kinds.look(cells, given.missing)
    numbers, strays = int(looks.numeric.sum()), int((looks.others | looks.infinite).sum())
    codes = looks.codes & looks.numeric | looks.codes & ~looks.others
    if not numbers + int(looks.infinite.sum() + codes.sum()):
        styled = _styled(name, cells, looks, _distinct(cells, looks.others), given) if strays else None
        return styled or _words(name, cells, given)
    if strays == 0 or not looks.others.any():
        if looks.infinite.any():
            row = int(looks.infinite.argmax())
            raise UserError(f"expected a finite number, got {shown(cells[row].as_py())}", row + 1, name)
        if not _loses_digits(looks, codes):
            found = kinds.parsed(looks.trimmed, looks.numeric)
            return _checked_numbers(name, found, looks, cells, given)
        return _codes(name, cells, looks, codes, given)
    return _mixed(name, cells, looks, given)


def _maybe_numbers(cells: pa.Array, given: DataOptions) -> bool:
    """Whether some of the first cells, or of all where those say nothing, read as numbers."""
    present = pc.drop_null(pc.if_else(pc.is_in(cells, kinds.gap_words(given.missing)), pa.nulls(1, pa.string())[0], cells))
    if not len(present):
        return False
    step = max(1, len(present) // 1000)
    some = present.take(pa.array(np.arange(0, len(present), step)))
    looks = kinds.look(some)
    styled = kinds._mask(pc.match_substring_regex(looks.trimmed, r"^[-+]?[0-9.]*,?[0-9.,]+$"))
    return bool((looks.numeric | looks.codes | looks.infinite | styled).any())


def _loses_digits(looks: Looks, codes: Array) -> bool:
    """Whether cells would lose what was written, as codes do: not where plus signs stand for a difference."""
    if not codes.any():
        return False
    chosen = looks.trimmed.filter(pa.array(codes))
    plus_only = pc.all(pc.match_substring_regex(chosen, r"^\+([1-9][0-9]*|0)$")).as_py()
    return not (plus_only and pc.any(pc.starts_with(looks.trimmed, "-")).as_py())


def _checked_numbers(name: str, found: Array, looks: Looks, cells: pa.Array, given: DataOptions) -> Learned:
    """Numbers, unless they are whole ones that float64 cannot hold."""
    with np.errstate(invalid="ignore"):
        large = np.abs(found) >= EXACT
    if large.any():
        written = looks.trimmed.filter(pa.array(looks.numeric))
        if not pc.any(pc.match_substring_regex(written, r"[.eE]")).as_py():
            column, texts, _ = _texts(name, cells, given, collapse=False)
            return column, texts, [f"column {shown(name)}: whole numbers beyond 2**53 were read as texts, digit for digit"]
    if np.isinf(found).any():
        row = int(np.isinf(found).argmax())
        raise UserError(f"expected a finite number, got {shown(cells[row].as_py())}", row + 1, name)
    column, typed, notes = _numbers(name, found, given)
    return column, typed, notes


def _codes(name: str, cells: pa.Array, looks: Looks, codes: Array, given: DataOptions) -> Learned:
    """Digits that would lose some: texts, unless they are a few among numbers with points."""
    count, row = int(codes.sum()), int(codes.argmax())
    example = shown(cells[row].as_py())
    written = looks.trimmed.filter(pa.array(looks.numeric & ~codes))
    decimals = len(written) and pc.mean(pc.match_substring_regex(written, r"\.").cast(pa.float64())).as_py() > 0.5
    if decimals and count <= max(1, _STRAYS * len(cells)):
        raise UserError(
            f"expected a number as in the column's other cells, got {example}, which would lose digits ({count} such); "
            + _way_out(name),
            row + 1,
            name,
        )
    column, texts, notes = _texts(name, cells, given, collapse=False)
    said = f"column {shown(name)}: read as texts, as {example} would lose digits as a number"
    return column, texts, [said, *notes]


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
        raise UserError(
            f"expected a number as in the column's other cells, got {shown(cells[row].as_py())} "
            f"({count} such {'cell' if count == 1 else 'cells'}); {_way_out(name)}",
            row + 1,
            name,
        )
    column, texts, notes = _texts(name, cells, given, collapse=True)
    said = f"column {shown(name)}: read as texts, as {count} of {numbers + count} cells are no numbers, such as "
    return column, texts, [said + listed([shown(one) for one in spellings], 3), *notes]


def _distinct(cells: pa.Array, where: Array) -> list[str]:
    """The different texts among some cells."""
    return [text for text in pc.unique(pc.utf8_trim_whitespace(cells.filter(pa.array(where)))).to_pylist() if text]


def _way_out(name: str) -> str:
    return f'mend it, name it in missing where it means a gap, or say kinds={{{shown(name)}: "text"}}'


def _are_codes(looks: Looks) -> bool:
    """Whether the numbers are few whole ones that come again and again, as grades and classes do."""
    written = looks.trimmed.filter(pa.array(looks.numeric))
    distinct = pc.unique(written)
    whole = pc.all(pc.match_substring_regex(distinct, r"^[-+]?[0-9]+(\.0+)?$")).as_py()
    return bool(whole) and len(distinct) <= _CODES and len(written) >= 3 * len(distinct)


def _styled(name: str, cells: pa.Array, looks: Looks, spellings: Sequence[str], given: DataOptions) -> Learned | None:
    """Numbers with decimal commas or marks between thousands."""
    if not spellings or not all("," in text for text in spellings[:1000]) or looks.infinite.any():
        return None
    points = looks.trimmed.filter(pa.array(looks.numeric))
    fractions = bool(pc.any(pc.match_substring(points, ".")).as_py())
    try:
        style = kinds.style_of(spellings)
    except ValueError:
        if not fractions:
            row = int(looks.others.argmax())
            raise UserError(
                f"{shown(cells[row].as_py())} may be a number with a decimal comma, or with one between thousands; "
                f"write it with a point, or say kinds={{{shown(name)}: \"text\"}}",
                row + 1,
                name,
            ) from None
        style = "1,000.5"
    if style is None or (fractions and style == "1,5"):
        return None
    found = kinds.numbers(cells, name, given.missing, style)
    column, typed, notes = _numbers(name, found, given)
    meant = {"1,5": "decimal commas", "1,000.5": "commas between thousands", "1.000,5": "decimal commas, points between thousands"}
    said = f"column {shown(name)}: {shown(spellings[0])} was read as a number with {meant[style]}"
    return column.model_copy(update={"style": style}), typed, [said, *notes]


def _words(name: str, cells: pa.Array, given: DataOptions) -> Learned:
    """Texts of no numbers: booleans, times, or else texts."""
    head = [text.strip() for text in cells[:100].to_pylist() if text and text.strip()]
    known = {*TRUTHS, *kinds.MISSING, *given.missing}
    if any(text in TRUTHS for text in head) and all(text in known for text in head):
        distinct = [text for text in pc.unique(pc.utf8_trim_whitespace(cells)).to_pylist() if text is not None]
        if all(text in known for text in distinct):
            words = _spelled([text for text in distinct if text in TRUTHS])
            column = Column(name=name, kind="boolean", words=words, missing=given.missing)
            found = match.truths(cells, column)
            return column, found, _gaps(name, found)
    column, texts, notes = _texts(name, cells, given, collapse=True)
    arrow = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())
    times, note = TimeFormat.learn(arrow, given.dates, name)
    if times is not None:
        return column.model_copy(update={"kind": "time", "times": times}), texts, [note] if note else []
    return column, texts, notes


def _spelled(words: Iterable[str]) -> tuple[str, str]:
    """How false and true are written by a column that has some of these words."""
    found = dict(zip((False, True), ("false", "true"), strict=True))
    like = next(iter(words), "true")
    for truth in found:
        found[truth] = str(truth) if like[0].isupper() and like[1:].islower() else str(truth).upper() if like.isupper() else str(truth).lower()
    return found[False], found[True]


def _texts(name: str, cells: pa.Array, given: DataOptions, collapse: bool) -> Learned:
    """Texts byte for byte; but where whole numbers are written as 12 and as 12.0, as 12 where `collapse`."""
    column = Column(name=name, kind="text", missing=given.missing)
    texts = match.texts_of(cells, column)
    texts = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())
    dotted = bool(pc.any(pc.match_substring_regex(texts, match._DOTTED)).as_py()) if _any_ends(texts, ".0") else False
    plain = bool(pc.any(pc.match_substring_regex(texts, match._PLAIN)).as_py())
    notes = []
    if dotted and plain and collapse:
        texts = pc.replace_substring_regex(texts, match._DOTTED, r"\1")
        notes = [f"column {shown(name)}: 12 and 12.0 were read as one text, 12"]
    whole = "12" if plain and (collapse or not dotted) else "12.0" if dotted and not plain else ""
    words = pc.unique(texts.filter(pc.is_in(texts, kinds.strings(list(TRUTHS))))).to_pylist()
    spelled = _spelled(words) if words else ()
    return column.model_copy(update={"whole": whole, "words": spelled}), texts, notes


def _any_ends(texts: pa.Array, end: str) -> bool:
    return bool(pc.any(pc.ends_with(texts, end)).as_py())


def _facts(column: Column, typed: Any) -> Column:
    """The column with its categories or its range."""
    if column.kind in {"number", "integer"}:
        if len(typed):
            least, most = float(np.fmin.reduce(typed)), float(np.fmax.reduce(typed))  # which pass over NaN
            if least == least:
                return column.model_copy(update={"range": (least, most)})
    if column.kind == "text" and isinstance(typed, pa.Array):
        head = pc.unique(typed[:10_000].drop_null())
        distinct = pc.unique(typed.drop_null()) if len(head) <= _CATEGORIES else head
        if len(distinct) <= _CATEGORIES and sum(map(len, distinct.to_pylist())) < 5_000:
            return column.model_copy(update={"categories": tuple(sorted(distinct.to_pylist()))})
    return column


def _gaps(name: str, found: Array) -> list[str]:
    count = np.count_nonzero(found != found) if found.dtype.kind == "f" else 0
    return [f"column {shown(name)}: {count} of {len(found)} cells are missing"] if count else []


def _example(texts: pa.Array) -> str:
    present = texts.drop_null()
    return shown(present[0].as_py()) if len(present) else "none"


def table(raw: Raw, names: Sequence[str], given: DataOptions = _NOTHING) -> tuple[Table, list[str]]:
    """Rows of a single block as a table, typed by the rule; `names` are the columns'."""
    found = [column(name, kinds.plain(cells), given) for name, cells in zip(names, raw.columns, strict=True)]
    notes = [*raw.notes, *(note for _, _, said in found for note in said)]
    return Table([one for one, _, _ in found], [cells for _, cells, _ in found], raw.height), notes
