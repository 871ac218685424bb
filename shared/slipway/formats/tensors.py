"""The inputs of the Open Inference Protocol as a table: each a column, or one alone a matrix."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from slipway.errors import UserError, shown
from slipway.formats.base import Reading
from slipway.formats.tensor_request import InferRequest, Tensor
from slipway.formats.tensor_types import misfits
from slipway.table.arrow import Array
from slipway.table.cell_errors import Errors
from slipway.table.raw import Raw, taken


def read(request: InferRequest, reading: Reading) -> Raw:
    """The inputs as columns, by name; one input of several columns is a matrix, by position.

    Raises UserError where they are no table.
    """
    tensors = request.tensors(reading)
    if not tensors:
        raise UserError('"inputs" is empty')
    height = tensors[0].shape[0]
    if any(tensor.shape[0] != height for tensor in tensors):
        heights = sorted({tensor.shape[0] for tensor in tensors})
        raise UserError(f"inputs must have as many rows, got {heights[:10]}")
    reading.budget.check(height, sum(tensor.width for tensor in tensors), len(request.binary))
    wrong: Errors = {}
    for tensor in tensors:
        wrong = {**misfits(tensor.cells, tensor.datatype, tensor.width, tensor.name), **wrong}
    if wrong and reading.errors is None:
        raise wrong[min(wrong)]
    raw = None if wrong else _block(tensors, reading)
    if raw is None and len(tensors) == 1 and _is_matrix(tensors[0], reading):
        raw = _matrix(tensors[0])
    if raw is None:
        raw = Raw([_column(tensor, reading) for tensor in tensors], height, [one.name for one in tensors])
    return _without(wrong, raw, reading) if wrong else raw


def _without(wrong: Errors, raw: Raw, reading: Reading) -> Raw:
    """The other rows; those in `wrong` are errors of the request."""
    assert reading.errors is not None
    reading.errors |= wrong
    places = np.setdiff1d(np.arange(raw.height), list(wrong))
    columns = [taken(column, places) for column in raw.columns]
    return Raw(columns, len(places), raw.names, places=places)


def _block(tensors: Sequence[Tensor], reading: Reading) -> Raw | None:
    """The model's rows as one matrix, where the inputs are its columns and no more, all of plain numbers."""
    schema = reading.numeric
    if schema is None:
        return None
    cells = {tensor.name: tensor.cells for tensor in tensors}
    if len(tensors) == 1 and _is_matrix(tensors[0], reading):
        found = _numbers(tensors[0].cells)
        return None if found is None else reading.block(found.reshape(tensors[0].shape))
    if not len(cells) == len(tensors) == len(schema.names) or any(name not in cells for name in schema.names):
        return None
    if any(tensor.width != 1 for tensor in tensors):
        return None
    found = _numbers([cells[name] for name in schema.names])
    return None if found is None else reading.block(found.T)


def _numbers(cells: Any) -> Array | None:
    """Cells as float64; None where one is missing or is no number."""
    try:
        found = np.asarray(cells)
    except (ValueError, OverflowError):
        return None
    return found.astype(np.float64, copy=False) if found.dtype.kind in "fiu" else None


def _is_matrix(tensor: Tensor, reading: Reading) -> bool:
    """Whether the only input holds all columns, whatever it is called."""
    if len(tensor.shape) < 2 or _holds_lists(tensor, reading):
        return False
    return tensor.width != 1 or reading.schema is None or reading.schema.known(tensor.name) is None


def _matrix(tensor: Tensor) -> Raw:
    cells, width = tensor.cells, tensor.width
    if isinstance(cells, np.ndarray):
        return Raw(list(np.ascontiguousarray(cells.reshape(tensor.shape).T)), tensor.shape[0])
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
