"""What a channel asks of the hosts that share its rows; they answer in `hosts/partitions.py`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from slipway.table.options import DataOptions
from slipway.table.raw import Raw
from slipway.table.schema import Column
from slipway.training.inputs import Inputs


@dataclass(frozen=True)
class PartRequest:
    """What the leader asks a host for."""

    channel: str
    content_type: str
    options: DataOptions
    roles: Mapping[str, str]
    texts: frozenset[str]
    like: Raw
    """No rows, in the columns of the channel."""
    known: Mapping[str, Column]
    """The columns that are read as another channel's."""
    names: tuple[str, ...]
    files: tuple[Path, ...] = ()
    """What it reads: all rows, or of each block those that fall to the host at `place` among `of`."""
    place: int = 0
    of: int = 1


class Sharing(Protocol):
    """Several hosts, to a channel."""

    def heaviest_bytes(self, inputs: Inputs) -> int:
        """The most that one host would read of a channel, without gzip."""

    def partitions(
        self, inputs: Inputs, asked: PartRequest, numbered: bool
    ) -> tuple[list[Any], tuple[Column, ...], list[str]]:
        """What stands for a table on each host that has rows, the columns, and notes for the log.

        `numbered`: for a table and the places of its rows.
        """
