"""Large bodies, read, predicted and answered in pieces, so that little more is held than body and answer."""

from collections.abc import Iterator

from slipway.errors import NoRows, UserError
from slipway.formats import Format
from slipway.media import MediaType
from slipway.serving.invocation import Invocation, Written

LARGE = 1 << 21  # bytes; smaller bodies are read as one
PIECE = 1 << 19  # bytes of a body that are read at a time
_NAMED_PIECE = 1 << 18  # where each row of the answer names its columns: it is made of more and longer texts
_JOINED = 1 << 20  # bytes of an answer that is sent as one


def answer(invocation: Invocation, body: bytes, source: Format, media: MediaType) -> Written | None:
    """The answer to all rows, or None where they have to be read and answered together.

    Nothing is sent before the last row is answered. Raises UserError as if all were read at once, except
    that of several rows that are wrong for different reasons the first is told.
    """
    if not invocation.in_pieces:
        return None
    size = _NAMED_PIECE if invocation.writer.nests else PIECE
    pieces = source.cut(body, media, invocation.reading(), size)
    if pieces is None:
        return None
    parts: list[bytes] = []
    rows = 0
    for piece in pieces:
        try:
            raw = source.read(piece.body, piece.media, piece.reading)
            found = invocation.answer_some(raw, first=not parts)
        except NoRows:
            continue
        except UserError as error:
            raise error.shifted(rows) from None
        if found is None:
            return None
        parts.append(found.body)
        rows += found.rows
    if not parts:
        raise NoRows("no rows came")
    return _written(invocation.writer.spliced(parts), rows)


def _written(parts: list[bytes], rows: int) -> Written:
    size = sum(map(len, parts))
    if size <= _JOINED:
        return Written(b"".join(parts), rows)
    parts.reverse()
    first = parts.pop()
    return Written(first, rows, _emptied(parts), size)


def _emptied(parts: list[bytes]) -> Iterator[bytes]:
    """From the last to the first, each given back to the system once it is sent."""
    while parts:
        yield parts.pop()
