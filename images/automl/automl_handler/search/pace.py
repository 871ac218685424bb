"""How many rows there is time for: judged by the first learner of the plan, on some of them."""

from collections.abc import Callable

import numpy as np

from ..features.design import Design
from ..learners.catboost import Cat
from ..learners.learner import Task
from ..problem import Floats
from .plan import plan

PILOT = 20_000
"""Rows that are timed."""
_TREES = 100  # that CatBoost should have time to grow: with fewer, more rows gain nothing
_SPENT = 0.1  # of the time left, at most, on finding out


def affordable(
    preset: str, rows: int, drawn: Callable[[int], tuple[Design, Floats]], task: Task, folds: int
) -> int:
    """As many of `rows` as CatBoost learns from within its share of the time, in `folds` parts.

    `drawn` gives a part of the rows, of as many as are asked for, and their targets. A tree over twice the
    rows takes less than twice the time, so what is judged by few is not too many.
    """
    if task.clock.over:
        return 0
    trials = plan(preset, task.problem, rows)
    first = trials[0]
    part, target = drawn(PILOT)
    timed = Task(task.problem, task.clock.share(_SPENT), task.seed, task.threads)
    a_row = Cat.pace(part, target, timed, **first.settings) / len(target)
    seconds = task.clock.left * first.share / sum(one.share for one in trials)
    found = seconds / (_TREES * a_row * (folds - 1))
    return int(np.clip(found, 0, rows))
