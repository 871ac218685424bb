"""The settings of a fit, and the learning task of each column."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .baselines.fit import Name
from .features.columns import ColumnCodec
from .models.learners import Preset, Task
from .postprocessing import Confidence

# An engine, the confidence of each column, and its quality.
Fit = tuple[Any, dict[str, Confidence], dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class FitSettings:
    """How to fit an imputer."""

    engine: Literal["auto", "datawig"] | Name = "auto"
    preset: Preset = "balanced"
    time_limit_s: float = float("inf")
    seed: int = 0
    threads: int = 1
    num_epochs: int = 100  # this and the next two: engine datawig only
    batch_size: int = 128
    hpo: int = 0
    features: tuple[str, ...] = ()  # the columns to fill from; all others when empty


# Called with a column, its quality, the number of columns done and of all columns to fit.
ColumnListener = Callable[[str, dict[str, Any], int, int], None]


def task_of(column: ColumnCodec, settings: FitSettings) -> Task:
    """The learning task of a column."""
    labels = len(column.labels) if labelled(column) else 0
    return Task(labels, settings.seed, settings.preset, settings.threads)


def answers_of(column: ColumnCodec, read: Mapping[str, Any]) -> tuple[Any, Any]:
    """A column's values or label codes, shape (rows,), and the places of the observed ones."""
    answers = column.answers(read[column.name])
    return answers, np.flatnonzero(answers >= 0 if labelled(column) else ~np.isnan(answers))


def labelled(column: ColumnCodec) -> bool:
    """Whether cells of the column are labels (and not numbers or dates)."""
    return column.kind in ("category", "text")


def fillable(column: ColumnCodec) -> bool:
    """Whether the column can be filled: text of which no value occurs twice has no candidates."""
    return not labelled(column) or bool(column.labels)
