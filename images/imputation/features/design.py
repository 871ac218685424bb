"""Rows as the model of one column sees them: dense for trees, scaled or sparse for linear models."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .cells import Floats
from .columns import ColumnCodec

MOST_HIDDEN = 0.8  # share of the hidden cells of a row, at most
REACH = 6.0  # standard deviations at which inputs of linear models are clipped (incomes, counts)


@dataclass
class EncodedFeatures:
    """Rows as features; `owner` is the source column of each dense column."""

    columns: Sequence[ColumnCodec]
    dense: Floats  # scaled; NaN is a missing cell
    fill: Floats  # value of a missing cell for trees; NaN where they learned missing cells
    owner: NDArray[np.int64]
    ranked: NDArray[
        np.bool_
    ]  # dense columns that only trees read: ranks of categories with many labels, sizes of texts
    rare: NDArray[np.bool_]  # dense columns that were rarely missing in training
    blocks: dict[str, sparse.csr_matrix]

    @property
    def first(self) -> NDArray[np.int64]:
        """The first dense column of each source column; NaN exactly in missing cells."""
        return np.searchsorted(self.owner, np.arange(len(self.columns)))

    @cached_property
    def seen(self) -> NDArray[np.bool_]:
        """Which cells are observed, shape (rows, source columns)."""
        return ~np.isnan(self.dense[:, self.first])

    def take(self, rows: NDArray[np.int64]) -> "EncodedFeatures":
        """The same features of some rows."""
        blocks = {name: block[rows] for name, block in self.blocks.items()}
        return replace(self, dense=self.dense[rows], blocks=blocks)

    def without(self, target: str) -> "Design":
        """The features of every column except `target`, so that no prediction sees its own cell."""
        others = np.array([column.name != target for column in self.columns], bool)
        known = self.seen[:, others].sum(axis=1) > 0
        return Design(self, target, np.flatnonzero(others[self.owner]), known)


@dataclass
class Design:
    """Two views of the same rows; `known`, shape (rows,), says which rows have any observed feature."""

    source: EncodedFeatures
    target: str
    keep: NDArray[np.int64]
    known: NDArray[np.bool_]

    @property
    def textual(self) -> bool:
        """Whether there is text to learn from."""
        return any(column.kind == "text" and column.name != self.target for column in self.source.columns)

    @cached_property
    def trees(self) -> Floats:
        """Missing cells as NaN, except in columns where training saw too few of them to learn from."""
        values = self.source.dense[:, self.keep]
        return np.where(np.isnan(values), self.source.fill[self.keep], values)

    @cached_property
    def linear(self) -> Any:
        """Numbers (missing: 0), missing indicators, label indicators, TF-IDF; sparse with the last two."""
        keep = self.keep[~self.source.ranked[self.keep]]
        values = self.source.dense[:, keep]
        gap = np.isnan(values)
        marks = gap[:, np.isnan(self.source.fill[keep])]
        dense = np.hstack([np.clip(np.where(gap, 0.0, values), -REACH, REACH), marks])
        blocks = [block for name, block in self.source.blocks.items() if name != self.target]
        return sparse.hstack([sparse.csr_matrix(dense), *blocks], format="csr") if blocks else dense

    @property
    def values(self) -> Floats:
        """Scaled values, NaN for a missing cell; not of categories with many labels, and not of texts."""
        return self.source.dense[:, self.keep[~self.source.ranked[self.keep]]]

    @property
    def others(self) -> list[tuple[int, str]]:
        """Places and names of the input columns that were rarely missing in training."""
        rare = set(self.source.owner[self.keep[self.source.rare[self.keep]]].tolist())
        return [(place, self.source.columns[place].name) for place in sorted(rare)]

    def lacking(self, names: Collection[str]) -> NDArray[np.bool_]:
        """Which rows have a missing cell in any of these columns."""
        places = [place for place, column in enumerate(self.source.columns) if column.name in names]
        return np.asarray(~self.source.seen[:, places].all(axis=1), bool)

    def each_without(self, rows: NDArray[np.int64], places: Sequence[int]) -> "Design":
        """These rows without the first of the columns, then these rows without the second, and so on."""
        source = self.source.take(np.tile(rows, len(places)))
        source.dense[np.repeat(places, len(rows))[:, None] == source.owner] = np.nan
        return Design(source, self.target, self.keep, np.tile(self.known[rows], len(places)))

    def with_gaps(self) -> "Design":
        """The same rows with NaN for every missing cell in the view for trees."""
        source = replace(self.source, fill=np.full_like(self.source.fill, np.nan))
        return Design(source, self.target, self.keep, self.known)

    def with_hidden_cells(self, rows: NDArray[np.int64], rng: np.random.Generator) -> "Design":
        """Rows in which a random share of the rarely missing cells is hidden, up to MOST_HIDDEN."""
        source = self.source.take(rows)
        share = MOST_HIDDEN * rng.random((len(rows), 1))
        hidden = (rng.random((len(rows), len(source.columns))) < share)[:, source.owner] & source.rare
        source.dense[hidden] = np.nan
        return Design(source, self.target, self.keep, self.known[rows]).with_gaps()

    def hiding(self, cells: NDArray[np.bool_]) -> "Design":
        """The same rows without these cells, shape (rows, source columns)."""
        source = self.source.take(np.arange(len(cells)))
        source.dense[cells[:, source.owner]] = np.nan
        place = {column.name: number for number, column in enumerate(source.columns)}
        blocks = {
            name: sparse.diags((~cells[:, place[name]]).astype(float)) @ one
            for name, one in source.blocks.items()
        }
        return replace(source, blocks=blocks).without(self.target)

    def and_also(self, more: "Design") -> "Design":
        """These rows, then those of another design of the same columns."""
        dense = np.vstack([self.source.dense, more.source.dense])
        blocks = {
            name: sparse.vstack([one, more.source.blocks[name]], format="csr")
            for name, one in self.source.blocks.items()
        }
        return replace(self.source, dense=dense, blocks=blocks).without(self.target)

    @cached_property
    def gram(self) -> NDArray[np.float32]:
        """Gram matrix, shape (rows, rows), for linear models with fewer rows than terms."""
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
