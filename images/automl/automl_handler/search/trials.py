"""The trials of a search: each learner of the plan on every fold, within the time limit."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from .. import calibration, scores
from ..errors import listed
from ..learners.learner import Examples, FittedModel, Task
from ..learners.prior import PriorModel
from ..problem import Problem
from ..types import Floats
from .clock import Clock
from .config import SearchConfig
from .fold import tune
from .leaderboard import TrialResult
from .plan import Trial, plan

LAST = 0.05  # share of the time limit in which no further trial is begun
SPENT = 0.95  # share of a trial's time that it is given
TUNED = 0.6  # share of its time in which a trial's settings are looked for


class Watcher(Protocol):
    """Receives progress messages, and may end the search."""

    def progress(self, text: str) -> None: ...

    def should_stop(self) -> bool: ...


class _TrialTooSlow(Exception):
    """A trial that cannot be interrupted would take longer than the time left."""


def run_trials(
    examples: Examples,
    folds: Any,
    problem: Problem,
    metric: str,
    clock: Clock,
    config: SearchConfig,
    watcher: Watcher,
) -> list[TrialResult]:
    """The trials of the plan that time allows: first the baseline, then one learner whatever the time.

    The time limit stops further trials only once a learner other than the baseline has been fitted, so that a
    slow machine still gets a model that reads the columns.
    """
    trials = all_trials(config.preset, problem, len(examples))
    board = Board(examples, problem, metric, clock, watcher)
    late = 0.0  # seconds by which a trial exceeded its share, because it cannot be interrupted
    for place, trial in enumerate(trials):
        has_learnt = len(board.results) > 1
        if has_learnt and clock.left < max(LAST * config.time_limit_s, 1.5 * late):
            board.not_tried(trials[place:])
            break
        started = time.monotonic()
        part = clock.share(trial.share / max(1e-9, sum(one.share for one in trials[place:])) * SPENT)
        share = part.left
        task = Task(problem, part, config.seed, config.threads)
        try:
            result = _run_trial(trial, examples, folds, task, clock if has_learnt else None)
        except _TrialTooSlow as error:
            watcher.progress(f"{trial.title} is given up: {error}")
            late = max(late, time.monotonic() - started - share)
            continue
        except Exception as error:  # a library that cannot handle this table must not end the search
            board.failed(trial, f"{type(error).__name__}: {str(error)[:200]}")
            continue
        late = max(late, time.monotonic() - started - share)
        board.add(result)
    return board.results


def all_trials(preset: str, problem: Problem, rows: int) -> list[Trial]:
    """The baseline, and those of the plan."""
    return [Trial(PriorModel.name, PriorModel, 0.0), *plan(preset, problem, rows)]


class Board:
    """The results so far, which the log tells."""

    def __init__(
        self, examples: Examples, problem: Problem, metric: str, clock: Clock, watcher: Watcher
    ) -> None:
        self.results: list[TrialResult] = []
        self._target, self._problem, self._metric = examples.target, problem, metric
        self._clock, self._watcher = clock, watcher
        self._best = ("", np.inf)

    def add(self, result: TrialResult) -> None:
        self.results.append(result)
        title = result.trial.title
        reached = scores.loss(self._metric, self._problem)(self._target, result.answers)
        if reached < self._best[1]:
            self._best = (title, reached)
        shown = scores.score(self._metric, self._problem, self._target, result.answers)
        self._watcher.progress(
            f"{title}: {self._metric} {shown:.4g} out of fold in {result.seconds:.1f} s; "
            f"best so far: {self._best[0]}; {self._clock.left:.0f} s left"
        )

    def failed(self, trial: Trial, why: str) -> None:
        self._watcher.progress(f"{trial.title} could not be fitted: {why}")

    def not_tried(self, trials: Sequence[Trial]) -> None:
        self._watcher.progress(f"time is over; not tried: {listed([one.title for one in trials])}")


def _run_trial(
    trial: Trial, examples: Examples, folds: Any, task: Task, deadline: Clock | None
) -> TrialResult:
    """One trial on every fold. Raises _TrialTooSlow if the first fold shows that the others end too late."""
    started = time.monotonic()
    count = int(folds.max()) + 1
    settings = dict(trial.settings)
    if trial.tuned:
        quick = replace(task, clock=task.clock.share(TUNED))
        settings |= tune(examples, folds, quick, trial.tuned, settings)
    answers = np.zeros((len(examples), task.problem.classes))
    models = []
    for fold in range(count):
        held = folds == fold
        begun = time.monotonic()
        one = replace(task, clock=task.clock.share(1 / (count - fold)))
        out = examples[held]
        model = trial.kind.fit(examples[~held], out, one, **settings)
        answers[held] = model.predict(out.rows)
        models.append(model)
        took = time.monotonic() - begun
        if deadline is not None and (count - fold - 1) * took > deadline.left:
            raise _TrialTooSlow(f"{took:.1f} s per fold, {deadline.left:.1f} s left")
    return result_of(
        replace(trial, settings=settings), models, answers, examples, task.problem, time.monotonic() - started
    )


def result_of(
    trial: Trial,
    models: Sequence[FittedModel],
    answers: Floats,
    examples: Examples,
    problem: Problem,
    seconds: float,
) -> TrialResult:
    """The trial that was fitted on all folds. Raises ValueError if its predictions are of no use."""
    if not np.isfinite(answers).all():
        raise ValueError("predictions are not finite")
    calibrator = (
        calibration.Calibrator()
        if problem.is_regression
        else calibration.fit_temperature_if_better(examples.target, answers)
    )
    return TrialResult(trial, tuple(models), calibrator, answers, calibrator.apply(answers), seconds)
