"""Masks of cells to hide: at random, by other columns, by the cell itself, and together with other cells.

MCAR, MAR and MNAR are Rubin's (1976, https://doi.org/10.1093/biomet/63.3.581). The patterns are those of
surveys and sensors: blocks (columns that go missing together), monotone (who drops out stays out) and
censored (values above a limit are not recorded).
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from slipway import Table

from ..features.cells import frame, gaps

Mask = NDArray[np.bool_]  # rows by columns, True to hide
STEEP = 2.0  # how strongly missingness depends on what is observed: at 30 % from a few to nine in ten
OBSERVED = 0.3  # share of the columns that drive the others' missing cells and stay complete
TOGETHER = 3  # columns of a block


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


def mnar(table: Table, share: float, rng: np.random.Generator) -> Mask:
    """Each column loses cells with a probability logistic in their own ranks, high ones or low ones more."""
    names, cells = table.names, frame(table)
    hidden = np.zeros(_shape(table), bool)
    for place, name in enumerate(names):
        pull = ranked(cells[name])
        pull = rng.choice([-1, 1]) * STEEP * (pull - pull.mean()) / (pull.std() or 1.0)
        hidden[:, place] = rng.random(len(table)) < chances(pull, share)
    return hidden & observed(table)


def blocks(table: Table, share: float, rng: np.random.Generator) -> Mask:
    """Columns in groups of about three: a row lacks all cells of a group, or none."""
    width = len(table.names)
    group = rng.permutation(width) % max(2, round(width / TOGETHER))
    hidden: Mask = (rng.random((len(table), group.max() + 1)) < share)[:, group] & observed(table)
    return hidden


def monotone(table: Table, share: float, rng: np.random.Generator) -> Mask:
    """From some column on a row lacks all cells; sooner for rows with low or high cells in the first."""
    height, width = _shape(table)
    stay = max(1, round(OBSERVED * width))  # columns that all rows have
    pull = ranked(frame(table)[table.names[0]])
    pull = rng.choice([-1, 1]) * STEEP * (pull - pull.mean()) / (pull.std() or 1.0)
    left = np.arange(1, width - stay + 1) / max(1, width - stay)  # who left before the end of each column
    gone = np.column_stack([chances(pull, min(0.95, share * part / left.mean())) for part in left])
    hidden = np.zeros((height, width), bool)
    hidden[:, stay:] = rng.random((height, 1)) < gone
    return hidden & observed(table)


def censored(table: Table, share: float, rng: np.random.Generator) -> Mask:
    """The highest cells of some columns of numbers are missing; OBSERVED of the columns are complete."""
    names, cells = table.names, frame(table)
    stay = set(rng.permutation(len(names))[: max(1, round(OBSERVED * len(names)))].tolist())
    hidden = np.zeros(_shape(table), bool)
    for place, name in enumerate(names):
        if place not in stay and pd.api.types.is_numeric_dtype(cells[name]):
            hidden[:, place] = ranked(cells[name]) > 1 - share
    return hidden & observed(table)


MASKS: dict[str, Callable[[Table, float, np.random.Generator], Mask]] = {
    "MCAR": mcar,
    "MAR": mar,
    "MNAR": mnar,
    "blocks": blocks,
    "monotone": monotone,
    "censored": censored,
}


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
