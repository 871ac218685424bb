"""Which columns a model reads and what they hold, and how the columns of a request are matched with them."""

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field

from slipway.errors import UserError, counted, listed, shown
from slipway.table.kinds import NUMERIC, Kind
from slipway.table.styles import Style
from slipway.table.times import TimeFormat


class Column(BaseModel):
    """A column: what it is called, what it holds, and how training wrote it.

    A model names its columns by `Column(name="x")`; what they hold is filled in from the training table when
    the model is saved, but for the columns that no table has, whose `kind` the model says itself.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Kind | None = None
    role: str = ""
    """What it is to the algorithm, where that decides how it is read: keys and labels are texts, times are
    times."""
    optional: bool = False
    """Whether a request may leave it out; its cells then count as missing."""
    aliases: tuple[str, ...] = ()
    """Other names that it may come under."""
    lists: bool = False
    """Whether requests may have lists of numbers in its cells, such as whole series; they stay lists then."""
    style: Style = ""
    """How its numbers are written."""
    missing: tuple[str, ...] = ()
    """Texts that mean a gap, in addition to the usual ones."""
    whole: str = ""
    """How a column of texts writes whole numbers: `12` or `12.0`; nothing where it has none, or both."""
    words: tuple[str, ...] = ()
    """How false and true are spelled."""
    times: TimeFormat | None = None
    """How a column of times writes them."""
    categories: tuple[str, ...] = ()
    """The distinct texts of the training table, where they are few."""
    range: tuple[float, float] | None = None
    """The least and greatest number of the training table."""

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers, or what counts as such."""
        return self.kind in NUMERIC

    @property
    def plain(self) -> bool:
        """Whether its cells are numbers as JSON writes them, and no number means a gap."""
        return self.kind in {"number", "integer"} and not (self.style or self.missing)


class Schema(BaseModel):
    """What training saw, kept with the model so that no request has to say it again."""

    model_config = ConfigDict(frozen=True)

    columns: tuple[Column, ...]
    """What the model reads, in order."""
    table: tuple[Column, ...]
    """All columns of the training table, in its order, also those that the model declined."""
    others: tuple[str, ...] = ()
    """Names of further columns, which only other channels of the training had."""
    named: bool = True
    """Whether the training table had names of its own; else they are `column_1`, `column_2`, …"""
    layouts: tuple[tuple[str, ...], ...] = ()
    """Other choices of the columns that rows without names may hold."""

    sent_as: tuple[str, ...] = Field(default=(), exclude=True)
    """What rows without names hold, in their order, where a deployment says so."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @cached_property
    def table_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.table)

    @cached_property
    def header(self) -> bytes:
        """The names as the first line of a CSV that quotes none."""
        return ",".join(self.names).encode()

    @cached_property
    def numeric(self) -> bool:
        """Whether every column the model reads holds plain numbers, so that rows are one matrix."""
        return all(column.plain for column in self.columns)

    @cached_property
    def widest(self) -> int:
        return max(len(self.columns), len(self.table))

    def known(self, name: str) -> Column | None:
        """The column of that name or alias, of the model or else of the training table."""
        return self._known.get(name)

    @cached_property
    def _known(self) -> dict[str, Column]:
        aliases = {alias: column for column in self.columns for alias in column.aliases}
        own = {column.name: column for column in (*self.table, *self.columns)}
        return {**aliases, **own}

    def knows(self, cells: Sequence[str]) -> bool:
        """Whether `cells`, the first line of a CSV, are names rather than a row.

        Two known names are, among unknown ones: a header still has columns that are no longer needed.
        """
        found = sum(cell in self._known or cell in self.others for cell in cells)
        return 2 * found > len(cells) or (len(cells) > 0 and set(self.names) <= set(cells))

    def positions(self, names: Sequence[str] | None, width: int) -> list[int | None]:
        """Where each of the model's columns stands among the `width` columns sent; None: nowhere, and it may.

        By name when there are names: any order, more columns than needed. By position otherwise: exactly the
        model's columns, with or without the optional ones, or exactly the training table's. Raises UserError
        when none fits.
        """
        if names is None or not (self.named or self.knows(names)):
            return self._by_position(width)
        names = self.own_names(names)
        if len(set(names)) != len(names):
            twice = [name for name, count in Counter(names).items() if count > 1]
            raise UserError(f"column names must differ; more than once came: {listed(sorted(twice))}")
        where = {name: position for position, name in enumerate(names)}
        missing = [column.name for column in self.columns if column.name not in where and not column.optional]
        if missing or not where.keys() & set(self.names):
            raise UserError(self._missing(missing or list(self.names), names))
        return [where.get(name) for name in self.names]

    def fits(self, width: int) -> bool:
        """Whether so many cells without names are a row of the model's."""
        try:
            self._by_position(width)
        except UserError:
            return False
        return True

    def sent(self, names: Sequence[str] | None, width: int) -> list[str]:
        """What the `width` columns sent are called, also where they came by position."""
        if names is not None and (self.named or self.knows(names)):
            return self.own_names(names)
        where = {position: name for name, position in zip(self.names, self._by_position(width), strict=True)}
        for choice in (self.sent_as, self.table_names):
            if width == len(choice):
                return list(choice)
        return [where[position] for position in range(width)]

    def own_names(self, names: Sequence[str]) -> list[str]:
        """`names` with the columns' own for their aliases; a name that a column has is no alias."""
        return [column.name if (column := self._known.get(name)) else name for name in names]

    def _by_position(self, width: int) -> list[int | None]:
        if self.sent_as:
            if width != len(self.sent_as):
                raise UserError(f"{width} columns came without names; expected {listed(self.sent_as)}")
            return _places(self.sent_as, self.names)
        needed = [column.name for column in self.columns if not column.optional]
        for choice in (self.names, self.table_names, needed, *self.layouts):
            if width == len(choice) and set(needed) <= set(choice):
                return _places(choice, self.names)
        others = len(self.table) != len(self.columns)
        whole = f", or the {len(self.table)} of the training table" if others else ""
        raise UserError(
            f"{counted(width, 'column')} came without names; "
            f"expected {len(self.columns)} ({listed(self.names)}){whole}"
        )

    def _missing(self, missing: list[str], came: list[str]) -> str:
        others = [name for name in came[:1000] if name not in self.names]
        near = get_close_matches(missing[0], others, 1) if len(missing[0]) < 200 else []
        hint = f"; is {shown(near[0])} meant to be {shown(missing[0])}?" if near else ""
        return (
            f"missing {'column' if len(missing) == 1 else 'columns'} {listed(missing)}; "
            f"expected {listed(self.names)}; came {listed(came)}{hint}"
        )


def _places(choice: Sequence[str], names: Sequence[str]) -> list[int | None]:
    where = {name: position for position, name in enumerate(choice)}
    return [where.get(name) for name in names]
