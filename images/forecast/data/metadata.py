"""Reads the metadata channel."""

from typing import Any

from slipway import Channel

from ..panel.attributes import Attribute
from ..panel.items import key_cells, numbered
from .columns import check, declare

MAX_VALUES = 20  # distinct values of an attribute


def read(channel: Channel, key_names: tuple[str, ...]) -> list[Attribute]:
    """The attributes with 2 to MAX_VALUES distinct values. Raises UserError if a key column is missing."""
    declare(channel, key_names, [])
    check(channel, key_names)
    table = channel.table
    codes, keys = numbered(key_cells(table, key_names))
    found = []
    for name in table.names:
        if name not in key_names and table.kinds[name] != "list":
            cells = [_text(cell) for cell in table.column(name).tolist()]
            if 1 < len(set(cells)) <= MAX_VALUES:
                of = {keys[code]: cell for code, cell in zip(codes.tolist(), cells, strict=True)}
                found.append(Attribute(name, of))
    return found


def _text(cell: Any) -> str:
    """A cell as text: 7 and 7.0 are equal, a missing cell is empty."""
    if cell is None or cell != cell:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
