"""The inputs of the Open Inference Protocol as a table: each a column, or one alone a matrix."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from slipway.errors import UserError, shown
from slipway.formats.base import Reading
from slipway.formats.tensor_request import InferRequest, Tensor
from slipway.formats.tensor_types import misfits
from slipway.table.raw import Raw


def read(request: InferRequest, reading: Reading) -> Raw:
    """The inputs as columns, by name; one input of several columns is a matrix, by position.

    Raises UserError where they are no table.
    """
    tensors = request.tensors(reading)
    if not tensors:
        raise UserError('"inputs" is empty')
    heights = {tensor.shape[0] for tensor in tensors}
    if len(heights) > 1:
        raise UserError(f"inputs must have as many rows, got {sorted(heights)[:10]}")
    height = heights.pop()
    reading.budget.check(height, sum(tensor.width for tensor in tensors), len(request.binary))
    if len(tensors) == 1 and _is_matrix(tensors[0], reading):
        raw = _matrix(tensors[0], reading)
    else:
        raw = Raw([_column(tensor, reading) for tensor in tensors], height, [one.name for one in tensors])
    return _without_misfits(raw, tensors, reading)


def _without_misfits(raw: Raw, tensors: Sequence[Tensor], reading: Reading) -> Raw:
    """The rows whose cells are of their datatypes; the others are errors."""
    found: dict[int, UserError] = {}
    for tensor in tensors:
        found = {**misfits(tensor.cells, tensor.datatype, tensor.width, tensor.name), **found}
    if not found:
        return raw
    if reading.errors is None:
        raise found[min(found)]
    reading.errors |= found
    places = np.setdiff1d(np.arange(raw.height), list(found))
    some = raw.take(places)
    some.places = places
    return some


def _is_matrix(tensor: Tensor, reading: Reading) -> bool:
    """Whether the only input holds all columns, whatever it is called."""
    if len(tensor.shape) < 2 or _holds_lists(tensor, reading):
        return False
    return tensor.width != 1 or reading.schema is None or reading.schema.known(tensor.name) is None


def _matrix(tensor: Tensor, reading: Reading) -> Raw:
    cells, width = tensor.cells, tensor.width
    if (
        reading.numeric
        and not isinstance(cells, np.ndarray)
        and not misfits(cells, tensor.datatype, width, "")
    ):
        try:
            found = np.array(cells)
        except (ValueError, OverflowError):
            found = np.empty(0, object)
        cells = found if found.dtype.kind in "fi" else cells
    if isinstance(cells, np.ndarray):
        table = cells.reshape(tensor.shape)
        block = (
            reading.block(table.astype(np.float64)) if reading.numeric and table.dtype.kind != "b" else None
        )
        return block or Raw(list(np.ascontiguousarray(table.T)), len(table))
    return Raw([cells[place::width] for place in range(width)], tensor.shape[0])


def _column(tensor: Tensor, reading: Reading) -> Any:
    if tensor.width == 1:
        return tensor.cells
    if not _holds_lists(tensor, reading):
        raise UserError(
            f"input {shown(tensor.name)} has shape {list(tensor.shape)}; expected a column, [rows] or "
            "[rows, 1], or one input alone with all columns"
        )
    cells = tensor.cells if isinstance(tensor.cells, list) else tensor.cells.tolist()
    return [cells[start : start + tensor.width] for start in range(0, len(cells), tensor.width)]


def _holds_lists(tensor: Tensor, reading: Reading) -> bool:
    """Whether each row of the tensor is one cell: a list, as of a whole series."""
    column = reading.schema.known(tensor.name) if reading.schema else None
    return column is not None and (column.lists or column.kind == "list")
