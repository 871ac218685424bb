"""Fits the engine datawig: one network per column, scored on the rows that DataWig holds out."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from ..confidence.labels import LabelConfidence
from ..confidence.precision import precision_curve
from ..evaluation.scores import ece
from ..features.cells import Floats
from ..features.columns import ColumnCodec
from ..models.choice import default_prediction, metric, score
from ..models.column_fit import fit_confidence
from ..models.learners import Task
from ..postprocessing import Confidence
from ..tasks import ColumnListener, Fit, FitSettings, answers_of, task_of
from . import engine
from .column import DataWigColumn
from .fill import DataWig, framed


def fit_datawig(
    used: Sequence[ColumnCodec], to_fill: Sequence[ColumnCodec], read: Mapping[str, Any],
    settings: FitSettings,
    on_column: ColumnListener, ends: float, should_stop: Callable[[], bool],
) -> Fit:  # fmt: skip
    """One network per column; the remaining time is shared evenly."""
    table = framed(read)
    default: dict[str, Floats] = {}
    networks: dict[str, DataWigColumn] = {}
    confidence: dict[str, Confidence] = {}
    quality: dict[str, dict[str, Any]] = {}
    for done, column in enumerate(to_fill):
        started = time.monotonic()
        due = started + (ends - started) / (len(to_fill) - done)
        answers, rows = answers_of(column, read)
        task = task_of(column, settings)
        default[column.name] = default_prediction(answers[rows], task.labels)
        judged = rows
        network = _network(column, table, answers, settings, due, should_stop)
        if network is not None:
            networks[column.name] = network
            judged = _unseen(network, answers, rows, task)
        guesses = DataWig(tuple(used), default, networks).answer(table.iloc[judged], column.name)
        truth = answers[judged]
        confidence[column.name] = sure = _fit_confidence(guesses, truth, task)
        defaults = np.repeat(default[column.name][None], len(truth), axis=0)
        found = {
            "metric": metric(task),
            "score": score(guesses, truth, task),
            "default": score(defaults, truth, task),
            "rows": len(truth),
        }
        if isinstance(sure, LabelConfidence):
            found["ece"] = ece(guesses.argmax(1) == truth, sure.probabilities(guesses).max(1))
        quality[column.name] = found | {"seconds": round(time.monotonic() - started, 3)}
        on_column(column.name, quality[column.name], done + 1, len(to_fill))
    return DataWig(tuple(used), default, networks), confidence, quality


def _network(
    column: ColumnCodec, table: DataFrame, answers: NDArray[Any], settings: FitSettings, due: float,
    should_stop: Callable[[], bool],
) -> DataWigColumn | None:  # fmt: skip
    """The network of one column; None if no other column has a cell in its rows."""
    if column.labels:  # a value that is no label is no class either
        known = (answers >= 0) & (answers < len(column.labels))
        table = table.assign(**{column.name: table[column.name].where(known, None)})
    features = [name for name in settings.features or table if name != column.name and name in table]
    left = due - time.monotonic()
    try:
        return engine.fit(
            table,
            features,
            column.name,
            num_epochs=settings.num_epochs,
            batch_size=settings.batch_size,
            hpo=settings.hpo,
            seed=settings.seed,
            time_limit_s=left if np.isfinite(left) else None,
            should_stop=should_stop,
        )
    except ValueError:
        return None


def _unseen(network: DataWigColumn, answers: NDArray[Any], rows: NDArray[Any], task: Task) -> NDArray[Any]:
    """The held-out rows, and as large a share of the rows whose value is not among the labels."""
    held = network.report.held_out.index.to_numpy()
    if not task.labels:
        return np.asarray(held)
    others = rows[answers[rows] >= task.labels]
    share = len(held) / max(1, len(rows) - len(others))
    some = np.random.default_rng(task.seed).permutation(others)[: round(share * len(others))]
    return np.concatenate([held, some])


def _fit_confidence(guesses: Floats, truth: NDArray[Any], task: Task) -> Confidence:
    """The confidence model; with few rows DataWig's probabilities are not recalibrated."""
    if not task.labels or len(truth) >= engine.CALIBRATED_FROM_ROWS:
        return fit_confidence(guesses, truth, task)
    known = float((truth < task.labels).mean())
    return LabelConfidence(1.0, known, *precision_curve(guesses.max(1) * known, guesses.argmax(1) == truth))
