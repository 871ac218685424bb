"""application/x-recordio-protobuf: framed records of numbers, as the SageMaker SDK writes them."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import NoRows, NotAcceptable, UserError
from slipway.formats import Reading, reader, recordio
from slipway.formats.record import record_type
from slipway.media import MediaType
from slipway.table.raw import Block
from unit.tables import schema_of, table

RECORDIO, MEDIA = reader("application/x-recordio-protobuf")
XY = schema_of("x", "y")
# sagemaker.amazon.common.write_numpy_to_dense_tensor for [[1.5, 2], [3, 4]] with the labels [0, 1].
FROM_THE_SDK = (
    b"\n#\xd7\xce,\x00\x00\x00\n\x16\n\x06values\x12\x0c\x12\n\n\x08\x00\x00\xc0?\x00\x00\x00@"
    b"\x12\x12\n\x06values\x12\x08\x12\x06\n\x04\x00\x00\x00\x00"
    b"\n#\xd7\xce,\x00\x00\x00\n\x16\n\x06values\x12\x0c\x12\n\n\x08\x00\x00@@\x00\x00\x80@"
    b"\x12\x12\n\x06values\x12\x08\x12\x06\n\x04\x00\x00\x80?"
)
# And for [[1.5, 2]] in float64, without labels.
DOUBLES = (
    b"\n#\xd7\xce \x00\x00\x00\n\x1e\n\x06values\x12\x14\x1a\x12\n\x10"
    b"\x00\x00\x00\x00\x00\x00\xf8?\x00\x00\x00\x00\x00\x00\x00@"
)


def field(number: int, content: bytes) -> bytes:
    """A field of bytes in protobuf's wire format; every one here is shorter than 128."""
    return bytes([number << 3 | 2, len(content)]) + content


def record(tensor: bytes, kind: int = 2, key: bytes = b"values", name: int = 1) -> bytes:
    return recordio.frame(field(name, field(1, key) + field(2, field(kind, tensor))))


def floats(*values: float) -> bytes:
    return field(1, struct.pack(f"<{len(values)}f", *values))


def matrix(body: bytes, schema=XY, media: MediaType = MEDIA) -> list[list[float]]:
    raw = RECORDIO.read(body, media, Reading(schema))
    return (raw.matrix if isinstance(raw, Block) else np.column_stack(raw.columns)).tolist()


@pytest.mark.contract("B8.1", "B8.5")
def test_features_and_labels_are_read_as_the_sdk_writes_them():
    """In training the label is the first column, as in CSV."""
    assert matrix(FROM_THE_SDK, None) == [[0, 1.5, 2], [1, 3, 4]]
    assert matrix(FROM_THE_SDK) == [[1.5, 2], [3, 4]]
    assert matrix(FROM_THE_SDK, None, MediaType(MEDIA.essence, {"label_size": "0"})) == [[1.5, 2], [3, 4]]
    assert RECORDIO.read(FROM_THE_SDK, MEDIA, Reading(XY)).matrix.tolist() == [[1.5, 2], [3, 4]]


@pytest.mark.contract("B8.5")
def test_every_type_of_number_is_read():
    assert matrix(DOUBLES) == [[1.5, 2]]
    assert matrix(record(field(1, b"\x01\x02"), kind=7)) == [[1, 2]]


@pytest.mark.contract("B8.3", "B8.5")
def test_a_sparse_row_has_zeros_between():
    sparse = floats(2, 7) + field(2, b"\x01\x03") + field(3, b"\x04")
    assert matrix(record(sparse), schema_of(*"abcd")) == [[0, 2, 0, 7]]


def test_columns_that_are_too_many_take_the_way_that_names_them():
    with pytest.raises(UserError, match=r"2 columns came without names; expected 1 \(x\)"):
        table(FROM_THE_SDK, schema_of("x"), MEDIA.essence)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"x,y\n1,2,3,4\n", r"^record 1 does not begin as RecordIO does: expected 0xced7230a, got 0x"),
        (b"\n#\xd7", r"^record 1 is cut off$"),
        (DOUBLES[:-1], r"^record 1 is cut off: 31 bytes, expected 32$"),
        (FROM_THE_SDK + DOUBLES[:6], r"^record 3 is cut off$"),
        (DOUBLES.replace(b" \x00\x00\x00\n", b" \x00\x00\x20\n"), r"^record 1 goes on in the next frame"),
        (recordio.frame(b"\xff\xff"), r"^record 1 is not a protobuf record"),
        (recordio.frame(b""), r'^record 1: expected the features "values", got "none"$'),
        (record(floats(1), key=b"image"), r'^record 1: expected the features "values", got "image"$'),
        (
            record(floats(1, 2)) + record(floats(1)),
            r"^record 2: 1 values, expected 2 as in the first",
        ),
        (record(floats(1), kind=9), r"^record 1: expected a tensor of numbers, got nothing$"),
        (record(floats(2) + field(2, b"\x05") + field(3, b"\x02")), r"must be below its size, 2$"),
        (record(floats(2) + field(2, b"\x05") + field(3, b"\x04")), r"its shape is 4, expected 2$"),
        (record(floats(2) + field(2, b"\x05")), r"got 1 keys, 1 values and 0 dimensions$"),
        (
            record(floats(2) + field(2, b"\x05") + field(3, b"\xff\xff\xff\xff\x7f")),
            r"its shape is 34359738367, expected 2$",
        ),
    ],
)
def test_what_is_no_record_is_told_in_one_line(body, message):
    with pytest.raises(UserError, match=message) as caught:
        RECORDIO.read(body, MEDIA, Reading(XY))
    assert "\n" not in str(caught.value)


@given(body=st.binary(max_size=60))
def test_no_bytes_raise_anything_else(body):
    for start in (b"", b"\n#\xd7\xce" + struct.pack("<I", max(0, len(body) - 8))):
        try:
            RECORDIO.read(start + body, MEDIA, Reading(XY))
        except UserError:
            continue


def test_an_empty_body_has_no_rows():
    with pytest.raises(NoRows):
        RECORDIO.read(b"", MEDIA, Reading(XY))


@pytest.mark.contract("B8.7")
def test_answers_are_labels_of_one_record_a_row():
    """The names of the built-in k-means' answers are keys among the labels, float32."""
    body = RECORDIO.write({"cluster": np.array([1, 0]), "distance": np.array([0.5, 2.25])}, MEDIA)
    found = []
    for content in recordio.records(io.BytesIO(body)):
        one = record_type()()
        one.ParseFromString(content)
        found.append({name: list(value.float32_tensor.values) for name, value in one.label.items()})
    assert found == [{"cluster": [1], "distance": [0.5]}, {"cluster": [0], "distance": [2.25]}]
    assert len(body) % 4 == 0, "each record ends at a multiple of four bytes"


def test_a_list_of_numbers_is_one_tensor():
    cells = np.empty(1, dtype=object)
    cells[0] = [0.25, 0.75]
    (content,) = recordio.records(io.BytesIO(RECORDIO.write({"p": cells}, MEDIA)))
    one = record_type()()
    one.ParseFromString(content)
    assert list(one.label["p"].float32_tensor.values) == [0.25, 0.75]


def test_text_is_refused():
    with pytest.raises(NotAcceptable, match='numbers only, and the answer has "name"'):
        RECORDIO.write({"name": np.array(["a"], dtype=object)}, MEDIA)
