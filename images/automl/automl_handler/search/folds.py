"""The fold in which each row is held out."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..errors import DataError
from ..types import Cells, Floats


@dataclass(frozen=True)
class Split:
    """Which rows are held out together: those with the same `keys`, or those whose keys lie together in time.

    `keys`, of shape (rows,), are whole numbers from 0 on, in the order of time.
    """

    by: Literal["groups", "timestamp"]
    keys: Any

    def __getitem__(self, rows: Any) -> "Split":
        return Split(self.by, self.keys[rows])


def split_by(by: Literal["groups", "timestamp"], name: str, cells: Cells) -> Split:
    """By the column `name`. A row without a group is one of its own.

    Raises DataError for a single group or time, and for times that are missing or no numbers or dates.
    """
    if by == "timestamp":
        if pd.isna(cells).any():
            raise DataError(f"timestamp: column {name} must have a value in every row with a target")
        if cells.dtype == object and pd.api.types.infer_dtype(cells) not in {"integer", "floating"}:
            raise DataError(f"timestamp: column {name} must hold numbers or dates")
        keys = np.unique(np.asarray(cells), return_inverse=True)[1]
    else:
        keys, known = pd.factorize(np.asarray(cells, object))
        absent = keys < 0
        keys[absent] = len(known) + np.arange(absent.sum())
    if keys.max() == keys.min():
        raise DataError(f"{by}: column {name} has the same value in every row")
    return Split(by, keys)


def assign(target: Floats, count: int, seed: int, split: Split | None = None) -> Any:
    """The fold of each row, of shape (rows,): stratified by class or by size of the target, or by `split`.

    Rows of one group are in one fold, and the targets of folds as alike as groups allow. By time each fold is
    a period, with as many rows as the others as far as times are not shared.
    """
    count = max(2, min(count, len(target) // 2))
    order = np.lexsort((np.random.default_rng(seed).random(len(target)), target))
    found = np.empty(len(target), int)
    if split is None:
        found[order] = np.arange(len(target)) % count
        return found
    if split.by == "timestamp":
        return _periods(split.keys, count)
    from sklearn.model_selection import StratifiedGroupKFold

    found[order] = np.arange(len(target)) * 10 // len(target)  # tenths of the target are its strata
    strata = target.astype(int) if len(np.unique(target)) <= 10 else found
    count = min(count, len(np.unique(split.keys)))
    folds = np.empty(len(target), int)
    made = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    with np.errstate(all="ignore"):
        for fold, (_, held) in enumerate(made.split(target, strata, split.keys)):
            folds[held] = fold
    return folds


def _periods(keys: Any, count: int) -> Any:
    """Periods of about as many rows; a time belongs to one."""
    rows = np.bincount(keys)
    before = np.cumsum(rows) - rows
    periods = (before + rows / 2) * count // len(keys)
    return np.unique(periods, return_inverse=True)[1][keys]
