"""A channel's bytes as blocks of rows, through the same formats that serving uses."""

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import IO

from slipway.errors import NoRows, UserError
from slipway.formats import FORMATS, Format, Reading, libsvm, reader
from slipway.media import MediaType
from slipway.table.raw import Raw
from slipway.training.inputs import PEEK, Input

_PARQUET = b"PAR1"
_RECORDIO = b"\x0a\x23\xd7\xce"
_NPY = b"\x93NUM"
_GZIP = b"\x1f\x8b"
_PACKED = {
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x04\x22\x4d\x18": "LZ4",
}


def blocks(source: Input, content_type: str, reading: Reading) -> Iterator[Raw]:
    """The blocks of one file. Raises UserError that names the file, and the line where there is one."""
    try:
        with _unpacked(source.open()) as file:
            _check_packing(file)
            found, media = _format(source.name, content_type, file)
            for raw in found.blocks(file, media, reading):
                if not raw.read_bytes and file.seekable():
                    raw.read_bytes = file.tell()
                yield raw
    except NoRows:
        return
    except UserError as error:
        raise error.within(f"file {source.name}") from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise UserError(f"file {source.name} is not a whole gzip file; it may be cut off") from None


def _unpacked(file: IO[bytes]) -> IO[bytes]:
    packed = file.peek(2)[:2] == _GZIP  # type: ignore[attr-defined]
    return io.BufferedReader(gzip.GzipFile(fileobj=file), PEEK) if packed else file


def _check_packing(file: IO[bytes]) -> None:
    """Raises UserError for a file that is packed in another way than gzip."""
    start: bytes = file.peek(8)[:8]  # type: ignore[attr-defined]
    way = next((way for mark, way in _PACKED.items() if start.startswith(mark)), "")
    if way:
        raise UserError(f"it is packed with {way}; expected gzip, or a file that is not packed")


def _format(name: str, content_type: str, file: IO[bytes]) -> tuple[Format, MediaType]:
    """By the file's ending, else by the channel's content type, else by how it begins."""
    name = name.lower().removesuffix(".gz")
    by_ending = next((one for one in FORMATS if name.endswith(one.suffixes)), None)
    found, media = reader(content_type) if content_type else (by_ending, None)
    if by_ending is not None and by_ending is not found:
        found, media = by_ending, None
    if found is None:
        found, media = reader(_by_start(file.peek(PEEK)))  # type: ignore[attr-defined]
    if found.documents and _is_lines(file):
        found, media = reader("jsonlines")
    if name.endswith(".tsv") and media is None:
        media = MediaType("text/tab-separated-values")
    return found, media or MediaType(found.media_type)


def _by_start(start: bytes) -> str:
    kinds = {_PARQUET: "parquet", _RECORDIO: "application/x-recordio", _NPY: "npy"}
    if start[:4] in kinds:
        return kinds[start[:4]]
    if start[:1] in (b"{", b"["):
        return "jsonlines"
    return "libsvm" if libsvm.looks_like(start) else "csv"


def _is_lines(file: IO[bytes]) -> bool:
    """Whether a .json file holds one document per line, as DeepAR's do."""
    start: bytes = file.peek(PEEK)  # type: ignore[attr-defined]
    first, newline, rest = start.lstrip().partition(b"\n")
    return bool(newline and rest.strip()) and first.rstrip().endswith(b"}") and first.startswith(b"{")
