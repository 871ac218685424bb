"""How well an imputer fills: the metrics of a job."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from calibration import Calibration
from cells import gaps
from columns import Column
from imputer import Imputer
from pandas import DataFrame, Series
from scores import f1, nrmse

SUSPECT = {"NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "None", "<NA>", "?"}
JUDGED = 20_000  # rows of a table that are judged at most


def summary(
    imputer: Imputer, table: DataFrame, threshold: float | None, tolerance: float
) -> dict[str, float]:
    """Means over the columns of what was reached on cells that the models did not see."""
    found: dict[str, list[float]] = {"nrmse": [], "f1": [], "ece": [], "quality": []}
    for quality in imputer.quality.values():
        found[quality["metric"]].append(quality["score"])
        found["quality"].append(worth(quality))
        if "ece" in quality:
            found["ece"].append(quality["ece"])
    means = {name: float(np.mean(values)) for name, values in found.items() if values}
    part = table.head(JUDGED)
    cells = imputer.fill(part, precision_threshold=threshold, tolerance=tolerance).cells.values()
    holes = sum(len(one.rows) for one in cells)
    return means | ({"coverage": sum(int((~one.left).sum()) for one in cells) / holes} if holes else {})


def suspects(table: DataFrame, targets: Sequence[str]) -> list[tuple[str, str]]:
    """Columns to fill that have a word among their texts which elsewhere means a gap."""
    texts = {name: table[name] for name in targets if table[name].dtype == object}
    return [(name, word) for name, cells in texts.items() for word in sorted(set(cells[cells.isin(SUSPECT)]))]


def worth(quality: dict[str, Any]) -> float:
    """F1 of labels, 1 - NRMSE of numbers: what the usual value reaches is 0 there."""
    score = float(quality["score"])
    return score if quality["metric"] == "f1" else 1 - score


def held_out(imputer: Imputer, table: DataFrame, threshold: float | None) -> dict[str, float]:
    """The metrics of a table that training did not see: each column is hidden as a whole, then compared."""
    found: dict[str, list[float]] = {"nrmse": [], "f1": []}
    right = answered = asked = 0
    part = table.head(JUDGED)
    for name in imputer.confidence:
        column = imputer.column(name)
        seen = part[~gaps(part[name])]
        if seen.empty:
            continue
        cells = imputer.fill(seen.drop(columns=name), [name], threshold).cells[name]
        values = cells.values if threshold is None else best(imputer, seen, name)
        metric, score = judged(column, seen[name], values)
        found[metric].append(score)
        if isinstance(imputer.confidence[name], Calibration):
            kept = np.flatnonzero(~cells.left)
            same = agree(column, seen[name].iloc[kept], cells.values[kept])
            right, answered, asked = right + int(same.sum()), answered + len(kept), asked + len(seen)
    scores = {f"test:{name}": float(np.mean(values)) for name, values in found.items() if values}
    if asked:
        scores["test:coverage"] = answered / asked
    if answered:
        scores["test:precision"] = right / answered
    return scores


def best(imputer: Imputer, seen: DataFrame, name: str) -> Any:
    """The answers when none is left empty."""
    return imputer.fill(seen.drop(columns=name), [name]).cells[name].values


def judged(column: Column, truth: Series, values: Any) -> tuple[str, float]:
    """NRMSE of numbers and dates, F1 of labels; a cell that could not be filled is a wrong one."""
    guessed = column.read(Series(list(values), dtype=object))
    true = column.read(truth)
    if column.kind in ("number", "date"):
        known = ~np.isnan(true)
        spread = float(np.nanmean(true)) if known.any() else 0.0
        return "nrmse", nrmse(true[known], np.where(np.isnan(guessed), spread, guessed)[known])
    names = {label: code for code, label in enumerate(dict.fromkeys([*true, *guessed]))}
    return "f1", f1(codes(true, names), codes(guessed, names))


def agree(column: Column, truth: Series, values: Any) -> Any:
    """Which labels are the true ones."""
    guessed = column.read(Series(list(values), dtype=object))
    return np.array([one == other for one, other in zip(column.read(truth), guessed, strict=True)], bool)


def codes(labels: Any, names: dict[Any, int]) -> Any:
    return np.array([names[label] for label in labels], np.int64)
