"""Series that come whole, one a row: `item_id`, `start`, `target`, `dynamic_feat`, as DeepAR has them.

https://docs.aws.amazon.com/sagemaker/latest/dg/deepar-in-formats.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ensemble
import numpy as np
import tidy
from panel import Panel
from stamps import texts
from tidy import Counts, Fill
from timeline import Timeline

from slipway import Array, UserError

FEATURES = "dynamic_feat"
EMPTY = np.empty(0)
_MISSING = {None, "NaN", "nan", "null", ""}


@dataclass(frozen=True)
class Lines:
    """The series that came, in the order of their rows."""

    panel: Panel


def unrolled(
    sent: Mapping[str, Sequence[Any]],
    height: int,
    timeline: Timeline,
    fill: Fill,
    counts: Counts,
    names: tuple[str, str, str] = ("item_id", "timestamp", "target"),
    covariate_names: tuple[str, ...] | None = None,
    whole: bool = True,
) -> Lines:
    """Rows of whole series as a panel, by the columns called `names`; missing points are null or "NaN".

    A series ends where its line does, missing points or not: what follows is to be forecast. If not `whole`,
    it ends with its last point. Raises UserError naming the row that is not one.
    """
    item, _, target = names
    starts = starts_of(sent, names)
    keys = [(str(row),) for row in range(height)]
    if item in sent:
        keys = [(str(cell),) if cell is not None else key for cell, key in zip(sent[item], keys, strict=True)]
    times, zoned = timeline.format.read(starts, "start")
    counts.add("zoned", zoned)
    if np.isnat(times).any():
        raise UserError("a series needs a start", row=int(np.isnat(times).argmax()) + 1)
    first = timeline.steps(times)
    counts.add("off_grid", int(timeline.off(times).sum()))
    season = min(timeline.frequency.seasons, default=1)
    values: list[Array] = []
    known: list[Array] = []
    wide = _width(sent.get(FEATURES), height) if covariate_names is None else len(covariate_names)
    for row in range(height):
        points = _points(sent[target][row], row)
        begin, end = tidy.trimmed(points, counts, "continued" if whole else "trailing")
        series = tidy.filled(points[begin:end], season, fill, counts) if end else np.empty(0)
        if whole and end and end < len(points):
            series = _continued(series, len(points) - end, timeline)
        tidy.described(series, counts)
        first[row] += begin
        values.append(series)
        features = (
            _features(sent[FEATURES][row], row, wide) if FEATURES in sent else np.empty((len(points), wide))
        )
        known.append(features[begin:] if FEATURES in sent else np.full((len(points), wide), np.nan)[begin:])
    chosen = (
        covariate_names
        if covariate_names is not None
        else tuple(f"dynamic_feat_{place}" for place in range(wide))
    )
    like = Panel(timeline, (item,), [], first, first, np.empty(0), chosen)
    return Lines(Panel.of(like, keys, first, values, known if chosen else ()))


def starts_of(sent: Mapping[str, Sequence[Any]], names: tuple[str, str, str]) -> list[str | None]:
    """When each series starts. Raises UserError where a column is missing."""
    _, time, target = names
    starts = sent.get(time, sent.get("start"))
    if starts is None or target not in sent:
        raise UserError(
            f"missing column {'target' if starts is not None else 'start'}; a series is start and target"
        )
    return texts(starts)


def _continued(series: Array, missing: int, timeline: Timeline) -> Array:
    """A series with the steps after its last point, as the quickest ensemble forecasts them."""
    like = Panel(timeline, ("",), [], EMPTY, EMPTY, EMPTY)
    seasons = tuple(m for m in timeline.frequency.seasons if len(series) > 2 * m)
    panel = Panel.of(like, [("",)], np.zeros(1), [series])
    found = ensemble.forecast(panel, missing, seasons, "fast").mean[0]
    return np.concatenate([series, np.maximum(found, 0.0) if series.min() >= 0 else found])


def _points(cell: Any, row: int) -> Array:
    """One series' points. Raises UserError for what is no number."""
    if cell is None:
        return np.empty(0)
    if not isinstance(cell, list):
        raise UserError(f"row {row + 1}, column target: expected a list of numbers as in the other rows")
    try:
        return finite(
            np.array([np.nan if _missing(value) else value for value in cell], dtype=np.float64), row
        )
    except (TypeError, ValueError, OverflowError):
        raise UserError(
            f"row {row + 1}, column target: expected a list of numbers, nulls for the missing"
        ) from None


def finite(values: Array, row: int) -> Array:
    if np.isinf(values).any():
        raise UserError(f"row {row + 1}: expected finite numbers")
    return values


def _missing(value: Any) -> bool:
    if isinstance(value, bool | list | dict):
        raise TypeError
    return value in _MISSING


def _width(column: Sequence[Any] | None, height: int) -> int:
    return max((len(cell) for cell in column or () if isinstance(cell, list)), default=0)


def _features(cell: Any, row: int, width: int) -> Array:
    """`dynamic_feat`, a list for each covariate, as an array of shape (steps, covariates)."""
    if cell is None:
        return np.empty((0, width))
    try:
        found = np.array(cell, dtype=np.float64)
        if found.ndim != 2 or len(found) != width:
            raise ValueError
    except (TypeError, ValueError):
        raise UserError(
            f"row {row + 1}, column {FEATURES}: expected {width} lists of numbers, one a covariate"
        ) from None
    return finite(found, row).T
