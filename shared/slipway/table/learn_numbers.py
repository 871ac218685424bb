"""Columns of numbers, told from all of their cells; see `learn`."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slipway.table import arrow
from slipway.table.arrow import Array
from slipway.table.cell_errors import refuse
from slipway.table.kinds import EXACT, without_gaps
from slipway.table.options import DataOptions
from slipway.table.schema import Column

Learned = tuple[Column, Any, list[str]]
"""A column, its cells as `Table` keeps them, and what is to be said of them."""


def integers(name: str, cells: pa.Array, given: DataOptions) -> Learned | None:
    """A column of int64; None where float64 would not hold it."""
    ends = pc.min_max(cells).as_py()
    if ends["max"] is not None and max(ends["max"], -ends["min"]) >= EXACT:
        return None
    found = arrow.integers(cells) if not cells.null_count else arrow.floats(cells.cast(pa.float64()))
    found = without_gaps(found, given.missing)
    return Column(name=name, kind="integer", missing=given.missing), found, []


def numbers(name: str, found: Array, given: DataOptions) -> Learned:
    """A column of floats; of whole ones, as a gap or a format without integers makes of them, integers."""
    found = without_gaps(found, given.missing)
    if np.isnan(found[:1000]).all() and np.isnan(found).all():
        return Column(name=name, kind="text"), np.full(len(found), None, dtype=object), []
    if is_whole(found):
        whole = found if np.isnan(found).any() else found.astype(np.int64)
        return Column(name=name, kind="integer", missing=given.missing), whole, []
    return Column(name=name, kind="number", missing=given.missing), found, []


def is_whole(found: Array) -> bool:
    """Whether all that are there are whole numbers, which float64 holds exactly."""
    for some in (found[:1000], found):
        given = some[~np.isnan(some)]
        if not ((given == np.trunc(given)) & (np.abs(given) < EXACT)).all():
            return False
    return True


def check_finite(name: str, found: Array, cells: Any) -> None:
    """Raises UserError for the first number that is not finite; `cells` are the numbers as they came."""
    if len(found) and np.isinf([np.fmin.reduce(found), np.fmax.reduce(found)]).any():
        refuse(np.flatnonzero(np.isinf(found)), cells, name, "a finite number")


def check_whole(name: str, found: Array, cells: Any) -> None:
    """Raises UserError for the first number that is not whole, or too large for float64 to hold exactly."""
    bad = (found != np.trunc(found)) | (np.abs(found) >= EXACT)
    bad &= ~np.isnan(found)
    refuse(np.flatnonzero(bad), cells, name, "a whole number below 2**53")
