"""The trials of a search: each learner of the plan on every fold, while there is time."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from .. import calibration, scores
from ..errors import listed
from ..features.design import Design
from ..learners import lightgbm
from ..learners.learner import Task
from ..learners.prior import Prior
from ..problem import Floats, Problem
from .choices import Choices
from .clock import Clock
from .leaderboard import Tried
from .plan import Trial, plan


class Watcher(Protocol):
    """Who is told how far the search is, and may end it."""

    def progress(self, text: str) -> None: ...

    def should_stop(self) -> bool: ...


class _TooSlow(Exception):
    """What cannot be cut short takes longer than there is time."""


def try_all(
    rows: Design,
    target: Floats,
    weights: Floats | None,
    folds: Any,
    posed: Problem,
    metric: str,
    clock: Clock,
    choices: Choices,
    watcher: Watcher,
) -> list[Tried]:
    """Every trial of the plan that time allows, the prior first, which always succeeds."""
    measure = scores.loss(metric, posed)
    trials = [Trial(Prior.name, Prior, 0.0), *plan(choices.preset, posed, len(rows))]
    tried: list[Tried] = []
    best = ("", np.inf)
    late = 0.0  # seconds that a trial took beyond its share: what cannot be cut short
    for place, trial in enumerate(trials):
        if place > 1 and clock.left < max(0.05 * choices.time_limit_s, 1.5 * late):
            watcher.progress(f"time is over; not tried: {listed([one.title for one in trials[place:]])}")
            break
        started = time.monotonic()
        part = clock.share(trial.share / max(1e-9, sum(one.share for one in trials[place:])) * 0.95)
        share = part.left
        task = Task(posed, part, choices.seed, choices.threads)
        try:
            one = _try(trial, rows, target, weights, folds, task, measure, clock if place > 1 else None)
        except _TooSlow as error:
            watcher.progress(f"{trial.title} is given up: {error}")
            late = max(late, time.monotonic() - started - share)
            continue
        except Exception as error:  # what a library cannot do with this table must not end the search
            watcher.progress(f"{trial.title} could not be fitted: {type(error).__name__}: {str(error)[:200]}")
            continue
        late = max(late, time.monotonic() - started - share)
        tried.append(one)
        reached = measure(target, one.answers)
        if reached < best[1]:
            best = (trial.title, reached)
        shown = scores.score(metric, posed, target, one.answers)
        watcher.progress(
            f"{trial.title}: {metric} {shown:.4g} out of fold in {one.seconds:.1f} s; "
            f"best so far: {best[0]}; {clock.left:.0f} s left"
        )
    return tried


def _try(
    trial: Trial,
    rows: Design,
    target: Floats,
    weights: Floats | None,
    folds: Any,
    task: Task,
    measure: Callable[[Floats, Floats], float],
    ends: Clock | None,
) -> Tried:
    """One trial on every fold. Raises _TooSlow where one fold tells that the others will be late."""
    started = time.monotonic()
    count = int(folds.max()) + 1
    settings = dict(trial.settings)
    if trial.tuned:
        held = folds == 0
        quick = replace(task, clock=task.clock.share(0.6))
        loss = scores.loss(scores.usual(task.problem), task.problem)  # tuned on AUC, probabilities go astray
        part = weights[~held] if weights is not None else None
        settings |= lightgbm.search(
            rows[~held], target[~held], part, rows[held], target[held], quick, loss, trial.tuned
        )
    answers = np.zeros((len(rows), task.problem.classes))
    models = []
    for fold in range(count):
        held = folds == fold
        part = weights[~held] if weights is not None else None
        begun = time.monotonic()
        one = replace(task, clock=task.clock.share(1 / (count - fold)))
        model = trial.kind.fit(rows[~held], target[~held], part, rows[held], target[held], one, **settings)
        answers[held] = model.predict(rows[held])
        models.append(model)
        took = time.monotonic() - begun
        if ends is not None and (count - fold - 1) * took > ends.left:
            raise _TooSlow(f"{took:.1f} s a fold, {ends.left:.1f} s left")
    if not np.isfinite(answers).all():
        raise ValueError("answers that are no numbers")
    plain = task.problem.is_regression
    fitted = calibration.Calibration() if plain else calibration.tempered(target, answers)
    seconds = time.monotonic() - started
    return Tried(
        replace(trial, settings=settings), tuple(models), fitted, answers, fitted.apply(answers), seconds
    )
