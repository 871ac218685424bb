"""What a request asks for: series to forecast, and which of their steps its rows want."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import tidy
from assemble import panel_of
from items import Items, text_of
from lines import FEATURES, unrolled
from panel import Panel
from stamps import texts
from tidy import Counts, Points

from slipway import Array, Rows, UserError

Form = Literal["points", "history", "series", "ids"]


@dataclass(frozen=True)
class Names:
    """The columns of a request."""

    keys: tuple[str, ...]
    time: str
    target: str
    covariates: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """A request, read.

    points: a row a step to come, each with an answer. history: rows of the past, and perhaps of steps to
    come. series: a row a series, which comes with it. ids: a row a series that the model knows.
    """

    form: Form
    panel: Panel
    """The series to forecast."""
    of_rows: Array
    """The place in `panel` of each row."""
    offsets: Array = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """How many steps after its series' end each row is, if it asks for a step; else -1."""
    ahead: Sequence[Array] | None = None
    """The covariates of steps to come, of shape (horizon, covariates) for each series."""
    named: bool = True
    """Whether the request says what its series are called."""


def read(rows: Rows, stored: Panel, names: Names, horizon: int) -> Asked:
    """What `rows` ask for. Raises UserError, one line, naming the row where there is one."""
    sent = rows.sent
    if any(isinstance(cell, list) for cell in sent.get(names.target, ())):
        return _series(sent, stored, names, horizon)
    if names.time not in sent or all(cell is None or cell == "" for cell in sent[names.time]):
        if any(cell not in (None, "") for cell in sent.get(names.target, ())):
            raise UserError(f"missing column {names.time}; a history needs the time of each point")
        return _ids(rows, stored, names, horizon)
    return _points(rows, stored, names, horizon)


def groups(rows: Rows, names: Names) -> Array | None:
    """The series of each row where the request holds its history; any other row stands by itself."""
    sent = rows.sent
    target = sent.get(names.target, ())
    if any(isinstance(cell, list) for cell in target):
        return None
    keys = list(zip(*(sent[name] for name in names.keys if name in sent), strict=True)) or [()] * len(rows)
    came = {key for key, cell in zip(keys, target, strict=False) if cell not in (None, "")}
    if not came:
        return None
    places: dict[object, int] = {}
    return np.array(
        [places.setdefault(key if key in came else row, len(places)) for row, key in enumerate(keys)]
    )


def _ids(rows: Rows, stored: Panel, names: Names, horizon: int) -> Asked:
    """Each row names a series that the model has."""
    keys = list(zip(*_key_cells(rows, stored, names), strict=True))
    where = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    panel = stored.take([_known(key, row, stored) for key, row in _first_rows(keys)])
    return Asked("ids", panel, np.array([where[key] for key in keys]), ahead=ahead_of(panel, horizon))


def _series(sent: Mapping[str, Array], stored: Panel, names: Names, horizon: int) -> Asked:
    """Each row is a series; one without a target is the model's own of that name."""
    if len(names.keys) > 1 and any(name in sent for name in names.keys):
        combined = [
            tuple(map(text_of, cells)) for cells in zip(*(sent[name] for name in names.keys), strict=True)
        ]
    else:
        combined = [(text_of(cell),) for cell in sent.get(names.keys[0], ())]
    height = len(sent[names.target])
    bare = [row for row, cell in enumerate(sent[names.target]) if cell is None]
    came = [row for row in range(height) if row not in set(bare)]
    some = {name: [column[row] for row in came] for name, column in sent.items() if name not in names.keys}
    # The covariates of a model are known by name; DeepAR's lines have them by position.
    lines = unrolled(
        some,
        len(came),
        stored.timeline,
        "auto",
        Counts(),
        (names.keys[0], names.time, names.target),
        names.covariates if FEATURES in sent or names.covariates else (),
    )
    parts = [lines.panel.take([place]) for place in range(len(came))]
    own = {row: parts[place] for place, row in enumerate(came)}
    found = [
        own[row] if row in own else stored.take([_known(combined[row] if combined else ("",), row, stored)])
        for row in range(height)
    ]
    keys = combined or [(str(row),) for row in range(height)]
    panel = _stacked(stored, keys, found)
    return Asked("series", panel, np.arange(height), ahead=ahead_of(panel, horizon), named=bool(combined))


def _points(rows: Rows, stored: Panel, names: Names, horizon: int) -> Asked:
    """Each row is a step of a series: of the past where it has a target, else one to forecast."""
    table = rows.table
    timeline = stored.timeline
    times = timeline.format.parse(texts(table[names.time].tolist()), names.time)
    if np.isnat(times).any():
        raise UserError(
            f"row {int(np.isnat(times).argmax()) + 1}, column {names.time}: expected a time, got none"
        )
    values = table[names.target].to_numpy(np.float64)
    past = ~np.isnan(values)
    items = Items()
    codes = items.of(_key_cells(rows, stored, names, unnamed=bool(past.any())))
    keys = list(items.codes)
    covariates = np.column_stack(
        [table[name].to_numpy(np.float64) for name in names.covariates] or [np.empty((len(table), 0))]
    )
    points = tidy.in_order(Points(codes, times, values, covariates), Counts())
    # Rows after the last point of a series are its future; panel_of keeps their covariates.
    sent = panel_of(points, keys, timeline, stored.key_names, names.covariates, "mean", "auto", Counts())
    first_row = {int(code): row for row, code in reversed(list(enumerate(codes)))}
    parts = []
    for place, key in enumerate(keys):
        if len(sent.series(place)):
            parts.append(_continued(stored, key, sent, place))
        else:
            parts.append(stored.take([_known(key, first_row[place], stored)]))
    panel = _stacked(stored, keys, parts)
    steps = timeline.steps(times)
    offsets = steps - panel.after[codes]
    ahead = ahead_of(panel, horizon)
    _put(ahead, codes, offsets, covariates)
    fresh = sent.lengths[codes] > 0
    _check_offsets(offsets, past | fresh, times, panel, codes, horizon)
    return Asked(
        "history" if past.any() else "points",
        panel,
        codes,
        np.where(past | (offsets < 0), -1, offsets),
        ahead,
    )


def _check_offsets(
    offsets: Array, excused: Array, times: Array, panel: Panel, codes: Array, horizon: int
) -> None:
    """A row to forecast lies after its series' end, at most `horizon` steps; a gap in a sent history is
    none.
    """
    bad = ((offsets < 0) & ~excused) | (offsets >= horizon)
    if not bad.any():
        return
    row = int(bad.argmax())
    end = panel.timeline.texts(panel.after[codes[[row]]] - 1)[0]
    asked = str(times[row]).replace("T00:00:00", "").replace("T", " ")
    if offsets[row] < 0:
        raise UserError(f"row {row + 1}: {asked} is not after the history of its series, which ends at {end}")
    raise UserError(
        f"row {row + 1}: {asked} is {offsets[row] + 1} steps after the history of its series, "
        f"which ends at {end}; the horizon is {horizon}"
    )


def _key_cells(rows: Rows, stored: Panel, names: Names, unnamed: bool = False) -> list[list[str]]:
    """The key cells of each row, as texts, column by column.

    Where none came, the only series is meant, or, if `unnamed` are allowed, one that the model does not know.
    """
    missing = [name for name in names.keys if name not in rows.sent]
    if not missing:
        table = rows.table
        return [[text_of(cell) for cell in table[name].tolist()] for name in names.keys]
    if len(missing) == len(names.keys) and (len(stored) == 1 or unnamed):
        key = stored.keys[0] if len(stored) == 1 else ("",) * len(names.keys)
        return [[part] * len(rows) for part in key]
    raise UserError(f"missing column {missing[0]}; expected what the series are called, or their history")


def _known(key: tuple[str, ...], row: int, stored: Panel) -> int:
    place = stored.where.get(key)
    if place is None:
        raise UserError(
            f'row {row + 1}: the model knows no series "{"/".join(key)}"; '
            "send its history, or a name from training"
        )
    return place


def _first_rows(keys: Sequence[tuple[str, ...]]) -> list[tuple[tuple[str, ...], int]]:
    found: dict[tuple[str, ...], int] = {}
    for row, key in enumerate(keys):
        found.setdefault(key, row)
    return list(found.items())


def _continued(stored: Panel, key: tuple[str, ...], sent: Panel, place: int) -> Panel:
    """What was sent of a series, after what the model has of it where the two meet; else what was sent."""
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


def _stacked(like: Panel, keys: Sequence[tuple[str, ...]], parts: Sequence[Panel]) -> Panel:
    return Panel.of(
        like,
        keys,
        np.concatenate([part.first for part in parts]),
        [part.series(0) for part in parts],
        [part.known(0) for part in parts] if like.covariate_names else (),
    )


def ahead_of(panel: Panel, horizon: int) -> list[Array]:
    """The covariates of the steps to come, as far as they are known."""
    found = []
    for place in range(len(panel)):
        future = np.full((horizon, len(panel.covariate_names)), np.nan)
        known = panel.known(place)[len(panel.series(place)) :][:horizon]
        future[: len(known)] = known
        found.append(future)
    return found


def _put(ahead: Sequence[Array], codes: Array, offsets: Array, covariates: Array) -> None:
    """Writes the covariates of rows to come over those known already."""
    for row in np.flatnonzero((offsets >= 0) & np.isfinite(covariates).any(axis=1)):
        future = ahead[codes[row]]
        if offsets[row] < len(future):
            future[offsets[row]] = np.where(
                np.isfinite(covariates[row]), covariates[row], future[offsets[row]]
            )
