"""Large arrays of numbers: the quick road gives what the long one gives, or leaves it to that."""

import json

import numpy as np
import pytest

from slipway.formats import csv_cells, json_numbers

ROWS = [[1.5, 2.0], [-3, 4e-7], [0, 5]]


@pytest.mark.parametrize("document", [ROWS, {"instances": ROWS}])
def test_rows_of_numbers_are_one_matrix(document):
    found = json_numbers.matrix(json.dumps(document).encode(), 2)
    assert found is not None
    assert np.array_equal(found, np.array(ROWS))


@pytest.mark.parametrize(
    "body",
    [
        b"[[1, 2], [3]]",
        b"[[1, 2, 3], [4]]",
        b"[[1, [2]], [3, 4]]",
        b"[[[1, 2], [3, 4]]]",
        b"[[1, 2, 3, 4], []]",
        b"[[1, null], [3, 4]]",
        b"[[1, true], [3, 4]]",
        b'[[1, "2"], [3, 4]]',
        b'[[1, 2], {"a": 1}]',
        b"[[1, 2], 3, [4]]",
        b"[[1, 1e400]]",
        b"[[1, NaN]]",
        b"[[1, 2]] and more",
        b"[1, 2]",
        b"[]",
        b"",
        b'{"instances": [[1, 2]], "configuration": {}}',
        b'{"x": [[1, 2]]}',
    ],
)
def test_anything_else_is_left_to_the_long_road(body):
    assert json_numbers.matrix(body, 2) is None


def test_a_csv_is_read_the_same_way_only_where_its_lines_are_even():
    text = b"1,2\n3,4.5\n-1e3,0\n"
    assert csv_cells.matrix(text, 2).tolist() == [[1, 2], [3, 4.5], [-1000, 0]]
    assert csv_cells.matrix(text.rstrip(), 2).tolist() == csv_cells.matrix(text, 2).tolist()
    for uneven in (b"1,2\n3\n4,5,6\n", b"1,2\n\n3,4,5,6\n", b"1,2,3\n4\n"):
        assert csv_cells.matrix(uneven, 2) is None
    gaps = csv_cells.matrix(b"1,\n,2\n007,NA\n", 2)
    assert np.array_equal(gaps, [[1, np.nan], [np.nan, 2], [7, np.nan]], equal_nan=True)
