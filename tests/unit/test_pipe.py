"""Pipe mode: data that come through FIFOs, once an epoch (contract rows A5)."""

import gzip
import io
import json
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import numpy as np
import pandas as pd
import pytest

from harness import pipe
from slipway import Channel, machine
from slipway.errors import UserError
from slipway.formats import base, csv, recordio
from slipway.training.inputs import Fifos, Pipe
from unit.tables import rows_of

CSV = b"x,name\n1,a\n2,b\n"
MORE = b"x,name\n3,c\n"


@pytest.fixture
def piped(tmp_path) -> Iterator:
    """Opens a channel whose every epoch is the objects given."""
    with ExitStack() as stack:

        def opened(*objects: bytes, content_type: str = "text/csv", wrapped: bool = False, late: float = 0.0):
            sent = [recordio.frame(one) for one in objects] if wrapped else list(objects)
            stack.enter_context(pipe.piped(tmp_path / "train", *sent, late=late))
            return Channel("train", tmp_path / "train", content_type, Pipe(tmp_path / "train", wrapped))

        yield opened


def rows(channel: Channel) -> list[list[object]]:
    return rows_of(channel.table)


def parquet(**columns: list) -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame(columns).to_parquet(buffer)
    return buffer.getvalue()


LINES = b'{"x": 1, "name": "a"}\n{"x": 2, "name": "b"}\n'
EVERY = {
    "csv": ((CSV, MORE), "text/csv"),
    "csv whose second object has no header": ((CSV, b"3,c\n"), "text/csv"),
    "csv with carriage returns": ((CSV.replace(b"\n", b"\r\n"), MORE.replace(b"\n", b"\r\n")), "text/csv"),
    "csv with byte order marks": ((b"\xef\xbb\xbf" + CSV, b"\xef\xbb\xbf" + MORE), "text/csv"),
    "csv whose last object is a header that ends in none": ((CSV, b"3,c\n", b"x,name"), "text/csv"),
    "csv in gzip": ((gzip.compress(CSV), gzip.compress(MORE)), "text/csv"),
    "csv that is not named": ((CSV, MORE), ""),
    "json lines": ((LINES, b'{"x": 3, "name": "c"}\n'), "application/jsonlines"),
    "parquet": ((parquet(x=[1, 2], name=["a", "b"]), parquet(x=[3], name=["c"])), "application/x-parquet"),
    "parquet that is not named": ((parquet(x=[1, 2, 3], name=["a", "b", "c"]),), ""),
}


@pytest.mark.parametrize("form", EVERY)
def test_every_format_comes_through_a_pipe(piped, form):
    objects, content_type = EVERY[form]
    channel = piped(*objects, content_type=content_type)
    assert rows(channel) == [[1, "a"], [2, "b"], [3, "c"]]
    assert channel.kinds == {"x": "integer", "name": "text"}


@pytest.mark.parametrize("objects", [(CSV, MORE), (LINES, b'{"name": "c", "x": 3}\n')], ids=["csv", "lines"])
@pytest.mark.contract("A4.1")
def test_objects_in_recordio_are_kept_apart(piped, objects):
    """RecordWrapperType=RecordIO puts each S3 object into a record of its own."""
    channel = piped(objects[0].rstrip(), objects[1].rstrip(), content_type="", wrapped=True)
    assert rows(channel) == [[1, "a"], [2, "b"], [3, "c"]]


def test_records_of_numbers_come_through_a_pipe(piped):
    body = b"".join(
        recordio.frame(b"\n\x12\n\x06values\x12\x08\x12\x06\n\x04" + np.float32(number).tobytes())
        for number in (1, 2, 3)
    )
    channel = piped(body, content_type="application/x-recordio-protobuf")
    assert channel.table.column("column_1").tolist() == [1, 2, 3]


@pytest.mark.contract("A2.8", "A5.1", "A5.6")
def test_each_pass_over_the_data_is_an_epoch_of_its_own(piped):
    """Without end; the emulator makes each FIFO once the one before was closed."""
    channel = piped(CSV, MORE)
    for _ in range(3):
        assert [table.column("x").tolist() for table in channel.batches()] == [[1, 2, 3]]


def test_an_epoch_may_be_closed_early(piped, monkeypatch):
    monkeypatch.setattr(csv, "line_blocks", partial(base.line_blocks, size=4096))
    channel = piped(b"x\n" + b"123\n" * 50_000)
    assert len(next(channel.batches())) < 2000
    assert sum(len(table) for table in channel.batches()) == 50_000


@pytest.mark.contract("A5.2")
def test_a_fifo_may_come_late(piped, capsys):
    assert len(piped(CSV, late=0.2).table) == 2
    assert "waiting for" in capsys.readouterr().err


@pytest.mark.contract("A5.4")
def test_a_channel_is_opened_at_once_even_if_nobody_reads_it(tmp_path):
    """The platform gives up on a channel that nobody opens."""
    os.mkfifo(tmp_path / "test_0")
    Fifos(tmp_path / "test")
    writing = threading.Thread(target=lambda: (tmp_path / "test_0").open("wb").close(), daemon=True)
    writing.start()
    writing.join(10)
    assert not writing.is_alive(), "opening it for writing waits until it is opened for reading"


@pytest.mark.contract("A5.3")
def test_channels_may_be_read_in_any_order_and_side_by_side(tmp_path):
    with pipe.piped(tmp_path / "a", b"x\n1\n"), pipe.piped(tmp_path / "b", b"x\n2\n"):
        first, second = (
            Channel(name, tmp_path / name, "text/csv", Pipe(tmp_path / name)) for name in ("a", "b")
        )
        assert [table.column("x").tolist() for table in second.batches()] == [[2]]
        both = zip(first.batches(), second.batches(), strict=True)
        assert [(one.column("x").tolist(), other.column("x").tolist()) for one, other in both] == [([1], [2])]


@pytest.mark.contract("A4.10", "A4.11")
def test_an_augmented_manifest_gives_a_record_an_attribute(piped):
    """Its lines' JSON values, or the objects that they point at, each in RecordIO."""
    attributes = piped(b'{"x": 1, "name": "a"}', b'{"name": "b", "x": 2}', content_type="", wrapped=True)
    assert rows(attributes) == [[1, "a"], [2, "b"]]


@pytest.mark.contract("A4.11")
def test_attributes_that_do_not_make_one_table_are_told(piped):
    """Of several attributes, one record follows the other."""
    channel = piped(b"x,name\n1,a\n", b"7", content_type="", wrapped=True)
    with pytest.raises(UserError, match=r"file train_0, object 2: 1 column, expected 2|object 2: 1 columns"):
        _ = channel.table


@pytest.mark.contract("A4.12")
def test_each_epoch_may_have_its_objects_in_another_order(tmp_path):
    """As ShuffleConfig asks for; a header is known wherever it comes."""
    objects = [b"x,y\n1,2\n", b"x,y\n3,4\n5,6\n"]
    for epoch, order in enumerate([objects, objects[::-1]]):
        os.mkfifo(tmp_path / f"train_{epoch}")

        def feed(epoch: int = epoch, order: list[bytes] = order) -> None:
            (tmp_path / f"train_{epoch}").write_bytes(b"".join(order))

        threading.Thread(target=feed, daemon=True).start()
    channel = Channel("train", tmp_path, "text/csv", Pipe(tmp_path / "train"))
    passes = [[cell for one in channel.batches() for cell in one.column("x").tolist()] for _ in range(2)]
    assert passes == [[1, 3, 5], [3, 5, 1]]


def test_a_stream_that_fits_memory_is_read_once(piped):
    channel = piped(CSV, MORE)
    assert channel.size_bytes is None
    assert channel.fits_memory
    assert rows(channel) == [[1, "a"], [2, "b"], [3, "c"]]
    assert [table.column("x").tolist() for table in channel.batches()] == [[1, 2, 3]]
    assert channel._inputs._epoch == 1


def test_a_stream_that_does_not_fit_memory_is_read_in_pieces(piped, monkeypatch):
    monkeypatch.setattr(csv, "line_blocks", partial(base.line_blocks, size=4096))
    monkeypatch.setattr(machine, "memory_bytes", lambda: 100_000)
    channel = piped(b"x\n" + b"123\n" * 50_000)
    assert not channel.fits_memory
    assert sum(len(table) for table in channel.batches()) == 50_000


@pytest.mark.parametrize("block", [4, 9, 16, 1000])
def test_only_what_is_a_header_is_taken_out(piped, monkeypatch, block):
    monkeypatch.setattr(csv, "line_blocks", partial(base.line_blocks, size=block))
    channel = piped(b"x,y\n1,2\n", b"x,y\n", b"x,y\n1,2\n3,4\n", b"5,6")
    assert rows(channel) == [[1, 2], [1, 2], [3, 4], [5, 6]]


@pytest.mark.parametrize("lines", [b"a,b\n", b"1,2\n"])
def test_rows_like_the_first_one_are_rows(piped, lines):
    channel = piped(lines * 3, lines * 2, content_type="text/csv; header=absent")
    assert len(channel.table) == 5
    assert not channel.named


def test_repeated_rows_of_words_are_no_headers(piped):
    assert len(piped(b"a,b\n" * 3).table) == 3


def test_an_empty_stream_is_told(piped):
    with pytest.raises(UserError, match=r"channel train has no rows: train_0 held nothing, or only a header"):
        _ = piped(b"").table


def test_an_error_names_the_stream_and_the_line(piped):
    with pytest.raises(UserError, match=r"file train_0: line 3: 1 cell, expected 2 as in the first line"):
        _ = piped(b"x,y\n1,2\n3\n").table


def test_an_error_names_the_object(piped):
    with pytest.raises(UserError, match=r"file train_0, object 2: line 2: 1 cell, expected 2"):
        _ = piped(b"x,y\n1,2\n", b"x,y\n3\n", wrapped=True).table


@pytest.mark.contract("A5.5")
def test_a_row_that_ran_into_the_next_object_is_told(piped):
    """Objects come end to end, so that one without a last newline runs into the next."""
    with pytest.raises(UserError, match=r"file train_0: line 2: 3 cells, expected 2"):
        _ = piped(b"x,y\n1,2", b"3,4\n").table


def test_json_documents_are_read_whole(piped):
    channel = piped(json.dumps({"x": [1, 2]}).encode(), content_type="application/json")
    assert channel.table.column("x").tolist() == [1, 2]
