"""How often each column's values fell where, in training: a few counts per column, kept with the model.

Numbers are counted between quantiles of the training table; categories by name where they are frequent, the
others together, so that none is kept that only a few rows had. Requests' rows are counted in the same cells.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, ValidationError

from slipway.errors import ModelLoadError
from slipway.table.arrow import Array
from slipway.table.kinds import NUMERIC
from slipway.table.table import Table

FILE = "drift.json"
COLUMNS = 200  # that are watched, at most
_BINS = 10
_CATEGORIES = 30
_RARE_SHARE = (
    0.01  # of the rows; a category below it, or of fewer rows than the next number, has no name here
)
_RARE_ROWS = 20
GAP, REST = 0, 1  # the first two cells of every column: missing; rare, unseen, or below the range
Of = Literal["input", "answer"]


class ColumnBaseline(BaseModel):
    """One column: what its cells are, and how many training rows fell into each.

    Of numbers with edges e0 < … < ek the cells are: missing, at or below e0, (e0, e1], …, above ek; of texts:
    missing, any other, and one for each category. Neither edges nor categories: missing or not.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    of: Of = "input"
    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    counts: tuple[int, ...]

    @property
    def kind(self) -> str:
        return "number" if self.edges else "category" if self.categories else "gaps"

    def codes(self, values: Any) -> Array:
        """The cell of each value: of a float64 array, NaN where missing, or of Arrow's strings."""
        if self.edges:
            found = np.searchsorted(self.edges, values, side="left") + 1
            found[np.isnan(values)] = GAP
            return np.asarray(found)
        if isinstance(values, np.ndarray):
            missing = np.isnan(values)
        else:
            missing = values.is_null().to_numpy(zero_copy_only=False)
        if not self.categories:
            return np.asarray(np.where(missing, GAP, REST))
        places = pc.fill_null(pc.index_in(values, pa.array(self.categories, values.type)), -1)
        found = places.to_numpy(zero_copy_only=False) + 2
        found[missing] = GAP
        return np.asarray(found)

    def count(self, values: Any) -> Array:
        """How many values fall into each cell."""
        return np.bincount(self.codes(values), minlength=len(self.counts))


class Baseline(BaseModel):
    """All columns that are watched, those of the answers last."""

    model_config = ConfigDict(frozen=True)

    columns: tuple[ColumnBaseline, ...]

    @classmethod
    def read(cls, folder: Path) -> "Baseline | None":
        """What training left beside the model; None where it left nothing."""
        try:
            return cls.model_validate_json((folder / FILE).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise ModelLoadError(f"{FILE} beside the model cannot be read: {type(error).__name__}") from None


def of_numbers(name: str, values: Array, of: Of = "input") -> ColumnBaseline:
    """The baseline of a column of numbers: float64, NaN where missing."""
    there = values[~np.isnan(values)]
    if not len(there):
        return _counted(ColumnBaseline(name=name, of=of, counts=(0, 0)), values)
    bounds = np.quantile(there, np.linspace(0, 1, _BINS + 1), method="inverted_cdf")
    edges = (float(np.nextafter(bounds[0], -np.inf)), *np.unique(bounds[1:]).tolist())
    return _counted(ColumnBaseline(name=name, of=of, edges=edges, counts=(0,) * (len(edges) + 2)), values)


def of_texts(name: str, values: pa.Array, of: Of = "input") -> ColumnBaseline:
    """The baseline of a column of texts. Categories that few rows have are not named."""
    least = max(_RARE_ROWS, _RARE_SHARE * len(values))
    counted = pc.value_counts(values.drop_null())
    frequent = [(-one["counts"], one["values"]) for one in counted.to_pylist() if one["counts"] >= least]
    categories = tuple(text for _, text in sorted(frequent)[:_CATEGORIES])
    counts = (0,) * (2 + len(categories))
    return _counted(ColumnBaseline(name=name, of=of, categories=categories, counts=counts), values)


def gaps_alone(name: str, values: pa.Array) -> ColumnBaseline:
    """The baseline of a column whose values always change, as times do: how many are missing."""
    return _counted(ColumnBaseline(name=name, counts=(0, 0)), values)


def counted(column: ColumnBaseline, table: Table) -> Array:
    """How many rows of `table` fall into each cell of one of its columns."""
    numeric = table.kinds[column.name] in NUMERIC
    return column.count(table.number(column.name) if numeric else table.arrow(column.name))


def _counted(empty: ColumnBaseline, values: Any) -> ColumnBaseline:
    return empty.model_copy(update={"counts": tuple(empty.count(values).tolist())})


def offsets(columns: Sequence[ColumnBaseline]) -> list[int]:
    """Where each column's cells begin, when all lie one after another; and where the last ones end."""
    return [0, *np.cumsum([len(column.counts) for column in columns]).tolist()]
