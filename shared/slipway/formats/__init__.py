"""Media types to tables and back: the one home of what can be read and written."""

from functools import lru_cache

from slipway.errors import NotAcceptable, UnsupportedMediaType, shown
from slipway.formats.base import Format, Reading
from slipway.formats.csv import CSV
from slipway.formats.csv_file import numbered
from slipway.formats.excel import Excel
from slipway.formats.json import JSON
from slipway.formats.jsonlines import JSONLines
from slipway.formats.libsvm import LibSVM
from slipway.formats.npy import NPY
from slipway.formats.parquet import Parquet
from slipway.formats.recordio import RecordIO
from slipway.media import MediaType, malformed, matches, parse, preferences
from slipway.table import learn
from slipway.table.table import Table

FORMATS: tuple[Format, ...] = (CSV(), JSON(), JSONLines(), NPY(), Parquet(), RecordIO(), LibSVM(), Excel())
MEDIA_TYPES = tuple(one.media_type for one in FORMATS)
"""What can be read."""
ANSWER_TYPES = tuple(one.media_type for one in FORMATS if one.writes)
"""What can be written."""
_BY_NAME = {name: one for one in FORMATS for name in (one.media_type, *one.aliases)}

__all__ = [
    "ANSWER_TYPES",
    "FORMATS",
    "MEDIA_TYPES",
    "Format",
    "Reading",
    "answering",
    "read_table",
    "reader",
    "writer",
]


@lru_cache(maxsize=256)
def reader(content_type: str) -> tuple[Format, MediaType]:
    """The format that reads `content_type`. Raises UnsupportedMediaType when there is none.

    So it does for parameters that AWS's XGBoost container refuses: no one knows what was meant by them.
    """
    media = parse(content_type)
    found = _BY_NAME.get(media.essence)
    if found is None:
        came = shown(media.essence) if media.essence else "none"
        raise UnsupportedMediaType(f"Content-Type: expected one of {', '.join(MEDIA_TYPES)}; got {came}")
    if malformed(content_type):
        raise UnsupportedMediaType(
            f"Content-Type: expected parameters as name=value; got {shown(content_type)}"
        )
    if (size := media.parameters.get("label_size", "1")) not in {"0", "1"}:
        raise UnsupportedMediaType(f"Content-Type: label_size is 0 or 1, got {shown(size)}")
    return found, media


@lru_cache(maxsize=256)
def writer(accept: str, default: Format) -> tuple[Format, MediaType]:
    """The format of the answer: the most wanted that can be written. Raises NotAcceptable when none can."""
    if not default.writes:
        default = _BY_NAME[default.answered_in]
    if not accept:
        return default, MediaType(default.media_type)
    for media in preferences(accept):
        for one in (default, *FORMATS):
            if one.writes and (matches(media, one.media_type) or media.essence in one.aliases):
                return one, media
    raise NotAcceptable(f"Accept: expected one of {', '.join(ANSWER_TYPES)}; got {shown(accept)}")


@lru_cache(maxsize=256)
def answering(accept: str, source: Format, usual: str = "") -> tuple[Format, MediaType]:
    """The format of the answer to a body in `source`; `usual` is wanted where `accept` says nothing.

    Raises NotAcceptable.
    """
    found = writer(usual, source)
    return writer(accept, found[0]) if accept else found


def read_table(body: bytes, content_type: str) -> Table:
    """A whole body as a table typed by the rule, without a model's schema: for tools and tests."""
    source, media = reader(content_type)
    raw = source.read(body, media, Reading())
    names = list(raw.names) if raw.names is not None else numbered(raw.width)
    return learn.table(raw, names)[0]
