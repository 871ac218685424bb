"""What goes back to whoever asked: answers, and errors as answers."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson

from slipway.errors import PayloadTooLarge, RowErrors, UserError

_AGAIN = (("Retry-After", "1"),)
LONGEST = 1024  # characters of a message; names in it may be as long as the caller likes


@dataclass(slots=True)
class Answer:
    """What goes back: a status, a media type, a body, and what else the platform reads in headers."""

    status: int
    media_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    rest: Iterator[bytes] | None = None
    """What follows the body, made piece by piece while it is sent."""
    size: int | None = None
    """Bytes of body and rest, where all pieces are made already."""
    rows: int = 0  # that it answers
    error: str = ""  # the kind of the one that it tells of
    message: str = ""
    """What an error says, for protocols that say it in a form of their own."""


def client_error(error: UserError) -> Answer:
    """The answer to a caller's mistake. Its text may quote the payload, so it is not logged."""
    if error.status == 204:
        return Answer(204, "application/json", b"", message=_text(str(error)))
    found = error_response(error.status, _kind(error), str(error), error.row, error.column)
    return replace(found, headers=_AGAIN) if error.status == 507 else found


def too_large(limit: int) -> PayloadTooLarge:
    """The error of a body of more than `limit` bytes."""
    return PayloadTooLarge(f"the body is over the limit of {limit} bytes (MAX_CONTENT_LENGTH)")


def server_error(status: int, message: str) -> Answer:
    """The answer to an internal error."""
    return error_response(status, "InternalError", message)


def later(message: str) -> Answer:
    """The answer to a request that may well be answered when it is sent again, as `message` says."""
    return replace(server_error(503, message), headers=_AGAIN)


def http_error(status: int, name: str, what: str) -> Answer:
    """The answer to a request that HTTP itself refuses: no such route, no such method."""
    return error_response(status, name.replace(" ", ""), f"{what}: {name}")


def error_response(
    status: int, kind: str, message: str, row: int | None = None, column: str | None = None
) -> Answer:
    """An error as JSON: its code, its kind, one line; row and column where it is of one."""
    message = _text(message)
    found: dict[str, Any] = {"code": status, "type": kind, "message": message}
    found |= {} if row is None else {"row": row}
    found |= {} if column is None else {"column": _text(column)}
    return replace(json_answer(status, found), error=kind, message=message)


def json_answer(status: int, content: Any) -> Answer:
    """An answer of JSON."""
    return Answer(status, "application/json", orjson.dumps(content) + b"\n")


def _text(text: str) -> str:
    return text[:LONGEST].encode(errors="replace").decode()


def _kind(error: UserError) -> str:
    return "UserError" if isinstance(error, RowErrors) else type(error).__name__
