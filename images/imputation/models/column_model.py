"""The model of one column: the default value plus the weighted changes of its learners."""

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
from .relations import Relation, apply

FORMS: dict[str, type[Fitted]] = {"linear": Linear, "ridge": Linear, "boost": Boost, "forest": Forest}


@dataclass(frozen=True)
class ColumnModel:
    """`default` is the mean of a number (no dimension) or the shares of labels; without parts it is all."""

    default: Floats
    scale: float  # of a number: its parts answer in standard deviations from the mean
    parts: Mapping[str, Fitted]
    weights: Mapping[str, float]
    crucial: tuple[str, ...] = ()  # columns rarely missing in training that the learners depend on
    fallback: Boost | None = None  # for rows that lack a cell of those
    relations: tuple[Relation, ...] = ()  # of a number: they predict rows that have all of their columns

    def predict(self, design: Design) -> Floats:
        """Values (n,) or probabilities (n, labels); a row with nothing observed gets the default."""
        answer = np.repeat(self.default[None], len(design.known), axis=0)
        known = np.flatnonzero(design.known)
        if len(known) and self.parts:
            some = design if len(known) == len(design.known) else design.take(known)
            base = self.default if self.default.ndim else 0.0
            answer[known] += self.scale * sum(
                weight * (self.parts[name].predict(some) - base) for name, weight in self.weights.items()
            )
            lacking = known[some.lacking(self.crucial)] if self.fallback else known[:0]
            if self.fallback and len(lacking):
                answer[lacking] = self.default + self.scale * (
                    self.fallback.predict(design.take(lacking).with_gaps()) - base
                )
        if self.relations:
            answer = apply(self.relations, design.source.dense, answer, self.scale, self.default)
        return answer

    def save(self, folder: Path) -> None:
        """Writes one file per learner, and model.json."""
        folder.mkdir(parents=True)
        for part in self.parts.values():
            part.save(folder)
        if self.fallback:
            (folder / "fallback").mkdir()
            self.fallback.save(folder / "fallback")
        (folder / "model.json").write_text(
            json.dumps(
                {
                    "default": self.default.tolist(),
                    "scale": self.scale,
                    "weights": dict(self.weights),
                    "crucial": self.crucial,
                    "relations": [relation.state() for relation in self.relations],
                },
                ensure_ascii=False,
            )
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads what `save` wrote."""
        state = json.loads((folder / "model.json").read_text())
        parts = {name: FORMS[name].load(folder) for name in state["weights"]}
        fallback = Boost.load(folder / "fallback") if (folder / "fallback").exists() else None
        return cls(
            np.array(state["default"], float),
            state["scale"],
            parts,
            state["weights"],
            tuple(state["crucial"]),
            fallback,
            tuple(map(Relation.from_state, state["relations"])),
        )
