"""Which columns a model reads, and how the columns of a request are matched with them."""

from collections.abc import Sequence
from difflib import get_close_matches
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field

from slipway.cells import Kind
from slipway.errors import UserError, listed


class Column(BaseModel):
    """A column that the model reads."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Kind
    optional: bool = False
    """Whether a request may leave it out; its cells then count as missing."""
    aliases: tuple[str, ...] = ()
    """Other names that it may come under."""


class Schema(BaseModel):
    """What training saw, kept with the model so that no request has to say it again."""

    model_config = ConfigDict(frozen=True)

    columns: tuple[Column, ...]
    """What the model reads, in order."""
    table: tuple[str, ...]
    """All columns of the training table, in its order: a transform over a file like it needs no names."""
    named: bool = True
    """Whether the training table had names of its own; else they are `column_1`, `column_2`, …"""
    short: tuple[tuple[str, ...], ...] = ()
    """Other choices of the columns that rows without names may hold."""

    sent_as: tuple[str, ...] = Field(default=(), exclude=True)
    """What rows without names hold, in their order, where a deployment says so."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @cached_property
    def numeric(self) -> bool:
        return all(column.kind != "text" for column in self.columns)

    def knows(self, cells: Sequence[str]) -> bool:
        """Whether `cells`, the first line of a CSV, are names rather than a row."""
        known = {*self.names, *self.table, *self._aliases}
        return 2 * sum(cell in known for cell in cells) > len(cells) or set(self.names) <= set(cells)

    def positions(self, names: Sequence[str] | None, width: int) -> list[int | None]:
        """Where each of the model's columns stands among the `width` columns sent; None: nowhere, and it may.

        By name when there are names: any order, more columns than needed. By position otherwise: exactly the
        model's columns, with or without the optional ones, or exactly the training table's. Raises UserError
        when none fits.
        """
        if names is None or not (self.named or self.knows(names)):
            return self._by_position(width)
        names = self._own_names(names)
        if len(set(names)) != len(names):
            twice = sorted({name for name in names if list(names).count(name) > 1})
            raise UserError(f"column names must differ; more than once came: {listed(twice)}")
        where = {name: position for position, name in enumerate(names)}
        missing = [column.name for column in self.columns if column.name not in where and not column.optional]
        if missing or not where.keys() & set(self.names):
            raise UserError(self._missing(missing or list(self.names), list(names)))
        return [where.get(name) for name in self.names]

    def sent(self, names: Sequence[str] | None, width: int) -> list[str]:
        """What the `width` columns sent are called, also where they came by position."""
        if names is not None and (self.named or self.knows(names)):
            return self._own_names(names)
        where = {position: name for name, position in zip(self.names, self._by_position(width), strict=True)}
        if width == len(self.sent_as):
            return list(self.sent_as)
        if width == len(self.table):
            return list(self.table)
        return [where[position] for position in range(width)]

    @cached_property
    def _aliases(self) -> dict[str, str]:
        return {alias: column.name for column in self.columns for alias in column.aliases}

    def _own_names(self, names: Sequence[str]) -> list[str]:
        """`names` with the columns' own for their aliases; a name that a column has is no alias."""
        if not self._aliases:
            return list(names)
        own = {*self.names, *self.table}
        return [name if name in own else self._aliases.get(name, name) for name in names]

    def _by_position(self, width: int) -> list[int | None]:
        if self.sent_as:
            if width != len(self.sent_as):
                raise UserError(f"{width} columns came without names; expected {listed(self.sent_as)}")
            return [self.sent_as.index(name) if name in self.sent_as else None for name in self.names]
        if width == len(self.columns):
            return list(range(width))
        if width == len(self.table):
            return [self.table.index(name) for name in self.names]
        needed = [column.name for column in self.columns if not column.optional]
        if width == len(needed):
            return [needed.index(name) if name in needed else None for name in self.names]
        for some in self.short:
            if width == len(some):
                return [some.index(name) if name in some else None for name in self.names]
        whole = (
            f", or the {len(self.table)} of the training table"
            if len(self.table) != len(self.columns)
            else ""
        )
        raise UserError(
            f"{width} {'column' if width == 1 else 'columns'} came without names; "
            f"expected {len(self.columns)} ({listed(self.names)}){whole}"
        )

    def _missing(self, missing: list[str], came: list[str]) -> str:
        near = get_close_matches(missing[0], [name for name in came if name not in self.names], 1)
        hint = f'; is "{near[0]}" meant to be "{missing[0]}"?' if near else ""
        return (
            f"missing {'column' if len(missing) == 1 else 'columns'} {listed(missing)}; "
            f"expected {listed(self.names)}; came {listed(came)}{hint}"
        )
