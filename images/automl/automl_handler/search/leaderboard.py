"""The leaderboard of a search."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import scores
from ..calibration import Calibrator
from ..features.design import Design
from ..learners.learner import FittedModel
from ..problem import Problem
from ..types import Floats
from .plan import Trial

_TIMED = 1_000  # rows


@dataclass(frozen=True)
class TrialResult:
    """A completed trial: one model per fold, and its out-of-fold predictions of shape (rows, classes).

    `raw` are the predictions of the models, `answers` the same after temperature scaling.
    """

    trial: Trial
    models: tuple[FittedModel, ...]
    calibrator: Calibrator
    raw: Floats
    answers: Floats
    seconds: float


def leaderboard(
    results: list[TrialResult],
    share: Floats,
    folds: Any,
    target: Floats,
    problem: Problem,
    metric: str,
    rows: Design,
) -> list[dict[str, Any]]:
    """One entry per trial, best first: out-of-fold score, its deviation over the folds, time, size."""
    found = []
    for one, weight in zip(results, share, strict=True):
        parts = [
            scores.score(metric, problem, target[folds == fold], one.answers[folds == fold])
            for fold in range(int(folds.max()) + 1)
        ]
        found.append(
            {
                "model": one.trial.title,
                "score": scores.score(metric, problem, target, one.answers),
                "sd": float(np.nanstd(parts)),
                "weight": float(weight),
                "fit seconds": round(one.seconds, 2),
                "rows per second": _speed(one, rows[:_TIMED]),
                "bytes": _size(one),
            }
        )
    sign = 1 if metric in scores.LOSSES else -1
    return sorted(found, key=lambda one: sign * one["score"])


def _speed(one: TrialResult, rows: Design) -> int:
    """Of the models of all folds, estimated from the first."""
    started = time.perf_counter()
    one.models[0].predict(rows)
    return int(len(rows) / max(1e-9, len(one.models) * (time.perf_counter() - started)))


def _size(one: TrialResult) -> int:
    """Of the models of all folds, estimated from the first."""
    with tempfile.TemporaryDirectory() as folder:
        one.models[0].save(Path(folder))
        return len(one.models) * sum(path.stat().st_size for path in Path(folder).iterdir())
