"""A request's rows as the model gets them: its columns, typed as in training."""

import json

import numpy as np
import pytest

from slipway import Column, Schema
from slipway.errors import NoRows, UserError
from slipway.table import match
from slipway.table.times import TimeFormat
from unit.tables import cells, read, schema_of, table

XY = schema_of("x", "y")
MIXED = Schema(
    columns=(
        Column(name="n", kind="integer"),
        Column(name="x", kind="number"),
        Column(name="s", kind="text"),
    ),
    table=(Column(name="n"), Column(name="x"), Column(name="s")),
)


@pytest.mark.parametrize(
    "body", ["1,2\n3,\n", "x,y\n1,2\n3,NA\n", "a,y,x\n0,2,1\n0,,3\n", 'y,x\n"2",1\n?,3\n']
)
def test_the_matrix_has_the_models_columns_and_nan_for_gaps(body):
    found = table(body, XY)
    assert np.array_equal(found.matrix, [[1, 2], [3, np.nan]], equal_nan=True)
    assert found.matrix.dtype == np.float64
    assert len(found) == 2
    assert found.names == ("x", "y")


def test_columns_are_typed_as_in_training():
    found = table("s,n,x\nNA,1,2\n,2,\n", MIXED)
    assert found.names == ("n", "x", "s")
    assert {name: str(found.column(name).dtype) for name in found.names} == {
        "n": "int64",
        "x": "float64",
        "s": "object",
    }
    assert found.column("s").tolist() == ["NA", None]
    assert np.isnan(found.column("x")[1])
    frame = found.frame()
    for name in found.names:
        assert frame[name].equals(type(frame[name])(found.column(name), name=name))


def test_cells_are_read_as_they_were_sent():
    """Nothing but what a model knows for numbers is read as such."""
    raw = read("extra,n,x,s\n 1 ,01,2.50,é\n", schema=MIXED)
    assert raw.names == ["extra", "n", "x", "s"]
    assert cells(raw) == [[" 1 "], ["01"], ["2.50"], ["é"]]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("x,y\n1,2\n3,abc\n", '^row 2, column "y": expected a number, got "abc"$'),
        ("x,z\n1,2\n", "^missing column y"),
        ("1,2,3\n", "^3 columns came without names"),
    ],
)
def test_rows_that_do_not_fit_are_the_callers_mistake(body, message):
    with pytest.raises(UserError, match=message):
        table(body, XY)


def test_what_is_wrong_with_a_cell_is_told_by_row_and_column():
    with pytest.raises(UserError) as caught:
        table("x,y\n1,2\n3,abc\n", XY)
    assert (caught.value.row, caught.value.column) == (2, "y")
    errors = {}
    found = table("x,y\nb,2\n3,4\n5,abc\n", XY, errors=errors)
    assert {row: error.column for row, error in errors.items()} == {0: "x", 2: "y"}
    assert np.array_equal(found.matrix, [[np.nan, 2], [3, 4], [5, np.nan]], equal_nan=True)


def test_texts_have_no_matrix():
    found = table("n,x,s\n1,2,a\n", MIXED)
    with pytest.raises(TypeError, match="column s holds text"):
        _ = found.matrix
    assert found.numbers(["x", "n"]).tolist() == [[2, 1]]


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        ("x,y\n", "text/csv"),
        ("[]", "application/json"),
        ('{"x": [], "y": []}', "application/json"),
        ("\n", "application/jsonlines"),
    ],
)
@pytest.mark.parametrize("kind", ["number", "text"])
@pytest.mark.contract("B2.13")
def test_no_rows_are_told_apart_from_rows(body, media_type, kind):
    with pytest.raises(NoRows):
        table(body, schema_of("x", "y", kind=kind), media_type)


def test_a_header_that_does_not_fit_is_worth_more_words_than_that_no_row_follows():
    with pytest.raises(UserError, match="missing columns x, y") as caught:
        table("a,b\n", XY)
    assert caught.value.status == 400


OPTIONAL = Schema(
    columns=(
        Column(name="x", kind="number"),
        Column(name="word", kind="text", optional=True),
        Column(name="y", kind="number"),
    ),
    table=tuple(Column(name=name) for name in ("id", "x", "word", "y")),
)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("y,x\n2,1\n", [None]),
        ("1,2\n", [None]),
        ("1,a,2\n", ["a"]),
        ("9,1,a,2\n", ["a"]),
        ("word,x,y\nb,1,2\n", ["b"]),
    ],
)
def test_an_optional_column_that_is_left_out_is_all_gaps(body, words):
    found = table(body, OPTIONAL)
    assert found.column("word").tolist() == words
    assert found.numbers(["x", "y"]).tolist() == [[1, 2]]
    assert found.absent == ({"word"} if words == [None] else set())


def test_a_column_that_is_not_optional_is_still_missed():
    with pytest.raises(UserError, match="missing column y; expected x, word, y"):
        table("x,word\n1,a\n", OPTIONAL)


def sent(body, schema, media_type="text/csv", texts=False):
    found = table(body, schema, media_type, keep=True, texts=texts).sent
    return {name: column.tolist() for name, column in found.items()}


def test_what_was_sent_is_given_back_by_name_and_as_it_was():
    assert sent("y,extra,x\n2.50, a ,01\n", OPTIONAL, texts=True) == {
        "y": ["2.50"],
        "extra": [" a "],
        "x": ["01"],
    }
    assert list(sent("1,2\n", OPTIONAL)) == ["x", "y"]
    assert list(sent("9,1,a,2\n", OPTIONAL)) == ["id", "x", "word", "y"]
    python = sent('[{"x": 1, "y": 2.5, "word": null}]', OPTIONAL, "application/json")
    assert list(python.values()) == [[1], [2.5], [None]]
    assert not table("1,2\n", OPTIONAL).sent, "only where the model asks for it"


def test_what_was_sent_as_csv_goes_back_to_the_letter_or_typed():
    body = "s,n,x,more\na,01,2.50,7\n,NA,,\n"
    plain = {"s": ["a", ""], "n": ["01", "NA"], "x": ["2.50", ""], "more": ["7", ""]}
    assert sent(body, MIXED, texts=True) == plain
    typed = {"s": ["a", None], "n": [1, None], "x": [2.5, None], "more": ["7", None]}
    assert sent(body, MIXED) == typed
    assert isinstance(sent(body, MIXED)["n"][0], int)


def test_what_was_sent_as_json_goes_back_as_it_was():
    body = '[{"n": "1", "x": 2, "s": true, "more": [1, 2]}, {"n": 2, "x": null, "s": "b", "more": [3, 4]}]'
    given = {"n": ["1", 2], "x": [2, None], "s": [True, "b"], "more": [[1, 2], [3, 4]]}
    assert sent(body, MIXED, "application/json") == given


LIKE_TRAINING = Schema(
    columns=(
        Column(name="paid", kind="boolean", words=("False", "True")),
        Column(name="grade", kind="text", whole="12"),
        Column(name="dotted", kind="text", whole="12.0"),
        Column(name="flag", kind="text", words=("FALSE", "TRUE")),
        Column(name="price", kind="number", style="1.000,5", missing=("-",)),
    ),
    table=(),
)
ASKED = [
    ('paid,grade,dotted,flag,price\ntrue,3.0,4,TRUE,"1.234,5"\n0,x,y,FALSE,-\n', "text/csv"),
    (
        '[{"paid": true, "grade": 3, "dotted": 4, "flag": true, "price": 1234.5},'
        ' {"paid": "False", "grade": "x", "dotted": "y", "flag": false, "price": null}]',
        "application/json",
    ),
    (
        '[{"paid": 1, "grade": 3.0, "dotted": 4.0, "flag": "TRUE", "price": "1.234,5"},'
        ' {"paid": "FALSE", "grade": "x", "dotted": "y", "flag": "FALSE", "price": "-"}]',
        "application/json",
    ),
]


@pytest.mark.parametrize("many", [1, 100], ids=["few", "many"])
@pytest.mark.parametrize(("body", "media_type"), ASKED, ids=["csv", "json", "json texts"])
def test_a_cell_means_what_it_meant_in_training_whatever_format_it_comes_in(body, media_type, many):
    """Issue 14: 12, 12.0 and "12" are one category, true is the word that training had for it."""
    if media_type == "text/csv":
        head, *lines = body.splitlines(keepends=True)
        body = head + "".join(lines) * many
    else:
        body = "[" + ",".join([body[1:-1]] * many) + "]"
    found = table(body, LIKE_TRAINING, media_type)
    columns = {name: found.column(name).tolist()[:2] for name in found.names}
    assert columns["price"][0] == 1234.5
    assert np.isnan(columns.pop("price")[1])
    assert columns == {
        "paid": ["True", "False"],
        "grade": ["3", "x"],
        "dotted": ["4.0", "y"],
        "flag": ["TRUE", "FALSE"],
    }
    assert found.number("paid").tolist()[:2] == [1, 0]


@pytest.mark.parametrize("cell", ["maybe", "2", "-1", "yes"])
@pytest.mark.parametrize("many", [0, 100], ids=["few", "many"])
def test_what_is_neither_true_nor_false_is_told(cell, many):
    schema = schema_of("paid", kind="boolean")
    with pytest.raises(UserError, match=rf'^row 2, column "paid": expected true or false, got "?{cell}"?$'):
        table("paid\ntrue\n" + cell + "\n" + "false\n" * many, schema)
    errors = {}
    found = table("paid\ntrue\n" + cell + "\n" + "false\n" * many, schema, errors=errors)
    assert list(errors) == [1]
    assert np.isnan(found.number("paid")[1])


@pytest.mark.parametrize("many", [1, 500])
def test_a_list_is_no_time(many):
    column = Column(name="day", kind="time", times=TimeFormat())
    with pytest.raises(UserError, match=r"row 2.*: a cell holds a list"):
        match.cells_of(["2024-01-31", ["2024-01-31"], *["2024-01-31"] * many], column)


@pytest.mark.parametrize("height", [3, 100])
@pytest.mark.parametrize(("role", "cell", "what"), [("", {"a": 1}, "an object"), ("key", [1], "a list")])
def test_a_nested_cell_among_texts_spoils_no_other_row(height, role, cell, what):
    """With `on_error=record` it was every row's error."""
    column = Column(name="s", kind="text", role=role)
    rows = [{"s": f"t{place}"} for place in range(height)]
    rows[1]["s"] = cell
    errors = {}
    found = table(json.dumps(rows), Schema(columns=(column,), table=(column,)), "json", errors=errors)
    assert found.column("s").tolist() == ["t0", None, *(row["s"] for row in rows[2:])]
    assert {row: str(error) for row, error in errors.items()} == {
        1: f'row 2, column "s": a cell holds {what}; expected a text'
    }
