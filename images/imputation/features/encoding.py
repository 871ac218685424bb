"""Encodes the cells of a table as features, learned once for all columns."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .blocks import block, indicated, indicators, middle, width
from .cells import Floats
from .columns import ColumnCodec
from .design import EncodedFeatures
from .text import Tfidf

RARE = 0.05  # columns with a smaller share of missing cells count as rarely missing
NATIVE = 10  # missing cells that trees need to learn from; with fewer they read the default value
ParsedColumns = Mapping[str, Any]
"""Columns as `ColumnCodec.read` gives them: floats, or EncodedTexts."""


@dataclass(frozen=True)
class Features:
    """Encodes cells as features, learned once for all columns."""

    columns: tuple[ColumnCodec, ...]
    fill: Floats
    mean: Floats
    scale: Floats
    rare: NDArray[np.bool_]
    texts: Mapping[str, Tfidf]

    @classmethod
    def fit(cls, columns: Sequence[ColumnCodec], read: ParsedColumns) -> Self:
        """Learns vocabularies, default values and scales."""
        kept = tuple(column for column in columns if column.kind != "empty")
        texts = {column.name: Tfidf.fit(read[column.name]) for column in kept if column.kind == "text"}
        dense = np.hstack([block(column, read[column.name]) for column in kept]) if kept else np.empty((0, 0))
        gap = np.isnan(dense)
        one_hot = np.repeat([indicated(column) for column in kept], [width(column) for column in kept])
        default = np.array([middle(dense[~gap[:, k], k], one_hot[k]) for k in range(dense.shape[1])])
        mean = np.array(
            [dense[~gap[:, k], k].mean() if not gap[:, k].all() else 0.0 for k in range(dense.shape[1])]
        )
        scale = np.array(
            [dense[~gap[:, k], k].std() if not gap[:, k].all() else 1.0 for k in range(dense.shape[1])]
        )
        fill = np.where(gap.sum(0) >= NATIVE, np.nan, default)
        rare = gap.sum(0) < np.maximum(NATIVE, RARE * len(gap))
        scale = np.where(scale > 1e-12 * (1 + np.abs(mean)), scale, 1.0)
        return cls(kept, fill, mean, scale, rare, texts)

    def encode(self, read: ParsedColumns) -> EncodedFeatures:
        """The features of parsed columns."""
        count = len(next(iter(read.values())))
        blocks = {}
        for column in self.columns:
            if column.kind == "text":
                blocks[column.name] = self.texts[column.name].transform(read[column.name])
            elif column.kind == "category" and not indicated(column):
                blocks[column.name] = indicators(column.codes(read[column.name]), len(column.labels))
        dense = np.hstack([np.empty((count, 0)), *(block(one, read[one.name]) for one in self.columns)])
        widths = [width(column) for column in self.columns]
        owner = np.repeat(np.arange(len(self.columns)), widths)
        # Linear models read the terms of a text but not its length, from which they would extrapolate.
        trees_alone = [
            one.kind == "text" or (one.kind == "category" and not indicated(one)) for one in self.columns
        ]
        ranked = np.array(trees_alone, bool)[owner]
        scaled = (
            dense - self.mean
        ) / self.scale  # for trees, too: they read float32, in which 1.7e9 and 1.7e9 + 60 are equal
        return EncodedFeatures(
            self.columns, scaled, (self.fill - self.mean) / self.scale, owner, ranked, self.rare, blocks
        )

    def save(self, folder: Path) -> None:
        """Writes scales and vocabularies, but not the columns, which the imputer saves."""
        folder.mkdir(parents=True)
        np.savez(folder / "scales.npz", fill=self.fill, mean=self.mean, scale=self.scale, rare=self.rare)
        places = {name: place for place, name in enumerate(self.texts)}  # names need not be valid file names
        state = {"columns": [column.name for column in self.columns], "texts": places}
        (folder / "features.json").write_text(json.dumps(state, ensure_ascii=False))
        for name, place in places.items():
            self.texts[name].save(folder / str(place))

    @classmethod
    def load(cls, folder: Path, columns: Sequence[ColumnCodec]) -> Self:
        """Read what `save` wrote."""
        found = json.loads((folder / "features.json").read_text())
        texts = {name: Tfidf.load(folder / str(place)) for name, place in found["texts"].items()}
        with np.load(folder / "scales.npz") as state:
            kept = tuple(column for column in columns if column.name in found["columns"])
            return cls(kept, state["fill"], state["mean"], state["scale"], state["rare"], texts)
