"""The channels of a training job as one panel: long and wide tables, and lines of DeepAR's JSON."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import tidy
from assemble import panel_of, timeline_of
from frequency import Frequency
from items import Items
from lines import starts_of, unrolled
from panel import Panel
from roles import Given, Roles, find_time, is_wide, long_roles
from stamps import Stamps, format_of
from tidy import Counts, Duplicates, Fill, Points
from timeline import Timeline

from slipway import Array, Channel, UserError
from slipway.table.spellings import Order
from slipway.table.times import TimeFormat

if TYPE_CHECKING:
    from pandas import DataFrame

WHOLE = 32 << 20  # bytes of files that are read at once; more come in pieces, of which only numbers are kept

Reader = Callable[[Array], Array]
"""Takes the cells of a column of times; gives times, or rows of `Stamps` that will have them."""

LINES = ("item_id", "start", "target")
"""What a line of DeepAR's JSON calls the parts of a series."""


@dataclass
class Reading:
    """How tables are read: the same for every channel of a job."""

    given: Given
    frequency: Frequency | None
    duplicates: Duplicates
    fill: Fill
    dates: Order = ""
    counts: Counts = field(default_factory=Counts)
    notes: list[str] = field(default_factory=list)
    """What had to be guessed."""


@dataclass(frozen=True)
class Target:
    """The target channel, read."""

    panel: Panel
    roles: Roles
    own: dict[str, Any]
    """Kinds of the columns that its table does not have: of a wide one, the items."""


def read_target(channel: Channel, reading: Reading, related: Channel | None) -> Target:
    """The series of the target channel, with the covariates of the related one. Raises UserError."""
    items, stamps = Items(), Stamps()
    if channel.nested:
        panel, names = _of_lines(channel, reading)
        roles = Roles(LINES[:1], *LINES[1:], names)
        own = {LINES[0]: "text", **dict.fromkeys(names, "number")}
        return Target(panel, roles, {name: kind for name, kind in own.items() if name not in channel.kinds})
    if is_wide(channel.kinds, reading.given):
        time = find_time(channel.kinds, reading.given)
        parts = list(_wide_parts(channel, time, items, stamps.add))
        roles = Roles(("item_id",), time, "target", ())
        own = {"item_id": "text", "target": "number"}
    else:
        roles = long_roles(channel.kinds, reading.given)
        own = {}
        if not roles.keys:
            roles, own = Roles(("item_id",), roles.time, roles.target, roles.covariates), {"item_id": "text"}
        reading.counts.add("text_covariates", len(roles.texts))
        parts = list(_long_parts(channel, roles, items, stamps.add, single=bool(own)))
    points, form = _timed(_joined(parts), stamps, roles.time, reading)
    points = tidy.in_order(tidy.without_times(points, reading.counts), reading.counts)
    if not len(points):
        raise UserError(f"channel {channel.name}: no row has a time in the column {roles.time}")
    timeline = _timeline(points, form, reading)
    names = roles.covariates
    if related is not None:
        steps = timeline.steps(points.times)
        points, _ = tidy.merged(points, steps, reading.duplicates, reading.counts)
        points, names = _with_related(
            points, names, related, roles, items, timeline, reading, single="item_id" in own
        )
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
    items, quiet = Items(), replace(reading, counts=Counts(), notes=[])
    if channel.nested:
        return _of_lines(channel, quiet, target.panel.timeline)[0]
    roles = target.roles
    read = _reader(target.panel.timeline, roles.time, quiet)
    if is_wide(channel.kinds, reading.given):
        parts = list(_wide_parts(channel, roles.time, items, read))
        names: tuple[str, ...] = ()
    else:
        absent = [name for name in (roles.time, roles.target) if name not in channel.kinds]
        if absent:
            raise UserError(f"channel {channel.name}: missing columns {', '.join(absent)}")
        names = roles.covariates
        parts = list(_long_parts(channel, roles, items, read, single=roles.keys[0] in target.own))
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
    whole = timeline is None  # nothing is forecast after the lines of another channel
    if timeline is None:
        starts = starts_of(sent, LINES)
        form = _walled(format_of(starts, LINES[1], reading.dates, reading.notes), reading)
        times = form.parse(starts, LINES[1])
        timeline = _timeline(times[~np.isnat(times)], form, reading)
    panel = unrolled(sent, height, timeline, reading.fill, reading.counts, LINES, whole=whole).panel
    return panel, panel.covariate_names


def _timed(points: Points, stamps: Stamps, name: str, reading: Reading) -> tuple[Points, TimeFormat]:
    """`points` whose times are rows of `stamps` so far, and how those are written."""
    form = _walled(format_of(stamps.column, name, reading.dates, reading.notes), reading)
    times, zoned = form.read(stamps.column, name)
    reading.counts.add("zoned", zoned)
    return replace(points, times=times[points.times]), form


def _walled(form: TimeFormat, reading: Reading) -> TimeFormat:
    """Where steps are days or longer, midnight is midnight."""
    return form if reading.frequency is None else replace(form, wall=reading.frequency.is_daily_or_longer)


def _timeline(points: Points | Array, form: TimeFormat, reading: Reading) -> Timeline:
    if reading.frequency is not None:
        found = Timeline.of(reading.frequency, points.times if isinstance(points, Points) else points)
    else:
        assert isinstance(points, Points)
        found = timeline_of(points, reading.counts)
    return replace(found, format=replace(form, wall=found.frequency.is_daily_or_longer))


def _joined(parts: Sequence[Points]) -> Points:
    return Points(
        np.concatenate([part.codes for part in parts]),
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.covariates for part in parts]),
    )


def _long_parts(channel: Channel, roles: Roles, items: Items, read: Reader, single: bool) -> Iterator[Points]:
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
            codes, read(table[roles.time].to_numpy()), _numbers(table, roles.target, channel), covariates
        )


def _sorted_part(codes: Array, times: Array, values: Array, covariates: Sequence[Array]) -> Points:
    return Points(
        codes, times, values, np.column_stack(covariates) if covariates else np.empty((len(codes), 0))
    )


def _wide_parts(channel: Channel, time: str, items: Items, read: Reader) -> Iterator[Points]:
    for table in _pieces(channel):
        times = read(table[time].to_numpy())
        names = [str(name) for name in table if name != time]
        for name in names:
            codes = items.of([np.full(len(table), name, dtype=object)])
            yield Points(codes, times, _numbers(table, name, channel), np.empty((len(table), 0)))


def _pieces(channel: Channel) -> Iterator["DataFrame"]:
    if channel.size_bytes is not None and channel.size_bytes < WHOLE:
        yield channel.table
    else:
        yield from channel.tables()


def _reader(timeline: Timeline, name: str, reading: Reading) -> Reader:
    """How times are read where the format is known."""

    def read(column: Array) -> Array:
        stamps = Stamps()
        stamps.add(column)
        times, zoned = timeline.format.read(stamps.column, name)
        reading.counts.add("zoned", zoned)
        return times

    return read


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
    timeline: Timeline,
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
    read = _reader(timeline, roles.time, reading)
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
        part = _sorted_part(codes, read(table[roles.time].to_numpy()), np.full(rows, np.nan), covariates)
        parts.append(part.take((codes >= 0) & ~np.isnat(part.times)))
    # Steps that only the related channel has, before a series begins, are trimmed with its missing points.
    return _joined(parts), both
