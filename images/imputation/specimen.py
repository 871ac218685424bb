"""Tables that the tests share: small, synthetic, with every kind of column; and imputers of frames."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import engine
import numpy as np
import pandas as pd
from answer import Asked
from filled import Cells
from imputer import Imputer

from slipway import Column, Schema, Table
from slipway.table import learn, match
from slipway.table.raw import Raw

PRODUCTS = {
    "shoe": "leather sole laces running",
    "shirt": "cotton collar sleeves buttons",
    "lamp": "bulb watt shade switch",
}


def mixed(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """Numbers, a category, a flag, a date, a text; each follows from others with some noise."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(list(PRODUCTS), rows, p=[0.5, 0.3, 0.2])
    size = rng.normal(size=rows)
    price = 20 * pd.Series(kind).map({"shoe": 4, "shirt": 2, "lamp": 1}) + 5 * size + rng.normal(size=rows)
    words = [" ".join(rng.permutation(f"{PRODUCTS[name]} nice new item".split())[:4]) for name in kind]
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta((price * 3).round().astype(int), unit="D")
    return pd.DataFrame(
        {
            "size": size.round(3),
            "price": price.round(2),
            "kind": kind.astype(object),
            "dear": (price > 60).astype(int),
            "sold": days.dt.strftime("%Y-%m-%d").astype(object),
            "text": words,
        }
    )


def holed(table: pd.DataFrame, share: float = 0.2, seed: int = 1) -> pd.DataFrame:
    """The same table with cells taken out at random."""
    rng = np.random.default_rng(seed)
    return table.mask(rng.random(table.shape) < share)


def tabled(frame: pd.DataFrame, known: Sequence[Column] | None = None) -> Table:
    """A table by the shared layer's rule; with `known` columns as those of a request to their model."""
    cells = [[None if cell is None or cell != cell else cell for cell in frame[name].tolist()] for name in frame]
    raw = Raw(cells, len(frame), [str(name) for name in frame])
    if known is None:
        return learn.table(raw, list(raw.names or ()))[0]
    if not known:
        return Table((), [], len(frame))
    schema = Schema(columns=tuple(one.model_copy(update={"optional": True}) for one in known), table=())
    return match.typed(raw, schema) if len(frame) else Table.concatenated(known, [])


def fit(frame: pd.DataFrame, *given: Any, **more: Any) -> Imputer:
    """An imputer of a frame's columns."""
    return engine.fit(tabled(frame), *given, **more)


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


def fill(
    imputer: Imputer, frame: pd.DataFrame, columns: Sequence[str] | None = None, **asked: Any
) -> Filled:
    """A frame filled; its cells are read as a request's."""
    table = tabled(frame, [column.facts for column in imputer.columns if column.name in frame])
    cells = {}
    for name, one in imputer.fill(table, columns, Asked(**asked)).items():
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
