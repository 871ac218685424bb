"""Permutation importance: the increase of the loss when a column is shuffled, on out-of-fold rows.

Breiman 2001; Fisher, Rudin and Dominici 2019.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from . import scores
from .features.design import Design, Part, parts
from .search.clock import Clock
from .types import Floats

if TYPE_CHECKING:
    from .search.run import SearchResult

_ROWS = 300  # per fold


def permutation(trained: "SearchResult", clock: Clock, seed: int = 0) -> dict[str, float]:
    """The increase of the loss by column, largest first. Columns for which time is over are left out."""
    predictor = trained.predictor
    loss = scores.loss(trained.metric, predictor.problem)
    random = np.random.default_rng(seed)
    held_out: list[tuple[int, Design, Floats]] = []
    for fold in range(int(trained.folds.max()) + 1):
        held = np.flatnonzero(trained.folds == fold)
        held = np.sort(random.choice(held, min(_ROWS, len(held)), replace=False))
        held_out.append((fold, trained.rows[held], trained.target[held]))
    target = np.concatenate([one[2] for one in held_out])

    def lost(changed: list[Design]) -> float:
        answers = [_blend(trained, fold, rows) for (fold, _, _), rows in zip(held_out, changed, strict=True)]
        return loss(target, np.concatenate(answers))

    base = lost([rows for _, rows, _ in held_out])
    found = {}
    for column, part in zip(predictor.columns, parts(predictor.columns), strict=True):
        if clock.over:
            break
        found[column.name] = lost([_shuffled(rows, part, random) for _, rows, _ in held_out]) - base
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _blend(trained: "SearchResult", fold: int, rows: Design) -> Floats:
    members = trained.predictor.members
    answers = [
        member.weight * member.calibrator.apply(member.models[fold].predict(rows)) for member in members
    ]
    return trained.predictor.calibrator.apply(np.sum(answers, axis=0))


def _shuffled(rows: Design, part: Part, random: np.random.Generator) -> Design:
    order = random.permutation(len(rows))
    cells = getattr(rows, part.kind).copy()
    cells[:, part.at] = cells[order, part.at]
    if part.terms is None:
        return replace(rows, **{part.kind: cells})
    moved = rows.terms.tocsc()
    pieces = [moved[:, : part.terms.start], moved[order, part.terms], moved[:, part.terms.stop :]]
    return replace(rows, **{part.kind: cells}, terms=sparse.hstack(pieces, format="csr"))
