"""How well an imputer fills: the metrics of a job."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from slipway import Table

from ..answers import Asked
from ..confidence.labels import Calibration
from ..features.cells import gaps, head, texts
from ..features.columns import Column
from ..imputer import Imputer
from .scores import f1, nrmse

SUSPECT = {"NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "None", "<NA>", "?"}
JUDGED = 20_000  # rows of a table that are judged at most


def summary(imputer: Imputer, table: Table, threshold: float | None, tolerance: float) -> dict[str, float]:
    """Means over the columns of what was reached on cells that the models did not see."""
    found: dict[str, list[float]] = {"nrmse": [], "f1": [], "ece": [], "quality": []}
    for quality in imputer.quality.values():
        found[quality["metric"]].append(quality["score"])
        found["quality"].append(worth(quality))
        if "ece" in quality:
            found["ece"].append(quality["ece"])
    means = {name: float(np.mean(values)) for name, values in found.items() if values}
    asked = Asked(precision_threshold=threshold, tolerance=tolerance)
    cells = imputer.fill(head(table, JUDGED), asked=asked).values()
    holes = sum(len(one.rows) for one in cells)
    return means | ({"coverage": sum(int((~one.left).sum()) for one in cells) / holes} if holes else {})


def suspects(table: Table, targets: Sequence[str]) -> list[tuple[str, str]]:
    """Columns to fill that have a word among their texts which elsewhere means a gap."""
    named = [name for name in targets if table.kinds[name] == "text"]
    return [(name, word) for name in named for word in sorted(SUSPECT.intersection(texts(table, name)[0]))]


def worth(quality: dict[str, Any]) -> float:
    """F1 of labels, 1 - NRMSE of numbers: what the usual value reaches is 0 there."""
    score = float(quality["score"])
    return score if quality["metric"] == "f1" else 1 - score


def held_out(imputer: Imputer, table: Table, threshold: float | None) -> dict[str, float]:
    """The metrics of a table that training did not see: each column is hidden as a whole, then compared."""
    found: dict[str, list[float]] = {"nrmse": [], "f1": []}
    right = answered = asked = 0
    part = head(table, JUDGED)
    for name in imputer.confidence:
        column = imputer.column(name)
        seen = part.take(np.flatnonzero(~gaps(part, name)))
        if not len(seen):
            continue
        others = seen.select([one for one in seen.names if one != name])
        truth = column.answers(column.read(seen))
        cells = imputer.fill(others, [name], Asked(threshold))[name]
        values = cells.values if threshold is None else imputer.fill(others, [name])[name].values
        metric, score = judged(column, truth, values)
        found[metric].append(score)
        if isinstance(imputer.confidence[name], Calibration):
            kept = ~cells.left
            right += int((truth[kept] == cells.values[kept]).sum())
            answered, asked = answered + int(kept.sum()), asked + len(seen)
    scores = {f"test:{name}": float(np.mean(values)) for name, values in found.items() if values}
    if asked:
        scores["test:coverage"] = answered / asked
    if answered:
        scores["test:precision"] = right / answered
    return scores


def judged(column: Column, truth: Any, values: Any) -> tuple[str, float]:
    """NRMSE of numbers and dates, F1 of labels; a cell that could not be filled is a wrong one."""
    if column.numeric:
        known = ~np.isnan(truth)
        usual = float(np.nanmean(truth)) if known.any() else 0.0
        return "nrmse", nrmse(truth[known], np.where(np.isnan(values), usual, values)[known])
    return "f1", f1(truth, np.where(values < 0, len(column.labels) + 1, values))
