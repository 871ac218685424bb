"""What a worker notes of each request: a few additions to cells that it alone writes."""

import contextlib
import time
from bisect import bisect_left
from collections.abc import Iterator
from threading import Lock
from typing import Protocol

from slipway.serving.answer import Answer
from slipway.serving.metrics import cells as at
from slipway.serving.metrics.cells import Cells

_OK = at.STATUS[200]
_FIRST, _FIRST_SUM = at.FIRST_BYTE.start, at.FIRST_BYTE.sum
_RECEIVED, _RECEIVED_SUM = at.RECEIVED.start, at.RECEIVED.sum
_SENT, _SENT_SUM = at.SENT.start, at.SENT.sum


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
    """Counts in a block of cells. Its methods may be called from several threads of one process."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._lock = Lock()

    def begin(self) -> float:
        with self._lock:
            self._cells[at.BEGUN] += 1
        return time.perf_counter()

    def end(self, answer: Answer, received: int, begun: float) -> Answer:
        # Spelled out, as each call would take as long as what it does.
        spent = time.perf_counter() - begun
        cells = self._cells
        with self._lock:
            cells[_FIRST + bisect_left(at.SECONDS, spent)] += 1
            cells[_FIRST_SUM] += spent
            cells[_RECEIVED + bisect_left(at.BYTES, received)] += 1
            cells[_RECEIVED_SUM] += received
            if answer.rest is not None:
                at.STREAM_FIRST_BYTE.observe(cells, spent)
                answer.rest = _Pieces(self, answer, answer.rest, begun)
            elif answer.status == 200:
                sent = len(answer.body)
                cells[_SENT + bisect_left(at.BYTES, sent)] += 1
                cells[_SENT_SUM] += sent
                cells[at.ROWS] += answer.rows
                cells[_OK] += 1
            else:
                self._finish(answer.status, answer.rows, answer.error, len(answer.body))
        return answer

    def queue(self, waiting: int) -> None:
        self._cells[at.QUEUED] = waiting

    def end_stream(self, status: int, rows: int, error: str, sent: int, begun: float) -> None:
        """The last piece was made, or the client has gone, or making one failed."""
        with self._lock:
            at.STREAM.observe(self._cells, time.perf_counter() - begun)
            self._finish(status, rows, error, sent)

    def _finish(self, status: int, rows: int, error: str, sent: int) -> None:
        cells = self._cells
        at.SENT.observe(cells, sent)
        cells[at.ROWS] += rows
        if error:
            cells[at.KIND.get(error, at.OTHER_KIND)] += 1
        cells[at.STATUS.get(status, at.OTHER_STATUS)] += 1


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
