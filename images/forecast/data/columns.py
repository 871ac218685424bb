"""The tables of a channel and the cells of their columns."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from slipway import Array, Channel, Table, UserError


def declare(channel: Channel, keys: Sequence[str], times: Sequence[str]) -> None:
    """Declare the roles of the key and time columns that the channel has."""
    channel.declare("key", [name for name in keys if name in channel.names])
    channel.declare("time", [name for name in times if name in channel.names])


def pieces(channel: Channel) -> Iterator[tuple[Table, int]]:
    """Yield (table, number of rows before it): one table if the channel fits in memory, else batches."""
    if channel.fits_memory:
        yield channel.table, 0
        return
    done = 0
    for table in channel.batches():
        yield table, done
        done += len(table)


def check(channel: Channel, names: Sequence[str]) -> None:
    """Raises UserError if the channel lacks one of the columns `names`."""
    absent = [name for name in names if name not in channel.names]
    if absent:
        raise UserError(
            f"channel {channel.name}: missing columns {', '.join(absent)}; it has {', '.join(channel.names)}"
        )


@contextmanager
def located(channel: str, rows: "int | Array" = 0) -> Iterator[None]:
    """Errors in a table's rows name the channel, and the row counted over all of it.

    `rows` is the number of rows before the table, or the place of each of its rows in the channel. An error
    of no row stays as it is: a column that could not be read says where.
    """
    try:
        yield
    except UserError as error:
        if error.row is None:
            raise
        row = error.row + rows if isinstance(rows, int) else int(rows[error.row - 1]) + 1
        raise error.moved(row).within(f"channel {channel}") from None


@contextmanager
def named(channel: str) -> Iterator[None]:
    """Errors name the channel."""
    try:
        yield
    except UserError as error:
        raise error.within(f"channel {channel}") from None
