"""Fit the engine datawig: a network a column, judged on the rows that DataWig holds out."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from ..answers import Confidence
from ..confidence.labels import Calibration, precision_curve
from ..evaluation.scores import ece
from ..features.cells import Floats
from ..features.columns import Column
from ..models.choice import metric, score, usual_answer
from ..models.column_fit import sureness
from ..models.learners import Task
from . import engine
from .column import DataWigColumn
from .fill import DataWig, framed

if TYPE_CHECKING:
    from ..fitting import Choices, Fit, Report


def fit_datawig(
    used: Sequence[Column], asked: Sequence[Column], read: Mapping[str, Any], choices: "Choices",
    report: "Report", ends: float, should_stop: Callable[[], bool],
) -> "Fit":  # fmt: skip
    """One network a column; each gets an even share of the time that is left."""
    from ..fitting import answers_of, task_of

    table = framed(read)
    usual: dict[str, Floats] = {}
    networks: dict[str, DataWigColumn] = {}
    confidence: dict[str, Confidence] = {}
    quality: dict[str, dict[str, Any]] = {}
    for done, column in enumerate(asked):
        started = time.monotonic()
        due = started + (ends - started) / (len(asked) - done)
        answers, rows = answers_of(column, read)
        task = task_of(column, choices)
        usual[column.name] = usual_answer(answers[rows], task.labels)
        judged = rows
        network = _network(column, table, answers, choices, due, should_stop)
        if network is not None:
            networks[column.name] = network
            judged = _unseen(network, answers, rows, task)
        guesses = DataWig(tuple(used), usual, networks).answer(table.iloc[judged], column.name)
        truth = answers[judged]
        confidence[column.name] = sure = _sureness(guesses, truth, task)
        plain = np.repeat(usual[column.name][None], len(truth), axis=0)
        found = {
            "metric": metric(task),
            "score": score(guesses, truth, task),
            "usual": score(plain, truth, task),
            "rows": len(truth),
        }
        if isinstance(sure, Calibration):
            found["ece"] = ece(guesses.argmax(1) == truth, sure.probabilities(guesses).max(1))
        quality[column.name] = found | {"seconds": round(time.monotonic() - started, 3)}
        report(column.name, quality[column.name], done + 1, len(asked))
    return DataWig(tuple(used), usual, networks), confidence, quality


def _network(
    column: Column, table: DataFrame, answers: NDArray[Any], choices: "Choices", due: float,
    should_stop: Callable[[], bool],
) -> DataWigColumn | None:  # fmt: skip
    """None where there is nothing to learn from: no other column, or none with a cell in these rows."""
    if column.labels:  # a value that is no label is no class either
        known = (answers >= 0) & (answers < len(column.labels))
        table = table.assign(**{column.name: table[column.name].where(known, None)})
    features = [name for name in choices.features or table if name != column.name and name in table]
    left = due - time.monotonic()
    try:
        return engine.fit(
            table,
            features,
            column.name,
            num_epochs=choices.num_epochs,
            batch_size=choices.batch_size,
            hpo=choices.hpo,
            seed=choices.seed,
            time_limit_s=left if np.isfinite(left) else None,
            should_stop=should_stop,
        )
    except ValueError:
        return None


def _unseen(network: DataWigColumn, answers: NDArray[Any], rows: NDArray[Any], task: Task) -> NDArray[Any]:
    """The rows held out, and like many of those whose value is no label: any answer is wrong there."""
    held = network.report.held_out.index.to_numpy()
    if not task.labels:
        return np.asarray(held)
    others = rows[answers[rows] >= task.labels]
    share = len(held) / max(1, len(rows) - len(others))
    some = np.random.default_rng(task.seed).permutation(others)[: round(share * len(others))]
    return np.concatenate([held, some])


def _sureness(guesses: Floats, truth: NDArray[Any], task: Task) -> Confidence:
    """On few rows DataWig's probabilities stay as they are: a dozen that are right would make all certain."""
    if not task.labels or len(truth) >= engine.CALIBRATED_FROM_ROWS:
        return sureness(guesses, truth, task)
    known = float((truth < task.labels).mean())
    return Calibration(1.0, known, *precision_curve(guesses.max(1) * known, guesses.argmax(1) == truth))
