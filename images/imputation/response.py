"""Filled cells as the columns of an answer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from slipway import Array, Table
from slipway.kit.arrays import objects

from .answers import Asked
from .confidence.labels import Calibration
from .confidence.numbers import Residuals
from .features.columns import Column
from .imputer import Imputer
from .result import Cells

if TYPE_CHECKING:
    from .options import Options

TOP = 5  # labels in the older container's answers
WORDS = 3  # words of a text that are named there


def completed(
    imputer: Imputer, table: Table, filled: Mapping[str, Cells], options: "Options"
) -> dict[str, Array]:
    """The sent columns, their gaps filled, then the marks of each filled column."""
    answer = dict(table.sent)
    marked: dict[str, Array] = {}
    for name, cells in filled.items():
        if name not in answer and not options.marks:
            continue
        column = imputer.column(name)
        values = column.write(cells.values, table.written)
        if name in answer:
            answer[name] = merged(answer[name], column, cells, values)
        if options.marks:
            found = marks(column, cells, values, imputer.confidence.get(name), table.written, options)
            marked |= {f"{name}_{label}": spread(one, cells, len(table)) for label, one in found.items()}
    return answer | marked


def merged(sent: Array, column: Column, cells: Cells, values: Array) -> Array:
    """`sent` with the filled cells in; what was observed, and what was left empty, stays as it was sent."""
    kept = ~cells.left
    if not kept.any():
        return sent
    found = sent.copy() if sent.dtype.kind == "f" and column.facts.numeric else sent.astype(object)
    found[cells.rows[kept]] = values[kept]
    return found


def marks(
    column: Column,
    cells: Cells,
    values: Array,
    confidence: Calibration | Residuals | None,
    written: bool,
    options: "Options",
) -> dict[str, Array]:
    """What was filled in and how sure, an entry a filled cell; the same names whatever the rows hold.

    A probability without a value is a cell that was left empty, since too few of its like were right.
    """
    none = np.full(len(cells.rows), np.nan)
    found = {"imputed": values}
    if isinstance(confidence, Calibration) or (isinstance(confidence, Residuals) and options.tolerance):
        found["imputed_proba"] = none if cells.probability is None else cells.probability
    if isinstance(confidence, Calibration) and options.top_k:
        found["imputed_top"] = ranked(column, cells)
    if isinstance(confidence, Residuals) and options.interval:
        found["imputed_low"] = column.ends(none if cells.lower is None else cells.lower)
        found["imputed_high"] = column.ends(none if cells.upper is None else cells.upper)
    if options.multiple:
        found["imputed_draws"] = objects([None] * len(none) if cells.draws is None else drawn(column, cells))
    if options.explain:
        found["imputed_why"] = objects(reasons(cells))
    return found


def drawn(column: Column, cells: Cells) -> list[list[Any]]:
    """The draws of each cell."""
    draws = np.asarray(cells.draws)
    rows: list[list[Any]] = column.write(draws.ravel()).reshape(draws.shape).tolist()
    return rows


def instances(imputer: Imputer, table: Table, name: str, options: "Options") -> dict[str, Array]:
    """The older container's answer: every row is asked for the column, whatever it holds there."""
    asked = Asked(
        options.precision_threshold,
        options.top_k or TOP,
        options.multiple,
        explain=True,
        tolerance=options.tolerance or 0.0,
        interval=True,
    )
    others = table.select([other for other in table.names if other != name])
    cells, column = imputer.fill(others, [name], asked)[name], imputer.column(name)
    explanations = [
        [] if why is None else [{"explained_label": label, **why, "tokens": words(why)}]
        for why, label in zip(reasons(cells), labels(cells), strict=True)
    ]
    return {
        "label_column": np.full(len(table), name, dtype=object),
        "predictions": numbers(column, cells) if column.numeric else ranked(column, cells),
        "prediction_explanations": objects(explanations),
    }


def ranked(column: Column, cells: Cells) -> Array:
    """The likeliest labels of each cell with their probabilities."""
    if cells.top is None or cells.top_probability is None:
        return objects([[] for _ in cells.rows])
    labels = column.write(cells.top).tolist()
    return objects(
        [
            [
                {"predicted": label, "predicted_probability": chance}
                for label, chance in zip(*row, strict=True)
            ]
            for row in zip(labels, cells.top_probability.tolist(), strict=True)
        ]
    )


def numbers(column: Column, cells: Cells) -> Array:
    """Each number with the ends of its interval, in the place of labels."""
    none = np.full(len(cells.rows), np.nan)
    parts = [none if part is None else part for part in (cells.values, cells.lower, cells.upper)]
    ends = zip(*(column.ends(part).tolist() for part in parts), strict=True)
    return objects([[{"predicted": value, "low": low, "high": high}] for value, low, high in ends])


def labels(cells: Cells) -> list[Any]:
    """The likeliest label of each cell, also where it was left empty."""
    return [why.label if why is not None else None for why in explained(cells)]


def reasons(cells: Cells) -> list[dict[str, Any] | None]:
    """Which cells of its row, and which words of its texts, spoke for each cell."""
    return [
        None
        if why is None
        else {
            "columns": [{"column": column, "change": change} for column, change in why.columns],
            "terms": [
                {"column": column, "token": token.strip(), "weight": weight}
                for column, found in why.tokens.items()
                for token, weight in found
            ],
        }
        for why in explained(cells)
    ]


def words(why: dict[str, Any]) -> list[str]:
    """The strongest terms by themselves, as the older container had them."""
    return list(dict.fromkeys(term["token"] for term in why["terms"]))[:WORDS]


def explained(cells: Cells) -> list[Any]:
    return [None] * len(cells.rows) if cells.explanations is None else list(cells.explanations)


def spread(values: Array, cells: Cells, height: int) -> Array:
    """A column of the answer: `values` in the rows of the filled cells, nothing elsewhere."""
    if len(values) == height:
        return values
    floats = values.dtype.kind == "f" or (values.dtype.kind == "i" and not len(values))
    found = np.full(height, np.nan) if floats else np.full(height, None, dtype=object)
    found[cells.rows] = values
    return found
