"""Who has to act: the caller (UserError), whoever runs the machine (PlatformError), else we."""

from collections.abc import Mapping, Sequence
from typing import Any, Self


class UserError(Exception):
    """A mistake of the caller: one line that names what is wrong, what was expected, and the value received.

    `row` counts from 1 among the rows of the request or file; `str()` puts row and column before the message.
    In training the text becomes the first line of the failure file, in serving the message of a 4xx answer,
    which has `row` and `column` as members, too.
    """

    status = 400

    def __init__(self, message: str, row: int | None = None, column: str | None = None) -> None:
        super().__init__(message, row, column)
        self.message = message
        self.row = row
        self.column = column

    def __str__(self) -> str:
        place = [f"row {self.row}"] if self.row is not None else []
        place += [f"column {shown(self.column)}"] if self.column is not None else []
        return f"{', '.join(place)}: {self.message}" if place else self.message

    def moved(self, row: int | None) -> Self:
        """The same error, of another row."""
        error = type(self)(self.message, row, self.column)
        error.status = self.status
        return error

    def shifted(self, rows: int) -> Self:
        """The same error, so many rows further down; as it is where it is of no row."""
        return self if self.row is None else self.moved(self.row + rows)

    def within(self, place: str) -> "UserError":
        """The same error with where it happened before it: a file, a channel."""
        return UserError(f"{place}: {self}")


class RowErrors(UserError):
    """Several rows of a request are wrong, each for a reason of its own; `rows` has the error of each.

    A model raises it from `predict`, so that with on_error=record one call tells all rows to be left out.
    """

    def __init__(self, rows: Mapping[int, UserError]) -> None:
        first = rows[min(rows)]
        super().__init__(first.message, min(rows), first.column)
        self.rows = dict(rows)

    def moved(self, row: int | None) -> UserError:  # type: ignore[override]
        """The first of the errors, of another row."""
        return UserError(self.message, row, self.column)


class PlatformError(Exception):
    """What surrounds the job let it down: a full disk, an input that cannot be read, a host that is lost."""


class UnsupportedMediaType(UserError):
    """The request's Content-Type is not one that can be read."""

    status = 415


class NotAcceptable(UserError):
    """The request's Accept names nothing that can be written."""

    status = 406


class PayloadTooLarge(UserError):
    """The request's body is over the limit."""

    status = 413


class InsufficientMemory(UserError):
    """The answer would not fit in what memory is free now; later it may."""

    status = 507


class NoRows(UserError):
    """The request holds no row, so there is nothing to answer."""

    status = 204


class ModelLoadError(UserError):
    """The model folder cannot be served: missing, damaged, or another image's."""

    status = 500


def shown(value: object, limit: int = 40) -> str:
    """`value` as an error message quotes it: on one line, cut to `limit` characters."""
    text = _quoted(value, limit)
    return text if len(text) <= limit else text[: limit - 2] + '…"'


def _quoted(value: Any, limit: int) -> str:
    if isinstance(value, str):
        return '"' + value[:limit].replace("\n", " ").replace("\r", " ") + ("" if len(value) > limit else '"')
    if isinstance(value, list | tuple):  # which may be nested a thousand deep
        return f"a list of {counted(len(value), 'cell')}"
    if isinstance(value, dict):
        return f"an object of {len(value)}"
    try:
        return repr(value)
    except ValueError:  # a whole number of thousands of digits
        return "a number of thousands of digits"


def counted(count: int, noun: str) -> str:
    """`1 cell`, `2 cells`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(names: Sequence[str], limit: int = 10) -> str:
    """`names` as an error message lists them, the first `limit` of them."""
    rest = len(names) - limit
    return ", ".join(" ".join(str(name)[:200].splitlines()) for name in names[:limit]) + (
        f" and {rest} more" if rest > 0 else ""
    )
