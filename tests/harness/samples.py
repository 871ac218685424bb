"""An image's sample, in every form that a client may send it in."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest

from slipway.formats import read_table
from slipway.image import Image
from tools import layout
from tools.layout import configure

__all__ = ["configure"]  # of tools, for the tests to import from here


class Sample:
    """`sample/`: a folder a channel, hyperparameters.json, request.csv."""

    def __init__(self, folder: Path, image: Image) -> None:
        self.folder = folder
        self.hyperparameters: dict[str, Any] = json.loads((folder / "hyperparameters.json").read_text())
        self.channels = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
        self.main = next(name for name, facts in image.channels.items() if facts.required)
        self.request = read_table((folder / "request.csv").read_bytes(), "text/csv; header=present")
        self.names = list(self.request.names)
        self.kinds = list(self.request.kinds.values())
        self.columns = [
            [None if cell != cell else cell for cell in self.request.column(name).tolist()]
            for name in self.names
        ]

    @property
    def height(self) -> int:
        return self.request.height

    @property
    def rows(self) -> list[list[Any]]:
        """The request's rows as Python values, None where missing."""
        return [list(row) for row in zip(*self.columns, strict=True)]

    @property
    def records(self) -> list[dict[str, Any]]:
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]

    @property
    def numeric(self) -> bool:
        return all(kind in {"number", "integer"} for kind in self.kinds)

    def number_column(self) -> int | None:
        """The place of a column of numbers."""
        return next((place for place, kind in enumerate(self.kinds) if kind in {"number", "integer"}), None)

    def lay_out(self, root: Path, hyperparameters: dict[str, Any] | None = None) -> Path:
        """An /opt/ml tree in `root` as the platform would mount it."""
        given = self.hyperparameters if hyperparameters is None else hyperparameters
        return layout.lay_out(root, layout.channels_of(self.folder), given)

    def main_table(self) -> Path:
        """The first data file of the main channel."""
        return next(
            path for path in sorted((self.folder / self.main).iterdir()) if not path.name.startswith(".")
        )

    def csv(
        self, header: bool = True, rows: list[list[Any]] | None = None, names: list[str] | None = None
    ) -> bytes:
        text = io.StringIO()
        lines = ([names or self.names] if header else []) + (self.rows if rows is None else rows)
        for line in lines:
            text.write(",".join(_cell(cell) for cell in line) + "\n")
        return text.getvalue().encode()

    def requests(self) -> dict[str, tuple[str, bytes]]:
        """The request in every form that carries the same cells: name, media type, body."""
        features = [{"features": row} for row in self.rows]
        nested = [{"data": {"features": {"values": row}}} for row in self.rows]
        forms: dict[str, tuple[str, Any]] = {
            "csv with a header": ("text/csv", self.csv()),
            "csv without a header": ("text/csv", self.csv(header=False)),
            "csv with CRLF": ("text/csv", self.csv().replace(b"\n", b"\r\n")),
            "csv with a byte order mark": ("text/csv", b"\xef\xbb\xbf" + self.csv()),
            "csv with no final newline": ("text/csv", self.csv(header=False).rstrip(b"\n")),
            "csv with columns in another order": (
                "text/csv",
                self.csv(rows=[row[::-1] for row in self.rows], names=self.names[::-1]),
            ),
            "csv with another column": (
                "text/csv",
                self.csv(rows=[[*row, "x"] for row in self.rows], names=[*self.names, "unheard_of"]),
            ),
            "csv with a charset": ("text/csv; charset=utf-8", self.csv()),
            "csv in capitals": ("TEXT/CSV", self.csv()),
            "json instances of features": ("application/json", {"instances": features}),
            "json instances of data": ("application/json", {"instances": nested}),
            "json instances of records": ("application/json", {"instances": self.records}),
            "json instances of arrays": ("application/json", {"instances": self.rows}),
            "json records": ("application/json", self.records),
            "json arrays": ("application/json;charset=utf-8", self.rows),
            "json columns": ("application/json", dict(zip(self.names, self.columns, strict=True))),
            "json lines of features": ("application/jsonlines", features),
            "json lines of records": ("application/x-ndjson", self.records),
            "parquet": ("application/x-parquet", self.parquet()),
        }
        if self.numeric:
            forms["npy"] = ("application/x-npy", self.npy())
        return {name: (media, _body(media, content)) for name, (media, content) in forms.items()}

    def parquet(self) -> bytes:
        buffer = io.BytesIO()
        pq.write_table(pa.table(dict(zip(self.names, self.columns, strict=True))), buffer)
        return buffer.getvalue()

    def npy(self) -> bytes:
        buffer = io.BytesIO()
        np.save(buffer, np.array(self.rows, dtype=np.float64), allow_pickle=False)
        return buffer.getvalue()


def retell(source: Path, form: str, folder: Path) -> None:
    """Writes a sample's CSV file anew into the empty `folder`, with the same cells in another form."""
    lines = source.read_bytes().splitlines(keepends=True)
    if form == "gzip":
        (folder / "part.csv.gz").write_bytes(gzip.compress(b"".join(lines)))
    elif form == "many files, each with the header":
        for number, start in enumerate(range(1, len(lines), max(1, len(lines) // 3))):
            (folder / f"part-{number:03}.csv").write_bytes(
                b"".join([lines[0], *lines[start : start + max(1, len(lines) // 3)]])
            )
    elif form == "many files, the header in the first":
        middle = len(lines) // 2
        (folder / "part-0.csv").write_bytes(b"".join(lines[:middle]))
        (folder / "part-1.csv").write_bytes(b"".join(lines[middle:]))
        (folder / "_SUCCESS").write_bytes(b"")
        (folder / ".hidden.csv").write_text("not,to,be,read\n")
    else:
        table = arrow_csv.read_csv(source, convert_options=arrow_csv.ConvertOptions(strings_can_be_null=True))
        if form == "parquet":
            pq.write_table(table, folder / "part.parquet")
        elif form == "json lines":
            (folder / "part.jsonl").write_text(
                "".join(json.dumps(row, default=str) + "\n" for row in table.to_pylist())
            )
        else:
            raise ValueError(form)


def near(value: Any) -> Any:
    """`value` but for rounding, also inside lists and objects, where approx does not go."""
    if isinstance(value, dict):
        return {name: near(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [near(inner) for inner in value]
    return pytest.approx(value) if isinstance(value, float) else value


GAPS = frozenset(arrow_csv.ConvertOptions().null_values)
"""Words of a text column that `retell` writes as missing, where the form can say so."""
FORMS = [
    "gzip",
    "many files, each with the header",
    "many files, the header in the first",
    "parquet",
    "json lines",
]


def _cell(cell: Any) -> str:
    if cell is None:
        return ""
    text = str(cell)
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\n\r') else text


def _body(media: str, content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    if "lines" in media or "ndjson" in media:
        return b"".join(json.dumps(row).encode() + b"\n" for row in content)
    return json.dumps(content).encode()
