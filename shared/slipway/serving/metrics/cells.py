"""Where each count of a block lies: float64 cells of memory that all workers share.

A block belongs to one process that counts: a worker, or a model of a multi-model endpoint. The layout is
fixed before the first request, so that counting is adding to cells, and reading is adding blocks up. Most
requests are added to cells some at a time (records.py).
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

Cells: TypeAlias = "memoryview[float]"
"""A block, of format "d"; its counts come first."""
Row = Sequence[float]
"""The counts of a block at some moment, or of several added up."""
Buckets = tuple[Sequence[float], Sequence[float], float]
"""Upper bounds; observations in each bucket and above all; their sum."""

STATUSES = (200, 204, 400, 404, 406, 408, 413, 415, 429, 500, 502, 503, 504, 507)
KINDS = (
    "UserError",
    "PayloadTooLarge",
    "UnsupportedMediaType",
    "NotAcceptable",
    "ModelLoadError",
    "InternalError",
    "ModelNotFoundException",
    "InsufficientMemoryException",
    "WorkerLost",
)
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
BYTES = tuple(float(4**power) for power in range(4, 16))  # 256 bytes to 1 GiB


class Histogram(NamedTuple):
    """Counts per bucket from cell `start` on, that above the last bound, then the sum of what was seen."""

    start: int
    bounds: Row

    @property
    def sum(self) -> int:
        return self.start + len(self.bounds) + 1

    @property
    def end(self) -> int:
        return self.sum + 1

    def observe(self, cells: Cells, value: float) -> None:
        """Adds one observation."""
        cells[self.start + bisect_left(self.bounds, value)] += 1
        cells[self.sum] += value

    def counts(self, cells: Row) -> Row:
        """Observations per bucket, not cumulative; the last is of those above every bound."""
        return cells[self.start : self.sum]


PROCESS = 0  # the process id; 0 where none counts here
STARTS = 1  # how many processes have counted here
LOAD_SECONDS = 2
TRAINED = 3  # seconds since 1970
QUEUED = 4
BEGUN = 5  # requests
VERSION = 6  # odd while the records are being added up
RECORDED = 7  # how many records have been added up; they are of all that follows
ROWS = 8
STATUS = dict(zip(STATUSES, range(9, 9 + len(STATUSES)), strict=True))
OTHER_STATUS = 9 + len(STATUSES)
KIND = dict(zip(KINDS, range(OTHER_STATUS + 1, OTHER_STATUS + 1 + len(KINDS)), strict=True))
OTHER_KIND = OTHER_STATUS + 1 + len(KINDS)
FIRST_BYTE = Histogram(OTHER_KIND + 1, SECONDS)  # of every answer
STREAM_FIRST_BYTE = Histogram(FIRST_BYTE.end, SECONDS)  # of those that are sent piece by piece, once more
STREAM = Histogram(STREAM_FIRST_BYTE.end, SECONDS)  # until the last piece of those
RECEIVED = Histogram(STREAM.end, BYTES)
SENT = Histogram(RECEIVED.end, BYTES)
SIZE = SENT.end  # of the counts
RECORD = 5  # seconds, bytes received, bytes sent, rows; how many records there were, with this one
RECORDS = SIZE  # where they begin
BLOCK = RECORDS + 128 * RECORD


def ended(row: Row) -> float:
    """Requests that have got their answers."""
    return sum(row[min(STATUS.values()) : OTHER_STATUS + 1])


def in_flight(row: Row) -> float:
    """Requests that have come and have got none yet."""
    return max(0.0, row[BEGUN] - ended(row))


def errors(row: Row) -> float:
    """Requests that were not answered as they should be."""
    return between(row, 400, 600) + row[OTHER_STATUS]


def between(row: Row, least: int, below: int) -> float:
    """Requests answered with a status in this range."""
    return sum(row[cell] for status, cell in STATUS.items() if least <= status < below)


def latency(row: Row) -> Buckets:
    """Times until the whole answer was made: those of streams until their last piece."""
    every, streams, ends = (part.counts(row) for part in (FIRST_BYTE, STREAM_FIRST_BYTE, STREAM))
    counts = [a - b + c for a, b, c in zip(every, streams, ends, strict=True)]
    return SECONDS, counts, row[FIRST_BYTE.sum] - row[STREAM_FIRST_BYTE.sum] + row[STREAM.sum]
