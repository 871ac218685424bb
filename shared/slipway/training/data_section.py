"""The section of the training report that says how the data were read."""

from collections.abc import Mapping
from typing import Any

from slipway.table.schema import Column
from slipway.table.table import Table
from slipway.training.channel import Channel
from slipway.training.report import Report, Section

TITLE = "Data"
_COLUMNS = 200
_NOTES = 50  # of a channel


def add(page: Report, channels: Mapping[str, Channel]) -> None:
    """Puts the section first: what each column was read as, its gaps, and what was guessed or repaired."""
    from pandas import DataFrame

    rows = [row for name, channel in channels.items() for row in _rows(name, channel)]
    notes = [
        f"Channel {name}: {note}." for name, channel in channels.items() for note in channel.notes[:_NOTES]
    ]
    text = " ".join(notes) or "Every column was read as it is written; nothing was guessed or repaired."
    if len(rows) > _COLUMNS:
        text += f" The first {_COLUMNS} of {len(rows)} columns are shown."
    table = DataFrame(rows[:_COLUMNS], columns=["channel", "column", "read as", "missing", "values"])
    page.sections.insert(0, Section(TITLE, text, table))


def _rows(name: str, channel: Channel) -> list[list[Any]]:
    table = channel.read_table
    if table is None:
        return [[name, column.name, column.kind, None, _values(column)] for column in channel.head.columns]
    return [
        [name, column.name, *_read_as(table, column), _values(column)] for column in table.columns[:_COLUMNS]
    ]


def _read_as(table: Table, column: Column) -> tuple[str | None, int | None]:
    if table.refused(column.name) is not None:
        return "not read", None
    return column.kind, int(table.gaps(column.name).sum())


def _values(column: Column) -> str:
    if column.range is not None:
        return f"{column.range[0]:g} to {column.range[1]:g}"
    shown = ", ".join(column.categories[:5])
    return (shown[:80] + ", …" if len(column.categories) > 5 else shown[:80]) if column.categories else ""
