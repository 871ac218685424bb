"""application/json: the built-in algorithms' forms, records, columns, arrays."""

import json as standard

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import NoRows, UserError
from slipway.formats import read_table, reader
from slipway.formats.json import configuration
from slipway.formats.json_rows import parsed
from slipway.table.raw import Block
from unit.tables import cells, schema_of, table
from unit.tables import read as raw_of

JSON, PLAIN = reader("application/json")
XY = schema_of("x", "y")


def read(document):
    body = document if isinstance(document, bytes) else standard.dumps(document).encode()
    raw = raw_of(body, "application/json")
    return raw.names, cells(raw)


@pytest.mark.parametrize(
    "document",
    [
        {"instances": [{"features": [1, 2]}, {"features": [3, 4]}]},
        {
            "instances": [
                {"data": {"features": {"values": [1, 2]}}},
                {"data": {"features": {"values": [3, 4]}}},
            ]
        },
        {"instances": [{"data": {"features": [1, 2]}}, {"features": {"values": [3, 4]}}]},
        {"instances": [[1, 2], [3, 4]], "configuration": {"times": 2}},
        {"instances": [{"features": [1, 2], "configuration": {}}, {"features": [3, 4]}]},
        [{"features": [1, 2]}, {"features": [3, 4]}],
        [[1, 2], [3, 4]],
    ],
    ids=str,
)
@pytest.mark.contract("B8.3")
def test_the_forms_of_the_built_in_algorithms_are_rows_by_position(document):
    assert read(document) == (None, [[1, 3], [2, 4]])


@pytest.mark.parametrize(
    "document",
    [
        [{"x": 1, "y": 2}, {"x": 3, "y": 4}],
        {"instances": [{"x": 1, "y": 2}, {"y": 4, "x": 3}]},
        {"x": [1, 3], "y": [2, 4]},
        {"x": [1, 3], "y": [2, 4], "configuration": {"times": 2}},
        {"columns": ["x", "y"], "data": [[1, 2], [3, 4]]},
        {"columns": ["x", "y"], "index": [0, 1], "data": [[1, 2], [3, 4]]},
    ],
    ids=str,
)
def test_records_columns_and_the_split_form_of_pandas_are_rows_by_name(document):
    assert read(document) == (["x", "y"], [[1, 3], [2, 4]])


@pytest.mark.parametrize(
    ("document", "row"),
    [
        ({"x": 1, "y": "a"}, (["x", "y"], [[1], ["a"]])),
        ({"x": 1, "configuration": {}}, (["x"], [[1]])),
        ([1, 2, None], (None, [[1], [2], [None]])),
        (["a", 2], (None, [["a"], [2]])),
        ({"features": [1, 2]}, (None, [[1], [2]])),
        ({"data": {"features": {"values": [1, 2]}}}, (None, [[1], [2]])),
        ({"data": 5, "x": 1}, (["data", "x"], [[5], [1]])),
        ([{"features": "a", "x": 1}], (["features", "x"], [["a"], [1]])),
    ],
    ids=str,
)
def test_a_single_record_or_a_flat_list_is_one_row(document, row):
    assert read(document) == row


@pytest.mark.parametrize("shape", [[4], 4])
@pytest.mark.contract("B8.3")
def test_a_sparse_row_has_zeros_where_no_key_points(shape):
    sparse = {"data": {"features": {"keys": [2, 0], "shape": shape, "values": [5, 7]}}}
    assert read({"instances": [sparse]}) == (None, [[7], [0.0], [5], [0.0]])


@pytest.mark.parametrize(
    "sparse",
    [
        {"keys": [4], "shape": [4], "values": [1]},
        {"keys": [-1], "shape": [4], "values": [1]},
        {"keys": [0, 1], "shape": [4], "values": [1]},
        {"keys": ["a"], "shape": [4], "values": [1]},
        {"keys": [0], "values": [1]},
        {"keys": [0], "shape": [], "values": [1]},
        {"keys": 0, "shape": [4], "values": [1]},
    ],
    ids=str,
)
def test_a_sparse_row_that_does_not_fit_its_shape_is_refused(sparse):
    with pytest.raises(UserError, match="row 1: a sparse row needs"):
        read({"instances": [{"data": {"features": sparse}}]})


def test_a_record_may_leave_out_what_it_does_not_know():
    assert read([{"x": 1}, {"y": 2}, {}]) == (["x", "y"], [[1, None, None], [None, 2, None]])


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([[1, 2], [3]], "row 2: 1 cells, expected 2"),
        ([[1, 2], {"x": 3}], "row 2: expected an array as in row 1"),
        ([{"x": 3}, [1]], "row 2: expected an object as in row 1"),
        ([{"x": 3}, None], "row 2: expected an object as in row 1, got None"),
        ([None, {"x": 3}], "row 1: expected an object"),
        ({"instances": 5}, '"instances" is a list of rows, got 5'),
        ({"instances": [{"features": [1]}, {"x": 1}]}, r'row 2: "features" is a list'),
        ({"x": [1, 2], "y": [1]}, "columns must be equally long"),
        ({"columns": ["x"], "data": [[1, 2]]}, '"data" is a list of rows of 1 cells'),
        (5, "the JSON holds no rows; expected .*, got 5"),
        ("a", "the JSON holds no rows"),
        (b'{"instances": [', "the body is not JSON"),
        (b"\xff", "the body is not JSON"),
        (b'[{"x": Infinity}]', "the body is not JSON"),
    ],
    ids=str,
)
def test_what_is_no_table_is_refused_in_one_line(document, message):
    with pytest.raises(UserError, match=message) as caught:
        read(document)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b" \n"])
def test_empty_json_has_no_rows(body):
    with pytest.raises(NoRows):
        read(body)


@pytest.mark.parametrize("document", [[], {"instances": []}, {"x": [], "y": []}], ids=str)
def test_json_may_hold_no_rows(document):
    assert raw_of(standard.dumps(document), "application/json").height == 0


def test_a_byte_order_mark_is_passed_over():
    assert read(b"\xef\xbb\xbf[[1]]") == (None, [[1]])


CELLS = st.sampled_from(
    [
        0,
        1,
        -5,
        1.5,
        -0.0,
        5e-324,
        1e308,
        2**53 + 1,
        2**63,
        2**64 - 1,
        None,
        True,
        "1",
        "a",
        "",
        "NA",
        "1e999",
        [1],
    ]
)


@st.composite
def documents(draw):
    """Requests of every form, right and wrong."""
    cell = st.sampled_from([1, 2.5]) if draw(st.booleans()) else CELLS
    records = st.dictionaries(st.sampled_from(["x", "y", "z"]), cell) | st.fixed_dictionaries(
        {"x": cell, "y": cell}
    )
    row = draw(
        st.sampled_from(
            [st.lists(cell, min_size=2, max_size=2), records, st.lists(cell, max_size=3) | records]
        )
    )
    rows = draw(st.lists(row, max_size=4))
    form = draw(st.sampled_from(["plain", "instances", "features", "values", "columns", "one"]))
    if form == "instances":
        return {"instances": rows}
    if form == "features":
        return {"instances": [{"features": row} for row in rows]}
    if form == "values":
        return {"instances": [{"data": {"features": {"values": row}}} for row in rows]}
    if form == "columns":
        return dict(zip("yxz", rows, strict=False))
    return rows[0] if form == "one" and rows else rows


def meant(body, media_type, **how):
    """The numbers of a request, or what is said of it."""
    try:
        return table(body, XY, media_type, **how).matrix.tolist()
    except UserError as error:
        return type(error), error.row, error.column, str(error)


@pytest.mark.parametrize("media_type", ["application/json", "application/jsonlines"])
@given(document=documents())
def test_the_quick_way_gives_what_the_long_way_gives(media_type, document):
    lines = document if isinstance(document, list) and media_type.endswith("lines") else [document]
    body = b"\n".join(orjson.dumps(line) for line in lines)
    found, plain = meant(body, media_type), meant(body, media_type, keep=True)
    assert repr(found) == repr(plain)
    if isinstance(plain, list):
        assert repr(meant(body, media_type, errors={})) == repr(plain)


@pytest.mark.parametrize(
    "document", [[[1, 2.5]], [{"y": 2.5, "x": 1, "z": "a"}], {"instances": [{"features": [1, 2.5]}]}], ids=str
)
def test_plain_numbers_take_the_quick_way(document):
    raw = raw_of(standard.dumps(document), "application/json", XY)
    assert isinstance(raw, Block)
    assert raw.matrix.tolist() == [[1, 2.5]]


@pytest.mark.parametrize(
    ("body", "options"),
    [
        (b'{"instances": [[1]], "configuration": {"times": 2}}', {"times": 2}),
        (b'{"instances": [["\\"configuration\\""]]}', {}),
        (b'[["configuration"]]', {}),
        (b"[[1]]", {}),
    ],
)
@pytest.mark.contract("B8.3")
def test_the_configuration_of_a_request_is_its_options(body, options):
    assert configuration(parsed(body)) == options


def test_a_configuration_that_is_no_object_is_refused():
    with pytest.raises(UserError, match='"configuration" is an object of options, got 5'):
        configuration(parsed(b'{"instances": [[1]], "configuration": 5}'))


@pytest.mark.contract("B8.7")
def test_an_answer_is_an_object_a_row_under_predictions():
    answer = {
        "cluster": np.array([1.0, 0.0]),
        "name": np.array(["a", None], dtype=object),
        "d": np.array([np.nan, 0.1]),
    }
    assert standard.loads(JSON.write(answer, PLAIN)) == {
        "predictions": [{"cluster": 1.0, "name": "a", "d": None}, {"cluster": 0.0, "name": None, "d": 0.1}]
    }


def test_the_bare_nan_of_pythons_json_is_a_missing_cell():
    assert read(b'[{"x": NaN, "y": 1}]') == (["x", "y"], [[None], [1]])


def test_a_sparse_row_cannot_ask_for_more_memory_than_the_model_has_columns():
    body = b'{"instances": [{"data": {"features": {"keys": [0], "shape": [10000000], "values": [1]}}}]}'
    with pytest.raises(UserError, match="row 1: the shape is 10000000, expected 1"):
        raw_of(body, "application/json", schema_of("x"))


@pytest.mark.parametrize("body", [b'[["\\ud800", NaN]]', b'[{"\\uDFFF": NaN}]'])
def test_half_a_character_is_refused(body):
    with pytest.raises(UserError, match="not JSON"):
        read(body)


@pytest.mark.parametrize("name", ["data", "features"])
def test_several_lists_are_columns_though_one_has_a_name_of_the_built_in_form(name):
    """The others were left out without a word, and one row was answered for two."""
    found = read_table(standard.dumps({name: [1, 2], "y": [3, 4]}).encode(), "application/json")
    assert {column: found.column(column).tolist() for column in found.names} == {name: [1, 2], "y": [3, 4]}
    alone = read_table(standard.dumps({name: [1, 2]}).encode(), "application/json")
    assert (len(alone), alone.names) == (1, ("column_1", "column_2"))
