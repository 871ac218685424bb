"""Conformal intervals: out-of-fold residuals say how far from a prediction the target lies, on either side.

Vovk et al. 2005; by bins of the prediction (Mondrian). Where a model of the residuals' size makes intervals
better, residuals are counted in that size, so that the width follows the row (Lei et al. 2018,
https://doi.org/10.1080/01621459.2017.1307116).
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from slipway.kit.conformal import covered_share

from .features.design import Design
from .learners.learner import Examples, Task, drawn
from .learners.linear import LinearModel
from .problem import Problem
from .search.clock import Clock
from .types import Floats

_PER_BIN = 200  # residuals that a bin needs
_BINS = 5
_GRID = np.linspace(0, 1, 401)
_ROWS = 20_000  # that are enough for both
_MIN_ROWS = 200  # from which on the size of residuals is modelled
_MODELLED = 4_000  # rows, _PIECES of all numbers and few penalties: a rough model is enough
_PIECES = 100
_STRENGTHS = (0.1, 0.01)
_FOLDS = 3
_GAIN = 0.01  # of the interval score, from which on the width follows the row
_JUDGED = 0.9  # coverage of the intervals that are compared
_SMALL = 1e-3  # of the mean residual, which a logarithm of none at all takes for its size
_SIZE = Problem("size", "regression")
_FOLDER = "spread"


@dataclass(frozen=True)
class ConformalInterval:
    """`edges` split predictions into bins.

    `below` and `above`, of shape (bins, quantiles), are quantiles of how far the targets of each bin are
    below and above their predictions, in units of `spread` if there is one.
    """

    edges: Floats
    below: Floats
    above: Floats
    counts: tuple[int, ...]
    spread: LinearModel | None = None
    """The logarithm of a residual's size, of a row."""
    within: tuple[float, float] = (-np.inf, np.inf)
    """Between which that logarithm may lie: what was seen."""

    @classmethod
    def fit(cls, rows: Design, target: Floats, answers: Floats, seed: int = 0) -> Self:
        """From targets and out-of-fold predictions, both of shape (rows,)."""
        some = drawn(len(target), _ROWS, seed)
        rows, target, answers = rows[some], target[some], answers[some]
        bins = max(1, min(_BINS, len(target) // _PER_BIN))
        edges = np.unique(np.quantile(answers, np.arange(1, bins) / bins)) if bins > 1 else np.empty(0)
        residuals = target - answers
        plain = cls._of(edges, answers, residuals)
        if len(target) < _MIN_ROWS or not residuals.any():
            return plain
        spread, sizes = _spread(rows, residuals, seed)
        within = (float(sizes.min()), float(sizes.max()))
        following = replace(cls._of(edges, answers, residuals / np.exp(sizes)), spread=spread, within=within)
        judged = [
            _interval_score(residuals, *one._ends(answers, unit, _JUDGED), 1 - _JUDGED)
            for one, unit in ((plain, np.ones(len(target))), (following, np.exp(sizes)))
        ]
        return following if judged[1] < (1 - _GAIN) * judged[0] else plain

    @classmethod
    def _of(cls, edges: Floats, answers: Floats, residuals: Floats) -> Self:
        places = np.searchsorted(edges, answers)
        parts = [residuals[places == place] for place in range(len(edges) + 1)]
        below, above = (
            np.stack([np.quantile(sign * part, _GRID, method="higher") for part in parts]) for sign in (-1, 1)
        )
        return cls(edges, below, above, tuple(len(part) for part in parts))

    def bounds(self, rows: Design, answers: Floats, level: float) -> tuple[Floats, Floats]:
        """The interval of each prediction: its lower and upper end, both of shape (rows,).

        `level` is the coverage, from 0 to 1. Each tail has half of the rest, with the rank
        ceil((n + 1) (1 + level) / 2) of n residuals.
        """
        unit = np.ones(len(answers))
        if self.spread is not None and len(answers):
            unit = np.exp(np.clip(self.spread.predict(rows)[:, 0], *self.within))
        low, high = self._ends(answers, unit, level)
        return answers + low, answers + high

    def _ends(self, answers: Floats, unit: Floats, level: float) -> tuple[Floats, Floats]:
        places = np.searchsorted(self.edges, answers)
        ranks = [covered_share(count, (1 + level) / 2) for count in self.counts]
        cells = [min(len(_GRID) - 1, int(np.ceil(rank * (len(_GRID) - 1) - 1e-9))) for rank in ranks]
        bins = np.arange(len(self.counts))
        below, above = self.below[bins, cells], self.above[bins, cells]
        return -below[places] * unit, above[places] * unit

    def save(self, folder: Path) -> dict[str, Any]:
        """What is left to store of it, once the model of the spread is in `folder`."""
        if self.spread is not None:
            (folder / _FOLDER).mkdir(parents=True)
            self.spread.save(folder / _FOLDER)
        return {
            "edges": self.edges.tolist(),
            "below": self.below.tolist(),
            "above": self.above.tolist(),
            "counts": list(self.counts),
            "within": list(self.within) if self.spread is not None else None,
        }

    @classmethod
    def load(cls, folder: Path, stored: dict[str, Any]) -> Self:
        edges, below, above = (np.array(stored[name]) for name in ("edges", "below", "above"))
        found = cls(edges, below, above, tuple(stored["counts"]))
        if stored["within"] is None:
            return found
        spread = LinearModel.load(folder / _FOLDER, _SIZE)
        return replace(found, spread=spread, within=tuple(stored["within"]))


def _spread(rows: Design, residuals: Floats, seed: int) -> tuple[LinearModel, Floats]:
    """A model of the logarithm of the residuals' size, and what models say that have not seen the row."""
    size = np.abs(residuals)
    examples = Examples(rows, np.log(size + _SMALL * size.mean()))
    task = Task(_SIZE, Clock(np.inf), seed, 1)
    folds = np.random.default_rng(seed).permutation(len(size)) % _FOLDS
    crossed = np.empty(len(size))

    def fitted(some: Examples, held: Examples) -> LinearModel:
        some = some[drawn(len(some), _MODELLED, seed)]
        return LinearModel.fit(some, held, task, pieces=_PIECES, strengths=_STRENGTHS)

    for fold in range(_FOLDS):
        held = folds == fold
        crossed[held] = fitted(examples[~held], examples[held]).predict(rows[held])[:, 0]
    return fitted(examples, examples[folds == 0]), crossed


def _interval_score(target: Floats, low: Floats, high: Floats, rest: float) -> float:
    """Mean width, and what is outside, counted 2 / rest times (Gneiting and Raftery 2007)."""
    outside = np.maximum(low - target, 0) + np.maximum(target - high, 0)
    return float((high - low + 2 / rest * outside).mean())
