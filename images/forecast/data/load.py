"""Reads the channels of a training job into one panel: long and wide tables, and DeepAR's JSON Lines."""

from dataclasses import replace
from typing import Any

import numpy as np

from slipway import Channel, TimeFormat, UserError, arrow

from ..panel import clean
from ..panel.assemble import build_panel, infer_frequency
from ..panel.clean import Points, RuleCounts
from ..panel.items import Items
from ..panel.panel import Panel
from ..panel.timeline import Timeline
from .columns import check, declare, located, named, pieces
from .covariates import categories_of, words_of
from .layout import (
    ITEM,
    LINES,
    FindCategories,
    Layout,
    ReadSettings,
    Target,
    absent,
    declare_related,
    declare_roles,
    find_layout,
    kinds_of,
    layout_like,
    related_layout,
)
from .lines import read_series, series_starts
from .related import appended
from .roles import Roles
from .timestamps import TimestampColumn, learn_format

__all__ = ["ReadSettings", "Target", "read_like", "read_target"]


def read_target(channel: Channel, settings: ReadSettings, related: Channel | None) -> Target:
    """Read the series of the target channel, with the covariates of the related one. Raises UserError."""
    declare_roles(channel, settings.given)
    if channel.nested:
        panel, names = _of_lines(channel, settings)
        column_kinds = absent({ITEM: "text", **dict.fromkeys(names, "number")}, channel)
        return Target(panel, Roles(LINES[:1], *LINES[1:], names), {**column_kinds, LINES[2]: "number"})
    layout = before = find_layout(channel, settings.given, settings.counts, _categories_in(channel))
    items = Items()
    points, form = _points(channel, layout, items, settings)
    points = clean.sort_points(clean.drop_untimed(points, settings.counts), settings.counts)
    timeline = _timeline(points, form, settings)
    if related is not None:
        declare_related(related, layout)
        layout = related_layout(related, layout, settings.counts, _categories_in(related))
        more = _related_points(related, layout, items, settings, timeline.format)
        points = appended(points, more, timeline, settings.duplicates, settings.counts)
    panel = _panel(points, items, timeline, layout.roles, settings)
    return Target(panel, layout.roles, kinds_of(channel, layout, related, before))


def read_like(channel: Channel, target: Target, settings: ReadSettings) -> Panel:
    """Read another channel with the same columns, such as `test`, on the timeline of the target."""
    quiet, timeline = replace(settings, counts=RuleCounts(), notes=[]), target.panel.timeline
    declare(channel, target.roles.keys, [target.roles.time])
    if channel.nested:
        return _of_lines(channel, quiet, timeline)[0]
    check(channel, [target.roles.time])
    layout, items = layout_like(channel, target, settings.given), Items()
    points, _ = _points(channel, layout, items, quiet, timeline.format)
    points = clean.sort_points(clean.drop_untimed(points, quiet.counts), quiet.counts)
    return _panel(points, items, timeline, layout.roles, quiet)


def gridded(found: Timeline, form: TimeFormat) -> Timeline:
    """A time grid with the format of its timestamps."""
    return replace(found, format=replace(form, wall=found.frequency.is_daily_or_longer))


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
    with named(channel.name):
        if timeline is None:
            assert settings.frequency is not None
            starts = arrow.strings(series_starts(sent, LINES))
            form = settings.wall_clock(learn_format(starts, LINES[1], settings.dates, []))
            times = form.parse(starts, LINES[1])
            timeline = gridded(Timeline.of(settings.frequency, times[~np.isnat(times)]), form)
        panel = read_series(sent, height, timeline, settings.fill, settings.counts, LINES, whole=whole)
    return panel, panel.covariate_names


def _points(
    channel: Channel, layout: Layout, items: Items, settings: ReadSettings, form: TimeFormat | None = None
) -> tuple[Points, TimeFormat]:
    """All points, read by batch, so that only numbers of a large table stay in memory; the time format."""
    stamps, parts = TimestampColumn(layout.roles.time), []
    for table, done in pieces(channel):
        codes, rows = items.of(layout.items(table)), stamps.add(table)
        with located(channel.name, done):
            parts.append(layout.points(table, codes, rows))
    return _with_times(Points.concatenate(parts), stamps, channel, settings, form)


def _related_points(
    related: Channel, layout: Layout, items: Items, settings: ReadSettings, form: TimeFormat
) -> Points:
    """The rows of the related channel; -1 is the code of those whose key no series has."""
    stamps, parts = TimestampColumn(layout.roles.time), []
    for table, done in pieces(related):
        codes, rows = items.of(layout.items(table), add=False), stamps.add(table)
        with located(related.name, done):
            parts.append(layout.covariates(table, codes, rows))
    return _with_times(Points.concatenate(parts), stamps, related, settings, form)[0]


def _with_times(
    points: Points,
    stamps: TimestampColumn,
    channel: Channel,
    settings: ReadSettings,
    form: TimeFormat | None = None,
) -> tuple[Points, TimeFormat]:
    """`points` with their parsed times (they have rows of `stamps`), and the time format."""
    cells, name = stamps.cells, stamps.name
    with named(channel.name):
        if form is None:
            form = settings.wall_clock(
                _typed_format(channel, name) or learn_format(cells, name, settings.dates, settings.notes)
            )
        times, zoned = form.read(cells, name)
    settings.counts.add("zoned", zoned)
    if np.isnat(times).all():
        raise no_times(channel, name)
    return replace(points, times=times[points.times]), form


def _typed_format(channel: Channel, name: str) -> TimeFormat | None:
    """The time format by which the whole column was typed, if it was."""
    if not channel.fits_memory:
        return None
    return next(column.times for column in channel.table.columns if column.name == name)


def no_times(channel: Channel, name: str) -> UserError:
    return UserError(f"channel {channel.name}: column {name} has no times")


def _timeline(points: Points, form: TimeFormat, settings: ReadSettings) -> Timeline:
    frequency = settings.frequency or infer_frequency(points, settings.counts)
    return gridded(Timeline.of(frequency, points.times), form)


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


def _categories_in(channel: Channel) -> FindCategories:
    return lambda names: categories_of([words_of((table for table, _ in pieces(channel)), names)])
