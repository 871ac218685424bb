"""Whether the first line of a CSV is a header: detected, never assumed, as no row may be lost to a guess.

What decides is how the first line differs in kind from the lines below, not whether its cells are words:
columns may be called 2019 and 2020.
"""

import re
from collections.abc import Sequence

import numpy as np

from slipway.errors import UserError, listed, shown
from slipway.media import MediaType
from slipway.table import arrow, kinds
from slipway.table.numbers import number_of, numbers
from slipway.table.raw import Raw
from slipway.table.schema import Schema

_YEARS = range(1800, 2200)
_ROW = "the first line, {}, was read as names; say header=absent where it is a row"
_DIGITS = re.compile("[0-9]+")


def said(media: MediaType) -> bool | None:
    """What the media type says: `header=present` or `header=absent`; None where it says nothing."""
    word = media.parameters.get("header", "").lower()
    if word not in {"", "present", "absent"}:
        raise UserError(f"Content-Type: header is present or absent, got {shown(word)}")
    return word == "present" if word else None


def is_word(cell: str) -> bool:
    """Whether `cell` is neither missing nor a number, be it infinite, so that it may be a column's name."""
    return number_of(cell) == "a number"


def of_request(first: Sequence[str], schema: Schema, media: MediaType, alone: bool) -> bool:
    """Whether a request's first line holds names.

    As its media type says, else where they are the model's, or no numbers where only numbers are read.
    `alone` says that no line follows it: then names that are numbers are a row, as a request has one.
    """
    told = said(media)
    if told is not None:
        return told
    names = [cell.strip() for cell in first]
    if not any(map(is_word, names)):
        known = (
            schema.named and {*schema.names} <= {*names} and {*names} <= {*schema.names, *schema.table_names}
        )
        return bool(known) and not alone
    return schema.knows(names) or (schema.numeric and all(map(is_word, names)))


def of_file(
    first: Sequence[str],
    below: Sequence[Sequence[str]],
    media: MediaType,
    like: Raw | None = None,
    surely: bool = False,
) -> tuple[bool, str]:
    """Whether a file's first line holds names, and a note where that was no plain matter.

    `below` are the columns under it, or their beginnings. `like` is a block of the channel's first file: the
    first line of a further one is names only if the first file has names and they are these. `surely` says
    that lines like the first may be rows.
    """
    told = said(media)
    if told is not None:
        return told, ""
    names = [cell.strip() for cell in first]
    if like is None:
        named, note = _looks_named(names, below)
        return named and (not surely or _surely_named(names, below)), note
    if like.names is not None and sorted(names) == sorted(like.names):
        return True, ""
    if _surely_named(names, below):
        others = f"has the columns {listed(like.names)}" if like.names else "has no header"
        raise UserError(f"the first line names the columns {listed(names)}, but the first file {others}")
    return False, ""


def _looks_named(names: Sequence[str], below: Sequence[Sequence[str]]) -> tuple[bool, str]:
    """Whether a table of unknown columns starts with names, and a note where that was no plain matter.

    Raises UserError for names some of which are empty.
    """
    given = [name for name in names if name]
    if len(given) < len(names) - 1 and len(given) > 0 and _are_named(given, names, below):
        raise UserError(
            f"the first line names {listed(given)}, and {len(names) - len(given)} columns not at all; name "
            "them, leave them out, or say header=absent where it is a row"
        )
    if len(set(names)) != len(names):
        return all(map(is_word, names)) and any(map(_numeric, below)), ""
    if _surely_named(names, below):
        return True, ""
    if all(map(is_word, names)):  # texts over texts: names come once, and do not look like the cells below
        alike = any(_alike(name, column) for name, column in zip(names, below, strict=True))
        return not alike, "" if alike else _ROW.format(", ".join(names[:6]))
    return _progression(names, below)


def _are_named(given: Sequence[str], names: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether words stand above columns, and nothing above others."""
    columns = [column for name, column in zip(names, below, strict=True) if name]
    return all(map(is_word, given)) and not any(map(_alike, given, columns))


def _alike(name: str, column: Sequence[str]) -> bool:
    """Whether `name` is a cell like those below: one of them, or as a date is like another date."""
    cells = {cell.strip() for cell in column}
    if name in cells:
        return True
    if not name[-1:].isdigit() and not name[:1].isdigit():
        return False
    shape = _DIGITS.sub("9", name)
    return not any(map(str.isalpha, shape)) and 2 * sum(
        _DIGITS.sub("9", cell) == shape for cell in cells
    ) > len(cells)


def _surely_named(names: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether the first line holds words only, and numbers stand below one of them.

    One name may be empty: that of the index which pandas writes first.
    """
    return all(is_word(name) or name == "" for name in names) and any(
        name and _numeric(column) for name, column in zip(names, below, strict=True)
    )


def _progression(names: Sequence[str], below: Sequence[Sequence[str]]) -> tuple[bool, str]:
    """Names that count: years, or 0, 1, 2, … as pandas calls columns that have no names.

    They are names only where no number below is of their kind: of the years, or whole.
    """
    counting = [place for place, name in enumerate(names) if name.isascii() and name.isdigit()]
    words = [name for name in names if is_word(name) or name == ""]
    if len(counting) + len(words) != len(names) or len(counting) < 2 or not len(below[0]):
        return False, ""
    values = [int(names[place]) for place in counting]
    if len(set(np.diff(values).tolist())) != 1 or values[0] == values[1]:
        return False, ""
    columns = [numbers(arrow.strings(below[place]), "", errors={}) for place in counting]
    cells = np.concatenate(columns)
    cells = cells[~np.isnan(cells)]
    if not len(cells):
        return False, ""
    years = all(value in _YEARS for value in values) and not np.isin(cells, list(_YEARS)).any()
    indices = values == list(range(len(values))) and not (cells == np.trunc(cells)).all()
    if years or (indices and (bool(words) or len(values) > 2)):
        return (
            True,
            _ROW.format(", ".join(names[:6])),
        )
    return False, ""


def _numeric(column: Sequence[str]) -> bool:
    looks = kinds.look(arrow.strings(column))
    numbers = int((looks.numeric | looks.codes).sum())
    strays = int((looks.others | looks.infinite).sum())
    return numbers > 0 and strays * 20 <= numbers
