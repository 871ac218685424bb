"""Conformal intervals: out-of-fold residuals give the width at a requested coverage.

Vovk et al. 2005; by bins of the prediction (Mondrian), so that they are wider where errors are larger.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from slipway.kit.conformal import covered_share

from .types import Floats

_PER_BIN = 200  # residuals that a bin needs
_BINS = 5
_GRID = np.linspace(0, 1, 201)


@dataclass(frozen=True)
class ConformalInterval:
    """`edges` split predictions into bins; `widths`, of shape (bins, quantiles), are quantiles of the
    absolute residuals of each bin."""

    edges: Floats
    widths: Floats
    counts: tuple[int, ...]

    @classmethod
    def fit(cls, target: Floats, answers: Floats) -> Self:
        """From targets and out-of-fold predictions, both of shape (rows,)."""
        bins = max(1, min(_BINS, len(target) // _PER_BIN))
        edges = np.unique(np.quantile(answers, np.arange(1, bins) / bins)) if bins > 1 else np.empty(0)
        places = np.searchsorted(edges, answers)
        residuals = [np.abs(target - answers)[places == place] for place in range(len(edges) + 1)]
        widths = [np.quantile(part, _GRID, method="higher") for part in residuals]
        return cls(edges, np.stack(widths), tuple(len(part) for part in residuals))

    def half_width(self, answers: Floats, level: float) -> Floats:
        """Half the width of the interval of each prediction, of shape (rows,), in the unit of the target.

        `level` is the coverage, from 0 to 1. The finite-sample rank is ceil((n + 1) level).
        """
        places = np.searchsorted(self.edges, answers)
        per_bin = []
        for widths, count in zip(self.widths, self.counts, strict=True):
            rank = covered_share(count, level)
            per_bin.append(widths[min(len(_GRID) - 1, int(np.ceil(rank * (len(_GRID) - 1) - 1e-9)))])
        return np.array(per_bin)[places]

    def to_dict(self) -> dict[str, Any]:
        return {
            "edges": self.edges.tolist(),
            "widths": self.widths.tolist(),
            "counts": list(self.counts),
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        return cls(np.array(stored["edges"]), np.array(stored["widths"]), tuple(stored["counts"]))
