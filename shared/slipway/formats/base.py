"""What a format is: how it is named, read and written."""

import io
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, ClassVar, Literal

import numpy as np

from slipway.errors import NoRows, NotAcceptable, UserError
from slipway.media import MediaType
from slipway.table.arrow import Array
from slipway.table.budget import Budget
from slipway.table.raw import Block, Raw, block
from slipway.table.schema import Schema

BLOCK = 8 << 20  # bytes of a stream that are read at first
_FURTHER = 2 << 20  # and then at a time
_LINES = 1 << 10  # at the least, but of no more than `BLOCK`: of wide ones a few take as long as many
_CHUNK = 1 << 17  # bytes looked at at a time, which stay in the processor's cache
SAMPLE = 1 << 18  # bytes that tell how it is written
Direct = Literal["", "number", "integer"]
"""How a column may be read at once: as numbers, if its cells are; else as what they are."""


@dataclass
class Reading:
    """How a body or a file is to be read."""

    schema: Schema | None = None
    """The model's columns; None in training."""
    budget: Budget = field(default_factory=Budget.of_training)
    errors: dict[int, UserError] | None = None
    """Where what is wrong with a row goes, by its place; None: the first is raised."""
    texts: Collection[str] = ()
    """In training: columns whose cells must stay as they are written, keys and labels."""
    missing: Sequence[str] = ()
    """Texts that mean a gap, in addition to the usual ones."""
    joined: bool = False
    """Whether it is many files end to end, as Pipe mode gives them."""
    first: Raw | None = None
    """A block of the channel's first file, which says whether files have headers."""
    keep: bool = False
    """Whether every column is wanted as it came, also those that the model does not read."""
    above: int = 0
    """Lines of the body above the piece that is read, which messages count."""

    @property
    def numeric(self) -> Schema | None:
        """The model's columns where its rows may be one matrix: all numbers, none wanted as it came."""
        schema = self.schema
        plain = schema is not None and schema.numeric and not (self.keep or schema.sent_as)
        return schema if plain else None

    def block(self, matrix: Array) -> Block | None:
        """`matrix`, float64, as the model's rows where it is just that: its width, and no number infinite."""
        fits = self.numeric is not None and matrix.shape[1] == len(self.numeric.columns)
        return block(matrix) if fits and not np.isinf(matrix).any() else None


@dataclass(frozen=True)
class Piece:
    """Some rows of a large body, and how they are read as they would be among all of them."""

    body: bytes
    media: MediaType
    reading: Reading


class Format(ABC):
    """One format. `blocks` is the only way in: a request is one block, a training file many."""

    media_type: str
    aliases: ClassVar[tuple[str, ...]]
    suffixes: ClassVar[tuple[str, ...]]
    """How files of this format end, for training."""
    writes: ClassVar[bool] = True
    answered_in: ClassVar[str] = "text/csv"
    """The media type of the answer where none is asked for, and this one cannot be written."""
    texts: ClassVar[bool] = True
    """Whether a cell of an answer may be a text."""
    nests: ClassVar[bool] = False
    """Whether a cell of an answer may be a list or an object."""
    lines: ClassVar[bool] = False
    """Whether each row is a line, so that answers can be sent piece by piece."""
    splices: ClassVar[bool] = False
    """Whether answers to some rows each can be made one, by `spliced`."""
    typed: ClassVar[bool] = True
    """Whether cells have types of their own: in a CSV they stay as they were written."""
    headers: tuple[tuple[str, str], ...] = ()
    """What HTTP has to say of an answer beside its media type."""
    documents: ClassVar[bool] = False
    """Whether a body is one document, which may hold options besides the rows."""

    @abstractmethod
    def read(self, body: bytes, media: MediaType, reading: Reading) -> Raw:
        """All rows of a body. Raises UserError where it is none, PayloadTooLarge for one of too many."""

    def blocks(self, stream: IO[bytes], media: MediaType, reading: Reading) -> Iterator[Raw]:
        """The rows of a file, in pieces that fit memory where the format can be cut."""
        yield self.read(stream.read(), media, reading)

    def is_cut(self, media: MediaType) -> bool:
        """Whether `cut` is likely to cut a large body of this media type."""
        return False

    def cut(self, body: bytes, media: MediaType, reading: Reading, size: int) -> Iterator[Piece] | None:
        """A request's body in pieces of about `size` bytes; None where it has to be read as one."""
        return None

    def write(self, columns: Mapping[str, Array], media: MediaType, envelope: str = "predictions") -> bytes:
        """Named answer columns; `envelope` is what JSON calls the list of answers."""
        raise NotAcceptable(f"{self.media_type} is never answered in")

    def spliced(self, parts: list[bytes]) -> list[bytes]:
        """What `write` gave for some rows each, so that end to end it is the answer to all of them."""
        return parts


def nonempty(body: bytes, what: str = "the body is empty") -> bytes:
    """`body`. Raises NoRows where there is none."""
    if not body:
        raise NoRows(what)
    return body


def head(body: bytes) -> bytes:
    """The first lines, which tell how it is written; all of it where the first one is longer."""
    some = body[:SAMPLE]
    return some if len(some) == len(body) else some[: some.rfind(b"\n") + 1] or body


@contextmanager
def after(done: int, noun: str = "row") -> Iterator[None]:
    """Says after which row of the file a line is counted; a block of blank lines is passed over."""
    try:
        yield
    except NoRows:
        return
    except UserError as error:
        if error.row is not None or not done:
            raise
        raise UserError(f"after {noun} {done}, {error}") from None


def line_blocks(stream: IO[bytes], quoted: bool, size: int = BLOCK) -> Iterator[bytes]:
    """The file in pieces that end with a line, never inside a quoted cell.

    Only the first is of `size`, as it tells what columns hold where the whole does not fit memory; further
    ones are smaller, and so lie in memory that was used before.
    """
    while block := _line_block(stream, quoted, size):
        yield block
        if size > _FURTHER:
            size = min(size, max(_FURTHER, _LINES * (block.find(b"\n") + 1)))


def _line_block(stream: IO[bytes], quoted: bool, size: int) -> bytes:
    parts = [stream.read(size)]
    if not parts[0].endswith(b"\n"):
        parts.append(stream.readline())
    odd = quoted and sum(quotes(part) for part in parts) % 2
    while odd and (line := stream.readline()):  # the line break was one inside a cell
        parts.append(line)
        odd ^= line.count(b'"') % 2
    return b"".join(parts) if len(parts) > 1 else parts[0]


def quotes(body: bytes) -> int:
    """How many there are."""
    return count(body, b'"')


def count(body: bytes, character: bytes) -> int:
    """How often `character` occurs; in a large body NumPy takes a fraction of the time of bytes.count."""
    if len(body) < SAMPLE:
        return body.count(character)
    if character not in body:
        return 0
    whole = np.frombuffer(body, np.uint8)
    chunks = (whole[start : start + _CHUNK] for start in range(0, len(whole), _CHUNK))
    return sum(int(np.count_nonzero(chunk == ord(character))) for chunk in chunks)


def stream_of(body: bytes) -> IO[bytes]:
    return io.BytesIO(body)
