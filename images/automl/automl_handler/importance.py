"""Permutation importance: the increase of the loss when a column is shuffled, on out-of-fold rows.

Breiman 2001; Fisher, Rudin and Dominici 2019.
"""

from typing import TYPE_CHECKING

import numpy as np

from . import scores
from .features.design import Design
from .search.clock import Clock
from .shapley import column_slices
from .types import Floats

if TYPE_CHECKING:
    from .search.run import SearchResult

_ROWS = 300  # per fold


def permutation(trained: "SearchResult", clock: Clock, seed: int = 0) -> dict[str, float]:
    """The increase of the loss by column, largest first. Columns for which time is over are left out."""
    predictor = trained.predictor
    loss = scores.loss(trained.metric, predictor.problem)
    random = np.random.default_rng(seed)
    parts: list[tuple[int, Design, Floats]] = []
    for fold in range(int(trained.folds.max()) + 1):
        held = np.flatnonzero(trained.folds == fold)
        held = np.sort(random.choice(held, min(_ROWS, len(held)), replace=False))
        parts.append((fold, trained.rows[held], trained.target[held]))
    target = np.concatenate([part[2] for part in parts])

    def lost(changed: list[Design]) -> float:
        answers = [_blend(trained, fold, rows) for (fold, _, _), rows in zip(parts, changed, strict=True)]
        return loss(target, np.concatenate(answers))

    base = lost([rows for _, rows, _ in parts])
    found = {}
    for column, (kind, at) in zip(predictor.columns, column_slices(predictor.columns), strict=True):
        if clock.over:
            break
        found[column.name] = lost([_shuffled(rows, kind, at, random) for _, rows, _ in parts]) - base
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _blend(trained: "SearchResult", fold: int, rows: Design) -> Floats:
    members = trained.predictor.members
    answers = [
        member.weight * member.calibrator.apply(member.models[fold].predict(rows)) for member in members
    ]
    return trained.predictor.calibrator.apply(np.sum(answers, axis=0))


def _shuffled(rows: Design, kind: str, at: slice, random: np.random.Generator) -> Design:
    order = random.permutation(len(rows))
    numbers, codes = rows.numbers, rows.codes
    if kind == "codes":
        codes = codes.copy()
        codes[:, at] = codes[order, at]
    else:
        numbers = numbers.copy()
        numbers[:, at] = numbers[order, at]
    return Design(numbers, codes, rows.sizes)
