"""Fits the models of all columns: one after another on one host, over the cores of several."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from slipway import Job

from ..checkpoint import ColumnCheckpoint
from ..features.columns import ColumnCodec
from ..features.design import EncodedFeatures
from ..tasks import FitSettings, answers_of, task_of
from .column_fit import FittedColumn, fit_column
from .learners import Task

Item = tuple[str, NDArray[Any], NDArray[Any], Task]
"""A column, its answers, the places of the rows that have them, and what is to be learnt."""


@dataclass(frozen=True)
class AllColumns:
    """The columns to fit models of, over the encoded features of all rows."""

    columns: Sequence[ColumnCodec]
    encoded: EncodedFeatures
    read: Mapping[str, Any]
    settings: FitSettings
    ends: float  # by `time.monotonic`
    should_stop: Callable[[], bool]
    checkpoint: ColumnCheckpoint | None

    def fitted(self, job: Job | None) -> Iterator[FittedColumn]:
        """The models, in the order of the columns; a column that is not reached gets its default."""
        several = job is not None and len(job.cluster.hosts) > 1
        models = self._shared(job) if job and several else self._in_turn()
        for column, found in zip(self.columns, models, strict=True):
            if self.checkpoint:
                self.checkpoint.save(column.name, found)
            yield found

    def _in_turn(self) -> Iterator[FittedColumn]:
        """The remaining time is shared evenly."""
        for done, column in enumerate(self.columns):
            now = time.monotonic()
            due = now + (self.ends - now) / (len(self.columns) - done)
            out_of_time = lambda seconds, due=due: self.should_stop() or time.monotonic() + seconds > due  # noqa: E731
            kept = self.checkpoint.load(column.name) if self.checkpoint else None
            yield kept or _fitted(self._item(column, self.settings), self.encoded, out_of_time)

    def _shared(self, job: Job) -> Iterator[FittedColumn]:
        """Each core of the hosts takes the next column; all columns have as much time."""
        kept = {one.name: self.checkpoint.load(one.name) for one in self.columns} if self.checkpoint else {}
        todo = [one for one in self.columns if kept.get(one.name) is None]
        rounds = max(1, math.ceil(len(todo) / job.cluster.cores))
        job.progress(
            f"hosts that train: {', '.join(job.cluster.hosts)}; {len(todo)} columns over their cores"
        )
        found = job.cluster.map(
            _within,
            (self._item(one, replace(self.settings, threads=1)) for one in todo),
            stop=self.should_stop,
            encoded=self.encoded,
            seconds=(self.ends - time.monotonic()) / rounds,
        )
        for column in self.columns:
            yield (
                kept.get(column.name)
                or next(found, None)
                or _within(self._item(column, self.settings), self.encoded, 0.0)
            )

    def _item(self, column: ColumnCodec, settings: FitSettings) -> Item:
        answers, rows = answers_of(column, self.read)
        return column.name, answers[rows], rows, task_of(column, settings)


def _within(item: Item, encoded: EncodedFeatures, seconds: float) -> FittedColumn:
    """Runs on a core of any host, by its clock."""
    due = time.monotonic() + seconds
    return _fitted(item, encoded, lambda more: time.monotonic() + more > due)


def _fitted(item: Item, encoded: EncodedFeatures, out_of_time: Callable[[float], bool]) -> FittedColumn:
    name, answers, rows, task = item
    return fit_column(encoded.take(rows).without(name), answers, task, out_of_time)
