"""How a channel's table holds series: which columns have which role, in rows or in columns of their own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from slipway import NUMERIC, Array, Channel, DateOrder, Table, TimeFormat, UserError, arrow

from ..panel.clean import Duplicates, Fill, Points, RuleCounts
from ..panel.covariates import Categories, number_column
from ..panel.frequency import Frequency
from ..panel.items import key_cells, same
from ..panel.panel import Panel
from .columns import check, declare
from .covariates import covariates_of
from .roles import TARGETS, ColumnSettings, Roles, find_keys, find_time, is_wide, long_roles

ITEM = "item_id"
SINGLE = ("series",)
"""The key of the series in a table without key columns."""
LINES = (ITEM, "start", "target")
"""The fields of a series in DeepAR's JSON Lines."""

FindCategories = Callable[[Sequence[str]], Categories]
"""Returns the categories of those of the text columns that have few."""


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

    def wall_clock(self, form: TimeFormat) -> TimeFormat:
        """The format with wall-clock times if a step is a day or longer."""
        return form if self.frequency is None else replace(form, wall=self.frequency.is_daily_or_longer)


@dataclass(frozen=True)
class Target:
    """The series of the target channel."""

    panel: Panel
    roles: Roles
    column_kinds: dict[str, Any]
    """Kinds of columns that requests have and the table does not, such as the items of a wide table."""


@dataclass(frozen=True)
class Layout:
    """The roles of a table's columns. In a wide table each column but the time is a series."""

    roles: Roles
    wide: bool
    column_kinds: dict[str, Any]

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns by which rows are told apart; without any all rows are one series."""
        return () if ITEM in self.column_kinds else self.roles.keys

    def items(self, table: Table) -> list[pa.Array]:
        """The key columns of its rows; in a wide table the names of its series."""
        if self.wide:
            return [arrow.strings(self._series(table))]
        return key_cells(table, self.keys) if self.keys else same(SINGLE, len(table))

    def points(self, table: Table, codes: Array, times: Array) -> Points:
        """The points of a table; `codes` number its `items`, `times` are its rows'. Raises UserError."""
        if not self.wide:
            values = number_column(table, self.roles.target)
            if self.roles.stockout:
                out = number_column(table, self.roles.stockout)
                values = np.where(out > 0, np.nan, values)
            return Points(
                codes, times, values, covariates_of(table, self.roles.covariates, self.roles.categories)
            )
        names = self._series(table)
        values = np.concatenate([number_column(table, name) for name in names])
        return Points(
            np.repeat(codes, len(table)),
            np.tile(times, len(names)),
            values,
            np.empty((len(values), 0)),
        )

    def covariates(self, table: Table, codes: Array, times: Array) -> Points:
        """Rows of the related channel: points without a value. Raises UserError."""
        known = covariates_of(table, self.roles.covariates, self.roles.categories)
        return Points(codes, times, np.full(len(table), np.nan), known)

    def _series(self, table: Table) -> list[str]:
        return [name for name in table.names if name != self.roles.time]


def declare_roles(channel: Channel, given: ColumnSettings) -> None:
    """Declares the key and time columns before the data are read."""
    keys = find_keys(channel.names, given)
    declare(channel, keys, _times(channel, given))
    if not channel.nested and not keys:
        declare(channel, _sole_text(channel, find_time(channel.names, given), given), [])


def find_layout(
    channel: Channel, given: ColumnSettings, counts: RuleCounts, categories: FindCategories
) -> Layout:
    """The roles of a target channel's columns. Raises UserError if one cannot be determined."""
    if is_wide(channel.kinds, given):
        if given.stockout:
            raise UserError(
                "hyperparameter stockout: a wide table has no column for it; leave its cells empty"
            )
        roles = Roles((ITEM,), find_time(channel.names, given), "target", ())
        return Layout(roles, True, {ITEM: "text", "target": "number"})
    roles = long_roles(channel.kinds, given)
    found = categories(_texts(channel, roles.texts))
    counts.add("text_covariates", len(roles.texts) - len(found))
    roles = replace(roles, covariates=(*roles.covariates, *found), categories=found)
    if roles.keys:
        return Layout(roles, False, {})
    return Layout(replace(roles, keys=(ITEM,)), False, {ITEM: "text"})


def layout_like(channel: Channel, target: Target, given: ColumnSettings) -> Layout:
    """The layout of another channel with the columns of the target. Raises UserError for a missing column."""
    if is_wide(channel.kinds, given):
        return Layout(replace(target.roles, covariates=()), True, target.column_kinds)
    found = Layout(target.roles, False, target.column_kinds)
    check(channel, [*found.keys, found.roles.target])
    return found


def declare_related(related: Channel, target: Layout) -> None:
    """Declares the key and time columns of the related channel. Raises UserError for a missing one."""
    declare(related, target.keys, [target.roles.time])
    check(related, [target.roles.time, *target.keys])


def related_layout(
    related: Channel, target: Layout, counts: RuleCounts, categories: FindCategories
) -> Layout:
    """The layout of the target with the covariates of the related channel after its own."""
    roles, kinds = target.roles, related.kinds
    others = [
        name
        for name in kinds
        if name not in (*roles.keys, roles.time, roles.target, roles.stockout, *roles.covariates)
    ]
    texts = [name for name in others if kinds[name] not in NUMERIC]
    found = categories(_texts(related, texts))
    counts.add("text_covariates", len(texts) - len(found))
    numeric = [name for name in others if kinds[name] in NUMERIC]
    roles = replace(
        roles,
        covariates=(*roles.covariates, *numeric, *found),
        categories={**roles.categories, **found},
    )
    return replace(target, roles=roles, wide=False)


def kinds_of(channel: Channel, layout: Layout, related: Channel | None, before: Layout) -> dict[str, Any]:
    """`Target.column_kinds`; `before` is the layout without the covariates of the related channel."""
    found = dict(layout.column_kinds)
    if related is not None:
        added = [name for name in layout.roles.covariates if name not in before.roles.covariates]
        found |= absent({name: related.kinds[name] for name in added}, channel)
    target = layout.roles.target
    return found | ({target: "number"} if channel.kinds.get(target) not in NUMERIC else {})


def absent(column_kinds: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Those of the columns that the channel does not have."""
    return {name: kind for name, kind in column_kinds.items() if name not in channel.names}


def _texts(channel: Channel, names: Sequence[str]) -> list[str]:
    return [name for name in names if channel.kinds[name] == "text"]


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
