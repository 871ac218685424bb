"""Evaluates a fitted column on held-out rows with datawig's own calibration and metrics."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score, mean_squared_error, precision_score, recall_score

from .column import DataWigColumn, Encoded
from .compat import datawig


@dataclass(frozen=True, eq=False)
class Evaluation:
    """datawig's metrics, one row per trial, and the held-out rows with their predictions."""

    metrics: Any
    trials: pd.DataFrame
    held_out: pd.DataFrame


def temperature(chances: np.ndarray, codes: np.ndarray) -> float | None:
    """datawig's temperature, if it lowers the calibration error."""
    try:
        found = float(datawig.calibration.fit_temperature(chances, codes))
    except AssertionError:  # its optimiser did not converge, which is common on few rows
        return None
    errors = [datawig.calibration.compute_ece(chances, codes, value) for value in (1.0, found)]
    return found if errors[1] < errors[0] else None


def scores(column: DataWigColumn, rows: Encoded, truth: np.ndarray) -> dict[str, float]:
    filled = column.answer(rows, top_k=1)
    if filled.values is not None:
        return {"mse": float(mean_squared_error(truth, filled.values))}
    assert filled.labels is not None
    assert filled.probabilities is not None
    labels, sure = filled.labels[:, 0], filled.probabilities[:, 0] > 0.9
    weighted = {"average": "weighted", "zero_division": 0.0}
    return {
        "f1_micro": float(f1_score(truth, labels, average="micro")),
        "f1_macro": float(f1_score(truth, labels, average="macro", zero_division=0.0)),
        "f1_weighted": float(f1_score(truth, labels, **weighted)),
        "precision_weighted": float(precision_score(truth, labels, **weighted)),
        "recall_weighted": float(recall_score(truth, labels, **weighted)),
        "coverage_at_90": float(sure.mean()),
        "empirical_precision_at_90": float((labels == truth)[sure].mean()) if sure.any() else float("nan"),
    }


def report(column: DataWigColumn, table: pd.DataFrame, truth: np.ndarray, trials: pd.DataFrame) -> Evaluation:
    """What datawig writes as `fit-test-metrics.json`, of the selected trial."""
    rows = column.encode(table)
    filled = column.answer(rows, top_k=1)
    held_out = pd.DataFrame({"true": truth}, index=table.index)
    judge, name = datawig.evaluation.evaluate_and_persist_metrics, column.label_column
    if filled.values is not None:
        metrics = judge({}, {}, {}, {}, None, None, {name: truth}, {name: filled.values})
        return Evaluation(float(metrics[name]), trials, held_out.assign(predicted=filled.values))
    assert column.labels is not None
    assert filled.labels is not None
    assert filled.probabilities is not None
    codes = np.array([column.labels.index(label) + 1 for label in truth])
    chances = np.pad(column.probabilities(rows), ((0, 0), (1, 0)))
    metrics = judge({name: truth}, {name: codes}, {name: filled.labels[:, 0]}, {name: chances})
    metrics_as_json = json.loads(json.dumps(metrics[name], default=lambda array: array.tolist()))
    return Evaluation(
        metrics_as_json,
        trials,
        held_out.assign(predicted=filled.labels[:, 0], probability=filled.probabilities[:, 0]),
    )
