"""How the trials of a search compare."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import scores
from ..calibration import Calibration
from ..features.design import Design
from ..learners.learner import Fitted
from ..problem import Floats, Problem
from .plan import Trial

_TIMED = 1_000  # rows


@dataclass(frozen=True)
class Tried:
    """A trial that ended: its models, and their answers to the rows that each did not see.

    `raw` are the answers as the models gave them, `answers` by the temperature that suits them.
    """

    trial: Trial
    models: tuple[Fitted, ...]
    calibration: Calibration
    raw: Floats
    answers: Floats
    seconds: float


def leaderboard(
    tried: list[Tried], share: Floats, folds: Any, target: Floats, posed: Problem, metric: str, rows: Design
) -> list[dict[str, Any]]:
    """The best first: out-of-fold score and its standard deviation over the folds, cost in time and bytes."""
    found = []
    for one, weight in zip(tried, share, strict=True):
        parts = [
            scores.score(metric, posed, target[folds == fold], one.answers[folds == fold])
            for fold in range(int(folds.max()) + 1)
        ]
        found.append(
            {
                "model": one.trial.title,
                "score": scores.score(metric, posed, target, one.answers),
                "sd": float(np.nanstd(parts)),
                "weight": float(weight),
                "fit seconds": round(one.seconds, 2),
                "rows per second": _speed(one, rows[:_TIMED]),
                "bytes": _size(one),
            }
        )
    sign = 1 if metric in scores.LOSSES else -1
    return sorted(found, key=lambda one: sign * one["score"])


def _speed(one: Tried, rows: Design) -> int:
    """Of all folds' models, judged by the first."""
    started = time.perf_counter()
    one.models[0].predict(rows)
    return int(len(rows) / max(1e-9, len(one.models) * (time.perf_counter() - started)))


def _size(one: Tried) -> int:
    """Of all folds' models, judged by the first."""
    with tempfile.TemporaryDirectory() as folder:
        one.models[0].save(Path(folder))
        return len(one.models) * sum(path.stat().st_size for path in Path(folder).iterdir())
