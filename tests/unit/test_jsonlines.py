"""application/jsonlines: a row a line."""

import numpy as np
import pytest

from slipway.errors import NoRows, UserError
from slipway.formats import reader
from unit.tables import cells, schema_of
from unit.tables import read as raw_of

LINES, PLAIN = reader("application/jsonlines")


def read(body):
    raw = raw_of(body, "application/jsonlines")
    return raw.names, cells(raw)


@pytest.mark.parametrize(
    "body",
    [
        b'{"features": [1, 2]}\n{"features": [3, 4]}\n',
        b'{"data": {"features": {"values": [1, 2]}}}\n{"data": {"features": {"values": [3, 4]}}}',
        b'{"data": {"features": {"keys": [0, 1], "shape": [2], "values": [1, 2]}}}\n{"features": [3, 4]}',
        b"[1, 2]\r\n[3, 4]\r\n",
        b"\xef\xbb\xbf[1, 2]\n\n \n[3, 4]\n",
    ],
)
@pytest.mark.contract("B8.4")
def test_lines_in_the_built_in_algorithms_forms_are_rows_by_position(body):
    assert read(body) == (None, [[1, 3], [2, 4]])


def test_records_are_rows_by_name_and_may_leave_out_cells():
    assert read(b'{"x": 1, "y": "a\\nb"}\n{"y": "c"}\n') == (["x", "y"], [[1, None], ["a\nb", "c"]])


@pytest.mark.contract("B4.5")
def test_one_line_is_one_row():
    """A batch transform of single records."""
    assert read(b'{"x": 1}') == (["x"], [[1]])
    assert raw_of(b"[1, 2]", "application/jsonlines", schema_of("x", "y")).matrix.tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"x": 1}\n{"x": \n', "line 2 is not JSON"),
        (b'\n{"x": 1}\n5\n', "line 3: expected an object or an array, got 5"),
        (b'{"x": 1}\n[2]\n', "row 2: expected an object as in row 1"),
        (b"[1, 2]\n[3]\n", "row 2: 1 cells, expected 2"),
    ],
)
def test_a_line_that_does_not_fit_is_named(body, message):
    with pytest.raises(UserError, match=message):
        read(body)


@pytest.mark.parametrize("body", [b"", b"\n \n"])
def test_empty_json_lines_have_no_rows(body):
    with pytest.raises(NoRows):
        read(body)


@pytest.mark.contract("B8.7")
def test_an_answer_is_an_object_a_line():
    answer = {"cluster": np.array([1.0, 0.0]), "d": np.array([np.nan, 2.5])}
    assert LINES.write(answer, PLAIN) == b'{"cluster":1.0,"d":null}\n{"cluster":0.0,"d":2.5}\n'
