"""The metadata channel, read."""

from typing import Any

from slipway import Channel

from ..panel.attributes import Attribute
from ..panel.items import key_cells, numbered
from .columns import check, declare

MAX_VALUES = 20  # different values of an attribute that the report has room for


def read(channel: Channel, key_names: tuple[str, ...]) -> list[Attribute]:
    """The attributes that have few enough values for a table. Raises UserError without the keys."""
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
    """7 and 7.0 are one value, a missing cell is the empty text."""
    if cell is None or cell != cell:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
