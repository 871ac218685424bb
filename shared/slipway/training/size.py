"""How large the table of some files is, judged by the first block that was read of them."""

from slipway.formats.base import BLOCK
from slipway.table.raw import Raw


def rows(head: Raw, weight: int) -> int:
    """How many rows files of `weight` bytes without gzip have; exact where `head` is all of them."""
    return round(head.height * _times(head, weight))


def memory_bytes(head: Raw, weight: int) -> int:
    """What files of `weight` bytes without gzip take of memory as a table."""
    return int(head.nbytes * _times(head, weight))


def _times(head: Raw, weight: int) -> float:
    """How often they are as much as what the block was read from."""
    return max(1.0, weight / max(1, head.read_bytes or min(BLOCK, weight)))
