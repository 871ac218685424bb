"""The search: types columns, tries learners on folds until time is over, blends what helps."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from .. import calibration, problem, scores
from ..errors import Unfit, listed
from ..features.columns import Column, Dropped, look_at
from ..features.dates import Dates
from ..features.design import Design, design
from ..interval import Interval
from ..learners.learner import Task
from ..predictor import LEVEL, Member, Predictor
from ..problem import Floats, Problem
from . import ensemble, pace
from .choices import Choices
from .clock import Clock
from .folds import assign
from .leaderboard import Tried, leaderboard
from .trials import Watcher, try_all

_LEAST = 10  # rows
_TRIALS = 0.93  # of the time limit
_CELLS_A_SECOND = 20_000.0  # that CatBoost learns from well enough with a thread, folds and all
_ROWS = 2_000  # that are always learnt from
_TWO_FOLDS = 16  # times the rows that there is time for, as wide tables have
_FIVE_FOLDS = 50_000  # rows up to which five folds are worth more than their time
_LARGE_FOLDS = 2  # of a table too large for the time: more would leave time for fewer rows
_WITH_THREADS = 5_000  # rows from which on threads gain more than they lose in waiting for one another


@dataclass(frozen=True)
class Trained:
    """A predictor, and what a report tells of how it was found.

    `table`, `rows` and `target` are what was learnt from; `raw` and `answers` are out-of-fold answers before
    and after calibration, the latter cross-fitted.
    """

    predictor: Predictor
    tried: tuple[Tried, ...]
    table: pd.DataFrame
    target: Floats
    raw: Floats
    answers: Floats
    dropped: tuple[Dropped, ...]
    metric: str
    rows: Design
    folds: Any


def search(
    table: pd.DataFrame,
    target: str,
    choices: Choices,
    watcher: Watcher,
    dates: Mapping[str, Dates] | None = None,
) -> Trained:
    """Learns to predict the column `target` of `table`. Raises Unfit where the table does not allow it.

    `dates` are the columns that hold some, where that is known; see `look_at`.
    """
    # A part is kept for what follows the trials: blend, calibration, the leaderboard's figures.
    clock = Clock(_TRIALS * choices.time_limit_s, watcher.should_stop)
    posed, encoded, table, weights, notes = _rows(table, target, choices)
    metric = _metric(choices.metric, posed)
    features = table[_features(table, target, choices)]
    columns, dropped = look_at(features, choices.features, dates, choices.dates)
    if not columns:
        raise Unfit(
            f"no column is left to learn {target} from: "
            + listed([f"{one.name} is {one.why}" for one in dropped], 5)
        )
    most = _affordable(sum(max(1, one.width) for one in columns), posed, choices)
    most = max(_ROWS, 5 * posed.classes, most)
    count = choices.folds
    if len(table) > max(most, pace.PILOT):

        def drawn(wanted: int) -> tuple[Design, Floats]:
            some = _sample(encoded, wanted, choices.seed)
            return design(columns, table.iloc[some]), encoded[some]

        task = Task(posed, clock, choices.seed, choices.threads)
        measured = pace.affordable(choices.preset, len(table), drawn, task, count or _LARGE_FOLDS)
        if measured > most:
            most, count = measured, count or _LARGE_FOLDS
    kept = _sample(encoded, most, choices.seed)
    if len(kept) < len(table):
        notes.append(
            f"learnt from {len(kept)} of {len(table)} rows, drawn at random, as many as the time limit allows"
        )
        table, encoded = table.iloc[kept].reset_index(drop=True), encoded[kept]
        weights = weights[kept] if weights is not None else None
    watcher.progress(_described(posed, len(table), columns, dropped))
    rows = design(columns, table)
    folds = assign(encoded, count or _folds(len(table), most), choices.seed)
    able = replace(choices, threads=choices.threads if len(table) > _WITH_THREADS else 1)
    tried = try_all(rows, encoded, weights, folds, posed, metric, clock, able, watcher)
    share = ensemble.select([one.answers for one in tried], encoded, scores.loss(metric, posed))
    raw = np.average([one.raw for one in tried], 0, share)
    answers = np.average([one.answers for one in tried], 0, share)
    fitted, interval = calibration.Calibration(), None
    if posed.is_regression:
        interval = Interval.fit(encoded, answers[:, 0])
    else:
        fitted, answers = calibration.fit(encoded, answers, choices.seed)
    members = tuple(
        Member(one.trial.title, float(weight), one.models, one.calibration)
        for weight, one in zip(share, tried, strict=True)
        if weight > 0
    )
    blended = ", ".join(f"{member.title} {member.weight:.0%}" for member in members)
    reached = scores.score(metric, posed, encoded, answers)
    watcher.progress(f"blend of {blended}: {metric} {reached:.4g} out of fold, {clock.left:.0f} s left")
    found = scores.summary(posed, encoded, answers)
    facts = {
        "rows": len(table),
        "metric": metric,
        "scores": {name: value for name, value in found.items() if value == value},
        "leaderboard": leaderboard(tried, share, folds, encoded, posed, metric, rows),
        "dropped": {one.name: one.why for one in dropped},
        "notes": notes,
        "level": LEVEL,
    }
    predictor = Predictor(posed, tuple(columns), members, fitted, interval, facts)
    return Trained(predictor, tuple(tried), table, encoded, raw, answers, tuple(dropped), metric, rows, folds)


def _rows(
    table: pd.DataFrame, target: str, choices: Choices
) -> tuple[Problem, Floats, pd.DataFrame, Floats | None, list[str]]:
    """The problem, the target as numbers, the rows that have one, their weights, and what was left out."""
    if target not in table:
        raise Unfit(
            f"target {target}: no such column; the table has {listed([str(name) for name in table], 40)}"
        )
    if len(table) < _LEAST:
        raise Unfit(
            f"the table has {len(table)} {'row' if len(table) == 1 else 'rows'}; expected at least {_LEAST}"
        )
    notes = []
    posed = problem.find(table[target], target, choices.problem_type)
    encoded = posed.encode(table[target])
    if not posed.is_regression:
        counts = np.bincount(encoded[~np.isnan(encoded)].astype(int), minlength=posed.classes)
        rare = [label for label, count in zip(posed.labels, counts, strict=True) if count < 2]
        if rare and posed.classes - len(rare) >= 2:
            notes.append(f"labels with one row only are not learnt: {listed([str(label) for label in rare])}")
            kept = tuple(label for label in posed.labels if label not in rare)
            posed = replace(posed, labels=kept, kind="binary" if len(kept) == 2 else "multiclass")
            encoded = posed.encode(table[target])
        elif rare:
            raise Unfit(
                f"target {target}: {listed([str(label) for label in rare])} stands in one row only; "
                "expected two labels with two rows or more"
            )
        posed = replace(posed, weights=_class_weights(choices.class_weights, posed, encoded))
    known = ~np.isnan(encoded)
    if not known.all():
        notes.append(f"{int((~known).sum())} rows without a target are left out")
    if known.sum() < _LEAST:
        raise Unfit(f"target {target}: {int(known.sum())} rows have a value; expected at least {_LEAST}")
    weights = None
    if choices.sample_weight:
        if choices.sample_weight not in table:
            raise Unfit(f"sample_weight: no column {choices.sample_weight}")
        weights = problem.numbers(table[choices.sample_weight], choices.sample_weight)[known]
        if np.isnan(weights).any() or (weights < 0).any() or not weights.any():
            raise Unfit(
                f"sample_weight: column {choices.sample_weight} must hold numbers from 0, without gaps"
            )
    return posed, encoded[known], table[known].reset_index(drop=True), weights, notes


def _class_weights(asked: Any, posed: Problem, encoded: Floats) -> tuple[float, ...]:
    """What a right answer of each label counts; empty: one as much as another."""
    if asked == "none":
        return ()
    if asked == "balanced":
        counts = np.bincount(encoded[~np.isnan(encoded)].astype(int), minlength=posed.classes)
        return tuple((counts.sum() / (posed.classes * counts)).tolist())
    names = [str(label) for label in posed.labels]
    unknown = [name for name in asked if name not in names]
    if unknown:
        raise Unfit(f"class_weights: the target has no {listed(unknown)}; it has {listed(names)}")
    return tuple(float(asked.get(name, 1.0)) for name in names)


def _metric(asked: str, posed: Problem) -> str:
    if asked == "auto":
        return scores.usual(posed)
    known = scores.OF_NUMBERS if posed.is_regression else scores.OF_LABELS
    if asked not in known:
        raise Unfit(f"metric {asked} is not for a {posed.kind} problem; expected one of {', '.join(known)}")
    return asked


def _features(table: pd.DataFrame, target: str, choices: Choices) -> list[str]:
    names = [str(name) for name in table]
    for noun, given in (("features", choices.features), ("ignore", choices.ignore)):
        unknown = [name for name in given if name not in names]
        if unknown:
            raise Unfit(f"{noun}: no column {listed(unknown)}; the table has {listed(names, 40)}")
    if target in choices.features:
        raise Unfit(f"features: {target} is the target")
    out = {target, *choices.ignore} | ({choices.sample_weight} if choices.sample_weight else set())
    return [name for name in (choices.features or names) if name not in out]


def _affordable(inputs: int, posed: Problem, choices: Choices) -> int:
    """How many rows can well be learnt from in time."""
    cells = _CELLS_A_SECOND * choices.time_limit_s * choices.threads**0.7 / max(1.0, posed.classes / 4)
    return int(cells / inputs)


def _folds(rows: int, most: int) -> int:
    """Five, but fewer where `rows` are many, or far more than the `most` that time is enough for."""
    if rows > _TWO_FOLDS * most:
        return 2
    return 5 if rows <= min(_FIVE_FOLDS, max(_ROWS, most / 5)) else 3


def _sample(target: Floats, most: int, seed: int) -> Any:
    """All rows, or a random part with its share of every label, or of small and large numbers."""
    if len(target) <= most:
        return np.arange(len(target))
    order = np.lexsort((np.random.default_rng(seed).random(len(target)), target))
    return np.sort(order[np.linspace(0, len(target) - 1, most).astype(int)])


def _described(posed: Problem, rows: int, columns: list[Column], dropped: list[Dropped]) -> str:
    kinds = [
        f"{sum(one.kind == kind for one in columns)} {kind}"
        for kind in ("number", "category", "date", "text")
    ]
    found = f", {posed.classes} labels" if posed.labels else ""
    gone = f"; dropped: {listed([one.name for one in dropped])}" if dropped else ""
    return f"{posed.kind}{found}, {rows} rows; columns: {', '.join(kinds)}{gone}"
