"""Frames as the tables that the imputation image learns from, and its answers as cells of a frame."""

from typing import Any

import pandas as pd
from imputation.features.columns import ColumnCodec

from slipway import Table
from slipway.table import learn
from slipway.table.raw import Raw


def tabled(frame: pd.DataFrame) -> Table:
    """A table by the shared layer's rule; the rows that are asked for must be among those."""
    given = frame.astype(object).where(frame.notna(), None)
    raw = Raw([given[name].tolist() for name in given], len(frame), list(given))
    return learn.table(raw, list(given))[0]


def cells(column: ColumnCodec, answers: Any) -> Any:
    """Labels of codes; numbers as they were answered, which are not rounded where all others are whole."""
    return answers if column.numeric else column.write(answers)
