"""The number of rows that time allows for, measured with the first learner of the plan on a sample."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..learners.catboost import CatBoostModel
from ..learners.learner import Examples, Task
from .plan import plan, slowest

PILOT = 20_000
"""Rows of the sample that is timed."""
_TREES = 100  # that CatBoost should have time for; with fewer, more rows gain nothing
_SPENT = 0.1  # largest share of the time left that measuring may take


def affordable(
    preset: str, rows: int, drawn: Callable[[int], Examples], task: Task, folds: int, speed: float = 1.0
) -> int:
    """The number of `rows` that CatBoost can learn from with `folds` folds in its share of the time.

    `drawn` returns a sample of a given size; `speed` is that of all hosts, times that of this one. A tree
    over twice the rows takes less than twice the time, so the estimate from a sample is not too high.
    """
    if task.clock.over:
        return 0
    trials = plan(preset, task.problem, rows)
    first = slowest(trials)
    sample = drawn(PILOT)
    timed = replace(task, clock=task.clock.share(_SPENT))
    a_row = CatBoostModel.pace(sample, timed, **first.settings) / len(sample)
    seconds = speed * task.clock.left * first.share / sum(one.share for one in trials)
    found = seconds / (_TREES * a_row * (folds - 1))
    return int(np.clip(found, 0, rows))
