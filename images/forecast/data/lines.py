"""Series in the format of DeepAR, one per row: `item_id`, `start`, `target`, `dynamic_feat`.

https://docs.aws.amazon.com/sagemaker/latest/dg/deepar-in-formats.html
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from slipway import Array, RowErrors, UserError, arrow

from ..models import ensemble
from ..panel import clean
from ..panel.assemble import within
from ..panel.clean import Fill, RuleCounts
from ..panel.panel import Panel
from ..panel.timeline import Timeline

FEATURES = "dynamic_feat"
EMPTY = np.empty(0)
_MISSING = {None, "NaN", "nan", "null", ""}


def read_series(
    sent: Mapping[str, Sequence[Any]],
    height: int,
    timeline: Timeline,
    fill: Fill,
    counts: RuleCounts,
    names: tuple[str, str, str] = ("item_id", "timestamp", "target"),
    covariate_names: tuple[str, ...] | None = None,
    whole: bool = True,
) -> Panel:
    """Read rows of whole series into a panel; missing points are null or "NaN".

    `names` are the columns of item, time and target. A series ends where its list does, even with missing
    points, unless `whole` is false: then it ends with its last point. Raises RowErrors for invalid rows.
    """
    item, _, target = names
    errors: dict[int, UserError] = {}
    times, zoned = timeline.format.read(arrow.strings(series_starts(sent, names)), "start", errors)
    counts.add("zoned", zoned)
    for row in np.flatnonzero(np.isnat(times)).tolist():
        errors.setdefault(row, UserError("expected a start, got an empty cell", row + 1))
    keys = [(str(row),) for row in range(height)]
    if item in sent:
        keys = [(str(cell),) if cell is not None else key for cell, key in zip(sent[item], keys, strict=True)]
    features = sent.get(FEATURES, [None] * height)
    wide = _width(features) if covariate_names is None else len(covariate_names)
    parts = _read(sent[target], lambda cell, row: _points(cell, row, target), errors)
    known = _read(features, lambda cell, row: _features(cell, row, wide), errors) if wide else []
    refuse(errors)
    counts.add("off_grid", int(timeline.off(times).sum()))
    spans = np.array([len(part) for part in parts], dtype=np.int64)
    dense = np.concatenate([EMPTY, *parts])
    begins, lasts = clean.trim(dense, np.cumsum(spans), counts, "continued" if whole else "trailing")
    ends = np.cumsum(lasts - begins)
    season = min(timeline.frequency.seasons, default=1)
    values = clean.fill_gaps(dense[within(spans, begins, lasts)], ends, season, fill, counts)
    series = np.split(values, ends[:-1]) if height else []
    for row in np.flatnonzero((lasts > 0) & (lasts < spans)).tolist() if whole else ():
        series[row] = _continued(series[row], int(spans[row] - lasts[row]), timeline)
    clean.count_odd_series(
        np.concatenate([EMPTY, *series]), np.cumsum([len(one) for one in series], dtype=np.int64), counts
    )
    chosen = covariate_names
    if chosen is None:
        chosen = tuple(f"{FEATURES}_{place}" for place in range(wide))
    known = [
        part[begin:] if len(part) else np.full((span - begin, wide), np.nan)
        for part, begin, span in zip(known, begins.tolist(), spans.tolist(), strict=False)
    ]
    first = timeline.steps(times) + begins
    like = Panel(timeline, (item,), [], first, first, EMPTY, chosen)
    return Panel.of(like, keys, first, series, known if chosen else ())


def refuse(errors: Mapping[int, UserError]) -> None:
    """Raises RowErrors if there are `errors`, which are keyed by row from 0."""
    if errors:
        raise RowErrors({row + 1: error for row, error in errors.items()})


def series_starts(sent: Mapping[str, Sequence[Any]], names: tuple[str, str, str]) -> list[str | None]:
    """The start of each series. Raises UserError for a missing column."""
    _, time, target = names
    starts = sent.get(time, sent.get("start"))
    if starts is None or target not in sent:
        absent = "start" if starts is None else "target"
        raise UserError(f"missing column {absent}: a series consists of start and target")
    return list(starts)


def _read(
    cells: Sequence[Any], read: Callable[[Any, int], Array], errors: dict[int, UserError]
) -> list[Array]:
    """Read each row's cell; errors are added to `errors`."""
    found = []
    for row, cell in enumerate(cells):
        try:
            found.append(read(cell, row))
        except UserError as error:
            errors.setdefault(row, error)
            found.append(EMPTY)
    return found


def _continued(series: Array, missing: int, timeline: Timeline) -> Array:
    """Extend a series by its missing last steps, forecast by the fastest ensemble."""
    like = Panel(timeline, ("",), [], EMPTY, EMPTY, EMPTY)
    seasons = tuple(m for m in timeline.frequency.seasons if len(series) > 2 * m)
    panel = Panel.of(like, [("",)], np.zeros(1), [series])
    found = ensemble.forecast(panel, missing, seasons, "fast").mean[0]
    return np.concatenate([series, np.maximum(found, 0.0) if series.min() >= 0 else found])


def _points(cell: Any, row: int, name: str) -> Array:
    """The points of one series. Raises UserError for a cell that is not a number."""
    if cell is None:
        return EMPTY
    if not isinstance(cell, list):
        raise UserError("expected a list of numbers, as in the other rows", row + 1, name)
    try:
        return finite(
            np.array([np.nan if _missing(value) else value for value in cell], dtype=np.float64), row, name
        )
    except (TypeError, ValueError, OverflowError):
        raise UserError("expected a list of numbers, with null for missing points", row + 1, name) from None


def finite(values: Array, row: int, name: str) -> Array:
    if np.isinf(values).any():
        raise UserError("expected finite numbers", row + 1, name)
    return values


def _missing(value: Any) -> bool:
    if isinstance(value, bool | list | dict):
        raise TypeError
    return value in _MISSING


def _width(column: Sequence[Any]) -> int:
    return max((len(cell) for cell in column if isinstance(cell, list)), default=0)


def _features(cell: Any, row: int, width: int) -> Array:
    """`dynamic_feat`, one list per covariate, as an array of shape (steps, covariates)."""
    if cell is None:
        return np.empty((0, width))
    try:
        found = np.array(cell, dtype=np.float64)
        if found.ndim != 2 or len(found) != width:
            raise ValueError
    except (TypeError, ValueError):
        raise UserError(f"expected {width} lists of numbers, one per covariate", row + 1, FEATURES) from None
    return finite(found, row, FEATURES).T
