"""How large the table of some files is, judged by the first block that was read, and what training takes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from slipway import machine
from slipway.errors import UserError
from slipway.formats.base import BLOCK
from slipway.image import Cost
from slipway.log import log
from slipway.table.raw import Raw

_PEAK = 3  # times the bytes of a table: its blocks and itself, then an algorithm's copy
_LEAST = 2  # times them that an algorithm needs which reads it at once, however sparing it is
_SHARE = 0.85  # of the memory that a job may fill by plan
_MB = 1 << 20


@dataclass(frozen=True)
class Needs:
    """The memory that training on a table takes: by default that of the table."""

    base_bytes: int = 0
    factor: float = 1.0
    """Times the bytes of the table, for tables of the size that it was measured with."""

    @classmethod
    def of(cls, cost: Cost | None) -> Self:
        """Of an image, as it was measured; one that goes beyond memory reads no table that does not fit."""
        if cost is None or cost.beyond_memory:
            return cls()
        return cls(int(cost.memory_mb * _MB), cost.memory_factor)

    def check(self, channel: str, table_bytes: int) -> None:
        """Raises UserError where a table and one copy of it already need more memory than there is."""
        need, there = self._bytes(table_bytes, min(self.factor, _LEAST)), machine.memory_bytes()
        if need > there:
            raise UserError(
                f"channel {channel}: its rows take about {readable(table_bytes)} of memory and training on "
                f"them at least {readable(need)}, but there are {readable(there)}; "
                "use an instance with more memory, or fewer rows or columns"
            )

    def tell(self, channel: str, table_bytes: int | None) -> None:
        """The same, and a line in the log that says what is needed and what there is; None of a stream."""
        if table_bytes is None:
            return
        self.check(channel, table_bytes)
        if self.base_bytes:
            need, there = self._bytes(table_bytes, self.factor), machine.memory_bytes()
            log(
                "train",
                f"channel {channel} takes about {readable(table_bytes)} of memory as a table, training about "
                f"{readable(need)}, of {readable(there)}{', and so may not fit' if need > there else ''}",
            )

    def watched(self, channel: str, blocks: Iterable[tuple[Raw, str]]) -> Iterator[tuple[Raw, str]]:
        """The same blocks. Raises UserError once they are more than was judged by the first, and too much."""
        taken = 0
        for raw, file in blocks:
            taken += raw.nbytes
            self.check(channel, taken)
            yield raw, file

    def _bytes(self, table_bytes: int, factor: float) -> int:
        return self.base_bytes + int(factor * table_bytes)


def rows(head: Raw, weight: int) -> int:
    """How many rows files of `weight` bytes without gzip have; exact where `head` is all of them."""
    return round(head.height * _times(head, weight))


def memory_bytes(head: Raw, weight: int) -> int:
    """What files of `weight` bytes without gzip take of memory as a table."""
    return int(head.nbytes * _times(head, weight))


def fits(table_bytes: int) -> bool:
    """Whether there is memory for a table, and an algorithm's copy of it."""
    return table_bytes * _PEAK < machine.memory_bytes() * _SHARE


def readable(count: int) -> str:
    """Bytes for a reader.

    >>> readable(168_000_000), readable(1_250_000_000), readable(12)
    ('168.0 MB', '1.2 GB', '12 bytes')
    """
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


def _times(head: Raw, weight: int) -> float:
    """How often they are as much as what the block was read from."""
    return max(1.0, weight / max(1, head.read_bytes or min(BLOCK, weight)))
