"""What hosts hold for the one that leads."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from distributed import Future

from slipway.table.table import Table

T = TypeVar("T")
V = TypeVar("V")


@dataclass(frozen=True)
class Placed(Generic[T]):
    """A value that a host holds; what is made of it is made there."""

    host: str
    future: "Future[T]"
    rows: int = 0
    """Of a table."""


def pair(first: T, second: V) -> tuple[T, V]:
    return first, second


def beside(*channels: list[Table]) -> tuple[Table | None, ...]:
    """Runs on a host: the tables of each channel as one."""
    return tuple(Table.concatenated(parts[0].columns, parts) if parts else None for parts in channels)
