"""Masks of cells to hide: missing completely at random (MCAR), or depending on other columns (MAR)."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from slipway import Table

from ..features.cells import frame, gaps

Mask = NDArray[np.bool_]  # rows by columns, True to hide
STEEP = 2.0  # how strongly missingness depends on what is observed: at 30 % from a few to nine in ten
OBSERVED = 0.3  # share of the columns that drive the others' missing cells and stay complete


def mcar(table: Table, share: float, rng: np.random.Generator) -> Mask:
    """Hides every observed cell with probability `share`; shape (rows, columns)."""
    hidden: Mask = (rng.random(_shape(table)) < share) & observed(table)
    return hidden


def mar(table: Table, share: float, rng: np.random.Generator) -> Mask:
    """Some columns stay complete; the others lose cells with a probability logistic in the ranks of those."""
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
    """Logistic probabilities of `pull`, shape (rows,), with an offset that makes their mean `share`.

    >>> chances(np.array([-1.0, 0.0, 1.0]), 0.5).round(3).tolist()
    [0.269, 0.5, 0.731]
    """
    low, high = -50.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.mean(1 / (1 + np.exp(-pull - middle))) < share else (low, middle)
    return 1 / (1 + np.exp(-pull - low))


def observed(table: Table) -> Mask:
    """Which cells are observed."""
    return np.column_stack([~gaps(table, name) for name in table.names])


def _shape(table: Table) -> tuple[int, int]:
    return len(table), len(table.names)


def ranked(cells: pd.Series) -> NDArray[np.float64]:
    """Ranks between 0 and 1 of cells of any type; 0.5 for a missing cell."""
    codes = pd.Series(pd.factorize(cells, sort=cells.dtype != object)[0]).replace(-1, np.nan)
    values = cells if pd.api.types.is_numeric_dtype(cells) else codes
    return np.asarray(values.rank(pct=True).fillna(0.5), dtype=np.float64)
