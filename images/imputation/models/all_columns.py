"""Fits the models of all columns: one after another on one host, over the cores of several."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from slipway import Job

from ..checkpoint import ColumnCheckpoint
from ..confidence.missingness import stand_ins
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
        kept = {one.name: self.checkpoint.load(one.name) for one in self.columns} if self.checkpoint else {}
        todo = [column for column in self.columns if kept.get(column.name) is None]
        several = job is not None and len(job.cluster.hosts) > 1
        learnt = self._shared(todo, job) if job and several else self._in_turn(todo)
        for column in self.columns:
            found = kept.get(column.name)
            if found is None:
                found = next(learnt)
                if self.checkpoint:
                    self.checkpoint.save(column.name, found)
            yield found

    def _in_turn(self, todo: Sequence[ColumnCodec]) -> Iterator[FittedColumn]:
        """The remaining time is shared evenly."""
        for done, column in enumerate(todo):
            now = time.monotonic()
            due = now + (self.ends - now) / (len(todo) - done)
            out_of_time = lambda seconds, due=due: self.should_stop() or time.monotonic() + seconds > due  # noqa: E731
            yield _fitted(self._item(column, self.settings), self.encoded, out_of_time)

    def _shared(self, todo: Sequence[ColumnCodec], job: Job) -> Iterator[FittedColumn]:
        """Each core of the hosts takes the next column; all columns have as much time."""
        cores, hosts = job.cluster.cores, job.cluster.hosts
        # Where there are fewer columns than cores, one may have several, but none of another host.
        threads = max(1, min(self.settings.threads, cores // max(len(todo), len(hosts))))
        settings = replace(self.settings, threads=threads)
        job.progress(f"hosts that train: {', '.join(hosts)}; columns over their {cores} cores: {len(todo)}")
        found = job.cluster.map(
            _within,
            (self._item(column, settings) for column in todo),
            stop=self.should_stop,
            encoded=self.encoded,
            seconds=(self.ends - time.monotonic()) / math.ceil(len(todo) / cores),
        )
        for column in todo:
            yield next(found, None) or _within(self._item(column, settings), self.encoded, 0.0)

    def _item(self, column: ColumnCodec, settings: FitSettings) -> Item:
        answers, rows = answers_of(column, self.read)
        return column.name, answers[rows], rows, task_of(column, settings)


def _within(item: Item, encoded: EncodedFeatures, seconds: float) -> FittedColumn:
    """Runs on a core of any host, by its clock."""
    due = time.monotonic() + seconds
    return _fitted(item, encoded, lambda more: time.monotonic() + more > due)


def _fitted(item: Item, encoded: EncodedFeatures, out_of_time: Callable[[float], bool]) -> FittedColumn:
    """Linear algebra uses one thread, so that sums do not depend on the cores of a host."""
    name, answers, rows, task = item
    with threadpool_limits(1, user_api="blas"):
        alike = stand_ins(encoded.without(name), rows, task.seed)
        return fit_column(encoded.take(rows).without(name), answers, task, out_of_time, alike)
