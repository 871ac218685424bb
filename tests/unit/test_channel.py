"""Training channels: many files of any format, one table."""

import gzip
import io
import json
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway import Channel, Schema, machine
from slipway.errors import PlatformError, UserError
from slipway.formats import base, csv, jsonlines
from slipway.table.options import DataOptions
from slipway.table.table import Table
from slipway.training import inputs
from unit.tables import TEXTS, rows_of
from unit.tables import table as request

COLUMNS = {"x": [1, 2, 3], "name": ["a", None, "c"]}


@pytest.fixture
def data(tmp_path):
    """Writes files into a channel's folder, and opens the channel."""
    (tmp_path / "train").mkdir()

    def opened(content_type="", **contents):
        for name, content in contents.items():
            path = tmp_path / "train" / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Channel("train", tmp_path / "train", content_type)

    return opened


def rows(channel):
    return rows_of(channel.table)


def values(channel):
    """The columns of all rows, by name."""
    return {name: channel.table.column(name).tolist() for name in channel.names}


def parquet(table, **how):
    buffer = io.BytesIO()
    pd.DataFrame(table).to_parquet(buffer, **how)
    return buffer.getvalue()


@contextmanager
def blocks(size):
    """Files are read so many bytes at a time."""
    before = base.line_blocks
    with pytest.MonkeyPatch.context() as patch:
        for module in (csv, jsonlines):
            patch.setattr(module, "line_blocks", partial(before, size=size))
        yield


CSV = "x,name\n1,a\n2,\n3,c\n"
LINES = '{"x": 1, "name": "a"}\n{"x": 2}\n{"x": 3, "name": "c"}\n'
EVERY = {
    "a_csv": CSV,
    "a_csv_gz": gzip.compress(CSV.encode()),
    "a_CSV": CSV,
    "a_jsonl": LINES,
    "a_jsonl_gz": gzip.compress(LINES.encode()),
    "a_json": LINES,
    "b_json": json.dumps({"x": [1, 2, 3], "name": ["a", None, "c"]}),
    "c_json": json.dumps([{"x": 1, "name": "a"}, {"x": 2, "name": None}, {"x": 3, "name": "c"}], indent=1),
    "a_json_gz": gzip.compress(LINES.encode()),
    "a_ndjson": LINES,
    "a_parquet": parquet(COLUMNS),
    "a_parquet_gz": gzip.compress(parquet(COLUMNS)),
    "part-0": CSV,
    "part-1": LINES,
    "part-2": parquet(COLUMNS),
    "part-3": gzip.compress(CSV.encode()),
}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.contract("A4.6", "B8.8")
def test_every_format_gives_the_same_table(data, name):
    """By its ending, gzipped or not, or by how it begins."""
    channel = data(**{name: EVERY[name]})
    assert rows(channel) == [[1, "a"], [2, None], [3, "c"]]
    assert channel.table.names == ("x", "name")
    assert channel.kinds == {"x": "integer", "name": "text"}
    assert channel.named


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("text/csv", CSV),
        ("TEXT/CSV; charset=utf-8", CSV),
        ("application/jsonlines", LINES),
        ("application/json", LINES),
        ("application/x-parquet", parquet(COLUMNS)),
    ],
    ids=["csv", "parameters", "lines", "json", "parquet"],
)
@pytest.mark.contract("A4.5")
def test_the_content_type_says_what_a_file_without_ending_is(data, content_type, content):
    assert len(rows(data(content_type, part=content))) == 3


def test_the_ending_counts_more_than_the_content_type(data):
    assert len(rows(data("application/x-parquet", a_csv=CSV))) == 3


@pytest.mark.contract("B8.8")
def test_a_long_first_line_of_json_is_still_a_line(data):
    """A series of thousands of numbers is one line of a .json file."""
    line = json.dumps({"name": "x" * 100_000}) + "\n"
    assert len(data(a_json=line * 3).table) == 3


@pytest.mark.contract("B8.1")
def test_columns_without_names_are_numbered(data):
    channel = data(a_csv="1,2.5\n3,4\n", b_csv="5,6\n")
    assert rows(channel) == [[1, 2.5], [3, 4.0], [5, 6.0]]
    assert channel.kinds == {"column_1": "integer", "column_2": "number"}
    assert not channel.named


@pytest.mark.contract("A2.6")
def test_every_file_counts_in_the_order_of_names_and_below_folders(data):
    channel = data(b_csv="x\n2\n", a_csv="x\n1\n", c__d_csv="x\n3\n")
    assert channel.table.column("x").tolist() == [1, 2, 3]
    assert channel.source == "files: 3"
    assert channel.size_bytes == 12


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("name", ["a_csv", "a_csv_gz", "a_jsonl", "a_json", "b_json", "part-0"])
@pytest.mark.contract("A4.2")
def test_a_file_is_read_from_start_to_end_once(data, tmp_path, monkeypatch, name, whole):
    """FastFile, which cannot be told from File mode; nothing is written beside it."""
    channel = data(**{name: EVERY[name], "z_csv": "x,name\n4,d\n"})
    opened = []

    class Stream(io.RawIOBase):
        def __init__(self, path):
            opened.append(path.name)
            self._file = io.FileIO(path)

        def readable(self):
            return True

        def readinto(self, buffer):
            return self._file.readinto(buffer)  # and nothing else: to seek is an error

    monkeypatch.setattr(machine, "memory_bytes", lambda: 1 << 40)  # which is in a file, too
    monkeypatch.setattr(Path, "open", lambda self, *_: io.BufferedReader(Stream(self), inputs.PEEK))
    before = sorted(tmp_path.rglob("*"))
    parts = [channel.table] if whole else list(channel.batches())
    assert [cell for part in parts for cell in part.column("x").tolist()] == [1, 2, 3, 4]
    assert channel.head.kinds["x"] == "integer"
    assert len(opened) == 2, opened
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.contract("A4.8")
def test_markers_hidden_and_empty_files_are_passed_over(data, tmp_path):
    channel = data(a_csv=CSV, __SUCCESS="x", _hidden="x", empty_csv="", _git__config="x")
    folder = tmp_path / "train"
    (folder / "_SUCCESS").write_text("done")
    (folder / "_tmp").mkdir()
    (folder / "_tmp/part.csv").write_text("z\n1\n")
    assert channel.source == Channel("train", folder).source == "files: 1"


@pytest.mark.contract("A4.9")
def test_a_channel_without_files_says_what_it_expects(tmp_path):
    with pytest.raises(UserError, match="channel train has no data files; expected CSV"):
        Channel("train", tmp_path)


def test_a_channel_that_was_not_mounted_is_the_platforms_fault(tmp_path):
    with pytest.raises(PlatformError, match="channel train was not mounted: there is no folder"):
        Channel("train", tmp_path / "absent")


@pytest.mark.parametrize("content", ["\n\n", "x,y\n", "\ufeffx,y\r\n"])
def test_a_channel_without_rows_says_so(data, content):
    with pytest.raises(UserError, match=r"channel train has no rows: a\.csv held nothing, or only a header"):
        _ = data(a_csv=content).table


@pytest.mark.parametrize(
    "others",
    [
        {"b_csv": "x,y\n5,6\n"},
        {"b_csv": "y,x\n6,5\n"},
        {"b_csv": "5,6\n"},
        {"b_csv": "\ufeffx,y\r\n5,6\r\n"},
        {"b_csv": "x,y\n5,6"},
        {"b_csv": '"x","y"\n"5","6"\n'},
        {"b_csv": "x,y\n", "c_csv": "5,6\n"},
        {"b_csv": "\n", "c_csv": "5,6\n"},
        {"b_jsonl": '{"y": 6, "x": 5}\n'},
        {"b_json": "[[5, 6]]"},
        {"b_parquet": parquet({"y": [6], "x": [5]})},
    ],
    ids=str,
)
def test_files_may_each_have_a_header_or_none_and_columns_in_another_order(data, others):
    """Never a lost row, never a header among the rows."""
    assert rows(data(a_csv="x,y\n1,2\n3,4\n", **others)) == [[1, 2], [3, 4], [5, 6]]


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ({"a_csv": "x,y\n1,2\n3\n"}, r"^file a.csv: line 3: 1 cell, expected 2 as in the first line$"),
        (
            {"a_csv": "x,y\n1,2\n", "b_csv": "x,z\n1,2\n"},
            r"^file b.csv: the first line names the columns x, z, but the first file has the columns x, y$",
        ),
        (
            {"a_csv": "1,2\n", "b_csv": "x,z\n1,2\n"},
            r"^file b.csv: the first line names the columns x, z, but the first file has no header$",
        ),
        (
            {"a_csv": "x,y\n1,2\n", "b_csv": "1,2,3\n"},
            r"^file b.csv: 3 columns, expected 2 as in the first file$",
        ),
        (
            {"a_csv": "x,y\n1,2\n", "b_jsonl": '{"x": 1, "z": 2}\n'},
            r"^file b.jsonl: the columns are x, z; expected x, y as in the first file$",
        ),
        ({"a_csv": "x,x\n1,2\n"}, r"^file a.csv: column names must differ; more than once came: x$"),
        ({"a_csv": "é\n1\n".encode("latin-1")}, r"^file a.csv: line 1 is not utf-8: byte 0xe9"),
        ({"a_csv": 'x,y\n1,"2\n3,4\n'}, r"^file a.csv: line 2: a quote opens or closes in a wrong place"),
        (
            {"a_csv_gz": gzip.compress(CSV.encode() * 99)[:-20]},
            r"^file a.csv.gz is not a whole gzip file; it may be cut off$",
        ),
        (
            {"a_csv_gz": gzip.compress(CSV.encode())[:10] + b"xxxxxxxxxxxx"},
            r"^file a.csv.gz is not a whole gzip file",
        ),
        ({"a_json": '[{"x": 1}'}, r"^file a.json: the body is not JSON"),
        ({"a_jsonl": '{"x": 1}\n{"x": '}, r"^file a.jsonl: line 2 is not JSON"),
        ({"a_parquet": b"PAR1 but not really"}, r"^file a.parquet: the body is not a Parquet file"),
        ({"a_parquet": parquet(COLUMNS)[:-9]}, r"^file a.parquet: the body is not a Parquet file"),
        ({"a_jsonl": '{"x": {"a": 1}}\n'}, r"file a.jsonl: .*a cell holds"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_a_file_that_does_not_fit_is_named_in_one_line(data, contents, message):
    with pytest.raises(UserError, match=message) as caught:
        data(**contents).table.frame()
    assert "\n" not in str(caught.value)


def test_a_table_tells_the_gaps_of_a_column_of_any_kind(data):
    table = data(
        a_jsonl='{"n": 1.5, "i": 1, "b": true, "t": "x", "l": [1]}\n'
        '{"i": 2, "b": null, "t": "", "l": null}\n{"n": 2, "i": 3, "b": false, "t": "NA", "l": []}\n'
    ).table
    gaps = {name: table.gaps(name).tolist() for name in table.names}
    middle, none = [False, True, False], [False] * 3
    assert gaps == {"n": middle, "i": none, "b": middle, "t": middle, "l": middle}
    assert table.kinds["i"] == "integer"


def test_a_column_that_cannot_be_read_is_a_fault_only_where_it_is_asked_for(data):
    """A column that the algorithm does not use stops no job, and the report says that it was not read."""
    channel = data(a_csv="x,y\n" + "".join(f"{place}.5,{place}\n" for place in range(20)) + "oops,20\n")
    table = channel.table
    assert table.kinds["x"] == "number"
    assert table.column("y").tolist() == list(range(21))
    assert table.take(np.arange(3)).select(["y"]).column("y").tolist() == [0, 1, 2]
    assert "oops" in str(table.refused("x"))
    assert any("cannot be read" in note for note in channel.notes)
    with pytest.raises(UserError, match=r'^channel train, file a\.csv: row 21, column "x": .*got "oops"'):
        table.number("x")


def test_an_unknown_content_type_names_the_known_ones(data):
    with pytest.raises(UserError, match="Content-Type: expected one of text/csv"):
        _ = data("application/x-tar", part=CSV).table


def test_latin_1_is_read_where_the_content_type_says_so(data):
    table = data("text/csv; charset=iso-8859-1", a_csv="stadt,x\nKöln,1\n".encode("latin-1")).table
    assert table.column("stadt").tolist() == ["Köln"]


def test_the_content_type_says_that_there_is_a_header_in_each_file_or_in_none(data):
    assert rows(data("text/csv; header=absent", a_csv="x,y\na,b\n")) == [["x", "y"], ["a", "b"]]
    channel = data("text/csv; header=present", a_csv="1,2\n3,4\n", b_csv="2,1\n6,5\n")
    assert values(channel) == {"1": [3, 5], "2": [4, 6]}


@pytest.mark.parametrize("block", [20, 64, 1000])
@given(
    cells=st.lists(st.tuples(st.integers(-9, 9), TEXTS), min_size=1, max_size=8),
    end=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
)
def test_pieces_of_a_file_never_cut_a_row_or_a_quoted_cell(tmp_path_factory, block, cells, end, last):
    folder = tmp_path_factory.mktemp("train")
    quoted = [f'{number},"t{text.replace(chr(34), chr(34) * 2)}"' for number, text in cells]
    body = end.join(["number,text", *quoted]) + (end if last else "")
    (folder / "a.csv").write_bytes(body.encode())
    with blocks(block):
        channel = Channel("train", folder, "text/csv; header=present")
        assert values(channel) == {
            "number": [number for number, _ in cells],
            "text": ["t" + text for _, text in cells],
        }


@pytest.mark.parametrize(
    "body", ["x;y\r1;2\r3;4\r", "x,y\r1,2\n3,4\n", "\r\rx,y\r1,2\r3,4", "x,y\r\n1,2\r3,4\n"]
)
def test_a_carriage_return_alone_ends_a_line_too(data, body):
    assert values(data(a_csv=body)) == {"x": [1, 3], "y": [2, 4]}


@pytest.mark.parametrize("head", ["", "x\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("block", [2, 3, 5, 8, 100])
def test_a_gap_of_a_single_column_is_no_lost_row_where_two_pieces_meet(data, block, end, head):
    body = end.join([*head.split(), "1", "", "", "2", "3", "", "4", "", "", ""])
    with blocks(block):
        assert rows(data(a_csv=body)) == [[1], [None], [None], [2], [3], [None], [4]]


@pytest.mark.parametrize("block", [7, 50, 1 << 20])
@pytest.mark.parametrize("name", ["a_csv", "a_csv_gz", "a_jsonl", "a_json", "a_parquet"])
def test_the_batches_one_after_another_are_the_table(data, tmp_path, name, block):
    numbers = {"x": list(range(50)), "y": [n / 8 for n in range(50)], "s": [f"s{n}" for n in range(50)]}
    lines = "".join(
        json.dumps(dict(zip(numbers, row, strict=True))) + "\n" for row in zip(*numbers.values(), strict=True)
    )
    csv = pd.DataFrame(numbers).to_csv(index=False)
    whole = {
        "a_csv": csv,
        "a_csv_gz": gzip.compress(csv.encode()),
        "a_jsonl": lines,
        "a_json": lines,
        "a_parquet": parquet(numbers),
    }
    first = data(**{name: whole[name], "b_csv": "x,y,s\n50,6.25,s50\n"})
    with blocks(block):
        whole = first.table
        pieces = list(Channel("train", tmp_path / "train").batches())
        again = Channel("train", tmp_path / "train").table
    assert len(pieces) > 1
    assert rows_of(Table.concatenated(pieces[0].columns, pieces)) == rows_of(whole) == rows_of(again)
    assert whole.column("x").tolist() == list(range(51))
    assert whole.columns == again.columns
    assert whole.kinds == {"x": "integer", "y": "number", "s": "text"}


@pytest.mark.parametrize("first", ["kinds", "head", "table", "fits_memory"])
def test_kinds_are_those_of_all_rows_whatever_is_asked_for_first(data, first):
    """Issue 14: what a column holds depended on the order of access."""
    channel = data(a_csv="x,y\n1,2\n", b_csv="x,y\n1.5,no\n")
    getattr(channel, first)
    assert channel.kinds == {"x": "number", "y": "text"}
    assert values(channel) == {"x": [1, 1.5], "y": ["2", "no"]}


def test_a_batch_that_is_not_like_the_first_is_named(data):
    with pytest.raises(
        UserError, match=r'^channel train, file b\.csv.*: row 3, column "x": expected a number, got "no"'
    ):
        list(data(a_csv="x,y\n1,2\n3,4\n", b_csv="no,5\n").batches())


def test_an_error_in_a_later_piece_counts_from_the_start(data):
    with blocks(8), pytest.raises(UserError, match=r"file a.csv: after row 3, line 2: 1 cell, expected 2"):
        _ = data(a_csv="x,y\n1,2\n3,4\n5,6\n7,8\n9\n", b_csv="x,y\n1,2\n").table


def test_gaps_alone_do_not_make_a_piece_another_type(data):
    table = data(a_jsonl='{"x": null, "s": null}\n', b_jsonl='{"x": 2.5, "s": "a"}\n').table
    assert np.isnan(table.column("x")[0])
    assert table.column("s").tolist() == [None, "a"]


def test_large_whole_numbers_and_fractions_may_be_in_different_files(data):
    table = data(a_jsonl='{"x": 9007199254740993}\n', b_jsonl='{"x": 0.5}\n').table
    assert table.column("x").tolist() == [float(2**53), 0.5]


def test_a_stray_quote_in_a_large_file_is_read_in_reasonable_time(data):
    """Looking for the end of a quoted cell line by line takes hours over a real block."""
    channel = data(a_csv="x,y\n" + '1,12" pipe\n' + "2,b\n" * 600_000)
    with blocks(1 << 20):
        assert len(channel.table) == 600_001


def test_a_block_of_json_lines_that_leaves_a_column_out_has_gaps_there(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"x": 1, "y": 2}\n')
    (tmp_path / "b.jsonl").write_text('{"x": 3}\n')
    table = Channel("train", tmp_path).table
    assert table.column("x").tolist() == [1, 3]
    assert np.isnan(table.column("y")).tolist() == [False, True]


def test_the_one_file_of_a_channel_can_be_had_as_text(tmp_path):
    (tmp_path / "params.json").write_bytes(b"\xef\xbb\xbf{}")
    assert Channel("config", tmp_path).text == "{}"
    (tmp_path / "params.json").write_bytes(b"\xff")
    with pytest.raises(UserError, match=r"channel config: file params.json is not UTF-8"):
        _ = Channel("config", tmp_path).text
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(UserError, match=r"channel config has 2 files, expected one: other.json, params.json"):
        _ = Channel("config", tmp_path).text


def test_a_key_is_a_text_byte_for_byte_and_a_label_where_it_would_lose_something(data):
    """Issue 14: keys and identifiers, which an algorithm names by role, are texts in any case."""
    body = "id,class,code,n\n1,1,01,1\n2.0,2,02,2\n"
    channel = data(a_csv=body)
    channel.declare("key", ["id", "n"])
    channel.declare("label", ["class", "code"])
    assert channel.kinds == {"id": "text", "class": "integer", "code": "text", "n": "text"}
    assert values(channel) == {"id": ["1", "2.0"], "class": [1, 2], "code": ["01", "02"], "n": ["1", "2"]}
    assert [column.role for column in channel.columns] == ["key", "label", "label", "key"]


@pytest.mark.parametrize("late", [100_000, 10])
def test_a_column_that_turns_out_to_be_texts_is_as_it_was_written(data, late):
    """Numbers that were read as such by then are read again."""
    body = "x,y\n" + "1.50,7\n" * late + "n/k,8\nx,9\nz,10\n" * (late // 10)
    with blocks(4096):
        channel = data(a_csv=body)
        assert channel.kinds == {"x": "text", "y": "integer"}
        assert channel.table.column("x")[0] == "1.50"
        assert len(channel.table) == late + 3 * (late // 10)


@pytest.mark.parametrize("block", [16, 1000])
def test_na_among_codes_is_a_text_wherever_the_first_letter_comes(data, block):
    """Whole numbers were read as such until then, and NA as a gap among them."""
    codes = ["7", "NA", "8", "9", "-0", "DE", "FR", "IT"]
    with blocks(block):
        channel = data(a_csv="x,y\n" + "".join(f"{code},1\n" for code in codes))
        assert values(channel)["x"] == codes


@pytest.mark.parametrize("first", ["names", "head", "table"])
def test_a_key_is_the_same_text_whatever_is_asked_for_before_it_is_declared(data, first):
    channel = data(a_csv="key,label,code\n1,1.50,7.0\nNA,2.5,8.10\n,3.5,9\n")
    getattr(channel, first)
    channel.declare("key", ["key", "code"])
    channel.declare("label", ["label"])
    assert values(channel) == {
        "key": ["1", "NA", None],
        "label": ["1.50", "2.5", "3.5"],
        "code": ["7.0", "8.10", "9"],
    }


def test_another_channel_is_read_like_the_first(data, tmp_path):
    """Issue 14: a test channel was typed anew, so that class "1" of texts was 1."""
    train = data(a_csv="class,zip,x,paid\na,02108,1.5,True\n1,10001,2.5,False\n")
    (tmp_path / "test").mkdir()
    (tmp_path / "test/a.csv").write_text("class,zip,x,paid\n1,10001,3,True\n1,2108,4,false\n")
    test = Channel("test", tmp_path / "test")
    assert test.kinds["class"] == "integer"
    test = Channel("test", tmp_path / "test")
    test.read_like(train)
    assert values(test) == {
        "class": ["1", "1"],
        "zip": ["10001", "2108"],
        "x": [3.0, 4.0],
        "paid": ["True", "False"],
    }
    (tmp_path / "test/a.csv").write_text("class,zip,x,paid\n1,10001,3,True\n1,2108,many,False\n")
    test = Channel("test", tmp_path / "test")
    test.read_like(train)
    with pytest.raises(
        UserError, match=r'^channel test, file a\.csv: row 2, column "x": expected a number, got "many"$'
    ):
        test.table.number("x")


def test_a_user_says_what_columns_hold_and_what_a_gap_is(tmp_path, capfd):
    (tmp_path / "a.csv").write_text("n,when,x\n1,3/4/2024,-\n2,5/6/2024,2.5\n3,7/8/2024,3.5\n")
    given = DataOptions({"n": "text", "when": "time"}, "day-first", ("-",))
    channel = Channel("train", tmp_path, options=given)
    assert channel.kinds == {"n": "text", "when": "time", "x": "number"}
    assert channel.table.column("n").tolist() == ["1", "2", "3"]
    assert channel.table.times("when").astype(str).tolist()[0] == "2024-04-03T00:00:00"
    assert np.isnan(channel.table.number("x")[0])


def test_what_was_guessed_is_said(data, capfd):
    """Issue 14: a quiet repair is reported."""
    channel = data(a_csv='code;price\n007;"1,5"\n008;"2,25"\n')
    assert values(channel) == {"code": ["007", "008"], "price": [1.5, 2.25]}
    heard = capfd.readouterr().err
    for note in ("separated by semicolons", '"007" would lose digits', "decimal commas"):
        assert note in heard
        assert any(note in one for one in channel.notes)


@pytest.mark.parametrize("cell", ["1.5", "9007199254740993"])
@pytest.mark.parametrize("block", [6, 1000])
def test_a_column_that_is_said_to_be_whole_numbers_holds_no_other(data, cell, block):
    """They came as fractions, or rounded, under the name of integers."""
    channel = data(a_csv=f"x,y\n1.0,1\n,2\n{cell},3\n2,4\n")
    channel._options = DataOptions(kinds={"x": "integer"})
    with (
        blocks(block),
        pytest.raises(UserError, match=r'row 3, column "x": expected a whole number below 2\*\*53'),
    ):
        channel.table.column("x")


GAPPY = {"x": [1, -999, 2], "f": [1.5, -999.0, 2.5], "s": ["a", "-999", "b"], "b": [True, None, False]}


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_a_number_that_means_a_gap_does_so_in_every_format_and_spelling(tmp_path, name):
    """In those with types it was a number, and the answer changed with the format."""
    frame = pd.DataFrame(GAPPY)
    written = {
        "a.csv": frame.to_csv(index=False).encode(),
        "a.jsonl": frame.to_json(orient="records", lines=True).encode(),
        "a.parquet": parquet(GAPPY),
    }
    (tmp_path / name).write_bytes(written[name])
    table = Channel("train", tmp_path, options=DataOptions(missing=("-999", "-"))).table
    assert table.kinds == {"x": "integer", "f": "number", "s": "text", "b": "boolean"}
    assert rows_of(table)[1] == [None] * 4
    assert table.columns[0].range == (1, 2)
    schema = Schema(columns=table.columns, table=table.columns)
    for body, media in (
        ("-999,-999.0,-999,-999\n", "text/csv"),
        ('[{"x": -999.0, "f": -999, "s": -999, "b": -999}]', "application/json"),
    ):
        for height in (1, 100):  # beyond some sixty rows cells are read by other means
            rows = body * height if media == "text/csv" else json.dumps(json.loads(body) * height)
            asked = request(rows, schema, media)
            assert rows_of(asked) == [[None] * 4] * height


@pytest.mark.parametrize("every", [20, 24, 30])
def test_strays_that_come_at_regular_rows_are_seen(data, every):
    """Cells as far apart as those that were looked at made texts of the column, without a word."""
    cells = ["total" if row % every == 0 else f"{row % 97}.5" for row in range(1000 * every)]
    channel = data(a_csv="x,y\n" + "".join(f"{cell},1\n" for cell in cells))
    with pytest.raises(UserError, match=r'row 1, column "x": expected a number .* got "total"'):
        channel.table.column("x")


def test_what_a_table_takes_is_judged_by_the_file_of_the_first_block(data):
    """Not by all files: of ten alike the first one has a tenth."""
    content = "x,y\n" + "1.5,a text\n" * 1000
    one = data(a_csv=content)
    memory, rows = one.memory_bytes, one.estimated_rows
    ten = data(**{f"{letter}_csv": content for letter in "abcdefghij"})
    assert rows == 1000
    assert ten.estimated_rows == 10_000
    assert ten.memory_bytes == pytest.approx(10 * memory, rel=0.01)


@pytest.mark.parametrize("form", ["npy", "parquet", "csv"])
def test_what_a_table_takes_is_told_of_files_larger_than_a_block(tmp_path, form):
    """Of those that are read whole, of those that are read by row groups, and of those that are cut."""
    matrix = np.random.default_rng(0).normal(size=(700_000, 2))
    path = tmp_path / f"rows.{form}"
    if form == "npy":
        np.save(path, matrix)
    elif form == "parquet":
        pq.write_table(pa.table({"x": matrix[:, 0], "y": matrix[:, 1]}), path)
    else:
        pa_csv.write_csv(pa.table({"x": matrix[:, 0], "y": matrix[:, 1]}), path)
    channel = Channel("train", tmp_path)
    assert channel.estimated_rows == pytest.approx(700_000, rel=0.02)
    assert channel.memory_bytes == pytest.approx(channel.table.matrix.nbytes, rel=0.1)
