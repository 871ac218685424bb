"""What the blend loses when a column is shuffled, on rows that its models did not see.

Breiman 2001; Fisher, Rudin and Dominici 2019.
"""

from typing import TYPE_CHECKING

import numpy as np

from . import scores
from .features.design import Design
from .problem import Floats
from .search.clock import Clock
from .shapley import places

if TYPE_CHECKING:
    from .search.search import Trained

_ROWS = 300  # of each fold


def permutation(trained: "Trained", clock: Clock, seed: int = 0) -> dict[str, float]:
    """By column, how much the loss rises, the most first; columns that time did not allow are left out."""
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
    for column, (kind, at) in zip(predictor.columns, places(predictor.columns), strict=True):
        if clock.over:
            break
        found[column.name] = lost([_shuffled(rows, kind, at, random) for _, rows, _ in parts]) - base
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _blend(trained: "Trained", fold: int, rows: Design) -> Floats:
    members = trained.predictor.members
    answers = [
        member.weight * member.calibration.apply(member.models[fold].predict(rows)) for member in members
    ]
    return trained.predictor.calibration.apply(np.sum(answers, axis=0))


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
