"""The channels of a training job as one panel: long and wide tables, and lines of DeepAR's JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import tidy
from assemble import panel_of, timeline_of
from frequency import Frequency, parse_times
from items import Items
from lines import unrolled
from panel import Panel
from roles import Given, Roles, find_time, is_wide, long_roles
from tidy import Counts, Duplicates, Fill, Points
from timeline import Timeline

from slipway import Array, Channel, UserError

if TYPE_CHECKING:
    from pandas import DataFrame

WHOLE = 32 << 20  # bytes of files that are read at once; more come in pieces, of which only numbers are kept

LINES = ("item_id", "start", "target")
"""What a line of DeepAR's JSON calls the parts of a series."""


@dataclass
class Reading:
    """How tables are read: the same for every channel of a job."""

    given: Given
    frequency: Frequency | None
    duplicates: Duplicates
    fill: Fill
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True)
class Target:
    """The target channel, read."""

    panel: Panel
    roles: Roles
    own: dict[str, Any]
    """Kinds of the columns that its table does not have: of a wide one, the items."""


def read_target(channel: Channel, reading: Reading, related: Channel | None) -> Target:
    """The series of the target channel, with the covariates of the related one. Raises UserError."""
    items = Items()
    if channel.nested:
        panel, names = _of_lines(channel, reading)
        roles = Roles(LINES[:1], *LINES[1:], names)
        own = {LINES[0]: "text", **dict.fromkeys(names, "number")}
        return Target(panel, roles, {name: kind for name, kind in own.items() if name not in channel.kinds})
    if is_wide(channel.kinds, reading.given):
        time = find_time(channel.kinds, reading.given)
        parts = list(_wide_parts(channel, time, items, reading))
        roles = Roles(("item_id",), time, "target", ())
        own = {"item_id": "text", "target": "number"}
    else:
        roles = long_roles(channel.kinds, reading.given)
        own = {}
        if not roles.keys:
            roles, own = Roles(("item_id",), roles.time, roles.target, roles.covariates), {"item_id": "text"}
        reading.counts.add("text_covariates", len(roles.texts))
        parts = list(_long_parts(channel, roles, items, reading, single=bool(own)))
    points = tidy.in_order(tidy.without_times(_joined(parts), reading.counts), reading.counts)
    if not len(points):
        raise UserError(f"channel {channel.name}: no row has a time in the column {roles.time}")
    timeline = _timeline(points, reading)
    names = roles.covariates
    if related is not None:
        steps = timeline.steps(points.times)
        points, _ = tidy.merged(points, steps, reading.duplicates, reading.counts)
        points, names = _with_related(points, names, related, roles, items, reading, single="item_id" in own)
        points = tidy.in_order(points, Counts())
        points, _ = tidy.merged(points, timeline.steps(points.times), "mean", Counts())
        roles = Roles(roles.keys, roles.time, roles.target, names)
        own = {**own, **{name: "number" for name in names if name not in channel.kinds}}
    keys = list(items.codes)
    panel = panel_of(
        points, keys, timeline, roles.keys, names, reading.duplicates, reading.fill, reading.counts
    )
    return Target(panel, roles, own)


def read_like(channel: Channel, target: Target, reading: Reading) -> Panel:
    """Another channel of the same columns, such as `test`, on the timeline of the target. Counts go
    unheard.
    """
    items, quiet = Items(), Reading(reading.given, reading.frequency, reading.duplicates, reading.fill)
    if channel.nested:
        return _of_lines(channel, quiet, target.panel.timeline)[0]
    roles = target.roles
    if is_wide(channel.kinds, reading.given):
        parts = list(_wide_parts(channel, roles.time, items, quiet))
        names: tuple[str, ...] = ()
    else:
        absent = [name for name in (roles.time, roles.target) if name not in channel.kinds]
        if absent:
            raise UserError(f"channel {channel.name}: missing columns {', '.join(absent)}")
        names = roles.covariates
        parts = list(_long_parts(channel, roles, items, quiet, single=roles.keys[0] in target.own))
    points = tidy.in_order(tidy.without_times(_joined(parts), quiet.counts), quiet.counts)
    return panel_of(
        points,
        list(items.codes),
        target.panel.timeline,
        roles.keys,
        names,
        reading.duplicates,
        reading.fill,
        quiet.counts,
    )


def _of_lines(
    channel: Channel, reading: Reading, timeline: Timeline | None = None
) -> tuple[Panel, tuple[str, ...]]:
    """Series of one line each: `start` and `target`, as DeepAR has them."""
    sent: dict[str, list[Any]] = {}
    for piece in channel.records():
        for name, column in piece.items():
            sent.setdefault(name, []).extend(column.tolist())
    height = max(map(len, sent.values()))
    if timeline is None and reading.frequency is None:
        raise UserError("freq is required where series come as start and target; give freq, as in D or MS")
    panel = unrolled(sent, height, timeline, reading.frequency, reading.fill, reading.counts, LINES).panel
    return panel, panel.covariate_names


def _timeline(points: Points, reading: Reading) -> Timeline:
    if reading.frequency is not None:
        return Timeline.of(reading.frequency, points.times)
    return timeline_of(points, reading.counts)


def _joined(parts: Sequence[Points]) -> Points:
    return Points(
        np.concatenate([part.codes for part in parts]),
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.covariates for part in parts]),
    )


def _long_parts(
    channel: Channel, roles: Roles, items: Items, reading: Reading, single: bool
) -> Iterator[Points]:
    """Piece by piece, so that only numbers are kept, never the table."""
    for table in _pieces(channel):
        rows = len(table)
        columns = (
            [np.full(rows, "series", dtype=object)]
            if single
            else [table[name].to_numpy() for name in roles.keys]
        )
        codes = items.of(columns)
        covariates = [
            _numbers(table, name, channel) if name in table else np.full(rows, np.nan)
            for name in roles.covariates
        ]
        yield _sorted_part(
            codes, _times(table, roles.time, reading), _numbers(table, roles.target, channel), covariates
        )


def _sorted_part(codes: Array, times: Array, values: Array, covariates: Sequence[Array]) -> Points:
    return Points(
        codes, times, values, np.column_stack(covariates) if covariates else np.empty((len(codes), 0))
    )


def _wide_parts(channel: Channel, time: str, items: Items, reading: Reading) -> Iterator[Points]:
    for table in _pieces(channel):
        times = _times(table, time, reading)
        names = [str(name) for name in table if name != time]
        for name in names:
            codes = items.of([np.full(len(table), name, dtype=object)])
            yield Points(codes, times, _numbers(table, name, channel), np.empty((len(table), 0)))


def _pieces(channel: Channel) -> Iterator["DataFrame"]:
    if channel.size_bytes is not None and channel.size_bytes < WHOLE:
        yield channel.table
    else:
        yield from channel.tables()


def _times(table: "DataFrame", name: str, reading: Reading) -> Array:
    times, zoned = parse_times(table[name].to_numpy(), _wall(table[name], reading))
    reading.counts.add("zoned", zoned)
    return times


def _wall(column: Any, reading: Reading) -> bool:
    """Whether to keep the wall clock's time: where steps are days or longer, midnight is midnight."""
    if reading.frequency is not None:
        return reading.frequency.is_daily_or_longer
    texts = column.dropna()
    return bool(len(texts)) and texts.dtype == object and texts.astype(str).str.slice(11, 19).nunique() <= 1


def _numbers(table: "DataFrame", name: str, channel: Channel) -> Array:
    column = table[name].to_numpy()
    if column.dtype == object:
        present = [cell for cell in column.tolist() if cell is not None]
        if present:
            raise UserError(f'channel {channel.name}, column {name}: expected numbers, got "{present[0]}"')
        return np.full(len(column), np.nan)
    return np.asarray(column, dtype=np.float64)


def _with_related(
    points: Points,
    names: tuple[str, ...],
    related: Channel,
    roles: Roles,
    items: Items,
    reading: Reading,
    single: bool,
) -> tuple[Points, tuple[str, ...]]:
    """The points with the related channel's rows as further ones, which have covariates and no target."""
    kinds: Mapping[str, str] = related.kinds
    absent = [name for name in (roles.time, *(() if single else roles.keys)) if name not in kinds]
    if absent:
        raise UserError(f"channel related: missing columns {', '.join(absent)}; it has {', '.join(kinds)}")
    others = [name for name in kinds if name not in (*roles.keys, roles.time, roles.target, *names)]
    added = tuple(name for name in others if kinds[name] != "text")
    reading.counts.add("text_covariates", len(others) - len(added))
    both = (*names, *added)
    parts = [
        Points(
            points.codes,
            points.times,
            points.values,
            np.hstack([points.covariates, np.full((len(points), len(added)), np.nan)]),
        )
    ]
    for table in _pieces(related):
        rows = len(table)
        columns = (
            [np.full(rows, "series", dtype=object)]
            if single
            else [table[name].to_numpy() for name in roles.keys]
        )
        codes = items.of(columns, add=False)
        reading.counts.add("unknown_related", (codes < 0).sum())
        covariates = [
            _numbers(table, name, related) if name in kinds else np.full(rows, np.nan) for name in both
        ]
        part = _sorted_part(codes, _times(table, roles.time, reading), np.full(rows, np.nan), covariates)
        parts.append(part.take((codes >= 0) & ~np.isnat(part.times)))
    # Steps that only the related channel has, before a series begins, are trimmed with its missing points.
    return _joined(parts), both
