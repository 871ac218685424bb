"""Reads the target channel on several hosts: each its own rows, then each the series that fall to it.

A series may have rows on all hosts. By a hash of its key they come together on one, which builds it; the
first host gets series that are built, in the order and to the digit as if it had read all rows itself.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from slipway import Array, Channel, Job, Table, TimeFormat, arrow

from ..panel import clean
from ..panel.assemble import build_panel, sampled
from ..panel.clean import Points, RuleCounts
from ..panel.frequency import Frequency, infer
from ..panel.items import Items, Key, key_hash
from ..panel.panel import Panel
from ..panel.timeline import Timeline, distinct
from .columns import located, named
from .covariates import categories_of, words_of
from .layout import (
    FindCategories,
    Layout,
    ReadSettings,
    Target,
    declare_related,
    declare_roles,
    find_layout,
    kinds_of,
    related_layout,
)
from .load import gridded, no_times
from .related import appended
from .timestamps import TimestampColumn, learn_format

Part = tuple[Table, Array]
"""Rows of a channel and their places in it."""


@dataclass(frozen=True)
class Rows:
    """Points of some series, on one host."""

    keys: Sequence[Key]
    first: Array
    """What series are ordered by: the place of each one's first row, or of its column; shape (series,)."""
    points: Points
    places: Array
    """The place of each point's row in the channel; shape (points,)."""
    counts: RuleCounts = field(default_factory=RuleCounts)


def why_alone(channel: Channel, related: Channel | None) -> str:
    """Why the first host of several reads all series; empty where each reads its own rows."""
    if any(one.size_bytes is None for one in (channel, related) if one is not None):
        return "hosts cannot share a pipe"
    return "they come as lists of points" if channel.nested else ""


def read_target(channel: Channel, settings: ReadSettings, related: Channel | None, job: Job) -> Target:
    """What `load.read_target` reads on one host, of tables. Raises UserError."""
    cluster = job.cluster
    declare_roles(channel, settings.given)
    parts = channel.partitions(numbered=True)
    job.progress(f"hosts that read: {', '.join(cluster.addresses(parts))}; each its own rows")
    layout = before = find_layout(channel, settings.given, settings.counts, _categories_in(parts, job))
    form = _format(channel, parts, layout.roles.time, settings, job)
    rows: list[Any] = cluster.keep(_rows, parts, channel=channel.name, layout=layout, form=form)
    del parts  # of which the hosts need no more than the points
    rows = _exchanged(rows, job)
    timeline = _timeline(channel, rows, layout, form, settings, job)
    if related is not None:
        declare_related(related, layout)
        parts = related.partitions(numbered=True)
        layout = related_layout(related, layout, settings.counts, _categories_in(parts, job))
        more: list[Any] = cluster.keep(
            _rows, parts, channel=related.name, layout=layout, form=timeline.format, related=True
        )
        more = _exchanged(more, job)
        both: Any = cluster.pairs(rows, more)
        rows = cluster.keep(_with_related, both, timeline=timeline, duplicates=settings.duplicates)
    built = list(
        cluster.map(
            _panel, rows, timeline=timeline, layout=layout, duplicates=settings.duplicates, fill=settings.fill
        )
    )
    for _, _, counts in built:
        settings.counts.times.update(counts.times)
    panel = _joined_panels([panel for panel, _, _ in built], [first for _, first, _ in built])
    return Target(panel, layout.roles, kinds_of(channel, layout, related, before))


def _categories_in(parts: Sequence[Any], job: Job) -> FindCategories:
    return lambda names: categories_of(job.cluster.map(_words, parts, names=names)) if names else {}


def _format(
    channel: Channel, parts: Sequence[Any], name: str, settings: ReadSettings, job: Job
) -> TimeFormat:
    """The time format on which the cells of all hosts agree, else the one that all of them tell together."""
    found = next(column.times for column in channel.columns if column.name == name)
    if found is None:
        cells = sorted(cell for some in job.cluster.map(_distinct_times, parts, name=name) for cell in some)
        texts = list(dict.fromkeys(text for _, text in cells))
        with named(channel.name):
            found = learn_format(arrow.strings(texts), name, settings.dates, settings.notes)
    return settings.wall_clock(found)


def _exchanged(rows: Sequence[Any], job: Job) -> list[Any]:
    """The rows of each series on one host; an entry for each host."""
    cluster = job.cluster
    shares: Any = cluster.keep(_by_owner, rows, hosts=len(cluster.hosts))
    exchanged: Any = cluster.exchange(shares)
    return cluster.keep(_joined, exchanged)


def _timeline(
    channel: Channel, rows: Sequence[Any], layout: Layout, form: TimeFormat, settings: ReadSettings, job: Job
) -> Timeline:
    """The time grid of the points on all hosts."""
    grids = list(job.cluster.map(_grid, rows))
    first, times, counts = (np.concatenate(parts) for parts in zip(*grids, strict=True))
    if not len(times):
        raise no_times(channel, layout.roles.time)
    times, inverse = np.unique(times, return_inverse=True)
    counts = np.bincount(inverse, counts).astype(np.int64)
    frequency = settings.frequency or _frequency(np.sort(first), rows, settings.counts, job)
    return gridded(Timeline.of(frequency, times, counts), form)


def _frequency(first: Array, rows: Sequence[Any], counts: RuleCounts, job: Job) -> Frequency:
    """The step of the series that one host would infer it from; `first` are those of series with points."""
    chosen = first[sampled(len(first))]
    found = [one for some in job.cluster.map(_times_of, rows, chosen=chosen) for one in some]
    frequency, others = infer([times for _, times in sorted(found, key=lambda one: one[0])])
    counts.add("other_step", others)
    return frequency


def _joined_panels(panels: Sequence[Panel], firsts: Sequence[Array]) -> Panel:
    """The series of all hosts in the order of one."""
    owner = np.repeat(np.arange(len(panels)), [len(first) for first in firsts])
    inside = np.concatenate([np.arange(len(first)) for first in firsts])
    order = np.argsort(np.concatenate(firsts), kind="stable")
    places = list(zip(owner[order].tolist(), inside[order].tolist(), strict=True))
    return Panel.of(
        panels[0],
        [panels[host].keys[place] for host, place in places],
        np.concatenate([panel.first for panel in panels])[order],
        [panels[host].series(place) for host, place in places],
        [panels[host].known(place) for host, place in places] if panels[0].covariate_names else (),
    )


# These run on each host, over the rows or the series that it has.


def _words(part: Part, names: Sequence[str]) -> dict[str, set[str]]:
    return words_of([part[0]], names)


def _distinct_times(part: Part, name: str) -> list[tuple[int, str]]:
    """The distinct cells of a time column, each with the place of the first that has it."""
    stamps = TimestampColumn(name)
    stamps.add(part[0])
    codes = arrow.codes(stamps.cells)
    numbers, first = np.unique(codes, return_index=True)
    texts = stamps.cells.dictionary.to_pylist()
    return [
        (int(part[1][row]), texts[number])
        for number, row in zip(numbers.tolist(), first.tolist(), strict=True)
        if 0 <= number < len(texts)
    ]


def _rows(part: Part, channel: str, layout: Layout, form: TimeFormat, related: bool = False) -> Rows:
    table, places = part
    stamps, items, counts = TimestampColumn(layout.roles.time), Items(), RuleCounts()
    codes, rows = items.of(layout.items(table)), stamps.add(table)
    with located(channel, places):
        points = (layout.covariates if related else layout.points)(table, codes, rows)
        times, zoned = form.read(stamps.cells, stamps.name)
    counts.add("zoned", zoned)
    first = np.arange(len(items.codes)) if layout.wide else places[np.unique(codes, return_index=True)[1]]
    rows, points = points.times, replace(points, times=times[points.times])
    if not related:
        rows, points = rows[~np.isnat(points.times)], clean.drop_untimed(points, counts)
    return Rows(list(items.codes), first, points, places[rows], counts)


def _by_owner(rows: Rows, hosts: int) -> list[Rows]:
    """The series of each host, by a hash of their keys; the first has what was counted."""
    owner = np.array([key_hash(key) % hosts for key in rows.keys], dtype=np.int64)
    shares = []
    for host in range(hosts):
        mine = np.flatnonzero(owner == host)
        code = np.zeros(len(owner), np.int64)
        code[mine] = np.arange(len(mine))
        there = owner[rows.points.codes] == host
        points = rows.points.take(there)
        shares.append(
            Rows(
                [rows.keys[place] for place in mine.tolist()],
                rows.first[mine],
                replace(points, codes=code[points.codes]),
                rows.places[there],
                rows.counts if host == 0 else RuleCounts(),
            )
        )
    return shares


def _joined(parts: Sequence[Rows]) -> Rows:
    """The rows of all hosts by series, in the order of the channel; series are numbered by first rows."""
    first: dict[Key, int] = {}
    counts = RuleCounts()
    for part in parts:
        counts.times.update(part.counts.times)
        for key, place in zip(part.keys, part.first.tolist(), strict=True):
            first[key] = min(place, first.get(key, place))
    keys = sorted(first, key=first.__getitem__)
    code = {key: number for number, key in enumerate(keys)}
    known = [np.array([code[key] for key in part.keys], dtype=np.int64) for part in parts]
    points = Points.concatenate(
        [
            replace(part.points, codes=codes[part.points.codes])
            for part, codes in zip(parts, known, strict=True)
        ]
    )
    places = np.concatenate([part.places for part in parts])
    order = np.lexsort((places, points.codes))
    return Rows(keys, np.array([first[key] for key in keys]), points.take(order), places[order], counts)


def _grid(rows: Rows) -> tuple[Array, Array, Array]:
    """What the series with points are ordered by, their distinct times, and how often each is there."""
    times, moments = distinct(rows.points.times)
    return rows.first[np.unique(rows.points.codes)], times, np.bincount(moments, minlength=len(times))


def _times_of(rows: Rows, chosen: Array) -> list[tuple[int, Array]]:
    """The times of those series that are chosen by what they are ordered by."""
    codes = np.flatnonzero(np.isin(rows.first, chosen))
    begins, ends = (np.searchsorted(rows.points.codes, codes, side) for side in ("left", "right"))
    return [
        (int(rows.first[code]), np.sort(rows.points.times[begin:end]))
        for code, begin, end in zip(codes.tolist(), begins.tolist(), ends.tolist(), strict=True)
    ]


def _with_related(both: tuple[Rows, Rows], timeline: Timeline, duplicates: clean.Duplicates) -> Rows:
    rows, related = both
    number = {key: code for code, key in enumerate(rows.keys)}
    codes = np.array([number.get(key, -1) for key in related.keys], dtype=np.int64)
    more = replace(related.points, codes=codes[related.points.codes])
    points, counts = _sorted(rows)
    counts.times.update(related.counts.times)
    points = appended(points, more, timeline, duplicates, counts)
    return replace(rows, points=points, places=np.zeros(len(points), np.int64), counts=counts)


def _panel(
    rows: Rows, timeline: Timeline, layout: Layout, duplicates: clean.Duplicates, fill: clean.Fill
) -> tuple[Panel, Array, RuleCounts]:
    """The series of this host, what they are ordered by, and how often each rule was applied."""
    roles = layout.roles
    points, counts = _sorted(rows)
    panel = build_panel(points, rows.keys, timeline, roles.keys, roles.encoded, duplicates, fill, counts)
    return panel, rows.first, counts


def _sorted(rows: Rows) -> tuple[Points, RuleCounts]:
    """The points by series and time. Rows count as unsorted that follow one another in the channel."""
    codes, times = rows.points.codes, rows.points.times
    back = (codes[1:] == codes[:-1]) & (times[1:] < times[:-1]) & (np.diff(rows.places) == 1)
    counts = RuleCounts(Counter(rows.counts.times))
    counts.add("unsorted", len(np.unique(codes[1:][back])))
    return clean.sort_points(rows.points, RuleCounts()), counts
