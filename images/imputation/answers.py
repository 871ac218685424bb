"""A model's raw answers as cells, with what the caller asked to know of them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .confidence.labels import Calibration
from .confidence.numbers import Residuals
from .features.cells import Floats
from .features.columns import Column
from .result import Cells

Confidence = Calibration | Residuals


@dataclass(frozen=True)
class Asked:
    """What a caller wants of the filled cells."""

    precision_threshold: float | None = None
    top_k: int = 0
    multiple: int = 0
    explain: bool = False
    tolerance: float = 0.0  # of numbers, in standard deviations; 0: none is left empty
    interval: bool = False


def answered(
    column: Column,
    confidence: Confidence,
    rows: NDArray[np.int64],
    raw: Floats,
    asked: Asked,
    rng: np.random.Generator,
) -> Cells:
    """Raw answers as cells with their confidence."""
    if isinstance(confidence, Residuals):
        return _numbers(confidence, rows, confidence.bounded(raw), asked, rng)
    return _labels(confidence, rows, raw, asked, rng)


def _numbers(
    confidence: Residuals, rows: NDArray[np.int64], raw: Floats, asked: Asked, rng: np.random.Generator
) -> Cells:
    near = confidence.within(raw, asked.tolerance) if asked.tolerance else None
    left = np.zeros(len(rows), bool)
    if near is not None and asked.precision_threshold is not None:
        left = near < asked.precision_threshold
    cells = Cells(rows, np.where(left, np.nan, raw), left, near)
    if asked.interval:
        lower, upper = confidence.interval(raw)
        cells = replace(cells, lower=lower, upper=upper)
    if asked.multiple:
        draws = [confidence.draw(raw, rng) for _ in range(asked.multiple)]
        cells = replace(cells, draws=np.column_stack(draws))
    return cells


def _labels(
    confidence: Calibration, rows: NDArray[np.int64], raw: Floats, asked: Asked, rng: np.random.Generator
) -> Cells:
    chances = confidence.probabilities(raw)
    sure = chances.max(1)
    threshold = asked.precision_threshold
    left = np.zeros(len(rows), bool) if threshold is None else confidence.precision_at(sure) < threshold
    cells = Cells(rows, np.where(left, -1, chances.argmax(1)), left, probability=sure)
    if asked.top_k:
        ranked = np.argsort(-chances, axis=1, kind="stable")[:, : asked.top_k]
        cells = replace(cells, top=ranked, top_probability=np.take_along_axis(chances, ranked, 1))
    if asked.multiple:
        edges = np.cumsum(chances, axis=1)
        chosen = [edges[:, :-1] < rng.random((len(rows), 1)) * edges[:, -1:] for _ in range(asked.multiple)]
        cells = replace(cells, draws=np.column_stack([one.sum(1) for one in chosen]))
    return cells
