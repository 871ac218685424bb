"""The search: infers column types, fits learners on folds within a time limit, blends the best."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from .. import calibration, scores
from ..errors import DataError, listed
from ..features import columns as feature_columns
from ..features.columns import DroppedColumn, FeatureColumn, infer_columns
from ..features.dates import DateFormat
from ..features.design import Design, design
from ..interval import ConformalInterval
from ..learners.learner import Examples, Task
from ..predictor import LEVEL, Member, Predictor
from ..problem import Problem
from ..types import Floats
from . import checks, ensemble, hosts, scale, throughput
from .clock import Clock
from .config import SearchConfig
from .folds import assign
from .hosts import Crew
from .leaderboard import TrialResult, leaderboard
from .plan import plan, slowest
from .prepare import Prepared, prepare
from .trials import Watcher, run_trials

_TRIALS = 0.93  # share of the time limit; the rest is for blending, calibration and the leaderboard
_CELLS_PER_SECOND = 20_000.0  # that CatBoost learns from on one thread, all folds included
_MIN_ROWS = 2_000  # that are always used
_TWO_FOLDS = 16  # times as many rows as the time allows, as in wide tables
_FIVE_FOLDS = 50_000  # rows up to which five folds are worth their time
_LARGE_FOLDS = 2  # folds of a table too large for the time limit: more would leave time for fewer rows
_WITH_THREADS = 5_000  # rows from which on threads gain more than they cost


@dataclass(frozen=True)
class SearchResult:
    """A predictor, and what a report needs to know about the search.

    `table`, `rows` and `target` are the training rows. `raw` and `answers` are out-of-fold predictions of
    shape (rows, classes), before and after calibration; the latter are cross-fitted.
    """

    predictor: Predictor
    trials: tuple[TrialResult, ...]
    table: pd.DataFrame
    target: Floats
    raw: Floats
    answers: Floats
    dropped: tuple[DroppedColumn, ...]
    metric: str
    rows: Design
    folds: Any


def search(
    table: pd.DataFrame,
    target: str,
    config: SearchConfig,
    watcher: Watcher,
    dates: Mapping[str, DateFormat] | None = None,
    crew: Crew | None = None,
) -> SearchResult:
    """Learns to predict the column `target` of `table`, with the `crew` of several hosts if there are.

    `dates` are the date columns if they are known; see `infer_columns`. Raises DataError if the table does
    not allow it.
    """
    clock = Clock(_TRIALS * config.time_limit_s, watcher.should_stop)
    data = prepare(table, target, config)
    problem, metric = data.problem, data.metric
    as_text = {name for name, kind in config.kinds.items() if kind == "text"}
    features = data.table[list(data.features)]
    columns, dropped = infer_columns(features, config.features, dates, config.dates, as_text)
    if not columns:
        reasons = listed([f"{one.name} is {one.why}" for one in dropped], 5)
        raise DataError(f"no column is left to learn {target} from: {reasons}")
    data, count = _sampled(data, columns, config, clock, crew)
    watcher.progress(_described(problem, len(data.table), columns, dropped))
    rows = design(columns, data.table)
    folds = assign(data.target, count, config.seed, data.split)
    leaks = checks.leakage(columns, rows, data.target, problem, config.seed)
    notes = [
        *data.notes,
        *feature_columns.notes(columns),
        *checks.leakage_notes(leaks, target),
        *checks.duplicate_notes(rows, data.target, folds),
    ]
    with_threads = replace(config, threads=config.threads if len(data.table) > _WITH_THREADS else 1)
    examples = Examples(rows, data.target, data.weights)
    task = Task(problem, clock, config.seed, with_threads.threads)
    problem = replace(problem, logs=scale.in_logs(examples, folds, metric, task))
    if problem.logs:
        notes.append(f"{target} is skewed, and learned in logarithms, which err less out of fold")
    learners = partial(hosts.run_trials, crew) if crew else run_trials
    trials = learners(examples, folds, problem, metric, clock, with_threads, watcher)
    share = ensemble.select([one.answers for one in trials], data.target, scores.loss(metric, problem))
    raw = np.average([one.raw for one in trials], 0, share)
    answers = np.average([one.answers for one in trials], 0, share)
    calibrator, interval = calibration.Calibrator(), None
    if problem.is_regression:
        interval = ConformalInterval.fit(rows, data.target, answers[:, 0], config.seed)
    else:
        calibrator, answers = calibration.fit(data.target, answers, config.seed)
    members = tuple(
        Member(one.trial.title, float(weight), one.models, one.calibrator)
        for weight, one in zip(share, trials, strict=True)
        if weight > 0
    )
    blended = ", ".join(f"{member.title} {member.weight:.0%}" for member in members)
    reached = scores.score(metric, problem, data.target, answers)
    watcher.progress(f"blend of {blended}: {metric} {reached:.4g} out of fold, {clock.left:.0f} s left")
    found = scores.summary(problem, data.target, answers)
    found["skill"] = scores.skill(problem, data.target, answers, trials[0].answers)
    facts = {
        "rows": len(data.table),
        "metric": metric,
        "scores": {name: value for name, value in found.items() if value == value},
        "leaderboard": leaderboard(trials, share, folds, data.target, problem, metric, rows),
        "dropped": {one.name: one.why for one in dropped},
        "notes": [*checks.baseline_notes(members, len(trials) == 1), *notes],
        "level": LEVEL,
    }
    predictor = Predictor(problem, tuple(columns), members, calibrator, interval, facts)
    return SearchResult(
        predictor, tuple(trials), data.table, data.target, raw, answers, tuple(dropped), metric, rows, folds
    )


def _sampled(
    data: Prepared, columns: list[FeatureColumn], config: SearchConfig, clock: Clock, crew: Crew | None
) -> tuple[Prepared, int]:
    """The rows that the time limit allows for, and the number of folds."""
    problem, count, rows = data.problem, config.folds, len(data.table)
    speed = 1.0
    if crew:
        trials = plan(config.preset, problem, rows)
        share = slowest(trials).share / sum(one.share for one in trials)
        speed = crew.speed(config.threads, count or _LARGE_FOLDS, share)
    most = int(speed * _affordable(sum(max(1, one.width) for one in columns), problem, config))
    most = max(_MIN_ROWS, 5 * problem.classes, most)
    if rows > max(most, throughput.PILOT):

        def sample(wanted: int) -> Examples:
            some = _sample(data.target, wanted, config.seed)
            return Examples(design(columns, data.table.iloc[some]), data.target[some])

        task = Task(problem, clock, config.seed, config.threads)
        measured = throughput.affordable(config.preset, rows, sample, task, count or _LARGE_FOLDS, speed)
        if measured > most:
            most, count = measured, count or _LARGE_FOLDS
    places = _sample(data.target, most, config.seed)
    if len(places) < rows:
        data = data.take(
            places,
            f"learnt from {len(places)} of {rows} rows, drawn at random, as many as the time limit allows",
        )
    return data, count or _folds(len(places), most)


def _affordable(inputs: int, problem: Problem, config: SearchConfig) -> int:
    """Number of rows that the time limit allows for."""
    cells = _CELLS_PER_SECOND * config.time_limit_s * config.threads**0.7 / max(1.0, problem.classes / 4)
    return int(cells / inputs)


def _folds(rows: int, most: int) -> int:
    """Five folds; three or two if there are many rows, or far more than the `most` that time allows for.

    >>> _folds(1_500, 2_000), _folds(60_000, 10**9), _folds(1_000, 40)
    (5, 3, 2)
    """
    if rows > _TWO_FOLDS * most:
        return 2
    return 5 if rows <= min(_FIVE_FOLDS, max(_MIN_ROWS, most / 5)) else 3


def _sample(target: Floats, most: int, seed: int) -> Any:
    """Positions of all rows, or of a random sample that is stratified by class or by size of the target."""
    if len(target) <= most:
        return np.arange(len(target))
    order = np.lexsort((np.random.default_rng(seed).random(len(target)), target))
    return np.sort(order[np.linspace(0, len(target) - 1, most).astype(int)])


def _described(
    problem: Problem, rows: int, columns: list[FeatureColumn], dropped: list[DroppedColumn]
) -> str:
    kinds = [
        f"{sum(one.kind == kind for one in columns)} {kind}"
        for kind in ("number", "category", "date", "text")
    ]
    classes = f", {problem.classes} classes" if problem.labels else ""
    without = f"; dropped: {listed([one.name for one in dropped])}" if dropped else ""
    return f"{problem.kind}{classes}, {rows} rows; columns: {', '.join(kinds)}{without}"
