"""Warnings about the data: leakage of the target, duplicate rows, a model that has learnt nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..features.columns import FeatureColumn
from ..features.design import Design, parts
from ..learners.prior import PriorModel
from ..predictor import Member
from ..problem import Problem
from ..types import Floats

_ROWS = 4_000  # sampled, half to fit on and half to judge
_CELLS = 1_000_000  # of all columns together, so that wide tables cost no more
_FEWEST = 40  # rows below which one column may predict the target by chance
_LEAVES = 64
_SUSPECT = 0.8  # share of the error that its neighbours must remove before a tree is fitted
_LEAK = 0.98  # share of the error that one column alone removes
_DUPLICATES = 0.01  # share of rows
_COMPARED = 200_000  # rows up to which duplicates are counted


def leakage(
    columns: Sequence[FeatureColumn], rows: Design, target: Floats, problem: Problem, seed: int
) -> dict[str, float]:
    """Columns that alone predict the target almost perfectly, with the share of the error each removes.

    The error is the squared error of regression, or the share of wrong classes, of held-out rows in which the
    column is not missing, compared with always predicting the mean or the most frequent class. A number is
    judged by its neighbours and a small decision tree, a category by its mean or its most frequent class.
    """
    count = int(min(len(target), _ROWS, max(400, _CELLS // max(1, len(columns)))))
    if count < _FEWEST:
        return {}
    order = np.random.default_rng(seed).permutation(len(target))[:count]
    fit_on, judged = order[: count // 2], order[count // 2 :]
    found = {}
    for column, (kind, place, _) in zip(columns, parts(columns), strict=True):
        cells: Any = (rows.codes if kind == "codes" else rows.numbers)[:, place]
        known = [part[_is_known(cells[part], kind)] for part in (fit_on, judged)]
        if min(map(len, known)) < _FEWEST // 2:
            continue
        removed = _removed(cells, target, known[0], known[1], kind, problem)
        if removed >= _LEAK:
            found[column.name] = float(removed)
    return found


def _removed(cells: Any, target: Floats, fit_on: Any, judged: Any, kind: str, problem: Problem) -> float:
    """The share of the error on the rows `judged` that a column removes."""
    base = _error(_constant(target[fit_on], problem), target[judged], problem)
    if base == 0:
        return 0.0
    given = (cells[fit_on], target[fit_on], cells[judged], problem)

    def share(predicted: Floats) -> float:
        return 1 - _error(predicted, target[judged], problem) / base

    if kind == "codes":
        return share(_by_category(*given))
    removed = share(_by_neighbours(*given))
    if removed >= _SUSPECT or cells.shape[1] > 1:  # a tree for each of 1,000 columns takes seconds
        removed = max(removed, share(_by_tree(*given)))
    return removed


def _is_known(cells: Any, kind: str) -> Any:
    return cells[:, 0] > 0 if kind == "codes" else ~np.isnan(cells).any(1)


def leakage_notes(found: dict[str, float], target: str) -> list[str]:
    return [
        f"possible leakage: column {name} alone predicts {target} almost perfectly ({removed:.1%} of the "
        "error is gone); if it is known only together with the target, name it in ignore"
        for name, removed in found.items()
    ]


def duplicate_notes(rows: Design, target: Floats, folds: Any) -> list[str]:
    """A note if rows repeat, target included, in another fold, which makes out-of-fold scores optimistic.

    Tables of few distinct rows are not warned about: there, repeated rows are to be expected.
    """
    if len(rows) > _COMPARED:
        return []
    table = pd.DataFrame(rows.joined)
    groups = table.groupby(list(table), dropna=False, sort=False).ngroup() if table.shape[1] else None
    if groups is None or groups.nunique() < len(rows) / 2:
        return []
    whole = pd.DataFrame({"row": groups, "target": target, "fold": folds})
    spread = whole.groupby(["row", "target"], sort=False)["fold"].transform("nunique")
    count = int((spread > 1).sum())
    if count < max(2, _DUPLICATES * len(rows)):
        return []
    return [
        f"{count} of {len(rows)} rows repeat another row, target included, in another fold: scores may be "
        "too good; remove duplicates that are not separate observations"
    ]


def baseline_notes(members: Sequence[Member], only_baseline: bool) -> list[str]:
    """A note if every row gets the same answer."""
    if not all(isinstance(model, PriorModel) for member in members for model in member.models):
        return []
    why = (
        "no other learner could be fitted"
        if only_baseline
        else "no learner predicted held-out rows noticeably better: the columns seem to say nothing about it"
    )
    return [f"the model is only a baseline: it predicts the same target for every row, because {why}"]


def _error(predicted: Floats, target: Floats, problem: Problem) -> float:
    if problem.is_regression:
        return float(np.square(predicted - target).mean())
    return float((predicted != target).mean())


def _constant(target: Floats, problem: Problem) -> Floats:
    found = target.mean() if problem.is_regression else np.bincount(target.astype(int)).argmax()
    return np.array(found, np.float64)


def _by_neighbours(cells: Floats, target: Floats, judged: Floats, problem: Problem) -> Floats:
    """The class of the next larger cell in the first column; for numbers, interpolated."""
    order = np.argsort(cells[:, 0])
    ordered, known = cells[order, 0], target[order]
    if problem.is_regression:
        return np.interp(judged[:, 0], ordered, known)
    places = np.searchsorted(ordered, judged[:, 0])
    return np.asarray(known[np.minimum(places, len(order) - 1)], np.float64)


def _by_tree(cells: Floats, target: Floats, judged: Floats, problem: Problem) -> Floats:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind = DecisionTreeRegressor if problem.is_regression else DecisionTreeClassifier
    model = kind(max_leaf_nodes=_LEAVES, random_state=0).fit(cells, target)
    return np.asarray(model.predict(judged), np.float64)


def _by_category(cells: Any, target: Floats, judged: Any, problem: Problem) -> Floats:
    groups = pd.Series(target).groupby(cells[:, 0])
    by_code = groups.mean() if problem.is_regression else groups.agg(lambda part: part.mode().iloc[0])
    unknown = float(_constant(target, problem))
    return np.asarray(pd.Series(judged[:, 0]).map(by_code).fillna(unknown), np.float64)
