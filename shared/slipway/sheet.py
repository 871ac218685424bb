"""A table as a codec read it: cells as they were sent, not yet typed, nor matched with a model's columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Sheet:
    """Columns in the order they came, each an Arrow array or a list of values, all of `height` cells."""

    columns: Sequence[Any]
    height: int
    names: Sequence[str] | None = None
    """None when the cells came by position."""
    sparse: bool = False
    """Whether a column that is not there is one of zeros, as in LibSVM."""

    @property
    def width(self) -> int:
        return len(self.columns)
