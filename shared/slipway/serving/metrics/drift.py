"""The last rows that a container answered, counted in the cells of the training's baseline."""

import time
from collections.abc import Mapping, Sequence
from threading import Lock

import numpy as np

from slipway.drift.answers import as_numbers, as_texts
from slipway.drift.baseline import ColumnBaseline, counted, offsets
from slipway.drift.measure import Drift, measured
from slipway.log import log_exception
from slipway.model import Answers
from slipway.serving.metrics.rolling import Rolling
from slipway.table.arrow import Array
from slipway.table.table import Table

_TOGETHER = 256  # rows of small requests that are counted at once
_MOST = 512  # rows of one request that are counted, spread over all of it
_WAIT_S = 10.0  # as long may rows wait for others, where more requests come
_SHARE = 0.02  # of a worker's CPU time that counting may take


class Window:
    """Rows of all workers, by column and cell."""

    def __init__(self, columns: Sequence[ColumnBaseline], false_alarms: float, counts: Rolling) -> None:
        self.columns = columns
        self.false_alarms = false_alarms
        self._offsets = offsets(columns)
        self._counts = counts
        self._observer: RowCounter | None = None  # of this process
        self._last: tuple[Array, list[Drift]] | None = None

    @staticmethod
    def width(columns: Sequence[ColumnBaseline]) -> int:
        """How many counts there are."""
        return offsets(columns)[-1]

    def observer(self, worker: int) -> "RowCounter":
        """What counts for a worker, in its process."""
        self._observer = RowCounter(self.columns, self._offsets, self._counts, worker)
        return self._observer

    @property
    def rows(self) -> int:
        """How many rows the window holds now."""
        return self._counts.rows

    @property
    def drifted(self) -> list[str]:
        """The columns that have drifted."""
        return [one.column.name for one in self.measured() if one.drifted]

    def measured(self) -> list[Drift]:
        """Each column's drift from the training."""
        if self._observer is not None:
            self._observer.flush()
        total = self._counts.total().astype(np.int64)
        if self._last is None or not np.array_equal(self._last[0], total):
            now = [total[a:b] for a, b in zip(self._offsets, self._offsets[1:], strict=False)]
            self._last = total, measured(self.columns, now, self.false_alarms)
        return self._last[1]


class RowCounter:
    """Counts a worker's rows: of small requests together, of large ones some, fewer where it takes long."""

    def __init__(
        self, columns: Sequence[ColumnBaseline], places: Sequence[int], counts: Rolling, worker: int
    ) -> None:
        self._inputs = [(one, at) for one, at in zip(columns, places, strict=False) if one.of == "input"]
        self._answers = [(one, at) for one, at in zip(columns, places, strict=False) if one.of == "answer"]
        self._counts, self._worker, self._width = counts, worker, places[-1]
        self._waiting: list[tuple[Table, Mapping[str, Array]]] = []
        self._rows = 0
        self._due = 0.0
        self._skip = 0  # requests that are not looked at, for what looking has taken
        self._requests = 0  # since `_cpu_s`, CPU seconds of this process, was read
        self._cpu_s = time.process_time()
        self._lock = Lock()

    def see(self, table: Table, answers: Answers) -> None:
        """Some rows were answered. Never raises: an answer is worth more than its place in a count."""
        self._requests += 1
        if self._skip > 0 or not table.height:
            self._skip -= 1
            return
        now = time.monotonic()
        with self._lock:
            if not self._waiting:
                self._due = now + _WAIT_S
            self._waiting.append((table, answers.columns))
            self._rows += min(table.height, _MOST)
            if self._rows >= _TOGETHER or now > self._due:
                self._flush()

    def flush(self) -> None:
        """Counts what waits for more."""
        with self._lock:
            if self._waiting:
                self._flush()

    def _flush(self) -> None:
        waiting, self._waiting, self._rows = self._waiting, [], 0
        begun = time.thread_time()
        try:
            self._count(waiting)
        except Exception as error:
            log_exception("serve", "rows cannot be compared with the training's", error)
        spent, cpu_s = time.thread_time() - begun, time.process_time()
        self._skip = int(spent * self._requests / _SHARE / max(1e-9, cpu_s - self._cpu_s))
        self._cpu_s, self._requests = cpu_s, 0

    def _count(self, waiting: list[tuple[Table, Mapping[str, Array]]]) -> None:
        cells = np.zeros(self._width)
        some = [_thinned(*one) for one in waiting]
        table = _together([part for part, _ in some])
        for column, at in self._inputs:
            _add(cells, at, counted(column, table))
        for column, at in self._answers:
            parts = [answers[column.name] for _, answers in some if column.name in answers]
            if parts:
                joined = np.concatenate(parts)
                values = as_numbers(joined) if column.edges else as_texts(joined)
                if values is not None:
                    _add(cells, at, column.count(values))
        self._counts.add(self._worker, table.height, cells)


def _add(cells: Array, at: int, counted: Array) -> None:
    cells[at : at + len(counted)] += counted


def _thinned(table: Table, answers: Mapping[str, Array]) -> tuple[Table, Mapping[str, Array]]:
    """At most `_MOST` of the rows, and their answers, where each row has one."""
    alone = {name: column for name, column in answers.items() if len(column) == table.height}
    if table.height <= _MOST:
        return table, alone
    places = np.linspace(0, table.height - 1, _MOST).astype(np.int64)
    return table.take(places), {name: column[places] for name, column in alone.items()}


def _together(parts: Sequence[Table]) -> Table:
    """Tables of one model's columns under one another."""
    columns = parts[0].columns
    if all(column.numeric for column in columns):
        matrix = np.concatenate([part.matrix for part in parts])
        return Table(columns, None, len(matrix), matrix)
    return Table.concatenated(columns, parts)
