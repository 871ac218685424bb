"""application/x-recordio-protobuf: a stream of framed records, each one row of numbers.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html
"""

import io
import struct
from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np

from slipway.cells import Array
from slipway.errors import NoRows, NotAcceptable, UserError, shown
from slipway.media import MediaType
from slipway.schema import Schema
from slipway.sheet import Sheet

_HEAD = struct.Struct("<II")
_MAGIC = 0xCED7230A
_LENGTH = (1 << 29) - 1  # the three bits above it say that a record goes on in the next frame
_MOST_COLUMNS = 1 << 24  # a sparse tensor of a few bytes may claim any size
_VALUES = "values"  # what the one tensor of a row is called
_TENSORS = ("float32_tensor", "float64_tensor", "int32_tensor")


def records(stream: IO[bytes]) -> Iterator[bytes]:
    """The content of each frame. Raises UserError where the stream is not RecordIO, or is cut off."""
    place = 0
    while head := stream.read(_HEAD.size):
        place += 1
        if len(head) < _HEAD.size:
            raise UserError(f"record {place} is cut off")
        magic, length = _HEAD.unpack(head)
        if magic != _MAGIC:
            raise UserError(
                f"record {place} does not begin as RecordIO does: expected {_MAGIC:#x}, got {magic:#x}"
            )
        if length > _LENGTH:
            raise UserError(f"record {place} goes on in the next frame, which is not supported")
        content = stream.read(length)
        if len(content) < length:
            raise UserError(f"record {place} is cut off: {len(content)} bytes, expected {length}")
        stream.read(-length % 4)
        yield content


def frame(content: bytes) -> bytes:
    """One record's frame: eight bytes, the content, zeros up to a multiple of four."""
    return _HEAD.pack(_MAGIC, len(content)) + content + bytes(-len(content) % 4)


def read(body: bytes, media: MediaType, schema: Schema | None) -> Sheet:
    """The label, if there is one, then the features: columns by position; no labels where a model answers.

    The media type's `label_size=0` leaves the labels out, too.
    """
    matrix = _matrix(body, labels=schema is None and media.parameters.get("label_size") != "0")
    return Sheet(list(np.ascontiguousarray(matrix.T)), len(matrix))


def read_matrix(body: bytes, media: MediaType, schema: Schema) -> Array | None:
    """The features."""
    matrix = _matrix(body, labels=False)
    return matrix if matrix.shape[1] == len(schema.columns) and not np.isinf(matrix).any() else None


def write(columns: Mapping[str, Array], media: MediaType, envelope: str = "predictions") -> bytes:
    """One record a row, each answer column a float32 tensor among its labels, as the built-in algorithms'."""
    record_type = _record_type()
    rows = list(zip(*(_tensors(name, column) for name, column in columns.items()), strict=True))
    out = io.BytesIO()
    for row in rows:
        record = record_type()
        for name, values in zip(columns, row, strict=True):
            record.label[name].float32_tensor.values.extend(values)
        out.write(frame(record.SerializeToString(deterministic=True)))
    return out.getvalue()


def _tensors(name: str, column: Array) -> list[list[float]]:
    if column.dtype.kind in "fiub":
        return [[value] for value in column.tolist()]
    try:
        lists = [np.asarray(cell, dtype=np.float32).ravel().tolist() for cell in column]
    except (TypeError, ValueError):
        raise NotAcceptable(
            f"application/x-recordio-protobuf holds numbers only, and the answer has {shown(name)}"
        ) from None
    return lists


def _matrix(body: bytes, labels: bool) -> Array:
    """float64 of shape (records, label columns + feature columns); NaN and inf as they came."""
    if not body:
        raise NoRows("the body is empty")
    from google.protobuf.message import DecodeError

    record = _record_type()()
    rows: list[Array] = []
    for place, content in enumerate(records(io.BytesIO(body)), 1):
        try:
            record.ParseFromString(content)
        except DecodeError:
            raise UserError(f"record {place} is not a protobuf record of SageMaker's") from None
        row = _row(record, place, labels)
        if rows and len(row) != len(rows[0]):
            raise UserError(
                f"record {place}: {len(row)} values, expected {len(rows[0])} as in the first record"
            )
        rows.append(row)
    return np.array(rows, dtype=np.float64)


def _row(record: Any, place: int, labels: bool) -> Array:
    if _VALUES not in record.features:
        came = ", ".join(sorted(record.features)) or "none"
        raise UserError(f'record {place}: expected the features "{_VALUES}", got {shown(came)}')
    features = _numbers(record.features[_VALUES], place)
    if labels and _VALUES in record.label:
        return np.concatenate([_numbers(record.label[_VALUES], place), features])
    return features


def _numbers(value: Any, place: int) -> Array:
    """A tensor as float64; a sparse one, which has keys and a shape, with zeros between."""
    kind = value.WhichOneof("value")
    if kind not in _TENSORS:
        raise UserError(f"record {place}: expected a tensor of numbers, got {kind or 'nothing'}")
    tensor = getattr(value, kind)
    values = np.fromiter(tensor.values, np.float64, len(tensor.values))
    if not tensor.keys:
        return values
    if len(tensor.keys) != len(values) or len(tensor.shape) != 1:
        raise UserError(
            f"record {place}: a sparse tensor needs one key a value and one dimension, "
            f"got {len(tensor.keys)} keys, {len(values)} values and {len(tensor.shape)} dimensions"
        )
    size, keys = tensor.shape[0], np.fromiter(tensor.keys, np.int64, len(values))
    if size > _MOST_COLUMNS or (keys >= size).any():
        raise UserError(f"record {place}: the keys of a sparse tensor must be below its size, {size}")
    row = np.zeros(size)
    row[keys] = values
    return row


def _record_type() -> Any:
    from slipway.codecs.record import record_type  # protobuf takes a while to import, and few need it

    return record_type()
