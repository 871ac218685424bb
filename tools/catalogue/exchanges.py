"""A table as a request in any format that images read, and a request with its answer as facts to print."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from slipway import formats
from slipway.errors import UserError
from slipway.formats import Reading, recordio
from slipway.formats.record import record_type
from slipway.table.arrow import Array

from ..client import Reply


@dataclass(frozen=True)
class Table:
    """Named columns; a cell is a number, a text, or None where it is missing."""

    names: Sequence[str]
    columns: Sequence[Sequence[Any]]
    numeric: bool

    @classmethod
    def read(cls, path: Path) -> "Table":
        """Reads a CSV with a header."""
        read = formats.read_table(path.read_bytes(), "text/csv; header=present")
        columns = [_listed(read.column(name)) for name in read.names]
        return cls(read.names, columns, all(column.kind in {"number", "integer"} for column in read.columns))

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        return list(zip(*self.columns, strict=True))

    def head(self, height: int) -> "Table":
        return Table(self.names, [column[:height] for column in self.columns], self.numeric)

    def body(self, media_type: str) -> bytes | None:
        """The table in a format; None where the format holds numbers only, and here are texts."""
        write, texts = _WRITE[media_type]
        return write(self) if texts or self.numeric else None


@dataclass(frozen=True)
class Exchange:
    """One request and its answer."""

    name: str
    body: bytes
    content_type: str
    accept: str
    attributes: str
    reply: Reply

    def write(self, folder: Path) -> dict[str, Any]:
        """Keeps both bodies in `folder`; returns what is to be said of them."""
        media = self.reply.media_type
        suffix = next((one.suffixes[0] for one in formats.FORMATS if one.media_type == media), ".txt")
        stem = self.name.replace(".", "-")
        answer = f"{stem}-{self.attributes.replace('=', '-')}answer{suffix}"
        return {
            "status": self.reply.status,
            "accept": self.accept,
            "attributes": self.attributes,
            "sent": _kept(folder, self.name, self.content_type, self.body),
            "answer": _kept(folder, answer, media, self.reply.body),
        }


def _kept(folder: Path, name: str, media_type: str, body: bytes) -> dict[str, Any]:
    (folder / name).write_bytes(body)
    text = _text(media_type, body)
    said = {"name": name, "type": media_type, "bytes": len(body), "text": text}
    return said if text is not None else {**said, "holds": _holds(media_type, body)}


def _text(media_type: str, body: bytes) -> str | None:
    """The body as text; None where it is none."""
    return body.decode() if media_type.startswith(("text/", "application/json")) else None


def _holds(media_type: str, body: bytes) -> str:
    """What is in a body that is no text, as CSV; nothing where no table can be read of it."""
    source, media = formats.reader(media_type)
    try:
        raw = source.read(body, media, Reading())
    except UserError:  # an answer in RecordIO is labels alone
        return ""
    columns = [column.to_pylist() if hasattr(column, "to_pylist") else list(column) for column in raw.columns]
    lines = [list(raw.names or []), *zip(*columns, strict=True)]
    return "\n".join(",".join("" if cell is None else str(cell) for cell in line) for line in lines if line)


def _listed(cells: Array) -> list[Any]:
    return [None if cell != cell else cell for cell in cells.tolist()]


def _csv(table: Table) -> bytes:
    lines = [",".join(map(_quoted, line)) for line in (table.names, *table.rows)]
    return ("\n".join(lines) + "\n").encode()


def _quoted(cell: Any) -> str:
    text = "" if cell is None else str(cell)
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\n') else text


def _lines(table: Table) -> list[str]:
    return [json.dumps(dict(zip(table.names, row, strict=True)), ensure_ascii=False) for row in table.rows]


def _json(table: Table) -> bytes:
    return ('{"instances": [\n  ' + ",\n  ".join(_lines(table)) + "\n]}\n").encode()


def _jsonlines(table: Table) -> bytes:
    return ("\n".join(_lines(table)) + "\n").encode()


def _matrix(table: Table) -> Array:
    return np.array(table.rows, dtype=np.float64)


def _npy(table: Table) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, _matrix(table), allow_pickle=False)
    return buffer.getvalue()


def _parquet(table: Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(dict(zip(table.names, table.columns, strict=True))), buffer)
    return buffer.getvalue()


def _recordio(table: Table) -> bytes:
    out = io.BytesIO()
    for row in _matrix(table):
        record = record_type()()
        record.features["values"].float64_tensor.values.extend(row)
        out.write(recordio.frame(record.SerializeToString()))
    return out.getvalue()


def _libsvm(table: Table) -> bytes:
    rows = [" ".join(f"{place}:{cell}" for place, cell in enumerate(row, 1) if cell) for row in table.rows]
    return ("\n".join(rows) + "\n").encode()


def _excel(table: Table) -> bytes:
    book = openpyxl.Workbook()
    for line in (table.names, *table.rows):
        book.active.append(list(line))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


# How each format is written, and whether it can hold texts.
_WRITE: dict[str, tuple[Callable[[Table], bytes], bool]] = {
    "text/csv": (_csv, True),
    "application/json": (_json, True),
    "application/jsonlines": (_jsonlines, True),
    "application/x-npy": (_npy, False),
    "application/x-parquet": (_parquet, True),
    "application/x-recordio-protobuf": (_recordio, False),
    "text/libsvm": (_libsvm, False),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (_excel, True),
}
