"""How far two samples of one column are apart, and from where on that is more than chance.

Three tests, each with a third of a column's share of the false alarms: the G test of both samples' counts,
which is the Jensen-Shannon divergence with the threshold that their sizes give it, for any difference; for
numbers that of Kolmogorov and Smirnov at the edges of the cells, which sees a shift of all rows earlier; and
an exact one of gaps and of values that training hardly had, of which a few are enough.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from slipway.drift.baseline import GAP, REST, ColumnBaseline
from slipway.table.arrow import Array

LEAST = 100  # rows that are needed to say anything
_EXPECTED = 5  # rows in a cell of either sample; below it the distribution of G is not known well


@dataclass(frozen=True)
class Drift:
    """One column's answer."""

    column: ColumnBaseline
    now: Sequence[int]
    """Rows of the window in each cell."""
    score: float
    """The greatest of the statistics over its threshold: above 1 the column has drifted."""
    js: float
    """Jensen-Shannon divergence of the two distributions, both weighing the same, in bits: 0 to 1."""
    ks: float | None
    """Greatest distance of the two distribution functions at the edges; None for what is no number."""

    @property
    def drifted(self) -> bool:
        return self.score > 1

    @property
    def shares(self) -> dict[str, float]:
        """Shares of the window's rows: missing; outside of the range, or of no frequent category."""
        rows = max(1, sum(self.now))
        found = {"gaps": self.now[GAP] / rows}
        if self.column.edges:
            found["out_of_range"] = (self.now[REST] + self.now[-1]) / rows
        if self.column.categories:
            found["rare_or_unseen"] = self.now[REST] / rows
        return found

    def told(self) -> Mapping[str, Any]:
        """As JSON tells it."""
        training = max(1, sum(self.column.counts))
        return {
            "name": self.column.name,
            "of": self.column.of,
            "kind": self.column.kind,
            "rows": sum(self.now),
            "drifted": self.drifted,
            "score": round(self.score, 4),
            "js": round(self.js, 6),
            "ks": None if self.ks is None else round(self.ks, 6),
            "shares": {name: round(share, 6) for name, share in self.shares.items()},
            "gaps_in_training": round(self.column.counts[GAP] / training, 6),
            "edges": list(self.column.edges),
            "categories": list(self.column.categories),
            "training": list(self.column.counts),
            "now": list(self.now),
        }


def measured(columns: Sequence[ColumnBaseline], now: Sequence[Array], false_alarms: float) -> list[Drift]:
    """Each column's drift.

    Where rows come as training rows did, independent of each other, any column of a window is said to have
    drifted with a probability of at most about `false_alarms`.
    """
    share = false_alarms / 3 / max(1, len(columns))
    return [_measured(column, np.asarray(counts), share) for column, counts in zip(columns, now, strict=True)]


def _measured(column: ColumnBaseline, now: Array, share: float) -> Drift:
    then = np.asarray(column.counts)
    rows = int(now.sum())
    if not rows or not then.sum():
        return Drift(column, now.tolist(), 0.0, 0.0, None)
    js = _divergence(then / then.sum(), now / rows)
    ks = threshold = None
    if column.edges and then[1:].sum() and now[1:].sum():
        ks, threshold = _kolmogorov(then[1:], now[1:], share)
    score = 0.0
    if rows >= LEAST:
        score = max(_g(then, now, share), ks / threshold if ks is not None and threshold else 0.0)
        unusual = {GAP, REST, len(now) - 1} if column.edges else {GAP, REST} if column.categories else {GAP}
        for cell in unusual:
            score = max(score, _more(then, now, cell, share / len(unusual)))
    return Drift(column, now.tolist(), score, js, ks)


def _g(then: Array, now: Array, share: float) -> float:
    """G of both samples over the value that it passes with the probability `share`."""
    from scipy.special import chdtri

    both = _pooled(np.stack([then, now]).astype(np.float64))
    cells = both.shape[1]
    if cells < 2:
        return 0.0
    sizes, per_cell, rows = both.sum(axis=1, keepdims=True), both.sum(axis=0), both.sum()
    terms = np.where(both > 0, both * np.log(np.where(both > 0, both, 1) / (sizes * per_cell / rows)), 0)
    # Williams' correction, without which G of small samples passes too often.
    spread = ((rows / sizes).sum() - 1) * ((rows / per_cell).sum() - 1)
    return float(2 * terms.sum() / (1 + spread / (6 * rows * (cells - 1))) / chdtri(cells - 1, share))


def _more(then: Array, now: Array, cell: int, share: float) -> float:
    """How unusual it is that a cell is met so often: the logarithm of its chance over that of `share`.

    Exact for any counts: how many of the rows in the cell are the window's is by chance a binomial number.
    Holds for rows beyond training's extremes, too, which training has none of by definition.
    """
    from scipy.special import betainc

    mine, all_, rows = int(now[cell]), int(then[cell] + now[cell]), int(now.sum())
    if not mine:
        return 0.0
    chance = float(betainc(mine, all_ - mine + 1, rows / (rows + int(then.sum()))))
    return float(np.log(max(chance, 1e-300)) / np.log(share))


def _pooled(both: Array) -> Array:
    """Both samples' counts with the cells together that too few rows are expected in."""
    expected = both.sum(axis=0) * both.sum(axis=1).min() / both.sum()
    order = np.argsort(expected, kind="stable")
    # As many of the smallest as there are small ones, and more until even their sum is large enough.
    few = int((expected < _EXPECTED).sum())
    while 0 < few < len(order) and expected[order[:few]].sum() < _EXPECTED:
        few += 1
    return np.column_stack([both[:, order[:few]].sum(axis=1), both[:, order[few:]]]) if few else both


def _kolmogorov(then: Array, now: Array, share: float) -> tuple[float, float]:
    """The statistic, and what it passes with the probability `share` at most."""
    distance = np.abs(np.cumsum(then) / then.sum() - np.cumsum(now) / now.sum()).max()
    size = then.sum() * now.sum() / (then.sum() + now.sum())
    return float(distance), float(np.sqrt(-np.log(share / 2) / 2 / size))


def _divergence(p: Array, q: Array) -> float:
    middle = (p + q) / 2
    parts = [
        np.where(one > 0, one * np.log2(np.where(one > 0, one, 1) / np.where(middle > 0, middle, 1)), 0)
        for one in (p, q)
    ]
    return float(max(0.0, (parts[0].sum() + parts[1].sum()) / 2))
