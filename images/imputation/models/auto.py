"""The default engine: one model per column over all other columns."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..features.cells import Floats
from ..features.columns import ColumnCodec
from ..features.encoding import Features, ParsedColumns
from .column_model import ColumnModel


@dataclass(frozen=True)
class Auto:
    """Fills every missing cell from the observed cells of its row alone."""

    features: Features
    models: Mapping[str, ColumnModel]

    def predict(self, read: ParsedColumns, wanted: Mapping[str, NDArray[np.int64]]) -> dict[str, Floats]:
        """Raw predictions for the wanted rows of each column: (n,) for numbers, (n, labels) for labels."""
        encoded = self.features.encode(read)
        return {
            name: self.models[name].predict(encoded.take(rows).without(name)) for name, rows in wanted.items()
        }

    def warm(self) -> None:
        """Parses the trees now rather than at the first request."""
        for model in self.models.values():
            for part in (*model.parts.values(), *([model.fallback] if model.fallback else [])):
                part.warm()

    def save(self, folder: Path) -> None:
        """Writes the features and one folder per model."""
        self.features.save(folder / "features")
        (folder / "models.json").write_text(json.dumps(list(self.models), ensure_ascii=False))
        for place, model in enumerate(self.models.values()):
            model.save(folder / "models" / str(place))

    @classmethod
    def load(cls, folder: Path, columns: Sequence[ColumnCodec]) -> Self:
        """Read what `save` wrote."""
        names = json.loads((folder / "models.json").read_text())
        models = {name: ColumnModel.load(folder / "models" / str(place)) for place, name in enumerate(names)}
        return cls(Features.load(folder / "features", columns), models)
