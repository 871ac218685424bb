"""From a model's raw predictions to filled cells, with the details that a caller requested."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .confidence.labels import LabelConfidence
from .confidence.numbers import NumberConfidence
from .features.cells import Floats
from .features.columns import ColumnCodec
from .result import Cells

Confidence = LabelConfidence | NumberConfidence


@dataclass(frozen=True)
class FillOptions:
    """Which cells to leave empty, and which details of the filled ones to return."""

    precision_threshold: float | None = None
    top_k: int = 0
    multiple: int = 0
    explain: bool = False
    tolerance: float = 0.0
    """Error of a number that still counts as correct, in standard deviations; 0: no number is left empty."""
    interval: bool = False


def to_cells(
    column: ColumnCodec,
    confidence: Confidence,
    rows: NDArray[np.int64],
    raw: Floats,
    options: FillOptions,
    rng: np.random.Generator,
) -> Cells:
    """Cells with their confidence, from raw predictions.

    `rows` has shape (cells,), `raw` (cells,) for numbers and (cells, labels) for labels.
    """
    if isinstance(confidence, NumberConfidence):
        return _numbers(confidence, rows, confidence.bounded(raw), options, rng)
    return _labels(confidence, rows, raw, options, rng)


def _numbers(
    confidence: NumberConfidence,
    rows: NDArray[np.int64],
    raw: Floats,
    options: FillOptions,
    rng: np.random.Generator,
) -> Cells:
    near = confidence.within(raw, options.tolerance) if options.tolerance else None
    left = np.zeros(len(rows), bool)
    if near is not None and options.precision_threshold is not None:
        left = confidence.precision_at(near, options.tolerance) < options.precision_threshold
    cells = Cells(rows, np.where(left, np.nan, raw), left, near)
    if options.interval:
        lower, upper = confidence.interval(raw)
        cells = replace(cells, lower=lower, upper=upper)
    if options.multiple:
        draws = [confidence.draw(raw, rng) for _ in range(options.multiple)]
        cells = replace(cells, draws=np.column_stack(draws))
    return cells


def _labels(
    confidence: LabelConfidence,
    rows: NDArray[np.int64],
    raw: Floats,
    options: FillOptions,
    rng: np.random.Generator,
) -> Cells:
    chances = confidence.probabilities(raw)
    sure = chances.max(1)
    threshold = options.precision_threshold
    left = np.zeros(len(rows), bool) if threshold is None else confidence.precision_at(sure) < threshold
    cells = Cells(rows, np.where(left, -1, chances.argmax(1)), left, probability=sure)
    if options.top_k:
        ranked = np.argsort(-chances, axis=1, kind="stable")[:, : options.top_k]
        cells = replace(cells, top=ranked, top_probability=np.take_along_axis(chances, ranked, 1))
    if options.multiple:
        edges = np.cumsum(chances, axis=1)
        chosen = [edges[:, :-1] < rng.random((len(rows), 1)) * edges[:, -1:] for _ in range(options.multiple)]
        cells = replace(cells, draws=np.column_stack([one.sum(1) for one in chosen]))
    return cells
