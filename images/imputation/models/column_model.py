"""The model of one column: the usual value, moved by the weighted learners."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from ..features.cells import Floats
from ..features.design import Design
from .fitted_learners import Boost, Fitted, Linear
from .forest import Forest

FORMS: dict[str, type[Fitted]] = {"linear": Linear, "ridge": Linear, "boost": Boost, "forest": Forest}


@dataclass(frozen=True)
class ColumnModel:
    """`usual` is the mean of a number (no dimension) or the shares of labels; without parts it is all."""

    usual: Floats
    scale: float  # of a number: its parts answer in standard deviations from the mean
    parts: Mapping[str, Fitted]
    weights: Mapping[str, float]
    crucial: tuple[
        str, ...
    ] = ()  # columns that training rows hardly ever lacked, and the parts cannot do without
    spare: Boost | None = None  # for rows that lack a cell of those

    def predict(self, design: Design) -> Floats:
        """Values (n,) or probabilities (n, labels); a row with nothing observed gets the usual answer."""
        answer = np.repeat(self.usual[None], len(design.known), axis=0)
        known = np.flatnonzero(design.known)
        if len(known) and self.parts:
            some = design if len(known) == len(design.known) else design.take(known)
            base = self.usual if self.usual.ndim else 0.0
            answer[known] += self.scale * sum(
                weight * (self.parts[name].predict(some) - base) for name, weight in self.weights.items()
            )
            lacking = known[some.lacking(self.crucial)] if self.spare else known[:0]
            if self.spare and len(lacking):
                answer[lacking] = self.usual + self.scale * (
                    self.spare.predict(design.take(lacking).bare()) - base
                )
        return answer

    def save(self, folder: Path) -> None:
        """Write one file a part, and model.json."""
        folder.mkdir(parents=True)
        for part in self.parts.values():
            part.save(folder)
        if self.spare:
            (folder / "spare").mkdir()
            self.spare.save(folder / "spare")
        (folder / "model.json").write_text(
            json.dumps(
                {
                    "usual": self.usual.tolist(),
                    "scale": self.scale,
                    "weights": dict(self.weights),
                    "crucial": self.crucial,
                },
                ensure_ascii=False,
            )
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        state = json.loads((folder / "model.json").read_text())
        parts = {name: FORMS[name].load(folder) for name in state["weights"]}
        spare = Boost.load(folder / "spare") if (folder / "spare").exists() else None
        return cls(
            np.array(state["usual"], float),
            state["scale"],
            parts,
            state["weights"],
            tuple(state["crucial"]),
            spare,
        )
