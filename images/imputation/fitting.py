"""Fit an imputer: read the table, train every asked column within the time, learn how sure it may be."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from slipway import Table, UserError

from .answers import Confidence
from .baselines.fit import Name, fit_plain, without
from .checkpoint import Kept
from .confidence.labels import Calibration
from .evaluation.scores import ece
from .features.cells import gaps
from .features.columns import Column, infer
from .features.encoding import Features
from .imputer import Imputer
from .models.auto import Auto
from .models.choice import metric, score
from .models.column_fit import fit_column, sureness
from .models.column_model import ColumnModel
from .models.learners import Preset, Task

ROWS = {"fast": 20_000, "balanced": 100_000, "best": 400_000}  # rows learnt from; the rest is only filled
TEXT_ROWS = {"fast": 5_000, "balanced": 20_000, "best": 50_000}
HIDDEN = 0.2  # share of a column's observed cells that a plain engine is judged by


@dataclass(frozen=True)
class Choices:
    """How to fit."""

    engine: Literal["auto", "datawig"] | Name = "auto"
    preset: Preset = "balanced"
    time_limit_s: float = float("inf")
    seed: int = 0
    threads: int = 1
    num_epochs: int = 100  # of datawig alone, like the next two
    batch_size: int = 128
    hpo: int = 0
    features: tuple[str, ...] = ()  # the columns to fill from; all others when empty


Report = Callable[[str, dict[str, Any], int, int], None]  # column, its quality, columns done, columns to do


def fit(
    table: Table,
    columns: Sequence[str] | None = None,
    choices: Choices = Choices(),
    report: Report = lambda *_: None,
    should_stop: Callable[[], bool] = lambda: False,
    kept: Kept | None = None,
) -> Imputer:
    """An imputer for `columns` (None: those with gaps, or all). Time over: the usual answers."""
    ends = time.monotonic() + choices.time_limit_s
    if columns is None:
        columns = [name for name in table.names if gaps(table, name).any()] or table.names
    targets = tuple(columns)
    rows = np.random.default_rng(choices.seed).permutation(len(table))
    sample = table.take(np.sort(rows[: ROWS[choices.preset]]))
    kinds = [infer(sample, name) for name in sample.names]
    if any(column.kind == "text" for column in kinds):
        sample = table.take(np.sort(rows[: TEXT_ROWS[choices.preset]]))
    read = {column.name: column.read(sample) for column in kinds}
    used = tuple(column for column in kinds if column.kind != "empty")
    asked = [column for column in used if column.name in targets and fillable(column)]
    inputs = tuple(column for column in used if not choices.features or column.name in choices.features)
    if choices.engine == "auto":
        engine, confidence, quality = auto(inputs, asked, read, choices, report, ends, should_stop, kept)
    elif choices.engine == "datawig":
        try:
            from .datawig.fit import fit_datawig  # and with it mxnet, which takes seconds to import
        except ModuleNotFoundError as error:
            if error.name != "mxnet":
                raise
            raise UserError(
                "engine=datawig: mxnet has no build for this machine; train in a container"
            ) from None
        engine, confidence, quality = fit_datawig(used, asked, read, choices, report, ends, should_stop)
    else:
        engine, confidence, quality = plain(choices.engine, used, asked, read, choices, report)
    return Imputer(used, targets, engine, confidence, quality, choices.seed)


Fit = tuple[Any, dict[str, Confidence], dict[str, dict[str, Any]]]


def auto(
    used: Sequence[Column], asked: Sequence[Column], read: Mapping[str, Any], choices: Choices,
    report: Report, ends: float, should_stop: Callable[[], bool], kept: Kept | None,
) -> Fit:  # fmt: skip
    """One model a column; each gets an even share of the time that is left."""
    features = Features.fit(used, read)
    models: dict[str, ColumnModel] = {}
    confidence: dict[str, Confidence] = {}
    quality: dict[str, dict[str, Any]] = {}
    if not asked:
        return Auto(features, models), confidence, quality
    encoded = features.encode(read)
    for done, column in enumerate(asked):
        now = time.monotonic()
        due = now + (ends - now) / (len(asked) - done)
        answers, rows = answers_of(column, read)
        design = encoded.take(rows).without(column.name)
        late = lambda seconds, due=due: should_stop() or time.monotonic() + seconds > due  # noqa: E731
        fitted = kept.find(column.name) if kept else None
        if fitted is None:
            fitted = fit_column(design, answers[rows], task_of(column, choices), late)
            if kept:
                kept.keep(column.name, fitted)
        models[column.name], confidence[column.name] = fitted.model, fitted.confidence
        quality[column.name] = fitted.quality
        report(column.name, fitted.quality, done + 1, len(asked))
    return Auto(features, models), confidence, quality


def plain(
    name: Name, used: Sequence[Column], asked: Sequence[Column], read: Mapping[str, Any], choices: Choices,
    report: Report,
) -> Fit:  # fmt: skip
    """A plain engine; judged on cells hidden from a first fit, then fitted to all."""
    rng = np.random.default_rng(choices.seed)
    hidden, truth = {}, {}
    for column in asked:
        answers, rows = answers_of(column, read)
        hidden[column.name] = np.sort(rng.permutation(rows)[: max(1, int(HIDDEN * len(rows)))])
        truth[column.name] = answers[hidden[column.name]]
    seen = without(read, hidden)
    judged = fit_plain(name, used, seen, choices.seed, choices.threads).predict(seen, hidden)
    confidence: dict[str, Confidence] = {}
    quality: dict[str, dict[str, Any]] = {}
    for done, column in enumerate(asked):
        guesses, true, task = judged[column.name], truth[column.name], task_of(column, choices)
        sure = confidence[column.name] = sureness(guesses, true, task)
        quality[column.name] = {
            "metric": metric(task),
            "score": score(guesses, true, task),
            "rows": len(true),
        }
        if isinstance(sure, Calibration):
            chances = sure.probabilities(guesses).max(1)
            quality[column.name]["ece"] = ece(guesses.argmax(1) == true, chances)
        report(column.name, quality[column.name], done + 1, len(asked))
    return fit_plain(name, used, read, choices.seed, choices.threads), confidence, quality


def task_of(column: Column, choices: Choices) -> Task:
    """What is to be learnt of a column."""
    labels = len(column.labels) if labelled(column) else 0
    return Task(labels, choices.seed, choices.preset, choices.threads)


def answers_of(column: Column, read: Mapping[str, Any]) -> tuple[Any, Any]:
    """A column's values or codes, and the rows that have one."""
    answers = column.answers(read[column.name])
    return answers, np.flatnonzero(answers >= 0 if labelled(column) else ~np.isnan(answers))


def labelled(column: Column) -> bool:
    """Whether cells of the column are labels (and not numbers or dates)."""
    return column.kind in ("category", "text")


def fillable(column: Column) -> bool:
    """Whether anything can be learnt: a text of which no value occurs twice has no candidate."""
    return not labelled(column) or bool(column.labels)
