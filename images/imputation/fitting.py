"""Fits an imputer: reads the table, fits every column within the time limit, and learns its confidence."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from slipway import Job, Table, UserError

from .baselines.fit import Name, fit_baseline, without
from .checkpoint import ColumnCheckpoint
from .confidence.labels import LabelConfidence
from .evaluation.scores import ece
from .features.cells import gaps
from .features.columns import ColumnCodec, infer
from .features.encoding import Features
from .imputer import Imputer
from .models.all_columns import AllColumns
from .models.auto import Auto
from .models.choice import metric, score
from .models.column_fit import fit_confidence
from .models.column_model import ColumnModel
from .postprocessing import Confidence
from .tasks import ColumnListener, Fit, FitSettings, answers_of, fillable, task_of

ROWS = {"fast": 20_000, "balanced": 100_000, "best": 400_000}  # rows to learn from
TEXT_ROWS = {"fast": 5_000, "balanced": 20_000, "best": 50_000}
HIDDEN = 0.2  # share of a column's observed cells that are hidden to score a baseline engine
DEFAULTS = FitSettings()


def fit(
    table: Table,
    columns: Sequence[str] | None = None,
    settings: FitSettings = DEFAULTS,
    on_column: ColumnListener = lambda *_: None,
    should_stop: Callable[[], bool] = lambda: False,
    checkpoint: ColumnCheckpoint | None = None,
    job: Job | None = None,
) -> Imputer:
    """An imputer for `columns` (default: those with missing cells, or all); the hosts of `job` share them.

    A column that is not reached within the time limit, or before a stop, gets its mean or label frequencies.
    Raises UserError if engine=datawig cannot run on this machine.
    """
    ends = time.monotonic() + settings.time_limit_s
    if columns is None:
        columns = [name for name in table.names if gaps(table, name).any()] or table.names
    targets = tuple(columns)
    rows = np.random.default_rng(settings.seed).permutation(len(table))
    sample = table.take(np.sort(rows[: ROWS[settings.preset]]))
    kinds = [infer(sample, name) for name in sample.names]
    if any(column.kind == "text" for column in kinds):
        sample = table.take(np.sort(rows[: TEXT_ROWS[settings.preset]]))
    read = {column.name: column.read(sample) for column in kinds}
    used = tuple(column for column in kinds if column.kind != "empty")
    to_fill = [column for column in used if column.name in targets and fillable(column)]
    inputs = tuple(column for column in used if not settings.features or column.name in settings.features)
    if settings.engine == "auto":
        engine, confidence, quality = fit_auto(
            inputs, to_fill, read, settings, on_column, ends, should_stop, checkpoint, job
        )
    elif settings.engine == "datawig":
        try:
            from .datawig.fit import fit_datawig  # and with it mxnet, which takes seconds to import
        except ModuleNotFoundError as error:
            if error.name != "mxnet":
                raise
            raise UserError(
                "engine=datawig: mxnet has no build for this machine; train in the container image"
            ) from None
        engine, confidence, quality = fit_datawig(used, to_fill, read, settings, on_column, ends, should_stop)
    else:
        engine, confidence, quality = fit_baselines(settings.engine, used, to_fill, read, settings, on_column)
    return Imputer(used, targets, engine, confidence, quality, settings.seed)


def fit_auto(
    used: Sequence[ColumnCodec], to_fill: Sequence[ColumnCodec], read: Mapping[str, Any],
    settings: FitSettings, on_column: ColumnListener, ends: float, should_stop: Callable[[], bool],
    checkpoint: ColumnCheckpoint | None, job: Job | None,
) -> Fit:  # fmt: skip
    """One model per column."""
    features = Features.fit(used, read)
    models: dict[str, ColumnModel] = {}
    confidence: dict[str, Confidence] = {}
    quality: dict[str, dict[str, Any]] = {}
    if not to_fill:
        return Auto(features, models), confidence, quality
    work = AllColumns(to_fill, features.encode(read), read, settings, ends, should_stop, checkpoint)
    for column, fitted in zip(to_fill, work.fitted(job), strict=True):
        models[column.name], confidence[column.name] = fitted.model, fitted.confidence
        quality[column.name] = fitted.quality
        on_column(column.name, fitted.quality, len(models), len(to_fill))
    return Auto(features, models), confidence, quality


def fit_baselines(
    name: Name, used: Sequence[ColumnCodec], to_fill: Sequence[ColumnCodec], read: Mapping[str, Any],
    settings: FitSettings, on_column: ColumnListener,
) -> Fit:  # fmt: skip
    """A baseline engine: scored on cells hidden from a first fit, then fitted to all cells."""
    rng = np.random.default_rng(settings.seed)
    hidden, truth = {}, {}
    for column in to_fill:
        answers, rows = answers_of(column, read)
        hidden[column.name] = np.sort(rng.permutation(rows)[: max(1, int(HIDDEN * len(rows)))])
        truth[column.name] = answers[hidden[column.name]]
    seen = without(read, hidden)
    judged = fit_baseline(name, used, seen, settings.seed, settings.threads).predict(seen, hidden)
    confidence: dict[str, Confidence] = {}
    quality: dict[str, dict[str, Any]] = {}
    for done, column in enumerate(to_fill):
        guesses, true, task = judged[column.name], truth[column.name], task_of(column, settings)
        sure = confidence[column.name] = fit_confidence(guesses, true, task)
        quality[column.name] = {
            "metric": metric(task),
            "score": score(guesses, true, task),
            "rows": len(true),
        }
        if isinstance(sure, LabelConfidence):
            chances = sure.probabilities(guesses).max(1)
            quality[column.name]["ece"] = ece(guesses.argmax(1) == true, chances)
        on_column(column.name, quality[column.name], done + 1, len(to_fill))
    return fit_baseline(name, used, read, settings.seed, settings.threads), confidence, quality
