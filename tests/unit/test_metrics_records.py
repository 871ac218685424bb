"""Requests are recorded, and added up some at a time: nothing of that shows to who reads the counts."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from slipway.serving.answer import Answer, server_error
from slipway.serving.metrics import cells as at
from slipway.serving.metrics import records
from slipway.serving.metrics.meter import CellMeter, ThreadsMeter
from slipway.serving.metrics.shared import Counts

FULL = (at.BLOCK - at.RECORDS) // at.RECORD


@pytest.fixture
def counts():
    return Counts(2)


def ask(meter, times=1, rows=3, received=1000):
    for _ in range(times):
        meter.end(Answer(200, "text/csv", b"12345", rows=rows), received, meter.begin())


def test_counts_are_right_after_each_request_however_many_records_wait(counts):
    meter = CellMeter(counts.blocks[0])
    for number in range(1, 2 * FULL + 3):
        ask(meter)
        row = counts.total()
        assert at.ended(row) == row[at.BEGUN] == row[at.STATUS[200]] == number
        assert row[at.ROWS] == 3 * number
        assert (row[at.RECEIVED.sum], row[at.SENT.sum]) == (1000 * number, 5 * number)
        assert sum(at.FIRST_BYTE.counts(row)) == sum(at.SENT.counts(row)) == number
    assert row[at.RECEIVED.start + 1] == number, "of 257 to 1,024 bytes"
    assert row[at.FIRST_BYTE.sum] > 0


def test_a_value_at_a_bound_is_within_its_bucket_either_way(counts):
    recorded, added = (CellMeter(block) for block in counts.blocks)
    for size in (255, 256, 257):
        ask(recorded, received=size)
        added.end(server_error(500, "no"), size, added.begin())
    first, second = counts.rows()
    assert at.RECEIVED.counts(first) == at.RECEIVED.counts(second)
    assert at.RECEIVED.counts(first)[:2] == [2, 1]


def test_records_of_a_process_that_ended_are_kept_and_the_next_one_goes_on(counts):
    ask(CellMeter(counts.blocks[0]), 5)
    counts.release(0)
    assert counts.blocks[0][at.STATUS[200]] == 5
    ask(CellMeter(counts.blocks[0]), FULL + 1)
    ask(CellMeter(counts.blocks[0]), 2)  # without a release: one that was restarted over the same block
    row = counts.total()
    assert row[at.STATUS[200]] == row[at.BEGUN] == FULL + 8
    assert not row[at.KIND["WorkerLost"]]


def test_a_record_that_a_process_was_killed_over_is_a_lost_request(counts):
    cells = counts.blocks[0]
    meter = CellMeter(cells)
    ask(meter, FULL + 2)
    meter.begin()
    place = meter._place
    cells[place], cells[place + 1] = 0.25, 10.0  # not the last number
    counts.release(0)
    row = counts.total()
    assert row[at.STATUS[200]] == FULL + 2
    assert row[at.STATUS[502]] == row[at.KIND["WorkerLost"]] == 1
    assert row[at.FIRST_BYTE.sum] < 0.25


def test_a_process_that_was_killed_while_it_added_up_can_still_be_read(counts):
    cells = counts.blocks[0]
    ask(CellMeter(cells), 2)
    cells[at.VERSION] += 1
    assert counts.total()[at.STATUS[200]] == 2
    counts.release(0)
    assert cells[at.VERSION] % 2 == 0
    assert counts.total()[at.STATUS[200]] == 2


class Busy:
    """A block whose process adds its records up just when it is read for the first time."""

    def __init__(self, cells):
        self._cells = cells
        self._torn = True

    def __getitem__(self, number):
        return self._cells[number]

    def __bytes__(self):
        found = bytes(self._cells)
        if self._torn:
            self._torn = False
            records.add_up(self._cells)
            half = len(found) // 2
            return found[:half] + bytes(self._cells)[half:]
        return bytes(self._cells)


def test_a_block_that_changes_while_it_is_read_is_read_again(counts):
    ask(CellMeter(counts.blocks[0]), FULL - 1)
    row = records.row(Busy(counts.blocks[0]))
    assert row == records.row(counts.blocks[0])
    assert row[at.RECORDED] == FULL - 1


def test_several_threads_may_ask_models_of_many(counts):
    meter = ThreadsMeter(counts.blocks[0])
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: ask(meter, 500), range(8)))
    row = counts.total()
    assert row[at.BEGUN] == row[at.STATUS[200]] == 4000
    assert row[at.ROWS] == 12_000


def test_what_another_process_reads_meanwhile_never_goes_back(counts):
    times = 100 * FULL
    child = os.fork()
    if not child:
        try:
            ask(CellMeter(counts.blocks[0]), times)
        finally:
            os._exit(0)
    last, reads = counts.total(), 0
    while not os.waitpid(child, os.WNOHANG)[0]:
        row = counts.total()
        reads += 1
        for cell in (at.BEGUN, at.ROWS, at.STATUS[200], at.FIRST_BYTE.sum, at.RECEIVED.sum):
            assert row[cell] >= last[cell] - 1e-9
        assert row[at.ROWS] == 3 * row[at.STATUS[200]]
        assert row[at.RECEIVED.sum] == 1000 * row[at.STATUS[200]]
        last = row
    assert reads
    assert counts.total()[at.STATUS[200]] == times
