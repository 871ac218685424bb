"""Conformal intervals: out-of-fold residuals say how wide an answer must be to hold the level asked for.

Vovk et al. 2005; by bins of the prediction (Mondrian), so that they are wider where errors are larger.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from slipway.kit.conformal import covered_share

from .problem import Floats

_PER_BIN = 200  # residuals that a bin must have
_BINS = 5
_GRID = np.linspace(0, 1, 201)


@dataclass(frozen=True)
class Interval:
    """`edges` part predictions into bins; `widths` of shape (bins, grid) are quantiles of their residuals."""

    edges: Floats
    widths: Floats
    counts: tuple[int, ...]

    @classmethod
    def fit(cls, target: Floats, answers: Floats) -> Self:
        """From out-of-fold `answers`, of shape (rows,)."""
        bins = max(1, min(_BINS, len(target) // _PER_BIN))
        edges = np.unique(np.quantile(answers, np.arange(1, bins) / bins)) if bins > 1 else np.empty(0)
        places = np.searchsorted(edges, answers)
        residuals = [np.abs(target - answers)[places == place] for place in range(len(edges) + 1)]
        widths = [np.quantile(part, _GRID, method="higher") for part in residuals]
        return cls(edges, np.stack(widths), tuple(len(part) for part in residuals))

    def half(self, answers: Floats, level: float) -> Floats:
        """Half the width of each interval; the finite-sample rank is ceil((n + 1) level)."""
        places = np.searchsorted(self.edges, answers)
        per_bin = []
        for widths, count in zip(self.widths, self.counts, strict=True):
            rank = covered_share(count, level)
            per_bin.append(widths[min(len(_GRID) - 1, int(np.ceil(rank * (len(_GRID) - 1) - 1e-9)))])
        return np.array(per_bin)[places]

    def facts(self) -> dict[str, Any]:
        return {
            "edges": self.edges.tolist(),
            "widths": self.widths.tolist(),
            "counts": list(self.counts),
        }

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        return cls(np.array(facts["edges"]), np.array(facts["widths"]), tuple(facts["counts"]))
