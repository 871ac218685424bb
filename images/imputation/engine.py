"""Fit an imputer: read the table, train every asked column within the time, learn how sure it may be."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from auto import Auto
from choice import score
from column_fit import fit_column, sureness
from column_model import ColumnModel
from columns import Column, gaps, infer
from confidence import Calibration, Residuals
from features import Features
from imputer import Imputer
from learners import Preset, Task
from plain_fit import NAMES, Name, fit_plain, without
from scores import ece

ROWS = {"fast": 20_000, "balanced": 100_000, "best": 400_000}  # rows learnt from; the rest is only filled
TEXT_ROWS = {"fast": 5_000, "balanced": 20_000, "best": 50_000}
HIDDEN = 0.2  # share of a column's observed cells that a plain engine is judged by


@dataclass(frozen=True)
class Choices:
    """How to fit."""

    engine: Literal["auto"] | Name = "auto"
    preset: Preset = "balanced"
    time_limit_s: float = float("inf")
    seed: int = 0
    threads: int = 1


Report = Callable[[str, dict[str, Any], int, int], None]  # column, its quality, columns done, columns to do


def fit(
    table: pd.DataFrame,
    columns: Sequence[str] | None = None,
    choices: Choices = Choices(),
    report: Report = lambda *_: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Imputer:
    """An imputer for `columns`; None means those with gaps, or all when there is no gap. Time over: the usual
    answers.
    """
    ends = time.monotonic() + choices.time_limit_s
    holed = [str(name) for name in table if gaps(table[name]).any()]
    targets = tuple(columns if columns is not None else holed or map(str, table))
    rows = np.random.default_rng(choices.seed).permutation(len(table))
    sample = table.iloc[np.sort(rows[: ROWS[choices.preset]])]
    kinds = [infer(str(name), sample[name]) for name in sample]
    if any(column.kind == "text" for column in kinds):
        sample = table.iloc[np.sort(rows[: TEXT_ROWS[choices.preset]])]
    read = {column.name: column.read(sample[column.name]) for column in kinds}
    used = tuple(column for column in kinds if column.kind != "empty")
    asked = [column for column in used if column.name in targets and fillable(column)]
    if choices.engine != "auto":
        engine, confidence, quality = plain(used, asked, read, choices, report)
    else:
        engine, confidence, quality = auto(used, asked, read, choices, report, ends, should_stop)
    return Imputer(used, targets, engine, confidence, quality, choices.seed)


Fit = tuple[Any, dict[str, Calibration | Residuals], dict[str, dict[str, Any]]]


def auto(
    used: Sequence[Column],
    asked: Sequence[Column],
    read: Mapping[str, Any],
    choices: Choices,
    report: Report,
    ends: float,
    should_stop: Callable[[], bool],
) -> Fit:
    """One model a column; each gets an even share of the time that is left."""
    features = Features.fit(used, read)
    models: dict[str, ColumnModel] = {}
    confidence: dict[str, Calibration | Residuals] = {}
    quality: dict[str, dict[str, Any]] = {}
    if not asked:
        return Auto(features, models), confidence, quality
    encoded = features.encode(read)
    for done, column in enumerate(asked):
        now = time.monotonic()
        due = now + (ends - now) / (len(asked) - done)
        task = Task(
            len(column.labels) if labelled(column) else 0, choices.seed, choices.preset, choices.threads
        )
        answers = column.codes(read[column.name]) if task.labels else read[column.name]
        rows = np.flatnonzero(answers >= 0 if task.labels else ~np.isnan(answers))
        design = encoded.take(rows).without(column.name)
        late = lambda seconds, due=due: should_stop() or time.monotonic() + seconds > due  # noqa: E731
        fitted = fit_column(design, answers[rows], task, late)
        models[column.name], confidence[column.name] = fitted.model, fitted.confidence
        quality[column.name] = fitted.quality
        report(column.name, fitted.quality, done + 1, len(asked))
    return Auto(features, models), confidence, quality


def plain(
    used: Sequence[Column], asked: Sequence[Column], read: Mapping[str, Any], choices: Choices, report: Report
) -> Fit:
    """A plain engine; judged on cells hidden from a first fit, then fitted to all."""
    rng = np.random.default_rng(choices.seed)
    hidden, truth, tasks = {}, {}, {}
    for column in asked:
        tasks[column.name] = Task(
            len(column.labels) if labelled(column) else 0, choices.seed, choices.preset, 1
        )
        answers = column.codes(read[column.name]) if labelled(column) else read[column.name]
        rows = np.flatnonzero(answers >= 0 if labelled(column) else ~np.isnan(answers))
        hidden[column.name] = np.sort(rng.permutation(rows)[: max(1, int(HIDDEN * len(rows)))])
        truth[column.name] = answers[hidden[column.name]]
    engine: Any = choices.engine
    judged = fit_plain(engine, used, without(read, hidden), choices.seed, choices.threads).predict(
        without(read, hidden), hidden
    )
    confidence, quality = {}, {}
    for done, (name, guesses) in enumerate(judged.items()):
        confidence[name] = sureness(guesses, truth[name], tasks[name])
        quality[name] = {
            "metric": "f1" if tasks[name].labels else "nrmse",
            "score": score(guesses, truth[name], tasks[name]),
        }
        if tasks[name].labels:
            sure = confidence[name].probabilities(guesses).max(1)
            quality[name]["ece"] = ece(guesses.argmax(1) == truth[name], sure)
        report(name, quality[name], done + 1, len(asked))
    return fit_plain(engine, used, read, choices.seed, choices.threads), confidence, quality


def labelled(column: Column) -> bool:
    """Whether cells of the column are labels (and not numbers or dates)."""
    return column.kind in ("category", "text")


def fillable(column: Column) -> bool:
    """Whether anything can be learnt: a text of which no value occurs twice has no candidate."""
    return not labelled(column) or bool(column.labels)
