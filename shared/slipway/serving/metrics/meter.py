"""What a worker notes of each request, in memory that it alone writes."""

import contextlib
from collections.abc import Iterator
from threading import Lock
from time import perf_counter
from typing import Protocol

from slipway.serving.answer import Answer
from slipway.serving.metrics import cells as at
from slipway.serving.metrics import records
from slipway.serving.metrics.cells import Cells

_BEGUN, _RECORDS, _RECORD, _END = at.BEGUN, at.RECORDS, at.RECORD, at.BLOCK  # a look-up less


class Meter(Protocol):
    """Told of each request when it begins and when its answer is ready."""

    def begin(self) -> float:
        """A request has come; gives the moment, for `end`."""

    def end(self, answer: Answer, received: int, begun: float) -> Answer:
        """Its answer is ready; gives the answer, which counts its own pieces where it is sent in such."""

    def queue(self, waiting: int) -> None:
        """So many requests wait for this worker now."""


class NoMeter:
    """Counts nothing."""

    def begin(self) -> float:
        return 0.0

    def end(self, answer: Answer, received: int, begun: float) -> Answer:
        return answer

    def queue(self, waiting: int) -> None:
        return


class CellMeter:
    """Counts in a block of cells.

    One thread asks: a lock around each request would take a third of what counting does. What ends a stream
    may be in another one.
    """

    def __init__(self, cells: Cells) -> None:
        records.add_up(cells)  # those of a process before this one
        self._cells = cells
        self._begun, self._recorded, self._place = cells[at.BEGUN], cells[at.RECORDED], at.RECORDS
        self._lock = Lock()

    def begin(self) -> float:
        self._cells[_BEGUN] = self._begun = self._begun + 1
        return perf_counter()

    def end(self, answer: Answer, received: int, begun: float) -> Answer:
        spent = perf_counter() - begun
        if answer.status != 200 or answer.rest is not None:
            self._end_otherwise(answer, received, begun, spent)
            return answer
        cells, place = self._cells, self._place
        cells[place] = spent
        cells[place + 1] = received
        cells[place + 2] = len(answer.body)
        cells[place + 3] = answer.rows
        cells[place + 4] = self._recorded = self._recorded + 1
        self._place = place = place + _RECORD
        if place == _END:
            with self._lock:
                records.add_up(cells)
            self._place = _RECORDS
        return answer

    def _end_otherwise(self, answer: Answer, received: int, begun: float, spent: float) -> None:
        """Counts an error, or an answer in pieces, of which the last is yet to be made."""
        cells = self._cells
        with self._lock:
            at.FIRST_BYTE.observe(cells, spent)
            at.RECEIVED.observe(cells, received)
            if answer.rest is None:
                self._finish(answer.status, answer.rows, answer.error, len(answer.body))
            else:
                at.STREAM_FIRST_BYTE.observe(cells, spent)
                answer.rest = _Pieces(self, answer, answer.rest, begun)

    def queue(self, waiting: int) -> None:
        self._cells[at.QUEUED] = waiting

    def end_stream(self, status: int, rows: int, error: str, sent: int, begun: float) -> None:
        """The last piece was made, or the client has gone, or making one failed."""
        with self._lock:
            at.STREAM.observe(self._cells, perf_counter() - begun)
            self._finish(status, rows, error, sent)

    def _finish(self, status: int, rows: int, error: str, sent: int) -> None:
        cells = self._cells
        at.SENT.observe(cells, sent)
        cells[at.ROWS] += rows
        if error:
            cells[at.KIND.get(error, at.OTHER_KIND)] += 1
        cells[at.STATUS.get(status, at.OTHER_STATUS)] += 1


class ThreadsMeter(CellMeter):
    """One that several threads may ask."""

    def __init__(self, cells: Cells) -> None:
        super().__init__(cells)
        self._turn = Lock()

    def begin(self) -> float:
        with self._turn:
            return super().begin()

    def end(self, answer: Answer, received: int, begun: float) -> Answer:
        with self._turn:
            return super().end(answer, received, begun)


class _Pieces(Iterator[bytes]):
    """The pieces of an answer, counted once: at the last one, or when they are given up."""

    def __init__(self, meter: CellMeter, answer: Answer, pieces: Iterator[bytes], begun: float) -> None:
        self._meter, self._pieces, self._begun = meter, pieces, begun
        # Not the answer itself, which has this: a circle would be kept until the collector comes.
        self._status, self._rows, self._sent = answer.status, answer.rows, len(answer.body)
        self._open = True

    def __next__(self) -> bytes:
        try:
            piece = next(self._pieces)
        except BaseException as error:
            self._end("" if isinstance(error, StopIteration) else "InternalError")
            raise
        self._sent += len(piece)
        return piece

    def close(self) -> None:
        """No more pieces are wanted."""
        if hasattr(self._pieces, "close"):
            self._pieces.close()
        self._end("")

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self._end("")

    def _end(self, error: str) -> None:
        if self._open:
            self._open = False
            self._meter.end_stream(self._status, self._rows, error, self._sent, self._begun)
