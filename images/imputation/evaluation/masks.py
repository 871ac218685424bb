"""Which cells to hide to judge filling: completely at random (MCAR), or by other columns (MAR)."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from slipway import Table

from ..features.cells import frame, gaps

Mask = NDArray[np.bool_]  # rows by columns, True to hide
STEEP = 2.0  # how strongly missingness depends on what is observed: at 30 % from a few to nine in ten
OBSERVED = 0.3  # share of the columns that drive the others' gaps and keep all their own cells


def mcar(table: Table, share: float, rng: np.random.Generator) -> Mask:
    """Every observed cell with the same chance."""
    hidden: Mask = (rng.random(_shape(table)) < share) & observed(table)
    return hidden


def mar(table: Table, share: float, rng: np.random.Generator) -> Mask:
    """Some columns stay whole; the others lose cells with a chance that is logistic in their ranks."""
    names, cells = table.names, frame(table)
    drivers = rng.permutation(len(names))[: max(1, round(OBSERVED * len(names)))]
    ranks = np.column_stack([ranked(cells[names[place]]) for place in drivers])
    hidden = np.zeros(_shape(table), bool)
    for place in sorted(set(range(len(names))) - set(drivers.tolist())):
        pull = ranks @ rng.normal(size=len(drivers))
        pull = STEEP * (pull - pull.mean()) / (pull.std() or 1.0)
        hidden[:, place] = rng.random(len(table)) < chances(pull, share)
    return hidden & observed(table)


MASKS: dict[str, Callable[[Table, float, np.random.Generator], Mask]] = {"MCAR": mcar, "MAR": mar}


def chances(pull: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Logistic chances whose mean is `share`, by bisection of their offset."""
    low, high = -50.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.mean(1 / (1 + np.exp(-pull - middle))) < share else (low, middle)
    return 1 / (1 + np.exp(-pull - low))


def observed(table: Table) -> Mask:
    """Which cells there are to hide."""
    return np.column_stack([~gaps(table, name) for name in table.names])


def _shape(table: Table) -> tuple[int, int]:
    return len(table), len(table.names)


def ranked(cells: pd.Series) -> NDArray[np.float64]:
    """Ranks between 0 and 1, whatever the cells are; a gap is in the middle."""
    codes = pd.Series(pd.factorize(cells, sort=cells.dtype != object)[0]).replace(-1, np.nan)
    values = cells if pd.api.types.is_numeric_dtype(cells) else codes
    return np.asarray(values.rank(pct=True).fillna(0.5), dtype=np.float64)
