"""How errors quote what came."""

import pickle

import pytest

from slipway import errors


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'),
        (5, "5"),
        (None, "None"),
        ("two\nlines\r", '"two lines "'),
        ([1, "a"], "a list of 2 cells"),
        ({"a": [[[]]]}, "an object of 1"),
        ("", '""'),
    ],
)
def test_a_value_is_shown_on_one_line(value, text):
    assert errors.shown(value) == text


def test_a_long_value_is_cut():
    assert errors.shown("a" * 100) == '"' + "a" * 37 + '…"'
    assert len(errors.shown({1.5: "a"}.keys(), 10)) == 10


def test_a_long_list_of_names_is_cut():
    assert errors.listed(["a", "b"]) == "a, b"
    assert errors.listed([str(n) for n in range(12)]) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"


@pytest.mark.contract("B2.13")
def test_every_mistake_of_the_caller_has_its_status():
    statuses = {
        error.__name__: error.status for error in (errors.UserError, *errors.UserError.__subclasses__())
    }
    assert statuses == {
        "UserError": 400,
        "UnsupportedMediaType": 415,
        "NotAcceptable": 406,
        "PayloadTooLarge": 413,
        "InsufficientMemory": 507,
        "NoRows": 204,
        "ModelLoadError": 500,
        "RowErrors": 400,
    }


@pytest.mark.parametrize(
    ("row", "column", "text"),
    [
        (None, None, "expected a number"),
        (3, None, "row 3: expected a number"),
        (None, "x", 'column "x": expected a number'),
        (3, "x", 'row 3, column "x": expected a number'),
    ],
)
def test_a_mistake_knows_its_row_and_column(row, column, text):
    error = pickle.loads(pickle.dumps(errors.UserError("expected a number", row=row, column=column)))
    assert str(error) == text
    assert (error.row, error.column) == (row, column)
