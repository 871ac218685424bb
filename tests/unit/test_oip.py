"""The Open Inference Protocol: what a table as tensors is read as, what is answered, and what is refused."""

import json
import struct
from typing import Any

import numpy as np
import pytest

from slipway import Answers
from slipway.serving.endpoint import Endpoint
from slipway.serving.oip.v2 import Infer
from slipway.settings import Settings
from unit.model import Adder
from unit.worker import Echo, Sums
from unit.worker import endpoint as endpoint_of

X = {"name": "x", "shape": [2], "datatype": "FP64", "data": [1, 3]}
Y = {"name": "y", "shape": [2, 1], "datatype": "INT32", "data": [[2], [4]]}


@pytest.fixture
def endpoint(manifest):
    return Endpoint(Adder(), manifest, Settings.read({}))


@pytest.fixture
def mixed():
    return endpoint_of(Echo())


def infer(endpoint, *inputs, binary=b"", **members):
    """Status and document; the binary data of the answer under its name."""
    text = json.dumps({"inputs": list(inputs), **members}).encode()
    answer = endpoint.answer(text + binary, "", protocol=Infer(str(len(text)) if binary else None))
    header = dict(answer.headers).get("Inference-Header-Content-Length")
    if header is None:
        assert answer.media_type == "application/json"
        return answer.status, json.loads(answer.body)
    assert answer.media_type == "application/octet-stream"
    return answer.status, {**json.loads(answer.body[: int(header)]), "binary": answer.body[int(header) :]}


def outputs(found):
    status, document = found
    assert status == 200, document
    return {one["name"]: one["data"] for one in document["outputs"]}


def refusal(found):
    status, document = found
    assert status == 400, document
    assert list(document) == ["error"]
    return document["error"]


def column(name, datatype, *cells: Any):
    return {"name": name, "shape": [len(cells)], "datatype": datatype, "data": list(cells)}


def test_columns_by_name_in_any_order_are_rows(endpoint):
    assert infer(endpoint, Y, X, id="a1") == (
        200,
        {
            "model_name": "adder",
            "model_version": "1.2.3",
            "id": "a1",
            "outputs": [
                {"name": "sum", "datatype": "FP64", "shape": [2], "data": [3.0, 7.0]},
                {"name": "half", "datatype": "FP64", "shape": [2], "data": [1.5, 3.5]},
            ],
        },
    )


@pytest.mark.parametrize("data", [[1, 2, 3, 4], [[1, 2], [3, 4]], [1.0, 2.0, 3.0, 4.0]])
def test_one_input_of_several_columns_is_a_matrix_whatever_it_is_called(endpoint, data):
    matrix = {"name": "predict", "shape": [2, 2], "datatype": "FP32", "data": data}
    assert outputs(infer(endpoint, matrix))["sum"] == [3.0, 7.0]


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("gap", [None, 0.5])
def test_a_large_matrix_is_the_same_as_a_small_one(gap, nested):
    numbers = np.arange(20_000).reshape(-1, 4) / 7
    rows = numbers.tolist()
    rows[-1][-1] = gap
    data = rows if nested else [cell for row in rows for cell in row]
    matrix = {"name": "m", "shape": [5000, 4], "datatype": "FP64", "data": data}
    found = outputs(infer(endpoint_of(Sums()), matrix))["sum"]
    numbers[-1, -1] = np.nan if gap is None else gap
    wanted = numbers.sum(axis=1).tolist()
    assert found[:-1] == wanted[:-1]
    assert found[-1] == (None if gap is None else wanted[-1])


def test_a_large_matrix_that_is_not_nested_as_its_shape_says_is_refused():
    data = [[1.0] * 4 for _ in range(5000)]
    data[7], data[8] = [1.0] * 3, [1.0] * 5
    matrix = {"name": "m", "shape": [5000, 4], "datatype": "FP64", "data": data}
    assert "not nested as its shape" in refusal(infer(endpoint_of(Sums()), matrix))
    matrix["data"] = [[1.0]] + [1.0] * 19_999
    assert "not nested as its shape" in refusal(infer(endpoint_of(Sums()), matrix))
    inputs = [{"name": name, "shape": [19_999], "datatype": "FP64"} for name in "wxyz"]
    for one in inputs[1:]:
        one["data"] = [[1.0]] + [1.0] * 19_998
    data = np.ones(19_999).tobytes()
    inputs[0]["parameters"] = {"binary_data_size": len(data)}
    assert "not nested as its shape" in refusal(infer(endpoint_of(Sums()), *inputs, binary=data))


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows[3].append(1.0),
        lambda rows: rows.__setitem__(3, [[1.0, 2.0, 3.0, 4.0]]),
        lambda rows: rows.__setitem__(slice(3, 5), [1.0, [[1.0], [2.0], [3.0, 4.0], 5.0]]),
        lambda rows: rows.__setitem__(0, 1.0),
        lambda rows: rows.append([1.0]),
        lambda rows: rows.pop(),
        lambda rows: rows.__setitem__(slice(0, 2), [rows[0] + rows[1]]),
    ],
)
def test_large_nested_data_are_held_to_their_shape(change):
    rows = np.arange(20_000.0).reshape(-1, 4).tolist()
    change(rows)
    matrix = {"name": "m", "shape": [5000, 4], "datatype": "FP64", "data": rows}
    found = refusal(infer(endpoint_of(Sums()), matrix))
    assert "not nested as its shape" in found or "takes 20000 cells" in found


def test_large_columns_may_be_nested(endpoint):
    cells = np.arange(5000.0).tolist()
    x = {"name": "x", "shape": [5000, 1], "datatype": "FP64", "data": [[cell] for cell in cells]}
    y = {"name": "y", "shape": [5000], "datatype": "INT64", "data": list(range(5000))}
    assert outputs(infer(endpoint, x, y))["sum"] == [2 * cell for cell in cells]


@pytest.mark.parametrize("wrong", [True, "1"])
def test_a_large_input_has_its_cells_looked_at_like_a_small_one(wrong):
    data = [1.0] * 20_000
    data[9] = wrong
    matrix = {"name": "m", "shape": [5000, 4], "datatype": "FP64", "data": data}
    assert 'row 3, column "m": expected a number' in refusal(infer(endpoint_of(Sums()), matrix))


def test_kinds_may_be_mixed_and_gaps_are_null(mixed):
    found = infer(
        mixed,
        column("code", "BYTES", "007", None, "é"),
        column("ok", "BOOL", True, False, None),
        column("n", "INT64", 2**53 - 1, None, -3),
        column("x", "FP32", 0.1, None, 2),
        column("unread", "INT8", 1, 2, 3),
    )
    assert outputs(found) == {
        "code": ["007", None, "é"],
        "ok": ["true", "false", None],
        "n": [2**53 - 1, None, -3],
        "x": [0.1, None, 2],
        "unread": [1, 2, 3],
    }
    kinds = {one["name"]: one["datatype"] for one in found[1]["outputs"]}
    assert kinds == {"code": "BYTES", "ok": "BYTES", "n": "FP64", "x": "FP64", "unread": "FP64"}


def test_a_whole_number_is_one_however_it_is_written(endpoint):
    """Of a column with gaps pandas makes floats, 1.0."""
    x = {"name": "x", "shape": [2], "datatype": "INT64", "data": [1.0, 3]}
    assert outputs(infer(endpoint, x, Y))["sum"] == [3.0, 7.0]


def test_pandas_requests_are_answered_as_pandas_answers(mixed):
    status, document = infer(
        mixed,
        column("code", "BYTES", "a") | {"parameters": {"content_type": "str"}},
        column("ok", "BOOL", True),
        column("n", "INT64", 1) | {"parameters": {"content_type": "np"}},
        column("x", "FP64", 0.5),
        parameters={"content_type": "pd"},
    )
    assert status == 200
    assert document["parameters"] == {"content_type": "pd"}
    assert document["outputs"][0]["parameters"] == {"content_type": "str"}


def test_binary_tensors_come_and_go(mixed):
    code, ok = struct.pack("<I3sI0s", 3, b"007", 0, b""), bytes([1, 0])
    n, x = np.array([5, 6], "<i2").tobytes(), np.array([0.25, np.nan], "<f8").tobytes()
    inputs = [
        {"name": name, "shape": [2], "datatype": kind, "parameters": {"binary_data_size": len(data)}}
        for name, kind, data in [
            ("code", "BYTES", code), ("ok", "BOOL", ok), ("n", "INT16", n), ("x", "FP64", x)
        ]
    ]  # fmt: skip
    wanted = [{"name": "x", "parameters": {"binary_data": False}}, {"name": "n"}, {"name": "code"}]
    status, found = infer(
        mixed,
        *inputs,
        binary=code + ok + n + x,
        outputs=wanted,
        parameters={"binary_data_output": True},
    )
    assert status == 200
    given_x, given_n, given_code = found["outputs"]
    assert given_x["data"] == [0.25, None]
    # A column that may have gaps is FP64 in the metadata, and so in every answer.
    assert given_n == {"name": "n", "datatype": "FP64", "shape": [2], "parameters": {"binary_data_size": 16}}
    assert given_code["datatype"] == "BYTES"
    assert found["binary"] == np.frombuffer(n, np.int16).astype(float).tobytes() + code


def test_the_outputs_asked_for_are_answered_in_their_order(endpoint):
    found = infer(endpoint, X, Y, outputs=[{"name": "half"}])
    assert outputs(found) == {"half": [1.5, 3.5]}
    assert "no output sums; the answer has sum, half" in refusal(
        infer(endpoint, X, Y, outputs=[{"name": "sums"}])
    )


def test_options_are_parameters_and_others_are_nobodys_business(endpoint):
    assert outputs(infer(endpoint, X, Y, parameters={"times": 2, "trace": "x"}))["sum"] == [6.0, 14.0]
    assert "option times" in refusal(infer(endpoint, X, Y, parameters={"times": "many"}))


def test_rows_that_cannot_be_read_have_their_errors_in_their_places(endpoint):
    """As in every other format: one of another datatype, one that is no number to the model."""
    x = column("x", "BYTES", "1", "a", "3", "4")
    y = column("y", "INT64", 2, 2, 2.5, 2)
    found = outputs(infer(endpoint, x, y, parameters={"on_error": "record"}))
    assert found["sum"] == [3.0, None, None, 6.0]
    assert found["error"][0] is found["error"][3] is None
    assert 'row 2, column "x": expected a number' in found["error"][1]
    assert 'row 3, column "y": expected a whole number, as its datatype is INT64' in found["error"][2]


def test_what_a_json_answer_says_beside_its_answers_stands_beside_the_outputs(endpoint):
    status, found = infer(endpoint, X, Y, parameters={"fault": "tells the total"})
    assert (status, found["total"]) == (200, 10.0)


@pytest.mark.parametrize(
    ("datatype", "cell", "expected"),
    [
        ("INT64", 1.5, "a whole number"),
        ("UINT8", "1", "a whole number"),
        ("FP32", "1", "a number"),
        ("FP64", True, "a number"),
        ("BOOL", 1, "true or false"),
        ("INT8", [1], "a whole number"),
    ],
)
def test_a_cell_of_another_datatype_is_named_by_row_and_column(endpoint, datatype, cell, expected):
    good = True if datatype == "BOOL" else 1
    x = {"name": "x", "shape": [3], "datatype": datatype, "data": [good, cell, good]}
    y = column("y", "FP64", 1, 1, 1)
    text = refusal(infer(endpoint, x, y))
    if isinstance(cell, list):
        assert "not nested as its shape" in text
    else:
        assert text.startswith(f'row 2, column "x": expected {expected}, as its datatype is {datatype}; got ')


@pytest.mark.parametrize(
    ("inputs", "members", "text"),
    [
        ([], {}, '"inputs" is empty'),
        (["x"], {}, 'an entry of "inputs" is no object'),
        ([X], {}, "missing column y"),
        ([X, {**Y, "shape": [3]}], {}, "takes 3 cells, its data has 2"),
        ([X, column("y", "FP64", 1)], {}, "as many rows, got [1, 2]"),
        ([{**X, "shape": [-1]}, Y], {}, "expected the shape"),
        ([{**X, "shape": [2, 1, 1]}, Y], {}, "expected the shape"),
        ([{**X, "shape": [10**12, 0]}, Y], {}, "expected the shape"),
        ([{**X, "shape": 2}, Y], {}, "expected the shape"),
        ([{**X, "datatype": "BF16"}, Y], {}, 'FP64, BYTES; got "BF16"'),
        ([{**X, "name": None}, Y], {}, '"name" is a text'),
        ([{"name": "x", "shape": [2], "datatype": "FP64"}, Y], {}, 'neither "data" nor "binary_data_size"'),
        ([{**X, "data": {"a": 1}}, Y], {}, '"data" is an array'),
        ([X, X, Y], {}, "more than once came: x"),
        ([{**X, "shape": [1, 2]}, column("y", "FP64", 1)], {}, "expected a column, [rows] or [rows, 1]"),
        ([{**X, "parameters": {"content_type": "base64"}}, Y], {}, 'got "base64"'),
        ([X, Y], {"parameters": []}, None),
        ([X, Y], {"parameters": [1]}, '"parameters" of the request is an object'),
        ([X, Y], {"id": 1}, '"id" is a text'),
        ([X, Y], {"outputs": {"name": "sum"}}, '"outputs" is a list'),
        ([{**X, "parameters": {"binary_data_size": 16}}, Y], {}, "0 bytes are left of the body"),
        ([column("x", "FP64", 1, "a"), column("y", "FP64", 1, 1)], {}, 'row 2, column "x"'),
        ([column("x", "BYTES", "1", "a"), Y], {}, 'row 2, column "x": expected a number'),
        ([column("x", "BYTES"), column("y", "FP64")], {}, "no rows came"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_one_line(endpoint, inputs, members, text):
    found = infer(endpoint, *inputs, **members)
    if text is None:
        assert found[0] == 200
    else:
        assert text in refusal(found)


@pytest.mark.parametrize(
    ("body", "header", "text"),
    [
        (b"", None, "the JSON is empty"),
        (b"{", None, "the body is not JSON"),
        (b"[1]", None, 'expected {"inputs": '),
        (b"\x1f\x8b123", None, "packed with gzip"),
        (b'{"inputs": []}', "99", "Inference-Header-Content-Length is 99; the body has 14 bytes"),
        (b'{"inputs": []}', "x", 'expected a number of bytes, got "x"'),
    ],
)
def test_a_body_that_is_no_request_is_refused(endpoint, body, header, text):
    answer = endpoint.answer(body, "", protocol=Infer(header))
    assert answer.status == 400
    assert text in json.loads(answer.body)["error"]


def test_a_packed_body_is_told_to_be_one(endpoint):
    protocol = Infer().with_headers([(b"content-encoding", b"deflate"), (b"accept", b"*/*")])
    answer = endpoint.answer(b"x\x9c123", "", protocol=protocol)
    assert (answer.status, json.loads(answer.body)["error"]) == (
        400,
        'Content-Encoding is "deflate"; send the body unpacked',
    )


@pytest.mark.parametrize(
    ("datatype", "data", "text"),
    [
        ("FP64", b"12345678", "take 16 bytes, its binary data has 8"),
        ("BYTES", struct.pack("<I", 2**31), "expected 2 texts"),
        ("BYTES", struct.pack("<I1sI1s", 1, b"1", 1, b"2") + b"x", "expected 2 texts"),
        ("BYTES", struct.pack("<I1sI", 1, b"1", 9), "expected 2 texts"),
        ("BYTES", struct.pack("<I1sI1s", 1, b"1", 1, b"\xff"), 'row 2, column "x": a text is not UTF-8'),
    ],
)
def test_binary_data_that_is_not_what_it_says_is_refused(endpoint, datatype, data, text):
    size = {"binary_data_size": len(data)}
    x = {"name": "x", "shape": [2], "datatype": datatype, "parameters": size}
    assert text in refusal(infer(endpoint, x, Y, binary=data))


def test_bytes_that_no_input_claims_are_refused(endpoint):
    assert "3 bytes follow the last input" in refusal(infer(endpoint, X, Y, binary=b"abc"))


def test_a_body_of_more_than_there_is_room_for_is_refused(manifest):
    endpoint = Endpoint(Adder(), manifest, Settings.read({"SLIPWAY_MAX_ROWS": "1"}))
    status, found = infer(endpoint, X, Y)
    assert (status, list(found)) == (413, ["error"])
    assert "at most 1 (SLIPWAY_MAX_ROWS)" in found["error"]


def test_a_fault_of_ours_says_nothing_of_the_payload(endpoint, capfd):
    status, found = infer(endpoint, X, Y, parameters={"fault": "raises"})
    assert (status, found) == (500, {"error": "internal error; the log has the details"})
    assert "4711" not in capfd.readouterr().err


class Kinds(Adder):
    """Answers with a column of each type."""

    def predict(self, table, options):
        found = {
            "i": np.arange(2, dtype=np.int32),
            "m": np.array([[1.5, 2], [3, np.nan]]),
            "b": np.array([True, False]),
            "t": np.array(["a", None], object),
            "lists": np.fromiter([[1, 2], [3, 4]], object, 2),
            "ragged": np.fromiter([[1], {"a": 2}], object, 2),
            "big": np.array([2**60, 1], object),
            "words": np.array(["é", "b"]),
            "none": np.array([None, None], object),
        }
        return Answers({name: cells[: len(table)] for name, cells in found.items()})


def test_answers_of_every_type_have_their_datatypes(manifest):
    endpoint = Endpoint(Kinds(), manifest, Settings.read({}))
    status, found = infer(endpoint, X, Y)
    assert status == 200
    assert [(one["name"], one["datatype"], one["shape"], one["data"]) for one in found["outputs"]] == [
        ("i", "INT32", [2], [0, 1]),
        ("m", "FP64", [2, 2], [1.5, 2.0, 3.0, None]),
        ("b", "BOOL", [2], [True, False]),
        ("t", "BYTES", [2], ["a", None]),
        ("lists", "FP64", [2, 2], [1.0, 2.0, 3.0, 4.0]),
        ("ragged", "BYTES", [2], ["[1]", '{"a":2}']),
        ("big", "INT64", [2], [2**60, 1]),
        ("words", "BYTES", [2], ["é", "b"]),
        ("none", "BYTES", [2], [None, None]),
    ]
    packed = infer(endpoint, X, Y, parameters={"binary_data_output": True})[1]
    sizes = [one["parameters"]["binary_data_size"] for one in packed["outputs"]]
    assert sizes == [8, 32, 2, 9, 32, 18, 16, 11, 8]
    assert len(packed["binary"]) == sum(sizes)
