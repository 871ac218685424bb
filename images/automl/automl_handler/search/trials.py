"""The trials of a search: each learner of the plan on every fold, within the time limit."""

import time
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from .. import calibration, scores
from ..errors import listed
from ..learners import lightgbm
from ..learners.learner import Examples, Task
from ..learners.prior import PriorModel
from ..problem import Problem
from .clock import Clock
from .config import SearchConfig
from .leaderboard import TrialResult
from .plan import Trial, plan


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
    measure = scores.loss(metric, problem)
    trials = [Trial(PriorModel.name, PriorModel, 0.0), *plan(config.preset, problem, len(examples))]
    results: list[TrialResult] = []
    best = ("", np.inf)
    late = 0.0  # seconds by which a trial exceeded its share, because it cannot be interrupted
    for place, trial in enumerate(trials):
        has_learnt = len(results) > 1
        if has_learnt and clock.left < max(0.05 * config.time_limit_s, 1.5 * late):
            watcher.progress(f"time is over; not tried: {listed([one.title for one in trials[place:]])}")
            break
        started = time.monotonic()
        part = clock.share(trial.share / max(1e-9, sum(one.share for one in trials[place:])) * 0.95)
        share = part.left
        task = Task(problem, part, config.seed, config.threads)
        try:
            result = _run_trial(trial, examples, folds, task, clock if has_learnt else None)
        except _TrialTooSlow as error:
            watcher.progress(f"{trial.title} is given up: {error}")
            late = max(late, time.monotonic() - started - share)
            continue
        except Exception as error:  # a library that cannot handle this table must not end the search
            watcher.progress(f"{trial.title} could not be fitted: {type(error).__name__}: {str(error)[:200]}")
            continue
        late = max(late, time.monotonic() - started - share)
        results.append(result)
        reached = measure(examples.target, result.answers)
        if reached < best[1]:
            best = (trial.title, reached)
        shown = scores.score(metric, problem, examples.target, result.answers)
        watcher.progress(
            f"{trial.title}: {metric} {shown:.4g} out of fold in {result.seconds:.1f} s; "
            f"best so far: {best[0]}; {clock.left:.0f} s left"
        )
    return results


def _run_trial(
    trial: Trial, examples: Examples, folds: Any, task: Task, deadline: Clock | None
) -> TrialResult:
    """One trial on every fold. Raises _TrialTooSlow if the first fold shows that the others end too late."""
    started = time.monotonic()
    count = int(folds.max()) + 1
    settings = dict(trial.settings)
    if trial.tuned:
        held = folds == 0
        quick = replace(task, clock=task.clock.share(0.6))
        # Tuned on AUC, probabilities go astray.
        loss = scores.loss(scores.default_metric(task.problem), task.problem)
        settings |= lightgbm.search(examples[~held], examples[held], quick, loss, trial.tuned)
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
    if not np.isfinite(answers).all():
        raise ValueError("predictions are not finite")
    calibrator = (
        calibration.Calibrator()
        if task.problem.is_regression
        else calibration.fit_temperature_if_better(examples.target, answers)
    )
    seconds = time.monotonic() - started
    calibrated = calibrator.apply(answers)
    return TrialResult(
        replace(trial, settings=settings), tuple(models), calibrator, answers, calibrated, seconds
    )
