"""When a cell is a number, a text, or missing, whatever format it came in."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from slipway import cells
from slipway.errors import UserError


def numbers(values):
    return cells.numbers(cells.column(values), "x").tolist()


@pytest.mark.parametrize(
    "mark", ["", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None", "?", " NA ", "\t", None]
)
def test_a_number_column_says_missing_in_many_ways(mark):
    """D11."""
    assert np.isnan(numbers(["1", mark])[1])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("+1", 1),
        ("1.", 1),
        (".5", 0.5),
        ("1E5", 1e5),
        (" 7 ", 7),
        ("\u00a07", 7),
        ("-0", -0.0),
        ("5e-324", 5e-324),
        ("007", 7),
    ],
)
def test_a_number_may_be_spelt_in_every_usual_way(text, value):
    assert numbers([text]) == [value]


@pytest.mark.parametrize("text", ["abc", "1_0", "0x10", "1,5", "1 2", "--1", "é", "\u0661"])
def test_what_is_no_number_is_named_with_its_row_and_column(text):
    """D14."""
    with pytest.raises(UserError, match=rf'^row 2, column "x": expected a number, got "{text}"$'):
        numbers(["1", text, "also wrong"])


@pytest.mark.parametrize("cell", ["inf", "-inf", "Infinity", "1e999", float("inf")])
def test_infinity_is_no_number_to_work_with(cell):
    with pytest.raises(UserError, match=r'^row 1, column "x": expected a finite number, got'):
        numbers([cell])


@pytest.mark.parametrize(
    "values",
    [
        [1, 2.5, None],
        [True, False],
        [2**60 + 1, 0.5],
        [2**64 - 1, -1],
        [10**30],
        ["1", 2],
        [None, None],
        pa.array([2**53 + 1, None]),
        pa.array([2**64 - 1], pa.uint64()),
        pa.array([1, 2], pa.int8()),
        pa.array([1.5], pa.float16()),
        pa.array([Decimal("1.10")]),
        pa.array(["1", "2", "1"]).dictionary_encode(),
        pa.array(["1"], pa.large_string()),
        pa.array([b"1"]),
        pa.chunked_array([[1], [2]]),
        pa.chunked_array([], pa.int64()),
        np.array([1.5, np.nan]),
    ],
    ids=repr,
)
def test_every_way_of_holding_numbers_gives_float64(values):
    found = cells.numbers(cells.column(values), "x")
    assert found.dtype == np.float64
    assert len(found) == len(values)


def test_whole_numbers_beyond_what_a_float_holds_are_rounded_in_every_format_alike():
    value = 2**53 + 1
    assert numbers([value]) == numbers([str(value)]) == numbers(pa.array([value])) == [float(value)]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (["a", "", None, " "], ["a", None, None, " "]),
        (["NA", "nan"], ["NA", "nan"]),
        ([12345, None], ["12345", None]),
        ([1.5, "a", True, None], ["1.5", "a", "True", None]),
        (pa.array([date(2020, 1, 2)]), ["2020-01-02"]),
        (pa.array([datetime(2020, 1, 2, tzinfo=UTC)]), ["2020-01-02 00:00:00.000000Z"]),
        (pa.array([timedelta(seconds=1)]), ["1000000"]),
        (pa.array([b"a"], pa.large_binary()), ["a"]),
    ],
    ids=repr,
)
def test_in_a_text_column_only_an_empty_cell_is_missing(values, texts):
    """D11: NA is Namibia."""
    assert cells.texts(cells.column(values)).tolist() == texts


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([[1], [2]], "a cell holds list"),
        ([1, [2]], "row 2: a cell holds a list"),
        (["a", {}], "row 2: a cell holds an object"),
        ([{"a": 1}], "a cell holds struct"),
        (pa.array([b"\xff"]), "bytes that are not UTF-8"),
        (pa.array([b"ab"], pa.binary(2)), "a cell holds fixed_size_binary"),
    ],
    ids=repr,
)
def test_what_is_no_cell_is_refused(values, what):
    with pytest.raises(UserError, match=what):
        cells.column(values)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2", ""], "integer"),
        (["1", "2.0"], "number"),
        (["1e3"], "number"),
        (["1", "a"], "text"),
        (["", "NA"], "text"),
        (["inf"], "number"),
        ([], "text"),
        ([1, None], "integer"),
        ([1.0, 2.0], "number"),
        ([True], "integer"),
        ([2**53], "number"),
        (["9007199254740993"], "number"),
    ],
    ids=repr,
)
def test_a_column_is_what_all_its_cells_are(values, kind):
    assert cells.kind_of(cells.column(values)) == kind


def test_a_gap_or_a_fraction_makes_an_integer_column_float():
    assert cells.typed(cells.column(["1", "2"]), "integer", "x").dtype == np.int64
    assert cells.typed(cells.column(["1", ""]), "integer", "x").dtype == np.float64
    assert cells.typed(cells.column(["1", "2.5"]), "integer", "x").tolist() == [1, 2.5]


def test_a_whole_number_that_no_int64_holds_stays_what_it_is():
    assert cells.typed(cells.column(["1e300"]), "integer", "x").tolist() == [1e300]


@pytest.mark.parametrize(
    ("cell", "word"),
    [("x", True), ("x1", True), ("", False), ("NA", False), ("1", False), ("inf", False), ("é", True)],
)
def test_a_word_may_be_a_columns_name(cell, word):
    assert cells.is_word(cell) is word
