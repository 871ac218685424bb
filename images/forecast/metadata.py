"""The metadata channel, read."""

from attributes import Attribute
from items import text_of

from slipway import Channel, UserError

MOST = 20  # different values of an attribute that the report has room for


def read(channel: Channel, key_names: tuple[str, ...]) -> list[Attribute]:
    """The attributes that have few enough values for a table. Raises UserError without the keys."""
    table = channel.table
    absent = [name for name in key_names if name not in table]
    if absent:
        raise UserError(
            f"channel metadata: missing columns {', '.join(absent)}; it has {', '.join(channel.kinds)}"
        )
    keys = list(zip(*([text_of(cell) for cell in table[name].tolist()] for name in key_names), strict=True))
    found = []
    for name in channel.kinds:
        cells = [text_of(cell) for cell in table[name].tolist()]
        if name not in key_names and 1 < len(set(cells)) <= MOST:
            found.append(Attribute(name, dict(zip(keys, cells, strict=True))))
    return found
