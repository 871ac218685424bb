"""The metrics of a training job."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from slipway import Table

from ..confidence.labels import LabelConfidence
from ..features.cells import gaps, head, texts
from ..features.columns import ColumnCodec
from ..imputer import Imputer
from ..postprocessing import FillOptions
from .scores import f1, nrmse

SUSPECT = {"NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "None", "<NA>", "?"}
JUDGED = 20_000  # at most so many rows of a table are scored


def summary(imputer: Imputer, table: Table, threshold: float | None, tolerance: float) -> dict[str, float]:
    """Mean scores over columns on cells that the models did not see, and the share of cells filled."""
    found: dict[str, list[float]] = {"nrmse": [], "f1": [], "ece": [], "quality": []}
    for quality in imputer.quality.values():
        found[quality["metric"]].append(quality["score"])
        found["quality"].append(quality_score(quality))
        if "ece" in quality:
            found["ece"].append(quality["ece"])
    means = {name: float(np.mean(values)) for name, values in found.items() if values}
    asked = FillOptions(precision_threshold=threshold, tolerance=tolerance)
    cells = imputer.fill(head(table, JUDGED), options=asked).values()
    holes = sum(len(one.rows) for one in cells)
    return means | ({"coverage": sum(int((~one.left).sum()) for one in cells) / holes} if holes else {})


def suspicious_labels(table: Table, targets: Sequence[str]) -> list[tuple[str, str]]:
    """Columns to fill with a label that usually means a missing cell, and that label."""
    named = [name for name in targets if table.kinds[name] == "text"]
    return [(name, word) for name in named for word in sorted(SUSPECT.intersection(texts(table, name)[0]))]


def quality_score(quality: dict[str, Any]) -> float:
    """F1 of labels, 1 - NRMSE of numbers (0 for the mean)."""
    score = float(quality["score"])
    return score if quality["metric"] == "f1" else 1 - score


def test_metrics(imputer: Imputer, table: Table, threshold: float | None) -> dict[str, float]:
    """The metrics on a table that training did not see; each column is hidden as a whole, in turn."""
    found: dict[str, list[float]] = {"nrmse": [], "f1": []}
    right = to_cells = asked = 0
    part = head(table, JUDGED)
    for name in imputer.confidence:
        column = imputer.column(name)
        seen = part.take(np.flatnonzero(~gaps(part, name)))
        if not len(seen):
            continue
        others = seen.select([one for one in seen.names if one != name])
        truth = column.answers(column.read(seen))
        cells = imputer.fill(others, [name], FillOptions(threshold))[name]
        values = cells.values if threshold is None else imputer.fill(others, [name])[name].values
        metric, score = score_column(column, truth, values)
        found[metric].append(score)
        if isinstance(imputer.confidence[name], LabelConfidence):
            kept = ~cells.left
            right += int((truth[kept] == cells.values[kept]).sum())
            to_cells, asked = to_cells + int(kept.sum()), asked + len(seen)
    scores = {f"test:{name}": float(np.mean(values)) for name, values in found.items() if values}
    if asked:
        scores["test:coverage"] = to_cells / asked
    if to_cells:
        scores["test:precision"] = right / to_cells
    return scores


def score_column(column: ColumnCodec, truth: Any, values: Any) -> tuple[str, float]:
    """Metric and score: NRMSE of numbers and dates, F1 of labels. An unfilled cell counts as wrong."""
    if column.numeric:
        known = ~np.isnan(truth)
        default = float(np.nanmean(truth)) if known.any() else 0.0
        return "nrmse", nrmse(truth[known], np.where(np.isnan(values), default, values)[known])
    return "f1", f1(truth, np.where(values < 0, len(column.labels) + 1, values))
