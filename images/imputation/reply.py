"""Filled cells as the columns of an answer."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from calibration import Calibration
from filled import Cells
from imputer import Imputer
from pandas import DataFrame
from residuals import Residuals

from slipway import Array

if TYPE_CHECKING:
    from predictor import Options

TOP = 5  # labels in the older container's answers
WORDS = 3  # words of a text that are named there


def completed(
    imputer: Imputer,
    sent: Mapping[str, Array],
    filled: Mapping[str, Cells],
    whole: Collection[str],
    options: "Options",
) -> dict[str, Array]:
    """The sent columns, their gaps filled, then the marks of each filled column."""
    height = len(next(iter(sent.values())))
    answer = dict(sent)
    for name, cells in filled.items():
        if name in sent:
            answer[name] = merged(sent[name], cells, name in whole)
    if options.marks:
        for name, cells in filled.items():
            confidence = imputer.confidence.get(name)
            found = marks(cells, confidence, name in whole, options)
            answer |= {f"{name}_{label}": spread(values, cells, height) for label, values in found.items()}
    return answer


def merged(column: Array, cells: Cells, whole: bool) -> Array:
    """`column` with the filled cells in; what was observed, and what was left empty, stays as it was sent."""
    found = column.copy()
    kept = ~cells.left
    values = written(cells.values, whole)[kept]
    if any(isinstance(cell, bool) for cell in column):
        values = objects([bool(value) if value in (0, 1) else value for value in values])
    found[cells.rows[kept]] = values
    return found


def marks(
    cells: Cells, confidence: Calibration | Residuals | None, whole: bool, options: "Options"
) -> dict[str, Array]:
    """What was filled in and how sure, an entry a filled cell; the same names whatever the rows hold.

    A probability without a value is a cell that was left empty, since too few of its like were right.
    """
    none = np.full(len(cells.rows), None, dtype=object)
    found = {"imputed": written(cells.values, whole)}
    if isinstance(confidence, Calibration):
        found["imputed_proba"] = none if cells.probability is None else objects(cells.probability.tolist())
        if options.top_k:
            found["imputed_top"] = ranked(cells)
    if isinstance(confidence, Residuals) and options.tolerance:
        found["imputed_proba"] = none if cells.probability is None else objects(cells.probability.tolist())
    if isinstance(confidence, Residuals) and options.interval:
        found["imputed_low"] = none if cells.lower is None else written(cells.lower, False)
        found["imputed_high"] = none if cells.upper is None else written(cells.upper, False)
    if options.multiple:
        drawn = none if cells.draws is None else [written(row, whole).tolist() for row in cells.draws]
        found["imputed_draws"] = objects(drawn)
    if options.explain:
        found["imputed_why"] = objects(reasons(cells))
    return found


def instances(imputer: Imputer, table: DataFrame, name: str, options: "Options") -> dict[str, Array]:
    """The older container's answer: every row is asked for the column, whatever it holds there."""
    cells = imputer.fill(
        table,
        [name],
        options.precision_threshold,
        options.top_k or TOP,
        options.multiple,
        explain=True,
        tolerance=options.tolerance or 0.0,
    ).cells[name]
    explanations = [
        [] if why is None else [{"explained_label": label, **why, "tokens": words(why)}]
        for why, label in zip(reasons(cells), labels(cells), strict=True)
    ]
    return {
        "label_column": np.full(len(table), name, dtype=object),
        "predictions": numbers(cells) if cells.lower is not None else ranked(cells),
        "prediction_explanations": objects(explanations),
    }


def ranked(cells: Cells) -> Array:
    """The likeliest labels of each cell with their probabilities."""
    if cells.top is None or cells.top_probability is None:
        return objects([[]] * len(cells.rows))
    return objects(
        [
            [
                {"predicted": label, "predicted_probability": float(chance)}
                for label, chance in zip(*row, strict=True)
            ]
            for row in zip(cells.top, cells.top_probability, strict=True)
        ]
    )


def numbers(cells: Cells) -> Array:
    """Each number with the ends of its interval, in the place of labels."""
    assert cells.lower is not None
    assert cells.upper is not None
    values, lower, upper = (written(part, False) for part in (cells.values, cells.lower, cells.upper))
    ends = zip(values, lower, upper, strict=True)
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


def written(values: Array, whole: bool) -> Array:
    """Values as a format writes them: plain Python objects, whole where the column's numbers are."""
    return objects([plain(value, whole) for value in values])


def plain(value: Any, whole: bool) -> Any:
    """One value: NumPy's types as Python's, None where there is nothing."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return None if value != value else round(value) if whole else value
    return value


def spread(values: Array, cells: Cells, height: int) -> Array:
    """A column of the answer: `values` in the rows of the filled cells, nothing elsewhere."""
    found = np.full(height, None, dtype=object)
    found[cells.rows] = values
    return found


def objects(values: Any) -> Array:
    """Any objects as an array of them, lists too."""
    return np.fromiter(values, dtype=object, count=len(values))
