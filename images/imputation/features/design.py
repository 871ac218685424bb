"""Rows as the model of one column sees them: dense for trees, scaled and sparse for linear models."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .cells import Floats
from .columns import Column

MOST_HIDDEN = 0.8  # of the cells of a frayed row
REACH = 6.0  # standard deviations: beyond, a linear model hears no more (incomes, counts)


@dataclass
class Encoded:
    """Rows as features; `owner` says which source column each dense column comes from."""

    columns: Sequence[Column]
    dense: Floats  # scaled; NaN is a gap, kept
    fill: Floats  # what trees read instead of a gap; NaN where they learnt gaps
    owner: NDArray[np.int64]
    ranked: NDArray[np.bool_]  # dense columns that only trees read: ranks of wide categories, sizes of texts
    rare: NDArray[np.bool_]  # dense columns of which training saw hardly a gap
    blocks: dict[str, sparse.csr_matrix]

    @cached_property
    def seen(self) -> NDArray[np.bool_]:
        """Which rows have anything observed, per source column."""
        first = np.searchsorted(self.owner, np.arange(len(self.columns)))
        return ~np.isnan(self.dense[:, first])

    def take(self, rows: NDArray[np.int64]) -> "Encoded":
        """The same features of some rows."""
        blocks = {name: block[rows] for name, block in self.blocks.items()}
        return replace(self, dense=self.dense[rows], blocks=blocks)

    def without(self, target: str) -> "Design":
        """The features of every column but `target`: nothing of a row's own answer is left."""
        others = np.array([column.name != target for column in self.columns], bool)
        known = self.seen[:, others].sum(axis=1) > 0
        return Design(self, target, np.flatnonzero(others[self.owner]), known)


@dataclass
class Design:
    """The two views of the same rows; `known` says which rows have any feature at all."""

    source: Encoded
    target: str
    keep: NDArray[np.int64]
    known: NDArray[np.bool_]

    @property
    def textual(self) -> bool:
        """Whether there is text to learn from."""
        return any(column.kind == "text" and column.name != self.target for column in self.source.columns)

    @cached_property
    def trees(self) -> Floats:
        """Gaps as NaN, except where training saw too few of them to learn from."""
        values = self.source.dense[:, self.keep]
        return np.where(np.isnan(values), self.source.fill[self.keep], values)

    @cached_property
    def linear(self) -> Any:
        """Numbers (gaps are average), gap marks, indicators and TF-IDF; dense without the last two."""
        keep = self.keep[~self.source.ranked[self.keep]]
        values = self.source.dense[:, keep]
        gap = np.isnan(values)
        marks = gap[:, np.isnan(self.source.fill[keep])]
        dense = np.hstack([np.clip(np.where(gap, 0.0, values), -REACH, REACH), marks])
        blocks = [block for name, block in self.source.blocks.items() if name != self.target]
        return sparse.hstack([sparse.csr_matrix(dense), *blocks], format="csr") if blocks else dense

    @property
    def others(self) -> list[tuple[int, str]]:
        """The columns that are read and that training rows hardly ever lacked: their places and names."""
        rare = set(self.source.owner[self.keep[self.source.rare[self.keep]]].tolist())
        return [(place, self.source.columns[place].name) for place in sorted(rare)]

    def lacking(self, names: Collection[str]) -> NDArray[np.bool_]:
        """Which rows lack a cell of any of these columns."""
        places = [place for place, column in enumerate(self.source.columns) if column.name in names]
        return np.asarray(~self.source.seen[:, places].all(axis=1), bool)

    def each_without(self, rows: NDArray[np.int64], places: Sequence[int]) -> "Design":
        """These rows without the first of the columns, then these rows without the second, and so on."""
        source = self.source.take(np.tile(rows, len(places)))
        source.dense[np.repeat(places, len(rows))[:, None] == source.owner] = np.nan
        return Design(source, self.target, self.keep, np.tile(self.known[rows], len(places)))

    def bare(self) -> "Design":
        """The same with every gap left to the trees."""
        source = replace(self.source, fill=np.full_like(self.source.fill, np.nan))
        return Design(source, self.target, self.keep, self.known)

    def frayed(self, rows: NDArray[np.int64], rng: np.random.Generator) -> "Design":
        """Rows, bare, of which cells that are rarely missing are hidden: of some rows few, of some most."""
        source = self.source.take(rows)
        share = MOST_HIDDEN * rng.random((len(rows), 1))
        hidden = (rng.random((len(rows), len(source.columns))) < share)[:, source.owner] & source.rare
        source.dense[hidden] = np.nan
        return Design(source, self.target, self.keep, self.known[rows]).bare()

    @cached_property
    def gram(self) -> NDArray[np.float32]:
        """The product of every row with every other, for linear models of fewer rows than terms."""
        product = self.linear @ self.linear.T
        return np.asarray(product.toarray() if sparse.issparse(product) else product, dtype=np.float32)

    def take(self, rows: NDArray[np.int64]) -> "Design":
        """The same design of some rows."""
        part = Design(self.source.take(rows), self.target, self.keep, self.known[rows])
        for view in ("trees", "linear"):
            if view in self.__dict__:
                part.__dict__[view] = self.__dict__[view][rows]
        if "gram" in self.__dict__:
            part.__dict__["gram"] = self.gram[np.ix_(rows, rows)]
        return part
