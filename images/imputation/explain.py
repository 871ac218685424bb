"""Explanations of filled cells: the contributions of the other cells of the row, and of their tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .features.cells import Floats, hidden
from .features.columns import ColumnCodec
from .features.design import EncodedFeatures
from .features.encoding import ParsedColumns
from .models.auto import Auto
from .models.fitted_learners import Linear

CELLS = 2_000_000  # dense features that an explanation holds at once
TOP = 10
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Explanation:
    """Changes of the prediction (for a label: of its probability) by column, and by token of each text."""

    label: Any
    columns: list[tuple[str, float]]
    tokens: dict[str, list[tuple[str, float]]]


def explain(
    engine: Auto, read: ParsedColumns, target: ColumnCodec, rows: Codes, raw: Floats
) -> list[Explanation]:
    """One explanation per row, from its own cells only, of the prediction `raw`."""
    encoded = engine.features.encode(read).take(rows)
    codes = raw.argmax(1) if raw.ndim == 2 else None
    change = changes(engine, encoded, target.name, codes)
    spoken = tokens(engine, encoded, target.name, codes)
    names = [column.name for column in encoded.columns]
    labels = raw.tolist() if codes is None else target.write(codes).tolist()
    return [
        Explanation(
            label, strongest(names, change[row]), {name: found[row] for name, found in spoken.items()}
        )
        for row, label in enumerate(labels)
    ]


def changes(engine: Auto, encoded: EncodedFeatures, target: str, codes: Codes | None) -> Floats:
    """The prediction with each cell minus the prediction without it, shape (rows, columns)."""
    count, width = len(encoded.dense), len(encoded.columns)
    change = np.zeros((count, width))
    step = max(1, CELLS // ((width + 1) * encoded.dense.shape[1]))
    for first in range(0, count, step):
        rows = np.arange(first, min(count, first + step))
        copies = encoded.take(
            np.repeat(rows, width + 1)
        )  # each row: one copy without each column, and a whole one
        place = np.tile(np.arange(width + 1), len(rows))
        copies.dense[place[:, None] == copies.owner] = np.nan
        for number, column in enumerate(encoded.columns):
            if column.name in copies.blocks:
                kept = (place != number).astype(np.float32)
                copies.blocks[column.name] = (
                    sparse.diags_array(kept, format="csr") @ copies.blocks[column.name]
                )
        raw = engine.models[target].predict(copies.without(target))
        if codes is not None:
            raw = raw[np.arange(len(raw)), np.repeat(codes[rows], width + 1)]
        raw = raw.reshape(len(rows), width + 1)
        change[rows] = raw[:, -1:] - raw[:, :-1]
    return change


def tokens(
    engine: Auto, encoded: EncodedFeatures, target: str, codes: Codes | None
) -> dict[str, list[list[tuple[str, float]]]]:
    """Per text column, the terms of each row with their weights; empty without a linear model."""
    linear = next((part for part in engine.models[target].parts.values() if isinstance(part, Linear)), None)
    if linear is None:
        return {}
    found = {}
    end = len(linear.coef)
    for name in reversed(
        [name for name in encoded.blocks if name != target]
    ):  # blocks are the last of the linear view
        block, start = encoded.blocks[name], end - encoded.blocks[name].shape[1]
        if name in engine.features.texts:
            coef = linear.coef[start:end]
            if codes is not None:
                # With two labels only the second one has coefficients; centring gives both.
                coef = coef - coef.mean(1, keepdims=True)
            picked = codes if codes is not None else np.zeros(len(encoded.dense), np.int64)
            text = engine.features.texts[name]
            terms, words = text.terms, len(text.words.vocabulary_)
            found[name] = [
                row_terms(block[[row]], coef[:, code], terms, words) for row, code in enumerate(picked)
            ]
        end = start
    return found


def row_terms(
    row: sparse.csr_matrix, coef: NDArray[np.float32], terms: Sequence[str], words: int
) -> list[tuple[str, float]]:
    """The terms of one text with a positive weight, strongest first: words, then character n-grams."""
    weights = row.data * coef[row.indices]
    order = np.lexsort((-weights, row.indices >= words, weights <= 0))[:TOP]
    return [(terms[row.indices[place]], float(weights[place])) for place in order if weights[place] > 0]


def strongest(names: Sequence[str], change: Floats) -> list[tuple[str, float]]:
    """The columns with the largest absolute changes, strongest first; at most ten.

    >>> strongest(["a", "b", "c"], np.array([0.5, -2.0, 0.0]))
    [('b', -2.0), ('a', 0.5)]
    """
    order = np.argsort(-np.abs(change), kind="stable")[:TOP]
    return [(names[place], float(change[place])) for place in order if change[place] != 0]


class Engine(Protocol):
    """An engine that predicts from parsed columns."""

    def predict(self, read: ParsedColumns, wanted: Mapping[str, Codes]) -> dict[str, Floats]: ...


def importance(
    engine: Engine, read: ParsedColumns, target: str, codes: Codes | None
) -> list[tuple[str, float]]:
    """The strongest columns over many rows, by their mean absolute change."""
    if isinstance(engine, Auto):
        encoded = engine.features.encode(read)
        names = [column.name for column in encoded.columns]
        return strongest(names, np.abs(changes(engine, encoded, target, codes)).mean(0))
    names = [name for name in read if name != target]
    wanted = {target: np.arange(len(read[target]))}
    whole = engine.predict(read, wanted)[target]
    change = np.empty(len(names))
    for place, name in enumerate(names):
        nothing = {**read, name: hidden(read[name], slice(None))}
        moved = np.abs(whole - engine.predict(nothing, wanted)[target])
        change[place] = (moved if codes is None else moved[np.arange(len(moved)), codes]).mean()
    return strongest(names, change)
