"""The rows, target, weights and metric of a search, from a table and the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from .. import scores
from ..errors import DataError, listed
from ..problem import Problem, detect_problem, numbers
from ..types import Floats
from .config import SearchConfig
from .folds import Split, split_by

_MIN_ROWS = 10
_LARGEST = 3e38


@dataclass(frozen=True)
class Prepared:
    """`table` has the rows with a target; `target` (encoded) and `weights` are of shape (rows,)."""

    problem: Problem
    table: pd.DataFrame
    target: Floats
    weights: Floats | None
    metric: str
    features: tuple[str, ...]
    notes: tuple[str, ...]
    split: Split | None = None

    def take(self, places: "np.ndarray", *notes: str) -> "Prepared":
        """The rows at `places`, with further notes."""
        return replace(
            self,
            table=self.table.iloc[places].reset_index(drop=True),
            target=self.target[places],
            weights=None if self.weights is None else self.weights[places],
            split=None if self.split is None else self.split[places],
            notes=(*self.notes, *notes),
        )


def prepare(table: pd.DataFrame, target: str, config: SearchConfig) -> Prepared:
    """Detects the problem and drops rows without a target. Raises DataError if nothing can be learnt."""
    if target not in table:
        names = [str(name) for name in table]
        raise DataError(f"target {target}: no such column; the table has {listed(names, 40)}")
    if len(table) < _MIN_ROWS:
        noun = "row" if len(table) == 1 else "rows"
        raise DataError(f"the table has {len(table)} {noun}; expected at least {_MIN_ROWS}")
    as_text = config.kinds.get(target) == "text"
    problem, notes = detect_problem(table[target], target, config.problem_type, as_text)
    encoded = problem.encode(table[target])
    without = int(np.isnan(encoded).sum())
    if problem.is_regression:
        _check_size(encoded, target)
        problem = replace(problem, floor=None if (encoded < 0).any() else 0.0)
        if config.class_weights != "none":
            notes.append("class_weights has no effect on a numeric target")
    else:
        problem, rare = _without_rare_labels(problem, encoded)
        if rare:
            notes.append(f"classes with a single row are left out: {listed(rare)}")
            encoded = problem.encode(table[target])
        problem = replace(problem, weights=_class_weights(config.class_weights, problem, encoded))
    known = ~np.isnan(encoded)
    if without:
        notes.append(f"{without} rows without a target are left out")
    if known.sum() < _MIN_ROWS:
        raise DataError(
            f"target {target}: {int(known.sum())} rows have a value; expected at least {_MIN_ROWS}"
        )
    weights = _sample_weights(table, config.sample_weight, known) if config.sample_weight else None
    split = _split(table[known], config)
    if split is not None:
        notes.append(_described(split, config))
    return Prepared(
        problem,
        table[known].reset_index(drop=True),
        encoded[known],
        weights,
        _metric(config.metric, problem),
        _features(table, target, config),
        tuple(notes),
        split,
    )


def _split(rows: pd.DataFrame, config: SearchConfig) -> Split | None:
    by: Literal["groups", "timestamp"] = "groups" if config.groups else "timestamp"
    name = config.groups or config.timestamp
    if not name:
        return None
    if name not in rows:
        raise DataError(f"{by}: no column {name}; the table has {listed(list(map(str, rows)), 40)}")
    return split_by(by, name, rows[name])


def _described(split: Split, config: SearchConfig) -> str:
    if split.by == "timestamp":
        return f"folds are consecutive periods of {config.timestamp}: each is predicted from the others"
    return f"rows with the same {config.groups} are held out together: {len(set(split.keys))} groups"


def _check_size(target: Floats, name: str) -> None:
    """Raises DataError for numbers that the learners' 32 bits do not hold."""
    if (np.abs(target) > _LARGEST).any():
        raise DataError(f"target {name}: expected numbers up to 3e38, got {np.nanmax(np.abs(target)):g}")


def _without_rare_labels(problem: Problem, encoded: Floats) -> tuple[Problem, list[str]]:
    """The problem without classes of a single row, and their names."""
    counts = np.bincount(encoded[~np.isnan(encoded)].astype(int), minlength=problem.classes)
    rare = [str(label) for label, count in zip(problem.labels, counts, strict=True) if count < 2]
    if not rare:
        return problem, []
    labels = tuple(label for label, count in zip(problem.labels, counts, strict=True) if count >= 2)
    if len(labels) < 2:
        raise DataError(
            f"target {problem.target}: {listed(rare)} occurs in one row only; "
            "expected two classes with at least two rows each"
        )
    return replace(problem, labels=labels, kind="binary" if len(labels) == 2 else "multiclass"), rare


def _sample_weights(table: pd.DataFrame, name: str, known: "np.ndarray") -> Floats:
    if name not in table:
        raise DataError(f"sample_weight: no column {name}")
    weights: Floats = numbers(table[name], name)[known]
    if np.isnan(weights).any() or (weights < 0).any() or not weights.any():
        raise DataError(
            f"sample_weight: column {name} must hold numbers that are not negative, without missing cells"
        )
    return weights


def _class_weights(
    requested: str | Mapping[str, float], problem: Problem, encoded: Floats
) -> tuple[float, ...]:
    """One weight per class; empty if all classes count the same."""
    if requested == "none":
        return ()
    if isinstance(requested, str):
        counts = np.bincount(encoded[~np.isnan(encoded)].astype(int), minlength=problem.classes)
        return tuple((counts.sum() / (problem.classes * counts)).tolist())
    names = [str(label) for label in problem.labels]
    unknown = [name for name in requested if name not in names]
    if unknown:
        raise DataError(f"class_weights: the target has no {listed(unknown)}; it has {listed(names)}")
    return tuple(float(requested.get(name, 1.0)) for name in names)


def _metric(requested: str, problem: Problem) -> str:
    if requested == "auto":
        return scores.default_metric(problem)
    known = scores.OF_NUMBERS if problem.is_regression else scores.OF_LABELS
    if requested not in known:
        raise DataError(
            f"metric {requested} is not for a {problem.kind} problem; expected one of {', '.join(known)}"
        )
    return requested


def _features(table: pd.DataFrame, target: str, config: SearchConfig) -> tuple[str, ...]:
    names = [str(name) for name in table]
    for noun, given in (("features", config.features), ("ignore", config.ignore)):
        unknown = [name for name in given if name not in names]
        if unknown:
            raise DataError(f"{noun}: no column {listed(unknown)}; the table has {listed(names, 40)}")
    if target in config.features:
        raise DataError(f"features: {target} is the target")
    apart = {name for name in (config.sample_weight, config.groups) if name}  # a column may have no name
    out = {target, *config.ignore, *apart}
    return tuple(name for name in (config.features or names) if name not in out)
