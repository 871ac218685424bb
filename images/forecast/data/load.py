"""Reads the channels of a training job into one panel: long and wide tables, and DeepAR's JSON Lines."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from slipway import NUMERIC, Array, Channel, DateOrder, Table, TimeFormat, UserError, arrow

from ..panel import clean
from ..panel.assemble import build_panel, infer_timeline
from ..panel.clean import Duplicates, Fill, Points, RuleCounts
from ..panel.frequency import Frequency
from ..panel.items import Items, key_cells, same
from ..panel.panel import Panel
from ..panel.timeline import Timeline
from .columns import check, declare, number_column, pieces
from .covariates import covariates_of, find_categories
from .lines import read_series, series_starts
from .roles import TARGETS, ColumnSettings, Roles, find_keys, find_time, is_wide, long_roles
from .timestamps import TimestampColumn, learn_format

ITEM = "item_id"
SINGLE = ("series",)
"""The key of the series in a table without key columns."""
LINES = (ITEM, "start", "target")
"""The fields of a series in DeepAR's JSON Lines."""

Rows = Callable[[Table], Array]
"""Returns the number of each row's series."""


@dataclass
class ReadSettings:
    """How to read the tables of a job, with counts and notes of what was found."""

    given: ColumnSettings
    frequency: Frequency | None
    duplicates: Duplicates
    fill: Fill
    dates: DateOrder = ""
    counts: RuleCounts = field(default_factory=RuleCounts)
    notes: list[str] = field(default_factory=list)
    """Notes for the log and the report on what was inferred."""


@dataclass(frozen=True)
class Target:
    """The series of the target channel."""

    panel: Panel
    roles: Roles
    column_kinds: dict[str, Any]
    """Kinds of columns that requests have and the table does not, such as the items of a wide table."""


def read_target(channel: Channel, settings: ReadSettings, related: Channel | None) -> Target:
    """Read the series of the target channel, with the covariates of the related one. Raises UserError."""
    given = settings.given
    keys = find_keys(channel.names, given)
    declare(channel, keys, _times(channel, given))
    if channel.nested:
        panel, names = _of_lines(channel, settings)
        column_kinds = _absent({ITEM: "text", **dict.fromkeys(names, "number")}, channel)
        return Target(panel, Roles(LINES[:1], *LINES[1:], names), {**column_kinds, LINES[2]: "number"})
    time = find_time(channel.names, given)
    if not keys:
        declare(channel, _sole_text(channel, time, given), [])
    items, stamps, column_kinds = Items(), TimestampColumn(time), {}
    if is_wide(channel.kinds, given):
        roles, column_kinds = Roles((ITEM,), time, "target", ()), {ITEM: "text", "target": "number"}
        parts = list(_wide_parts(channel, items, stamps))
    else:
        roles = long_roles(channel.kinds, given)
        categories = find_categories(channel, roles.texts)
        settings.counts.add("text_covariates", len(roles.texts) - len(categories))
        roles = replace(roles, covariates=(*roles.covariates, *categories), categories=categories)
        if not roles.keys:
            roles, column_kinds = replace(roles, keys=(ITEM,)), {ITEM: "text"}
        rows = _rows_of(items, () if column_kinds else roles.keys)
        parts = list(_long_parts(channel, roles, rows, stamps))
    points, form = _with_times(Points.concatenate(parts), stamps, channel, settings)
    points = clean.sort_points(clean.drop_untimed(points, settings.counts), settings.counts)
    timeline = _timeline(points, form, settings)
    if related is not None:
        steps = timeline.steps(points.times)
        points, _ = clean.merge_duplicates(points, steps, settings.duplicates, settings.counts)
        columns = roles.covariates
        points, roles = _with_related(
            points, related, roles, items, timeline, settings, single=ITEM in column_kinds
        )
        points = clean.sort_points(points, RuleCounts())
        points, _ = clean.merge_duplicates(points, timeline.steps(points.times), "mean", RuleCounts())
        added = [name for name in roles.covariates if name not in columns]
        column_kinds |= _absent({name: related.kinds[name] for name in added}, channel)
    panel = _panel(points, items, timeline, roles, settings)
    column_kinds |= {name: "number" for name in (roles.target,) if channel.kinds.get(name) not in NUMERIC}
    return Target(panel, roles, column_kinds)


def read_like(channel: Channel, target: Target, settings: ReadSettings) -> Panel:
    """Read another channel with the same columns, such as `test`, on the timeline of the target."""
    items, quiet = Items(), replace(settings, counts=RuleCounts(), notes=[])
    roles = target.roles
    declare(channel, roles.keys, [roles.time])
    if channel.nested:
        return _of_lines(channel, quiet, target.panel.timeline)[0]
    check(channel, [roles.time])
    stamps = TimestampColumn(roles.time)
    if is_wide(channel.kinds, settings.given):
        roles = replace(roles, covariates=())
        parts = list(_wide_parts(channel, items, stamps))
    else:
        keys = () if ITEM in target.column_kinds else roles.keys
        check(channel, [*keys, roles.target])
        parts = list(_long_parts(channel, roles, _rows_of(items, keys), stamps))
    points, _ = _with_times(Points.concatenate(parts), stamps, channel, quiet, target.panel.timeline.format)
    points = clean.sort_points(clean.drop_untimed(points, quiet.counts), quiet.counts)
    return _panel(points, items, target.panel.timeline, roles, quiet)


def _times(channel: Channel, given: ColumnSettings) -> list[str]:
    """The time columns, by name."""
    try:
        return [find_time(channel.names, given), LINES[1]]
    except UserError:
        if LINES[1] in channel.names:
            return [LINES[1]]
        raise


def _sole_text(channel: Channel, time: str, given: ColumnSettings) -> list[str]:
    """The only text column, which then is the key."""
    taken = {time, given.target, *TARGETS}
    found = [name for name, kind in channel.head.kinds.items() if kind == "text" and name not in taken]
    return found if len(found) == 1 else []


def _absent(column_kinds: dict[str, str], channel: Channel) -> dict[str, str]:
    return {name: kind for name, kind in column_kinds.items() if name not in channel.names}


def _of_lines(
    channel: Channel, settings: ReadSettings, timeline: Timeline | None = None
) -> tuple[Panel, tuple[str, ...]]:
    """Read series of one JSON line each: `start` and `target`, as in DeepAR."""
    sent: dict[str, list[Any]] = {}
    for table, _ in pieces(channel):
        for name in table.names:
            sent.setdefault(name, []).extend(table.column(name).tolist())
    height = max(map(len, sent.values()))
    if timeline is None and settings.frequency is None:
        raise UserError("freq is required for series as start and target; set freq, for example D or MS")
    whole = timeline is None  # series of another channel are not forecast beyond their lists
    try:
        if timeline is None:
            starts = arrow.strings(series_starts(sent, LINES))
            form = _with_wall_clock(learn_format(starts, LINES[1], settings.dates, []), settings)
            times = form.parse(starts, LINES[1])
            timeline = _timeline(times[~np.isnat(times)], form, settings)
        panel = read_series(sent, height, timeline, settings.fill, settings.counts, LINES, whole=whole)
    except UserError as error:
        raise error.within(f"channel {channel.name}") from None
    return panel, panel.covariate_names


def _with_times(
    points: Points,
    stamps: TimestampColumn,
    channel: Channel,
    settings: ReadSettings,
    form: TimeFormat | None = None,
) -> tuple[Points, TimeFormat]:
    """`points` with their parsed times (they have rows of `stamps`), and the time format."""
    cells, name = stamps.cells, stamps.name
    try:
        if form is None:
            form = _with_wall_clock(_time_format(cells, name, channel, settings), settings)
        times, zoned = form.read(cells, name)
    except UserError as error:
        raise error.within(f"channel {channel.name}") from None
    settings.counts.add("zoned", zoned)
    if np.isnat(times).all():
        raise UserError(f"channel {channel.name}: column {name} has no times")
    return replace(points, times=times[points.times]), form


def _time_format(cells: Any, name: str, channel: Channel, settings: ReadSettings) -> TimeFormat:
    """The time format of the table, or of all batches if the channel does not fit in memory."""
    if channel.fits_memory:
        known = next(column.times for column in channel.table.columns if column.name == name)
        if known is not None:
            return known
    return learn_format(cells, name, settings.dates, settings.notes)


def _with_wall_clock(form: TimeFormat, settings: ReadSettings) -> TimeFormat:
    """Use wall-clock times if a step is a day or longer."""
    return form if settings.frequency is None else replace(form, wall=settings.frequency.is_daily_or_longer)


def _timeline(points: Points | Array, form: TimeFormat, settings: ReadSettings) -> Timeline:
    if settings.frequency is not None:
        found = Timeline.of(settings.frequency, points.times if isinstance(points, Points) else points)
    else:
        assert isinstance(points, Points)
        found = infer_timeline(points, settings.counts)
    return replace(found, format=replace(form, wall=found.frequency.is_daily_or_longer))


def _panel(points: Points, items: Items, timeline: Timeline, roles: Roles, settings: ReadSettings) -> Panel:
    return build_panel(
        points,
        list(items.codes),
        timeline,
        roles.keys,
        roles.encoded,
        settings.duplicates,
        settings.fill,
        settings.counts,
    )


def _rows_of(items: Items, keys: Sequence[str], add: bool = True) -> Rows:
    """A function that numbers rows by the columns `keys`; without any all rows are one series."""
    return lambda table: items.of(key_cells(table, keys) if keys else same(SINGLE, len(table)), add)


def _long_parts(channel: Channel, roles: Roles, rows: Rows, stamps: TimestampColumn) -> Iterator[Points]:
    """Yield the points of a long table by batch, so that only numbers of a large table stay in memory."""
    for table, done in pieces(channel):
        values = number_column(channel, table, roles.target, done)
        yield Points(
            rows(table),
            stamps.add(table),
            values,
            covariates_of(channel, table, roles.covariates, roles.categories, done),
        )


def _wide_parts(channel: Channel, items: Items, stamps: TimestampColumn) -> Iterator[Points]:
    for table, done in pieces(channel):
        names = [name for name in table.names if name != stamps.name]
        codes = items.of([arrow.strings(names)])
        values = np.concatenate([number_column(channel, table, name, done) for name in names])
        yield Points(
            np.repeat(codes, len(table)),
            np.tile(stamps.add(table), len(names)),
            values,
            np.empty((len(values), 0)),
        )


def _with_related(
    points: Points,
    related: Channel,
    roles: Roles,
    items: Items,
    timeline: Timeline,
    settings: ReadSettings,
    single: bool,
) -> tuple[Points, Roles]:
    """Append the rows of the related channel, which have covariates and no target; and their roles."""
    keys = () if single else roles.keys
    declare(related, keys, [roles.time])
    check(related, [roles.time, *keys])
    names = roles.covariates
    kinds = related.kinds
    others = [name for name in kinds if name not in (*roles.keys, roles.time, roles.target, *names)]
    texts = [name for name in others if kinds[name] not in NUMERIC]
    categories = find_categories(related, texts)
    settings.counts.add("text_covariates", len(texts) - len(categories))
    numeric = [name for name in others if kinds[name] in NUMERIC]
    before = len(roles.encoded)
    both = {**roles.categories, **categories}
    roles = replace(roles, covariates=(*names, *numeric, *categories), categories=both)
    rows, stamps = _rows_of(items, keys, add=False), TimestampColumn(roles.time)
    parts = [
        Points(
            rows(table),
            stamps.add(table),
            np.full(len(table), np.nan),
            covariates_of(related, table, roles.covariates, both, done),
        )
        for table, done in pieces(related)
    ]
    part, _ = _with_times(Points.concatenate(parts), stamps, related, settings, timeline.format)
    settings.counts.add("unknown_related", (part.codes < 0).sum())
    part = part.take((part.codes >= 0) & ~np.isnat(part.times))
    wider = np.hstack([points.covariates, np.full((len(points), len(roles.encoded) - before), np.nan)])
    # Steps of the related channel before a series begins are trimmed with its missing points.
    return Points.concatenate([replace(points, covariates=wider), part]), roles
