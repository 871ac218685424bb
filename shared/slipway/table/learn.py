"""What a column holds, told from all of its cells: the rule by which training types a table.

Nothing is guessed in silence: each function gives notes for the log and the report, and refuses in one line
what would change its meaning without a word.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slipway.errors import UserError
from slipway.table import arrow, kinds, learn_numbers, learn_texts, match, plain, remarks
from slipway.table.arrow import Array
from slipway.table.cell_errors import refuse
from slipway.table.kinds import TRUTHS
from slipway.table.learn_numbers import Learned
from slipway.table.numbers import numbers
from slipway.table.options import DataOptions
from slipway.table.raw import Raw
from slipway.table.schema import Column
from slipway.table.table import Table
from slipway.table.times import TimeFormat

CATEGORIES = 50
"""Distinct texts of a column that are named."""
_CATEGORIES_LENGTH = 5_000  # characters of all of them
_NOTHING = DataOptions()
_BY_ROLE = {"key": "text", "time": "time"}


def table(raw: Raw, names: Sequence[str], given: DataOptions = _NOTHING) -> tuple[Table, list[str]]:
    """Rows of a single block as a table, typed by the rule, and notes; `names` are the columns'."""
    found = [column(name, held(cells), given) for name, cells in zip(names, raw.columns, strict=True)]
    notes = [*raw.notes, *(note for _, _, said in found for note in said)]
    return Table([one for one, _, _ in found], [cells for _, cells, _ in found], raw.height), notes


def held(cells: Any) -> Any:
    """Cells as a format hands them out in the form that `column` takes: Arrow's, or lists as objects."""
    if plain.is_plain(cells):  # as most are
        return cells
    lists = plain.lists(cells)
    return plain.plain(cells) if lists is None else lists


def column(name: str, cells: Any, given: DataOptions, role: str = "") -> Learned:
    """Types a column by all of its cells. Raises UserError for a few that are unlike all others."""
    if isinstance(cells, np.ndarray):
        return Column(name=name, kind="list"), cells, []
    kind = given.kinds.get(name, "") or _BY_ROLE.get(role, "")
    if role == "label" and not kind and not _may_be_label(cells, given):
        kind = "text"
    found, typed, notes = _by_kind(name, cells, given, kind) if kind else _by_cells(name, cells, given)
    if role:
        found = found.model_copy(update={"role": role})
    found = _facts(found, typed)
    if found.kind == "text" and not given.kinds.get(name) and isinstance(typed, pa.Array):
        notes = [*notes, *remarks.of_texts(found, typed)]
    return found, typed, notes


def _may_be_label(cells: pa.Array, given: DataOptions) -> bool:
    """Whether labels need not be texts: whole numbers and booleans, which lose nothing by it."""
    if pa.types.is_float64(cells.type):  # as whole numbers are where one is missing
        return learn_numbers.is_whole(arrow.floats(cells))
    if not arrow.is_text(cells.type):
        return bool(pa.types.is_boolean(cells.type) or pa.types.is_int64(cells.type))
    looks = kinds.look(cells, given.missing)
    words = arrow.flags(pc.is_in(looks.trimmed, arrow.strings([*TRUTHS])))
    whole = arrow.flags(pc.match_substring_regex(looks.trimmed, r"^(0|-?[1-9][0-9]{0,14})(\.0+)?$"))
    return bool((looks.gaps | words).all() or (looks.gaps | whole).all())


def of_numbers(name: str, found: Array, given: DataOptions) -> Learned:
    """Types a column whose cells all came as numbers. Raises UserError for one that is not finite."""
    learn_numbers.check_finite(name, found, found)
    kind = given.kinds.get(name, "")
    learnt = _by_kind(name, found, given, kind) if kind else learn_numbers.numbers(name, found, given)
    column, typed, notes = learnt
    return _facts(column, typed), typed, notes


def _by_kind(name: str, cells: Any, given: DataOptions, kind: str) -> Learned:
    """As the user or the algorithm says."""
    if kind == "text":
        return learn_texts.texts(name, cells, given, collapse=False)
    column = Column(name=name, kind=kind, missing=given.missing)  # type: ignore[arg-type]
    if kind != "time":
        typed = match.cells_of(cells, column)
        if kind == "integer":
            learn_numbers.check_whole(name, typed, cells)
        return column, typed, []
    texts = match.texts_of(cells, column)
    times, note = TimeFormat.learn(texts, given.dates, name, known=True)
    if times is None:
        refuse(np.flatnonzero(arrow.flags(pc.is_valid(texts))), texts, name, "a date or time")
        raise UserError("expected dates or times, but every cell is missing", column=name)
    return column.model_copy(update={"times": times}), texts, [note] if note else []


def _by_cells(name: str, cells: pa.Array, given: DataOptions) -> Learned:
    if pa.types.is_boolean(cells.type):
        found = Column(name=name, kind="boolean", words=("false", "true"), missing=given.missing)
        return found, numbers(cells, name), []
    if pa.types.is_int64(cells.type):
        return learn_numbers.integers(name, cells, given) or learn_texts.beyond(name, cells, given)
    if pa.types.is_float64(cells.type):
        return learn_numbers.numbers(name, numbers(cells, name), given)
    return learn_texts.of_texts(name, cells, given)


def _facts(column: Column, typed: Any) -> Column:
    """The column with its categories or its range."""
    if column.kind in {"number", "integer"} and len(typed):
        least, most = float(np.fmin.reduce(typed)), float(np.fmax.reduce(typed))  # which pass over NaN
        return column.model_copy(update={"range": (least, most)}) if least == least else column
    if column.kind == "text" and isinstance(typed, pa.Array):
        for some in (typed[:1000], typed[:10_000], typed):  # mostly the first tell
            distinct = pc.unique(some)
            if len(distinct) > CATEGORIES + 1:  # one is a gap
                return column
        words = distinct.drop_null().to_pylist()
        if len(words) <= CATEGORIES and sum(map(len, words)) < _CATEGORIES_LENGTH:
            return column.model_copy(update={"categories": tuple(sorted(words))})
    return column
