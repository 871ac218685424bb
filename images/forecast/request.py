"""Parses a request: the series to forecast, and which of their steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa

from slipway import Array, RowErrors, Table, UserError

from .data.lines import FEATURES, read_series, refuse
from .data.roles import Roles
from .panel import clean
from .panel.assemble import build_panel
from .panel.clean import Points, RuleCounts
from .panel.covariates import encoded, number_column
from .panel.items import Key, key_cells, numbered, same
from .panel.panel import Panel

Form = Literal["points", "history", "series", "ids"]


@dataclass(frozen=True)
class Request:
    """A parsed request. Its form says what a row is.

    points: a future step, with one answer per row. history: a past point, or a future step to forecast.
    series: a whole series. ids: the name of a stored series.
    """

    form: Form
    panel: Panel
    """The series to forecast."""
    series_of_row: Array
    """The index in `panel` of each row's series; shape (rows,)."""
    offsets: Array = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """Steps from the end of the series to each row that requests a step, from 0; -1 for other rows."""
    ahead: Sequence[Array] | None = None
    """Future covariates, one array of shape (horizon, covariates) per series; NaN where unknown."""
    named: bool = True
    """Whether the request names its series."""


def read(table: Table, stored: Panel, names: Roles, horizon: int) -> Request:
    """Parse the rows of `table`. Raises UserError, or RowErrors for invalid rows."""
    if _holds_lists(table, names):
        return _series(table, stored, names, horizon)
    if not _has_times(table, names):
        if not np.isnan(table.number(names.target)).all():
            raise UserError(f"missing column {names.time}: each point of a history needs a time")
        return _ids(table, stored, names, horizon)
    return _points(table, stored, names, horizon)


def groups(table: Table, names: Roles) -> Array | None:
    """The group of each row: the rows of a series whose history is sent, else the row alone."""
    if _holds_lists(table, names):
        return None
    past = ~np.isnan(table.number(names.target))
    if not past.any():
        return None
    codes, keys = numbered(key_cells(table, names.keys))
    present = np.bincount(codes, past, len(keys)) > 0
    return np.where(present[codes], codes, len(keys) + np.arange(len(table)))


def _holds_lists(table: Table, names: Roles) -> bool:
    """Whether any cell of the target is a list."""
    return bool(table.cells(names.target).dtype == object)


def _has_times(table: Table, names: Roles) -> bool:
    """Whether any row has a time, or there are no rows and the column exists."""
    if names.time in table.absent:
        return False
    cells = table.arrow(names.time)
    return len(cells) == 0 or cells.null_count < len(cells)


def _ids(table: Table, stored: Panel, names: Roles, horizon: int) -> Request:
    """Each row names a stored series."""
    codes, keys = numbered(_key_columns(table, stored, names))
    panel = stored.take(_stored_places(keys, codes, stored, np.ones(len(codes), bool)))
    return Request("ids", panel, codes, ahead=future_covariates(panel, horizon))


def _series(table: Table, stored: Panel, names: Roles, horizon: int) -> Request:
    """Each row is a series; a row without a target names a stored one."""
    if names.time in table.absent:
        raise UserError("missing column start: a series consists of start and target")
    height, target = len(table), table.column(names.target)
    named = any(name not in table.absent for name in names.keys)
    codes, keys = numbered(key_cells(table, names.keys) if named else same(("",), height))
    present = np.array([cell is not None for cell in target.tolist()], dtype=bool)
    places = _stored_places(keys, codes, stored, ~present)
    sent = {names.time: table.column(names.time)[present], names.target: target[present]}
    if names.covariates and FEATURES in table.sent:  # covariates by position, as in DeepAR
        sent[FEATURES] = table.sent[FEATURES][present]
    sent_series = _read_sent_series(sent, np.flatnonzero(present), stored, names)
    of_own = np.cumsum(present) - 1
    parts = [
        sent_series.take([of_own[row]]) if present[row] else stored.take([places[codes[row]]])
        for row in range(height)
    ]
    called = [keys[code] for code in codes.tolist()] if named else [(str(row),) for row in range(height)]
    panel = _concatenate(stored, called, parts)
    return Request("series", panel, np.arange(height), ahead=future_covariates(panel, horizon), named=named)


def _read_sent_series(sent: Mapping[str, Array], rows: Array, stored: Panel, names: Roles) -> Panel:
    """The series sent whole; `rows` are their places in the request."""
    parts = (names.keys[0], names.time, names.target)
    lists = {name: column.tolist() for name, column in sent.items()}
    try:
        return read_series(
            lists, len(rows), stored.timeline, "auto", RuleCounts(), parts, stored.covariate_names
        )
    except RowErrors as errors:
        raise RowErrors(
            {
                int(rows[row - 1]) + 1: error.moved(int(rows[row - 1]) + 1)
                for row, error in errors.rows.items()
            }
        ) from None


def _points(table: Table, stored: Panel, names: Roles, horizon: int) -> Request:
    """Each row is a step of a series: a past point if it has a target, else a step to forecast."""
    timeline = stored.timeline
    errors: dict[int, UserError] = {}
    times = timeline.format.parse(table.arrow(names.time), names.time, errors)
    for row in np.flatnonzero(np.isnat(times)).tolist():
        errors.setdefault(row, UserError("expected a time, got an empty cell", row + 1, names.time))
    refuse(errors)
    values = table.number(names.target)
    past = ~np.isnan(values)
    if names.stockout and names.stockout not in table.absent:  # past points, but of no demand
        values = np.where(number_column(table, names.stockout) > 0, np.nan, values)
    codes, keys = numbered(_key_columns(table, stored, names, unnamed=bool(past.any())))
    covariates = encoded(table, names.covariates, names.categories)
    points = clean.sort_points(Points(codes, times, values, covariates), RuleCounts())
    # Rows after the last point of a series are its future; build_panel keeps their covariates.
    sent = build_panel(
        points, keys, timeline, stored.key_names, stored.covariate_names, "mean", "auto", RuleCounts()
    )
    fresh = sent.lengths > 0
    places = _stored_places(keys, codes, stored, ~fresh[codes])
    parts = [
        _continued(stored, key, sent, place) if fresh[place] else stored.take([places[place]])
        for place, key in enumerate(keys)
    ]
    panel = _concatenate(stored, keys, parts)
    offsets = timeline.steps(times) - panel.after[codes]
    ahead = future_covariates(panel, horizon)
    _set_covariates(ahead, codes, offsets, covariates)
    _check_offsets(offsets, past | fresh[codes], times, panel, codes, horizon)
    return Request(
        "history" if past.any() else "points",
        panel,
        codes,
        np.where(past | (offsets < 0), -1, offsets),
        ahead,
    )


def _check_offsets(
    offsets: Array, excused: Array, times: Array, panel: Panel, codes: Array, horizon: int
) -> None:
    """Raise RowErrors for rows to forecast that are not 1 to `horizon` steps after the end of their series.

    `excused` rows, such as gaps in a history, may be earlier.
    """
    errors: dict[int, UserError] = {}
    bad = np.flatnonzero(((offsets < 0) & ~excused) | (offsets >= horizon))
    ends = panel.timeline.texts(panel.after[codes[bad]] - 1).tolist()
    for row, end in zip(bad.tolist(), ends, strict=True):
        time = str(times[row]).replace("T00:00:00", "").replace("T", " ")
        if offsets[row] < 0:
            message = f"{time} is not after the history of its series, which ends at {end}"
        else:
            message = (
                f"{time} is {offsets[row] + 1} steps after the history of its series, "
                f"which ends at {end}; the horizon is {horizon}"
            )
        errors[row] = UserError(message, row + 1)
    refuse(errors)


def _key_columns(table: Table, stored: Panel, names: Roles, unnamed: bool = False) -> list[pa.Array]:
    """The key cells of each row, one array per key column.

    Without key columns the request means the only stored series or, if `unnamed`, a new one.
    """
    missing = [name for name in names.keys if name in table.absent]
    if not missing:
        return key_cells(table, names.keys)
    if len(missing) == len(names.keys) and (len(stored) == 1 or unnamed):
        return same(stored.keys[0] if len(stored) == 1 else ("",) * len(names.keys), len(table))
    raise UserError(f"missing column {missing[0]}; send the name of each series, or its history")


def _stored_places(keys: Sequence[Key], codes: Array, stored: Panel, required: Array) -> Array:
    """The index in `stored` of each key, -1 for an unknown one.

    `required`, shape (rows,), says which rows need a stored series. Raises RowErrors where it is unknown.
    """
    places = np.array([stored.where.get(key, -1) for key in keys], dtype=np.int64)
    errors = {}
    for row in np.flatnonzero(required & (places[codes] < 0)).tolist():
        name = "/".join(keys[codes[row]])
        message = f'unknown series "{name}"; send its history, or a name from training'
        errors[row] = UserError(message, row + 1)
    refuse(errors)
    return places


def _continued(stored: Panel, key: tuple[str, ...], sent: Panel, place: int) -> Panel:
    """The points sent, appended to the stored history if they continue it."""
    fresh = sent.take([place])
    known = stored.where.get(key)
    if known is None or not len(stored.series(known)):
        return fresh
    before = int(sent.first[place] - stored.first[known])
    if before <= 0 or before > len(stored.series(known)):
        return fresh
    values = np.concatenate([stored.series(known)[:before], sent.series(place)])
    covariates = np.concatenate([stored.known(known)[:before], sent.known(place)])
    return Panel.of(
        stored, [key], stored.first[[known]], [values], [covariates] if stored.covariate_names else ()
    )


def _concatenate(like: Panel, keys: Sequence[tuple[str, ...]], parts: Sequence[Panel]) -> Panel:
    return Panel.of(
        like,
        keys,
        np.concatenate([np.empty(0, np.int64), *(part.first for part in parts)]),
        [part.series(0) for part in parts],
        [part.known(0) for part in parts] if like.covariate_names else (),
    )


def future_covariates(panel: Panel, horizon: int) -> list[Array]:
    """Future covariates as stored, one array of shape (horizon, covariates) per series; NaN where unknown."""
    found = []
    for place in range(len(panel)):
        future = np.full((horizon, len(panel.covariate_names)), np.nan)
        known = panel.known(place)[len(panel.series(place)) :][:horizon]
        future[: len(known)] = known
        found.append(future)
    return found


def _set_covariates(ahead: Sequence[Array], codes: Array, offsets: Array, covariates: Array) -> None:
    """Overwrite stored future covariates with those of the request."""
    for row in np.flatnonzero((offsets >= 0) & np.isfinite(covariates).any(axis=1)):
        future = ahead[codes[row]]
        if offsets[row] < len(future):
            future[offsets[row]] = np.where(
                np.isfinite(covariates[row]), covariates[row], future[offsets[row]]
            )
