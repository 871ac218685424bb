"""How the columns of a request are matched with those that the model reads."""

import pytest

from slipway.errors import UserError
from unit.tables import schema_of

XY = schema_of("x", "y", table=("id", "y", "target", "x"))
NAMELESS = schema_of("column_1", "column_3", table=("column_1", "column_2", "column_3"), named=False)


@pytest.mark.parametrize(
    ("names", "width", "positions"),
    [
        (["x", "y"], 2, [0, 1]),
        (["y", "x"], 2, [1, 0]),
        (["a", "y", "b", "x", "c"], 5, [3, 1]),
        (None, 2, [0, 1]),
        (None, 4, [3, 1]),  # the training table's own columns, in its order
    ],
)
def test_columns_are_found_by_name_or_by_place(names, width, positions):
    assert XY.positions(names, width) == positions


@pytest.mark.parametrize(
    ("names", "width", "positions"),
    [
        (None, 2, [0, 1]),
        (None, 3, [0, 2]),
        (["column_3", "column_1"], 2, [1, 0]),
        (["a", "b"], 2, [0, 1]),  # names that training never saw say nothing
        (["column_3", "a", "b", "c", "column_1"], 5, [4, 0]),
    ],
)
def test_a_model_of_a_table_without_names_goes_by_place(names, width, positions):
    assert NAMELESS.positions(names, width) == positions


@pytest.mark.parametrize(
    ("names", "width", "message"),
    [
        (["x"], 1, "^missing column y; expected x, y; came x$"),
        (["a", "b"], 2, "^missing columns x, y; expected x, y; came a, b$"),
        (["x", "yy"], 2, '^missing column y; .*; is "yy" meant to be "y"\\?$'),
        (["x", "y", "x"], 3, "^column names must differ; more than once came: x$"),
        (None, 1, r"^1 column came without names; expected 2 \(x, y\), or the 4 of the training table$"),
        (None, 3, r"^3 columns came without names; expected 2"),
        ([], 0, "^missing columns x, y"),
    ],
)
def test_columns_that_do_not_fit_are_told_in_one_line(names, width, message):
    with pytest.raises(UserError, match=message):
        XY.positions(names, width)


def test_a_line_is_names_if_most_or_all_of_the_models_are_in_it():
    assert XY.knows(["x", "y"])
    assert XY.knows(["id", "target", "b"])
    assert XY.knows(["a", "b", "c", "d", "y", "x"])
    assert not XY.knows(["x", "a"])
    assert not XY.knows(["1", "2"])


def test_a_schema_of_texts_is_not_numeric():
    assert XY.numeric
    assert not schema_of("x", kind="text").numeric
