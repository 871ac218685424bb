"""Imputers of frames, as the tests have them: each is read as a table of the shared layer, by its rule."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from imputation import fitting
from imputation.imputer import Imputer
from imputation.postprocessing import FillOptions
from imputation.result import Cells
from imputation.tests.tables import mixed

from slipway import Column, Schema, Table
from slipway.table import learn, match
from slipway.table.raw import Raw


def tabled(frame: pd.DataFrame, known: Sequence[Column] | None = None) -> Table:
    """A table by the shared layer's rule; with `known` columns as those of a request to their model."""
    given = frame.astype(object).where(frame.notna(), None)
    raw = Raw([given[name].tolist() for name in given], len(frame), [str(name) for name in frame])
    if known is None:
        return learn.table(raw, list(raw.names or ()))[0]
    if not known:
        return Table((), [], len(frame))
    schema = Schema(columns=tuple(one.model_copy(update={"optional": True}) for one in known), table=())
    return match.typed(raw, schema) if len(frame) else Table.concatenated(known, [])


def fit(frame: pd.DataFrame, *given: Any, **more: Any) -> Imputer:
    """An imputer of a frame's columns."""
    return fitting.fit(tabled(frame), *given, **more)


@dataclass(frozen=True)
class Filled:
    """`table` is the frame with its gaps filled, `cells` the filled ones as they are written."""

    table: pd.DataFrame
    cells: dict[str, Cells]

    def imputed(self, name: str) -> Any:
        """Which cells of a column were filled (a gap that was left empty is not)."""
        marks = np.zeros(len(self.table), bool)
        marks[self.cells[name].rows[~self.cells[name].left]] = True
        return marks

    def drawn(self, draw: int) -> pd.DataFrame:
        """The completed table of one draw; gaps that were left empty are drawn, too."""
        cells = self.cells.items()
        return put(self.table, {name: (one.rows, np.asarray(one.draws)[:, draw]) for name, one in cells})


def fill(imputer: Imputer, frame: pd.DataFrame, columns: Sequence[str] | None = None, **asked: Any) -> Filled:
    """A frame filled; its cells are read as a request's."""
    table = tabled(frame, [column.facts for column in imputer.columns if column.name in frame])
    cells = {}
    for name, one in imputer.fill(table, columns, FillOptions(**asked)).items():
        column, parts = imputer.column(name), {}
        for part in ("values", "lower", "upper", "top", "draws"):
            found = getattr(one, part)
            write = column.write if part in ("values", "top", "draws") else column.ends
            parts[part] = None if found is None else write(found.ravel()).reshape(found.shape)
        cells[name] = replace(one, **parts)
    return Filled(put(frame, {name: (one.rows, one.values) for name, one in cells.items()}), cells)


def put(frame: pd.DataFrame, cells: dict[str, tuple[Any, Any]]) -> pd.DataFrame:
    """A copy of the frame with some cells set; floats stay floats if they can, else cells are objects."""
    found = dict(frame.items())
    for name, (rows, values) in cells.items():
        if name in frame and not len(rows):
            continue
        sent = frame[name] if name in frame else pd.Series(None, index=frame.index, dtype=object)
        numbers = sent.dtype == float and values.dtype.kind in "fi"
        column = sent.to_numpy(copy=True) if numbers else sent.to_numpy(dtype=object, copy=True)
        column[rows] = values
        found[name] = pd.Series(column, index=frame.index)
    return pd.DataFrame(found, index=frame.index)


def test_a_frame_is_read_by_the_rule_and_by_what_is_known_of_its_columns() -> None:
    table = tabled(mixed(40))
    kinds = ["number", "number", "text", "integer", "time", "text"]
    assert list(table.kinds.values()) == kinds
    again = tabled(mixed(40).astype(str), table.columns)
    assert list(again.kinds.values()) == kinds
    assert np.array_equal(again.numbers(["size", "price", "dear"]), table.numbers(["size", "price", "dear"]))
