"""What GET /drift answers, read back: of a server, or of a file that was kept."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

_DIGITS = 4


class Cell(NamedTuple):
    """One range or category, and the shares of the rows in it."""

    label: str
    training: float
    now: float


class ColumnDrift(BaseModel):
    """One column, as `slipway.drift.measure.Drift.told` tells it."""

    model_config = ConfigDict(frozen=True)

    name: str
    of: str
    kind: str
    rows: int
    drifted: bool
    score: float
    js: float
    ks: float | None
    edges: tuple[float, ...]
    categories: tuple[str, ...]
    training: tuple[int, ...]
    now: tuple[int, ...]

    @property
    def cells(self) -> Iterator[Cell]:
        """The missing first, then in the order of the values; texts as the training found them frequent."""
        then, now = max(1, sum(self.training)), max(1, sum(self.now))
        for label, was, is_ in zip(self._labels, self.training, self.now, strict=True):
            yield Cell(label, was / then, is_ / now)

    @property
    def greatest(self) -> float:
        """The largest share of a cell, as long as the longest bar."""
        return max((max(cell.training, cell.now) for cell in self.cells), default=0.0) or 1.0

    @property
    def _labels(self) -> list[str]:
        if self.edges:
            ends = [f"{edge:.{_DIGITS}g}" for edge in self.edges]
            # The first edge is just below the smallest value of the training.
            between = [f"{low} to {high}" for low, high in pairwise(ends)]
            return ["missing", f"below {ends[0]}", *between, f"above {ends[-1]}"]
        return ["missing", "rare or unseen" if self.categories else "present", *self.categories]


class MeasuredError(BaseModel):
    """How far earlier answers were from the true values."""

    model_config = ConfigDict(frozen=True)

    name: str
    now: float | None
    training: float | None


class Outcomes(BaseModel):
    """The errors in so many values."""

    model_config = ConfigDict(frozen=True)

    points: int
    measures: tuple[MeasuredError, ...]


class DriftAnswer(BaseModel):
    """All columns."""

    model_config = ConfigDict(frozen=True)

    rows: int
    false_alarms: float
    columns: tuple[ColumnDrift, ...]
    outcomes: Outcomes | None = None
    """Of models that get true values with requests."""

    @property
    def drifted(self) -> list[ColumnDrift]:
        return [one for one in self.columns if one.drifted]

    @property
    def by_score(self) -> list[ColumnDrift]:
        return sorted(self.columns, key=lambda one: -one.score)
