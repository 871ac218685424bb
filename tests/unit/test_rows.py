"""A request's rows in the two forms that models read."""

import numpy as np
import pytest

from slipway import Column, Schema
from slipway.codecs import reader
from slipway.errors import NoRows, UserError
from slipway.rows import Rows
from slipway.serving.endpoint import Payload
from unit.tables import schema_of

XY = schema_of("x", "y")
MIXED = Schema(
    columns=(
        Column(name="n", kind="integer"),
        Column(name="x", kind="number"),
        Column(name="s", kind="text"),
    ),
    table=("n", "x", "s"),
)


def rows(body, schema, media_type="text/csv"):
    codec, media = reader(media_type)
    return Rows(Payload(codec, media, body.encode()), schema)


@pytest.mark.parametrize(
    "body", ["1,2\n3,\n", "x,y\n1,2\n3,NA\n", "a,y,x\n0,2,1\n0,,3\n", 'y,x\n"2",1\n?,3\n']
)
def test_the_matrix_has_the_models_columns_and_nan_for_gaps(body):
    found = rows(body, XY)
    assert np.array_equal(found.matrix, [[1, 2], [3, np.nan]], equal_nan=True)
    assert found.matrix.dtype == np.float64
    assert len(found) == 2
    assert found.columns == ("x", "y")


def test_the_table_is_typed_as_in_training():
    table = rows("s,n,x\nNA,1,2\n,2,\n", MIXED).table
    assert list(table) == ["n", "x", "s"]
    assert [str(kind) for kind in table.dtypes] == ["int64", "float64", "object"]
    assert table["s"].tolist() == ["NA", None]
    assert np.isnan(table["x"][1])


def test_the_arrays_are_the_columns_of_the_table():
    found = rows("s,n,x\nNA,1,2\n,2,\n", MIXED)
    assert {name: str(column.dtype) for name, column in found.arrays.items()} == {
        "n": "int64",
        "x": "float64",
        "s": "object",
    }
    for name, column in found.arrays.items():
        assert found.table[name].equals(type(found.table[name])(column, name=name))


def test_the_sheet_holds_every_cell_as_it_was_sent():
    sheet = rows("extra,n,x,s\n 1 ,01,2.50,é\n", MIXED).sheet
    assert list(sheet.names) == ["extra", "n", "x", "s"]
    assert [column.to_pylist() for column in sheet.columns] == [[" 1 "], ["01"], ["2.50"], ["é"]]


def test_both_forms_are_the_same_rows():
    found = rows("x,y\n1,2\n3,4\n", XY)
    assert np.array_equal(found.table.to_numpy(), found.matrix)
    assert len(found) == found.sheet.height == 2


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("x,y\n1,2\n3,abc\n", '^row 2, column "y": expected a number, got "abc"$'),
        ("x,z\n1,2\n", "^missing column y"),
        ("1,2,3\n", "^3 columns came without names"),
    ],
)
def test_rows_that_do_not_fit_are_the_callers_mistake_in_both_forms(body, message):
    for form in ("matrix", "table"):
        with pytest.raises(UserError, match=message):
            getattr(rows(body, XY), form)


def test_a_text_model_has_no_matrix():
    with pytest.raises(UserError, match='column "s": expected a number, got "a"'):
        _ = rows("n,x,s\n1,2,a\n", MIXED).matrix


@pytest.mark.parametrize(
    ("body", "media_type"),
    [("x,y\n", "text/csv"), ("[]", "application/json"), ('{"x": [], "y": []}', "application/json")],
)
def test_no_rows_are_told_apart_from_rows(body, media_type):
    """B2.13."""
    for form in ("matrix", "table", "sheet"):
        with pytest.raises(NoRows):
            getattr(rows(body, XY, media_type), form)


def test_a_header_that_does_not_fit_is_worth_more_words_than_that_no_row_follows():
    with pytest.raises(UserError, match="missing columns x, y") as caught:
        _ = rows("a,b\n", XY).table
    assert caught.value.status == 400


OPTIONAL = Schema(
    columns=(
        Column(name="x", kind="number"),
        Column(name="word", kind="text", optional=True),
        Column(name="y", kind="number"),
    ),
    table=("id", "x", "word", "y"),
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
    table = rows(body, OPTIONAL).table
    assert table["word"].tolist() == words
    assert table[["x", "y"]].to_numpy().tolist() == [[1, 2]]


def test_a_column_that_is_not_optional_is_still_missed():
    with pytest.raises(UserError, match="missing column y; expected x, word, y"):
        rows("x,word\n1,a\n", OPTIONAL).table  # noqa: B018


def test_what_was_sent_is_given_back_by_name_and_as_it_was():
    named = rows("y,extra,x\n2.50, a ,01\n", OPTIONAL).sent
    assert {name: column.tolist() for name, column in named.items()} == {
        "y": ["2.50"],
        "extra": [" a "],
        "x": ["01"],
    }
    assert list(rows("1,2\n", OPTIONAL).sent) == ["x", "y"]
    assert list(rows("9,1,a,2\n", OPTIONAL).sent) == ["id", "x", "word", "y"]
    python = rows('[{"x": 1, "y": 2.5, "word": null}]', OPTIONAL, "application/json").sent
    assert [column.tolist() for column in python.values()] == [[1], [2.5], [None]]


def given(body, schema, media_type="text/csv", typed=True):
    codec, media = reader(media_type)
    found = Rows(Payload(codec, media, body.encode()), schema, typed=typed).sent
    return {name: column.tolist() for name, column in found.items()}


def test_what_was_sent_as_csv_goes_back_to_the_letter_or_typed():
    body = "s,n,x,more\na,01,2.50,7\n,NA,,\n"
    plain = {"s": ["a", ""], "n": ["01", "NA"], "x": ["2.50", ""], "more": ["7", ""]}
    assert given(body, MIXED, typed=False) == plain
    typed = {"s": ["a", None], "n": [1, None], "x": [2.5, None], "more": ["7", None]}
    assert given(body, MIXED) == typed
    assert isinstance(given(body, MIXED)["n"][0], int)


def test_what_was_sent_as_json_goes_back_as_it_was():
    body = '[{"n": "1", "x": 2, "s": true, "more": [1, 2]}, {"n": 2, "x": null, "s": "b", "more": [3, 4]}]'
    sent = {"n": ["1", 2], "x": [2, None], "s": [True, "b"], "more": [[1, 2], [3, 4]]}
    assert given(body, MIXED, "application/json") == sent
