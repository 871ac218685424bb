"""Answers as the Open Inference Protocol's outputs: each answer column a tensor, as JSON or as bytes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

from slipway.errors import UserError, listed, shown
from slipway.formats.base import Format, Reading
from slipway.formats.tensor_request import InferRequest
from slipway.formats.tensor_types import Cells, to_bytes
from slipway.media import MediaType
from slipway.table.arrow import Array
from slipway.table.kinds import EXACT
from slipway.table.raw import Raw

BINARY_LENGTH = "Inference-Header-Content-Length"
_DATATYPES = {"f": "FP", "i": "INT", "u": "UINT"}
_NUMBERS = {int, float}
_NOTHING: Mapping[str, str] = {}


class TensorAnswers(Format):
    """The answer to one request; its media type and `headers` are known once it is written."""

    media_type = "application/json"
    aliases = ()
    suffixes = ()

    def __init__(
        self, request: InferRequest, name: str, version: str, told: Mapping[str, str] = _NOTHING
    ) -> None:
        """`told` are the outputs' datatypes as the metadata have them."""
        self._request = request
        self._told = told
        self._head: dict[str, Any] = {"model_name": name, "model_version": version}
        if request.id:
            self._head["id"] = request.id
        if request.pandas:
            self._head["parameters"] = {"content_type": "pd"}
        self._binary = request.parameters.get("binary_data_output") is True

    def read(self, body: bytes, media: MediaType, reading: Reading) -> Raw:
        raise NotImplementedError

    def write(self, columns: Mapping[str, Array], media: MediaType, envelope: str = "predictions") -> bytes:
        """The outputs asked for, all where none is named. Raises UserError for one that there is not."""
        wanted = {one.name: one.binary for one in self._request.outputs} or dict.fromkeys(columns)
        unknown = [name for name in wanted if name not in columns]
        if unknown:
            raise UserError(f"there is no output {listed(unknown)}; the answer has {listed(list(columns))}")
        outputs, packed = [], []
        for name, binary in wanted.items():
            datatype, shape, cells = self._as_told(name, *tensor(columns[name]))
            output: dict[str, Any] = {"name": name, "datatype": datatype, "shape": shape}
            if datatype == "BYTES" and self._request.pandas:
                output["parameters"] = {"content_type": "str"}
            if self._binary if binary is None else binary:
                data = to_bytes(cells, datatype)
                packed.append(data)
                output["parameters"] = {**output.get("parameters", {}), "binary_data_size": len(data)}
            else:
                output["data"] = np.ascontiguousarray(cells) if isinstance(cells, np.ndarray) else cells
            outputs.append(output)
        self._head["outputs"] = outputs
        written = orjson.dumps(self._head, option=orjson.OPT_SERIALIZE_NUMPY)
        if not packed:
            return written
        self.media_type = "application/octet-stream"
        self.headers = ((BINARY_LENGTH, str(len(written))),)
        return b"".join([written, *packed])

    def _as_told(
        self, name: str, datatype: str, shape: tuple[int, ...], cells: Cells
    ) -> tuple[str, tuple[int, ...], Cells]:
        """Whole numbers as floats where the metadata say so, as gaps may come; not if digits were lost."""
        if self._told.get(name) != "FP64" or datatype[0] not in "UI":
            return datatype, shape, cells
        numbers = np.asarray(cells)
        exact = not len(numbers) or -EXACT < numbers.min() <= numbers.max() < EXACT
        return ("FP64", shape, numbers.astype(np.float64)) if exact else (datatype, shape, cells)


def tensor(column: Array) -> tuple[str, tuple[int, ...], Cells]:
    """Datatype, shape and cells of an answer column.

    Texts, and what is no plain value, are BYTES; numbers with gaps are FP64, as nothing else has NaN.
    """
    shape = column.shape
    if column.dtype.kind in _DATATYPES and column.ndim <= 2:
        return f"{_DATATYPES[column.dtype.kind]}{8 * column.dtype.itemsize}", shape, column.reshape(-1)
    if column.dtype.kind == "b" and column.ndim <= 2:
        return "BOOL", shape, column.reshape(-1)
    cells: list[Any] = column.tolist()
    types = set(map(type, cells))
    gaps = type(None) in types
    types.discard(type(None))
    if types == {bool} and not gaps:
        return "BOOL", shape, cells
    if types and types <= _NUMBERS:
        if all(type(cell) is not int or -EXACT < cell < EXACT for cell in cells):
            return "FP64", shape, cells
        if types == {int} and not gaps and all(-(2**63) <= cell < 2**63 for cell in cells):
            return "INT64", shape, cells
    if types <= {list} and (matrix := _matrix(cells)) is not None:
        return "FP64", matrix.shape, matrix.reshape(-1)
    return "BYTES", (len(cells),), [_text(cell) for cell in cells]


def _matrix(cells: list[Any]) -> Array | None:
    """Lists of numbers, all of one length, as one matrix; None for others."""
    if not cells or None in cells or any(len(cell) != len(cells[0]) for cell in cells):
        return None
    if not all(type(value) in _NUMBERS for cell in cells for value in cell):
        return None
    return np.array(cells, np.float64)


def _text(cell: Any) -> str | None:
    if isinstance(cell, str):
        return cell
    if cell is None or cell != cell:
        return None
    try:
        return orjson.dumps(cell, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    except orjson.JSONEncodeError:
        raise UserError(f"a cell cannot be given back: {shown(cell)}") from None
