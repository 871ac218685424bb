"""A model's raw answers as cells, with what the caller asked to know of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from calibration import Calibration
from cells import Floats
from columns import Column
from filled import Cells
from numpy.typing import NDArray
from residuals import Residuals

Confidence = Calibration | Residuals


@dataclass(frozen=True)
class Asked:
    """What a caller wants of the filled cells."""

    precision_threshold: float | None = None
    top_k: int = 0
    multiple: int = 0
    explain: bool = False
    tolerance: float = 0.0  # of numbers, in standard deviations; 0: none is left empty


def answered(
    column: Column,
    confidence: Confidence,
    rows: NDArray[np.int64],
    raw: Floats,
    asked: Asked,
    rng: np.random.Generator,
) -> Cells:
    """Raw answers as cells with their confidence."""
    draws = np.empty((len(rows), asked.multiple), dtype=object)
    if isinstance(confidence, Residuals):
        raw = confidence.bounded(raw)
        lower, upper = (column.write(end) for end in confidence.interval(raw))
        near = confidence.within(raw, asked.tolerance) if asked.tolerance else None
        left = np.zeros(len(rows), bool)
        if near is not None and asked.precision_threshold is not None:
            left = near < asked.precision_threshold
        values = column.write(raw)
        values[left] = None
        for place in range(asked.multiple):
            draws[:, place] = column.write(confidence.draw(raw, rng))
        cells = Cells(rows, values, left, near, lower, upper)
        return replace(cells, draws=draws) if asked.multiple else cells
    labels = column.write(np.array(column.labels, dtype=object))
    chances = confidence.probabilities(raw)
    sure = chances.max(1)
    threshold = asked.precision_threshold
    left = np.zeros(len(rows), bool) if threshold is None else confidence.precision_at(sure) < threshold
    values = labels[chances.argmax(1)]
    values[left] = None
    cells = Cells(rows, values, left, probability=sure)
    if asked.top_k:
        ranked = np.argsort(-chances, axis=1, kind="stable")[:, : asked.top_k]
        cells = replace(cells, top=labels[ranked], top_probability=np.take_along_axis(chances, ranked, 1))
    edges = np.cumsum(chances, axis=1)
    for place in range(asked.multiple):
        draws[:, place] = labels[(edges[:, :-1] < rng.random((len(rows), 1)) * edges[:, -1:]).sum(1)]
    return replace(cells, draws=draws) if asked.multiple else cells


def objects(values: Sequence[Any]) -> NDArray[Any]:
    """Any objects as an array of them."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
