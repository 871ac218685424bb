"""A bad row has what is wrong with it in the place of its answer, where the caller asks for that."""

import csv
import io
import json

import numpy as np
import pytest

import slipway
from slipway import Answers, Column, Groups, Schema
from slipway.manifest import Manifest
from slipway.serving.endpoint import Endpoint
from slipway.settings import Settings
from unit.model import Adder

RECORD = {"SLIPWAY_OPTIONS": "on_error=record"}


@pytest.fixture
def asked(model, manifest):
    """Status and answers to a request, as dicts."""

    def ask(body, content_type="text/csv", accept="application/jsonlines", attributes="", **environ):
        endpoint = Endpoint(environ.pop("of", model), manifest, Settings.read(environ or RECORD))
        answer = endpoint.answer(body, content_type, accept, attributes)
        lines = answer.body.decode().splitlines()
        return answer.status, [json.loads(line) for line in lines] if answer.status == 200 else lines

    return ask


GOOD = [{"sum": 3.0, "half": 1.5, "error": None}, {"sum": 11.0, "half": 5.5, "error": None}]


def bad(error):
    return {"sum": None, "half": None, "error": error}


@pytest.mark.parametrize("head", [b"", b"x,y\n"])
@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"abc,4", 'row 2, column "x": expected a number, got "abc"'),
        (b"1,inf", 'row 2, column "y": expected a finite number, got "inf"'),
        (b"1,1e999", 'row 2, column "y": expected a finite number, got "1e999"'),
        (b"1", "line {}: 1 cell, expected 2"),
        (b"1,2,3", "line {}: 3 cells, expected 2"),
        (b"", "line {}: it is empty"),
        (b"  ", "line {}: it is empty"),
        (b"\xff,4", "line {}: it holds bytes that are not of the charset"),
        (b'1,"2', "line {}: a quote opens or closes in a wrong place"),
        (b'"1"x,2', "line {}: a quote opens or closes in a wrong place"),
        (b"1\r2,3", "line {}: a control character stands inside the line"),
        (b"1.7e308,1.7e308", "row 2: sum is infinite: a number in this row is too large"),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.contract("B4.5", "B4.7")
def test_a_bad_line_of_csv_is_told_in_its_place(asked, head, line, error):
    body = head + b"1,2\n" + line + b"\n5,6\n"
    assert asked(body) == (200, [GOOD[0], bad(error.format(3 if head else 2)), GOOD[1]])


@pytest.mark.contract("B4.5")
def test_every_line_counts_also_the_first_and_the_last(asked):
    """As many lines come back as were sent."""
    answers = asked(b'\n1,2\n"\n\n5,6\n\n')[1]
    assert [row["error"] is None for row in answers] == [False, True, False, False, True, False]


@pytest.mark.contract("B4.9")
def test_a_quote_may_close_in_a_later_line(model, tmp_path):
    """A line break inside a cell is no end of a row, where it makes a row."""
    schema = Schema(columns=(Column(name="x", kind="text"), Column(name="y", kind="number")), table=())
    manifest = Manifest.stamp(
        tmp_path, image="adder", version="1.2.3", reads=schema, hyperparameters={}, metrics={}
    )

    class Measurer(Adder):
        def predict(self, table, options):
            return Answers({"length": np.array([len(text or "") for text in table.column("x")], dtype=int)})

    endpoint = Endpoint(Measurer(), manifest, Settings.read(RECORD))
    answer = endpoint.answer(b'"a\nb",1\nc,oops\n"d,2\ne,3\n', "text/csv")
    lines = list(csv.reader(io.StringIO(answer.body.decode())))
    assert [line[0] for line in lines] == ["3", "", "", "1"]
    assert lines[1][1].startswith("row 2, column")
    assert lines[2][1].startswith("line 4: a quote")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b'{"x": "abc", "y": 4}', 'row 2, column "x": expected a number, got "abc"'),
        (b'{"x": [1], "y": 4}', "row 2, column"),
        (b'{"x": 1, "y"', "line 2 is not JSON: unexpected end of data"),
        (b"", "line 2 is empty"),
        (b"17", "line 2: expected an object or an array, got 17"),
        (b"[1, 2]", "row 2: expected an object as in the other rows, got a list of 2"),
    ],
    ids=str,
)
@pytest.mark.contract("B4.7", "B8.4")
def test_a_bad_json_line_is_told_in_its_place(asked, line, error):
    status, answers = asked(b'{"x": 1, "y": 2}\n' + line + b'\n{"x": 5, "y": 6}\n', "application/jsonlines")
    assert (status, answers[0], answers[2]) == (200, *GOOD)
    assert answers[1] == bad(answers[1]["error"])
    assert answers[1]["error"].startswith(error) or "cell holds" in answers[1]["error"]


@pytest.mark.parametrize("row", ['"abc"', "[1]", '[1, "abc"]', "{}", "null"])
@pytest.mark.contract("B8.3")
def test_a_bad_row_of_a_json_document_is_told_in_its_place(asked, row):
    body = f'{{"instances": [[1, 2], {row}, [5, 6]]}}'
    status, answers = asked(body.encode(), "application/json")
    assert (status, answers[0], answers[2]) == (200, *GOOD)
    assert answers[1]["error"].startswith("row 2")


@pytest.mark.contract("B4.5")
def test_a_csv_answer_has_a_column_more_in_every_line(asked, model, manifest):
    """Also where no row could be answered, as when a transform sends one record at a time."""
    for body in (b"1,2\n", b"abc,2\n", b"1\n", b"\n"):
        answer = Endpoint(model, manifest, Settings.read(RECORD)).answer(body, "text/csv")
        (line,) = csv.reader(io.StringIO(answer.body.decode()))
        assert len(line) == 3, line
        assert bool(line[2]) is (body != b"1,2\n")


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"x,z\n1,2\n", "text/csv", 400),
        (b"1,2\n", "text/csv; charset=klingon", 400),
        (b'{"instances": [', "application/json", 400),
        (b'{"x": [1], "z": [2]}', "application/json", 400),
        (b"PAR1 no", "application/x-parquet", 400),
        (b"", "text/csv", 204),
        (b"x,y\n", "text/csv", 204),
        (b"1,2\n", "image/png", 415),
    ],
)
def test_a_request_that_is_wrong_as_a_whole_is_refused_all_the_same(asked, body, content_type, status):
    assert asked(body, content_type)[0] == status


def test_an_answer_of_numbers_alone_has_no_room_for_errors(asked):
    for accept in ("application/x-npy", "application/x-recordio-protobuf"):
        assert asked(b"1,2\n", accept=accept)[0] == 406


@pytest.mark.contract("B2.7")
def test_a_request_may_ask_for_it_itself_and_against_the_deployment(asked):
    body = b"1,2\nabc,4\n"
    assert asked(body, attributes="on_error=record", SLIPWAY_OPTIONS="")[0] == 200
    assert asked(body, attributes="on_error=fail")[0] == 400
    wish = b'{"instances": [[1, 2], ["abc", 2]], "configuration": {"on_error": "record"}}'
    assert asked(wish, "application/json", SLIPWAY_OPTIONS="")[0] == 200


def test_a_column_of_that_name_is_not_written_over(asked):
    class Echo(Adder):
        def predict(self, table, options):
            return Answers({"error": table.matrix[:, 0]})

    assert asked(b"1,2\n", of=Echo(), **RECORD)[1] == [{"error": 1.0, "error_": None}]


def test_whole_numbers_stay_whole_beside_a_bad_row(asked):
    class Counter(Adder):
        def predict(self, table, options):
            return Answers({"count": table.matrix.sum(axis=1).astype(np.int64)})

    assert [row["count"] for row in asked(b"1,2\nq,1\n3,4\n", of=Counter(), **RECORD)[1]] == [3, None, 7]


@pytest.mark.contract("C1.11")
def test_only_rows_that_were_answered_are_billed(model, manifest):
    endpoint = Endpoint(model, manifest, Settings.read(RECORD), metered=True)
    answer = endpoint.answer(b"1,2\nabc,4\n5,6\n", "text/csv")
    assert dict(answer.headers)["X-Amzn-Inference-Metering"].endswith('"ConsumedUnits": 2}')


def test_what_is_told_beside_the_answers_is_of_the_rows_that_have_one(model, manifest):
    endpoint = Endpoint(model, manifest, Settings.read(RECORD))
    answer = endpoint.answer(b"1,2\nabc,4\n5,6\n", "text/csv", "application/json", "fault=tells the total")
    assert json.loads(answer.body)["total"] == 14.0


@pytest.mark.contract("B2.9")
def test_a_fault_of_ours_is_no_bad_row(asked, capfd):
    assert asked(b"1,2\nabc,4\n", attributes="fault=raises")[0] == 500


class Summer(Adder):
    """Sums y for each x, which makes a group of the rows: negative sums are refused, by the row."""

    def groups(self, table):
        return np.unique(table.number("x"), return_inverse=True)[1]

    def predict(self, table, options):
        if (table.matrix[:, 1] < 0).any():
            row = int((table.matrix[:, 1] < 0).argmax()) + 1
            raise slipway.UserError("y is negative", row, "y")
        names, of_rows = np.unique(table.matrix[:, 0], return_inverse=True)
        sums = np.bincount(of_rows, table.matrix[:, 1], len(names))
        return Answers({"x": names, "sum": sums}, Groups(of_rows, np.arange(len(names))))


@pytest.mark.contract("B4.7")
def test_a_bad_row_spoils_its_group_and_no_other(asked):
    """Where rows belong together: one error a group, in the place of its first row."""
    answers = asked(b"3,1\n1,-5\n2,7\n1,4\n3,1\n2,oops\n", of=Summer(), **RECORD)[1]
    assert answers == [
        {"x": 3.0, "sum": 2.0, "error": None},
        {"x": None, "sum": None, "error": 'row 2, column "y": y is negative'},
        {"x": None, "sum": None, "error": 'row 6, column "y": expected a number, got "oops"'},
    ]


@pytest.mark.contract("B4.5")
def test_a_hundred_bad_rows_among_thousands_cost_no_answer(asked):
    lines = [b"%d,1" % number if number % 50 else b"oops,1" for number in range(5000)]
    status, answers = asked(b"\n".join(lines))
    assert status == 200
    assert [row["error"] is None for row in answers] == [bool(number % 50) for number in range(5000)]
    assert [row["sum"] for row in answers[1:50]] == [number + 1.0 for number in range(1, 50)]


@pytest.mark.parametrize("blank", [b"\n", b" \n", b"\r\n"])
def test_a_blank_line_is_told_however_large_the_body_is(asked, blank):
    """Large ones of numbers alone take a quick way, which passes over it: the answers were a line short."""
    rows = b"1,2\n" * 10_000
    _, answers = asked(rows + blank + rows)
    assert len(answers) == 20_001
    assert answers[10_000] == bad("line 10001: it is empty")
