"""The columns of a response, from filled cells."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from slipway import Array, Table, arrow

from .confidence.labels import LabelConfidence
from .confidence.numbers import NumberConfidence
from .features.columns import ColumnCodec
from .imputer import Imputer
from .postprocessing import FillOptions
from .result import Cells

if TYPE_CHECKING:
    from .options import Options

TOP = 5  # labels in the older container's answers
WORDS = 3  # words of a text that are named there


def filled_columns(
    imputer: Imputer, table: Table, filled: Mapping[str, Cells], options: "Options"
) -> dict[str, Array]:
    """The columns as sent with missing cells filled, then the `_imputed…` columns of each filled column."""
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


def merged(sent: Array, column: ColumnCodec, cells: Cells, values: Array) -> Array:
    """`sent` with the filled cells; observed cells and cells left empty stay as sent."""
    kept = ~cells.left
    if not kept.any():
        return sent
    found = sent.copy() if sent.dtype.kind == "f" and column.facts.numeric else sent.astype(object)
    found[cells.rows[kept]] = values[kept]
    return found


def marks(
    column: ColumnCodec,
    cells: Cells,
    values: Array,
    confidence: LabelConfidence | NumberConfidence | None,
    written: bool,
    options: "Options",
) -> dict[str, Array]:
    """The filled values and their confidence, one entry per filled cell; the same names for every request.

    A probability without a value means that the cell was left empty: similar cells were right too rarely.
    """
    none = np.full(len(cells.rows), np.nan)
    found = {"imputed": values}
    if isinstance(confidence, LabelConfidence) or (
        isinstance(confidence, NumberConfidence) and options.tolerance
    ):
        found["imputed_proba"] = none if cells.probability is None else cells.probability
    if isinstance(confidence, LabelConfidence) and options.top_k:
        found["imputed_top"] = ranked(column, cells)
    if isinstance(confidence, NumberConfidence) and options.interval:
        found["imputed_low"] = column.ends(none if cells.lower is None else cells.lower)
        found["imputed_high"] = column.ends(none if cells.upper is None else cells.upper)
    if options.multiple:
        found["imputed_draws"] = arrow.objects(
            [None] * len(none) if cells.draws is None else drawn(column, cells)
        )
    if options.explain:
        found["imputed_why"] = arrow.objects(reasons(cells))
    return found


def drawn(column: ColumnCodec, cells: Cells) -> list[list[Any]]:
    """The draws of each cell, as cells of the column."""
    draws = np.asarray(cells.draws)
    rows: list[list[Any]] = column.write(draws.ravel()).reshape(draws.shape).tolist()
    return rows


def instances(imputer: Imputer, table: Table, name: str, options: "Options") -> dict[str, Array]:
    """The answer of the older container: the column is predicted for every row, observed or not."""
    fill_options = FillOptions(
        options.precision_threshold,
        options.top_k or TOP,
        options.multiple,
        explain=True,
        tolerance=options.tolerance or 0.0,
        interval=True,
    )
    others = table.select([other for other in table.names if other != name])
    cells, column = imputer.fill(others, [name], fill_options)[name], imputer.column(name)
    explanations = [
        [] if why is None else [{"explained_label": label, **why, "tokens": words(why)}]
        for why, label in zip(reasons(cells), labels(cells), strict=True)
    ]
    return {
        "label_column": np.full(len(table), name, dtype=object),
        "predictions": numbers(column, cells) if column.numeric else ranked(column, cells),
        "prediction_explanations": arrow.objects(explanations),
    }


def ranked(column: ColumnCodec, cells: Cells) -> Array:
    """The most likely labels of each cell with their probabilities."""
    if cells.top is None or cells.top_probability is None:
        return arrow.objects([[] for _ in cells.rows])
    labels = column.write(cells.top).tolist()
    return arrow.objects(
        [
            [
                {"predicted": label, "predicted_probability": chance}
                for label, chance in zip(*row, strict=True)
            ]
            for row in zip(labels, cells.top_probability.tolist(), strict=True)
        ]
    )


def numbers(column: ColumnCodec, cells: Cells) -> Array:
    """Each number with the bounds of its interval, in place of labels."""
    none = np.full(len(cells.rows), np.nan)
    parts = [none if part is None else part for part in (cells.values, cells.lower, cells.upper)]
    ends = zip(*(column.ends(part).tolist() for part in parts), strict=True)
    return arrow.objects([[{"predicted": value, "low": low, "high": high}] for value, low, high in ends])


def labels(cells: Cells) -> list[Any]:
    """The most likely label of each cell, also of cells left empty."""
    return [why.label if why is not None else None for why in explained(cells)]


def reasons(cells: Cells) -> list[dict[str, Any] | None]:
    """The cells of its row, and the words of its texts, that contributed to each filled cell."""
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
    """The strongest terms without weights, as the older container returned them."""
    return list(dict.fromkeys(term["token"] for term in why["terms"]))[:WORDS]


def explained(cells: Cells) -> list[Any]:
    return [None] * len(cells.rows) if cells.explanations is None else list(cells.explanations)


def spread(values: Array, cells: Cells, height: int) -> Array:
    """A column of the answer, shape (height,): `values` in the rows of filled cells, missing elsewhere."""
    if len(values) == height > 0:
        return values
    floats = values.dtype.kind == "f" or (values.dtype.kind == "i" and not len(values))
    found = np.full(height, np.nan) if floats else np.full(height, None, dtype=object)
    found[cells.rows] = values
    return found
