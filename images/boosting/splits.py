"""Which rows are learnt from, which stop the learning, and which are measured on: never the same ones."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from slipway import Array, UserError


@dataclass(frozen=True)
class Rows:
    """What decides where a row may go; all arrays have one entry a row."""

    strata: Array | None
    """Classes, each of which every part gets its share of."""
    blocks: Array | None
    """Groups, which stay whole."""
    times: Array | None
    """Times, of which the latest are held out; equal ones stay together."""

    def take(self, chosen: Array) -> "Rows":
        return Rows(*(None if one is None else one[chosen] for one in (self.strata, self.blocks, self.times)))


def hold_out(rows: Rows, height: int, share: float, seed: int, what: str) -> tuple[Array, Array]:
    """Places of the rows that stay, and of those held out. Raises UserError where one part would be empty."""
    if rows.times is not None:
        ordered = np.sort(rows.times)
        first = ordered[min(height - 1, max(1, round(height * (1 - share))))]
        out = rows.times >= first
    elif rows.blocks is not None:
        names = np.unique(rows.blocks)
        count = min(len(names) - 1, max(1, round(len(names) * share)))
        out = np.isin(rows.blocks, np.random.default_rng(seed).permutation(names)[:count])
    else:
        out = np.zeros(height, dtype=bool)
        random = np.random.default_rng(seed)
        for members in _strata(rows.strata, height):
            out[random.permutation(members)[: round(len(members) * share)]] = True
    if out.all() or not out.any():
        raise UserError(f"{height} rows are too few to hold some out for {what}; give a channel of them")
    return np.flatnonzero(~out), np.flatnonzero(out)


def folds(rows: Rows, height: int, count: int, seed: int) -> Iterator[tuple[Array, Array]]:
    """For each fold the places of the rows to learn from and to measure on; by time, the past and the next.

    Raises UserError where there are fewer rows, groups or times than folds.
    """
    random = np.random.default_rng(seed)
    number = np.empty(height, dtype=np.int64)
    if rows.times is not None:
        moments, place = np.unique(rows.times, return_inverse=True)
        _check(len(moments), count + 1, "times")
        number = place * (count + 1) // len(moments)
        for fold in range(1, count + 1):
            yield np.flatnonzero(number < fold), np.flatnonzero(number == fold)
        return
    if rows.blocks is not None:
        names, place = np.unique(rows.blocks, return_inverse=True)
        _check(len(names), count, "groups")
        number = random.permutation(np.arange(len(names)) % count)[place]
    else:
        _check(height, count, "rows")
        start = 0
        for members in _strata(rows.strata, height):
            number[random.permutation(members)] = (np.arange(len(members)) + start) % count
            start += len(members)
    for fold in range(count):
        yield np.flatnonzero(number != fold), np.flatnonzero(number == fold)


def _strata(strata: Array | None, height: int) -> list[Array]:
    if strata is None:
        return [np.arange(height)]
    return [np.flatnonzero(strata == one) for one in np.unique(strata)]


def _check(came: int, needed: int, what: str) -> None:
    if came < needed:
        raise UserError(f"folds: {came} {what} are too few; at least {needed} are needed")
