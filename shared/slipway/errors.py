"""Who has to act: the caller (UserError), whoever runs the machine (PlatformError), else we."""

from collections.abc import Sequence


class UserError(Exception):
    """A mistake of the caller: one line that names the thing, what was expected, and what came.

    In training the text becomes the first line of the failure file, in serving the message of a 4xx answer.
    """

    status = 400

    def __init__(self, message: str = "", row: int | None = None, column: str | None = None) -> None:
        super().__init__(message)
        self.row = row
        """The row that is meant, from 1."""
        self.column = column

    def __str__(self) -> str:
        """`row 3, column "x": ` and the message, as far as row and column are known."""
        row = [] if self.row is None else [f"row {self.row}"]
        column = [] if self.column is None else [f"column {shown(self.column)}"]
        place = ", ".join(row + column)
        message = super().__str__()
        return f"{place}: {message}" if place else message


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


class NoRows(UserError):
    """The request holds no row, so there is nothing to answer."""

    status = 204


class BrokenModel(UserError):
    """The model folder cannot be served: missing, damaged, or another image's."""

    status = 500


def shown(value: object, limit: int = 40) -> str:
    """`value` as an error message quotes it: on one line, cut to `limit` characters."""
    text = (
        repr(value) if not isinstance(value, str) else '"' + value.replace("\n", " ").replace("\r", " ") + '"'
    )
    return text if len(text) <= limit else text[: limit - 2] + '…"'


def listed(names: Sequence[str], limit: int = 10) -> str:
    """`names` as an error message lists them, the first `limit` of them."""
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest} more" if rest > 0 else "")
