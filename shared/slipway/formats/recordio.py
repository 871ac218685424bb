"""application/x-recordio-protobuf: a stream of framed records, each one row of numbers.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html
"""

import io
import struct
from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np

from slipway.errors import NotAcceptable, UserError, shown
from slipway.formats.base import BLOCK, Format, Reading, after, nonempty
from slipway.media import MediaType
from slipway.table.arrow import Array
from slipway.table.raw import Raw

_HEAD = struct.Struct("<II")
_MAGIC = 0xCED7230A
_LENGTH = (1 << 29) - 1  # the three bits above it say that a record goes on in the next frame
_VALUES = "values"  # what the one tensor of a row is called
_TENSORS: Mapping[str, np.dtype[Any] | None] = {
    "float32_tensor": np.dtype("<f4"),
    "float64_tensor": np.dtype("<f8"),
    "int32_tensor": None,
}


class RecordIO(Format):
    """Records of SageMaker's protobuf."""

    media_type = "application/x-recordio-protobuf"
    aliases = ("recordio-protobuf", "application/x-recordio")
    suffixes = (".recordio", ".rec", ".pbr")
    texts = False

    def read(self, body: bytes, media: MediaType, reading: Reading) -> Raw:
        """The label, if there is one, then the features, by position; no labels where a model answers.

        The media type's `label_size=0` leaves the labels out, too.
        """
        labels = reading.schema is None and media.parameters.get("label_size") != "0"
        matrix = _matrix(nonempty(body), labels, reading)
        return reading.block(matrix) or Raw(list(np.ascontiguousarray(matrix.T)), len(matrix))

    def blocks(self, stream: IO[bytes], media: MediaType, reading: Reading) -> Iterator[Raw]:
        packed: list[bytes] = []
        size = done = 0
        for content in records(stream):
            packed.append(frame(content))
            size += len(content)
            if size >= BLOCK:
                with after(done, "record"):
                    yield self.read(b"".join(packed), media, reading)
                done += len(packed)
                packed, size = [], 0
        if packed:
            with after(done, "record"):
                yield self.read(b"".join(packed), media, reading)

    def write(self, columns: Mapping[str, Array], media: MediaType, envelope: str = "predictions") -> bytes:
        """One record per row, each answer column a float32 tensor among its labels, as AWS's own do."""
        record_type = _record_type()
        rows = list(zip(*(_tensors(name, column) for name, column in columns.items()), strict=True))
        out = io.BytesIO()
        for row in rows:
            record = record_type()
            for name, values in zip(columns, row, strict=True):
                record.label[name].float32_tensor.values.extend(values)
            out.write(frame(record.SerializeToString(deterministic=True)))
        return out.getvalue()


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


def _matrix(body: bytes, labels: bool, reading: Reading) -> Array:
    """float64 of shape (records, label columns + feature columns); NaN and inf as they came."""
    from google.protobuf.message import DecodeError

    record = _record_type()()
    rows: list[Array] = []
    for place, content in enumerate(records(io.BytesIO(body)), 1):
        try:
            record.ParseFromString(content)
        except (DecodeError, UnicodeDecodeError):
            raise UserError(f"record {place} is not a protobuf record of SageMaker's") from None
        if place == 1 and (alike := _alike(body, record, content, labels)) is not None:
            return alike
        row = _row(record, place, labels, reading)
        if rows and len(row) != len(rows[0]):
            raise UserError(
                f"record {place}: {len(row)} values, expected {len(rows[0])} as in the first record"
            )
        rows.append(row)
        if place == 1:
            claimed = 1 + len(body) // (len(content) + _HEAD.size)  # were all records like the first
            reading.budget.check(claimed, len(row), len(body), "the RecordIO")
    return np.array(rows, dtype=np.float64)


def _alike(body: bytes, first: Any, content: bytes, labels: bool) -> Array | None:
    """All records at once where they differ from the first in their values alone, as mostly they do."""
    size = _HEAD.size + len(content) + -len(content) % 4
    if len(body) % size or len(body) // size < 2:
        return None
    parts = [_place(content, first.label, False)] if labels and _VALUES in first.label else []
    parts += [_place(content, first.features, True)]
    if None in parts:
        return None
    frames = np.frombuffer(body, np.uint8).reshape(-1, size)
    fixed = np.ones(size, bool)
    for start, kind, count in parts:  # type: ignore[misc]
        fixed[_HEAD.size + start : _HEAD.size + start + kind.itemsize * count] = False
    places = np.flatnonzero(fixed)
    if not (frames[:, places] == frames[0, places]).all():
        return None
    found = np.empty((len(frames), sum(part[2] for part in parts if part)))
    at = 0
    for start, kind, count in parts:  # type: ignore[misc]
        cells = frames[:, _HEAD.size + start : _HEAD.size + start + kind.itemsize * count]
        found[:, at : at + count] = np.ascontiguousarray(cells).view(kind)
        at += count
    return found


def _place(content: bytes, tensors: Any, alone: bool) -> tuple[int, np.dtype[Any], int] | None:
    """Where in a record its floats are, of which type, and how many; None where that is unsure."""
    if _VALUES not in tensors or (alone and len(tensors) != 1):
        return None
    kind = tensors[_VALUES].WhichOneof("value")
    wire = _TENSORS.get(kind or "")
    if wire is None:
        return None
    tensor = getattr(tensors[_VALUES], kind)
    if tensor.keys or tensor.shape or not tensor.values:
        return None
    values = np.array(tensor.values, dtype=wire).tobytes()
    start = content.find(values)
    if start < 0 or content.find(values, start + 1) >= 0:
        return None
    return start, wire, len(tensor.values)


def _row(record: Any, place: int, labels: bool, reading: Reading) -> Array:
    if _VALUES not in record.features:
        came = ", ".join(sorted(map(str, record.features))[:10]) or "none"
        raise UserError(f'record {place}: expected the features "{_VALUES}", got {shown(came)}')
    features = _numbers(record.features[_VALUES], place, reading)
    if labels and _VALUES in record.label:
        return np.concatenate([_numbers(record.label[_VALUES], place, reading), features])
    return features


def _numbers(value: Any, place: int, reading: Reading) -> Array:
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
            f"record {place}: a sparse tensor needs one key per value and one dimension, "
            f"got {len(tensor.keys)} keys, {len(values)} values and {len(tensor.shape)} dimensions"
        )
    size = int(tensor.shape[0])
    schema = reading.schema
    if schema is not None and size not in {len(schema.columns), len(schema.table)}:
        raise UserError(f"record {place}: its shape is {size}, expected {len(schema.columns)}")
    reading.budget.check(1, size, what=f"record {place}")
    if max(tensor.keys) >= size:
        raise UserError(f"record {place}: the keys of a sparse tensor must be below its size, {size}")
    row = np.zeros(size)
    row[np.fromiter(tensor.keys, np.int64, len(values))] = values
    return row


def _record_type() -> Any:
    from slipway.formats.record import record_type  # protobuf takes a while to import, and few need it

    return record_type()
