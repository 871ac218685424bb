"""Whether learners take a numeric target as it is or in logarithms: both are tried on a sample."""

from dataclasses import replace
from typing import Any

import numpy as np

from .. import scores
from ..learners.in_logs import InLogsModel
from ..learners.learner import Examples, FittedModel, Task, drawn
from ..learners.lightgbm import LightGBMModel
from ..learners.linear import LinearModel
from ..types import Floats

_ROWS = 4_000  # of the sample
_SKEWED = 2.0  # times as far is the highest twentieth from the median as the lowest
_SPENT = 0.1  # largest share of the time left
_TRIED: tuple[tuple[type[FittedModel], dict[str, Any]], ...] = (
    (LightGBMModel, {"trees": 60, "learning_rate": 0.1, "num_leaves": 15}),
    (LinearModel, {"pieces": 100, "strengths": (0.1,)}),
)


def in_logs(examples: Examples, folds: Any, metric: str, task: Task) -> bool | None:
    """Whether two quick learners together err less in logarithms, out of fold; None where it hardly matters.

    It matters where a target that is never negative is skewed. As many folds are tried as there is time for.
    """
    problem = task.problem
    if not problem.is_regression or problem.floor is None or not is_skewed(examples.target):
        return None
    some = drawn(len(examples), _ROWS, task.seed)
    sample, folds = examples[some], folds[some]
    count, clock = int(folds.max()) + 1, task.clock.share(_SPENT)
    answers = np.zeros((2, len(sample), 1))
    judged = np.zeros(len(sample), bool)
    for fold in range(count):
        if fold and clock.over:
            break
        held = folds == fold
        judged |= held
        for kind, settings in _TRIED:
            timed = replace(task, clock=clock.share(1 / (2 * len(_TRIED) * (count - fold))))
            train, out = sample[~held], sample[held]
            plain = kind.fit(train, out, timed, **settings)
            logs = InLogsModel.fit(train, out, timed, learner=kind.name, **settings)
            for place, model in enumerate((plain, logs)):
                answers[place, held] += model.predict(out.rows) / len(_TRIED)
    errs = [scores.loss(metric, problem)(sample.target[judged], one[judged]) for one in answers]
    return bool(errs[1] < errs[0])


def is_skewed(target: Floats) -> bool:
    """Whether high values lie much further from the median than low ones.

    >>> is_skewed(np.exp(np.linspace(-2, 2, 99))), is_skewed(np.linspace(0, 1, 99))
    (True, False)
    """
    low, middle, high = np.quantile(target, (0.05, 0.5, 0.95))
    return bool(high - middle > _SKEWED * (middle - low))
