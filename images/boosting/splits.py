"""Disjoint rows for training, early stopping and evaluation."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from slipway import Array, UserError

from .peers import ALONE, Peers


@dataclass(frozen=True)
class SplitKeys:
    """What decides how rows may be split; each array has one entry per row, shape (n,)."""

    strata: Array | None
    """Classes; each split gets its share of each class."""
    blocks: Array | None
    """Groups, which stay whole."""
    times: Array | None
    """Times; the latest rows are held out, and equal times stay together."""

    def take(self, chosen: Array) -> "SplitKeys":
        return SplitKeys(
            *(None if one is None else one[chosen] for one in (self.strata, self.blocks, self.times))
        )


def hold_out(
    rows: SplitKeys, n_rows: int, share: float, seed: int, purpose: str, peers: Peers = ALONE
) -> tuple[Array, Array]:
    """Positions of the rows that stay, and of the `share` held out. Raises UserError if either is empty.

    Of several hosts each holds out the share of its own rows, but by time the latest rows of all.
    """
    if rows.times is not None:
        out = rows.times >= _first_out(rows.times, share, peers)
    elif rows.blocks is not None:
        names = np.unique(rows.blocks)
        count = min(len(names) - 1, max(1, round(len(names) * share)))
        out = np.isin(rows.blocks, np.random.default_rng(seed).permutation(names)[:count])
    else:
        out = np.zeros(n_rows, dtype=bool)
        random = np.random.default_rng(seed)
        for members in _strata(rows.strata, n_rows):
            out[random.permutation(members)[: round(len(members) * share)]] = True
    held, n_all = peers.count(int(out.sum())), peers.count(n_rows)
    if held in (0, n_all):
        raise UserError(
            f"{n_all} rows are too few to hold some out for {purpose}; provide a channel with them"
        )
    if peers.any(bool(out.all()))[0]:
        raise UserError(
            f"a host would have no rows to train on, as all of its rows are held out for {purpose}; "
            "mix the files of the train channel, or say hosts=first"
        )
    return np.flatnonzero(~out), np.flatnonzero(out)


def _first_out(times: Array, share: float, peers: Peers) -> float:
    """The earliest of the latest times of all hosts, which are a share of their rows."""
    found = [np.unique(times, return_counts=True)]
    found = [one for there in peers.gather(found) for one in there]
    moments, counts = (np.concatenate(some) for some in zip(*found, strict=True))
    order = np.argsort(moments, kind="stable")
    below = np.cumsum(counts[order])
    n_rows = int(below[-1])
    place = min(n_rows - 1, max(1, round(n_rows * (1 - share))))
    return float(moments[order][np.searchsorted(below, place, side="right")])


def folds(
    rows: SplitKeys, n_rows: int, count: int, seed: int, peers: Peers = ALONE
) -> Iterator[tuple[Array, Array]]:
    """Positions of the training and evaluation rows of each fold; by time, the past and the next part.

    Raises UserError if there are fewer rows, groups or times than folds.
    """
    random = np.random.default_rng(seed)
    number = np.empty(n_rows, dtype=np.int64)
    if rows.times is not None:
        moments = np.unique(np.concatenate(peers.gather(np.unique(rows.times))))
        code = np.searchsorted(moments, rows.times)
        _check(len(moments), count + 1, "times")
        number = code * (count + 1) // len(moments)
        for fold in range(1, count + 1):
            yield np.flatnonzero(number < fold), np.flatnonzero(number == fold)
        return
    if rows.blocks is not None:
        names, code = np.unique(rows.blocks, return_inverse=True)
        _check(len(names), count, "groups")
        number = random.permutation(np.arange(len(names)) % count)[code]
    else:
        _check(n_rows, count, "rows")
        start = 0
        for members in _strata(rows.strata, n_rows):
            number[random.permutation(members)] = (np.arange(len(members)) + start) % count
            start += len(members)
    for fold in range(count):
        yield np.flatnonzero(number != fold), np.flatnonzero(number == fold)


def _strata(strata: Array | None, n_rows: int) -> list[Array]:
    if strata is None:
        return [np.arange(n_rows)]
    return [np.flatnonzero(strata == one) for one in np.unique(strata)]


def _check(available: int, needed: int, what: str) -> None:
    if available < needed:
        raise UserError(f"folds: at least {needed} {what} are needed, got {available}")
