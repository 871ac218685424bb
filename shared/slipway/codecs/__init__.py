"""Media types to tables and back: the one home of what can be read and written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from slipway.cells import Array
from slipway.codecs import csv, csv_matrix, excel, json, jsonlines, libsvm, npy, parquet, recordio, screen
from slipway.codecs.screen import Screened
from slipway.errors import NotAcceptable, UnsupportedMediaType, shown
from slipway.media import MediaType, matches, parse, preferences
from slipway.schema import Schema
from slipway.sheet import Sheet


@dataclass(frozen=True)
class Reader:
    """One format: how it is named and read."""

    media_type: str
    aliases: tuple[str, ...]
    suffixes: tuple[str, ...]
    """How files of this format end, for training."""
    read: Callable[[bytes, MediaType, Schema | None], Sheet]
    read_matrix: Callable[[bytes, MediaType, Schema], Array | None]
    answered_in: str = field(default="text/csv", kw_only=True)
    """The media type of the answer where none is asked for, and this one cannot be written."""
    screen: Callable[[bytes, MediaType, Schema], Screened] | None = field(default=None, kw_only=True)
    """Reads the rows that can be read, where a single row may be bad; `read` takes all of them or none."""
    lines: bool = field(default=False, kw_only=True)
    """Whether each row is a line, so that answers can be sent piece by piece."""


@dataclass(frozen=True)
class Codec(Reader):
    """A format of requests and answers."""

    write: Callable[[Mapping[str, Array], MediaType, str], bytes]
    """Takes named answer columns, the media type wanted, and what JSON calls the list of answers."""
    nests: bool = False
    """Whether a cell may be a list or an object."""
    texts: bool = field(default=True, kw_only=True)
    """Whether a cell may be a text."""


CODECS = (
    Codec(
        "text/csv",
        ("csv", "application/csv"),
        (".csv",),
        csv.read,
        csv_matrix.read_matrix,
        csv.write,
        screen=screen.of_csv,
        lines=True,
    ),
    Codec(
        "application/json",
        ("json", "text/json"),
        (".json",),
        json.read,
        json.read_matrix,
        json.write,
        True,
        screen=screen.of_json,
    ),
    Codec(
        "application/jsonlines",
        (
            "jsonlines",
            "application/jsonl",
            "application/x-jsonlines",
            "application/x-ndjson",
            "application/json-lines",
        ),
        (".jsonl", ".jsonlines", ".ndjson"),
        jsonlines.read,
        jsonlines.read_matrix,
        jsonlines.write,
        True,
        screen=screen.of_lines,
        lines=True,
    ),
    Codec("application/x-npy", ("npy",), (".npy",), npy.read, npy.read_matrix, npy.write, texts=False),
    Codec(
        "application/x-parquet",
        ("parquet", "application/parquet", "application/vnd.apache.parquet"),
        (".parquet", ".pq"),
        parquet.read,
        parquet.read_matrix,
        parquet.write,
    ),
    Codec(
        "application/x-recordio-protobuf",
        ("recordio-protobuf", "application/x-recordio"),
        (".recordio", ".rec", ".pbr"),
        recordio.read,
        recordio.read_matrix,
        recordio.write,
        texts=False,
    ),
)
READERS: tuple[Reader, ...] = (
    *CODECS,
    Reader(
        "text/libsvm",
        ("libsvm", "text/x-libsvm", "application/x-libsvm"),
        (".libsvm", ".svmlight", ".svm"),
        libsvm.read,
        libsvm.read_matrix,
    ),
    Reader(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ("xlsx", "xls", "application/vnd.ms-excel"),
        (".xlsx", ".xls"),
        excel.read,
        excel.read_matrix,
        answered_in="application/json",
    ),
)
MEDIA_TYPES = tuple(codec.media_type for codec in READERS)
"""What can be read."""
ANSWER_TYPES = tuple(codec.media_type for codec in CODECS)
"""What can be written."""
_BY_NAME = {name: codec for codec in READERS for name in (codec.media_type, *codec.aliases)}


def reader(content_type: str) -> tuple[Reader, MediaType]:
    """The codec that reads `content_type`. Raises UnsupportedMediaType when there is none."""
    media = parse(content_type)
    codec = _BY_NAME.get(media.essence)
    if codec is None:
        came = shown(media.essence) if media.essence else "none"
        raise UnsupportedMediaType(f"Content-Type: expected one of {', '.join(MEDIA_TYPES)}; got {came}")
    return codec, media


def writer(accept: str, default: Reader) -> tuple[Codec, MediaType]:
    """The codec for the answer: the most wanted that can be written. Raises NotAcceptable when none can."""
    if not isinstance(default, Codec):
        default = next(codec for codec in CODECS if codec.media_type == default.answered_in)
    if not accept:
        return default, MediaType(default.media_type)
    for media in preferences(accept):
        for codec in (default, *CODECS):
            if matches(media, codec.media_type) or media.essence in codec.aliases:
                return codec, media
    raise NotAcceptable(f"Accept: expected one of {', '.join(ANSWER_TYPES)}; got {shown(accept)}")
