"""The tables that `reading.py` reads, made from a seed: floats, wide, mixed with gaps, in every format."""

import gzip
import shutil
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

WORDS = [
    "river",
    "stone",
    "early",
    "paper",
    "cloud",
    "seven",
    "light",
    "garden",
    "copper",
    "winter",
    "signal",
]


def floats(path: Path, scale: float, rows: int, columns: int, digits: int | None = 4) -> None:
    """A CSV with a header of normal numbers with so many decimals; None: all 17 digits of a float64."""
    matrix = np.random.default_rng(0).normal(size=(max(1, int(rows * scale)), columns))
    matrix = matrix if digits is None else matrix.round(digits)
    pyarrow.csv.write_csv(pa.table({f"x{place}": matrix[:, place] for place in range(columns)}), path)


def mixed(path: Path, scale: float) -> None:
    """Ints, floats, categories, dates and texts, a tenth of each missing, in the format of the path's ending.

    Dates are dates in Parquet, and texts (2024-03-09) elsewhere.
    """
    rows = max(1, int(100_000 * scale))
    random = np.random.default_rng(1)

    def column(cells: object) -> pa.Array:
        return pa.array(cells, mask=random.random(rows) < 0.1)

    columns: dict[str, pa.Array] = {}
    for place in range(3):
        columns[f"count{place}"] = column(random.integers(0, 10**6, rows))
        columns[f"amount{place}"] = column(random.normal(100, 20, rows).round(3))
        columns[f"kind{place}"] = column(np.array(WORDS, dtype=object)[random.integers(0, len(WORDS), rows)])
    for name in ("opened", "closed"):
        days = np.datetime64("2020-01-01") + random.integers(0, 2_000, rows)
        columns[name] = column(days if path.suffix == ".parquet" else days.astype(str).astype(object))
    for name in ("title", "note"):
        picked = np.array(WORDS)[random.integers(0, len(WORDS), (rows, 6))]
        columns[name] = column([f"{' '.join(line[:3])}, {' '.join(line[3:])}" for line in picked])
    table = pa.table(columns)
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(table, path)
    elif path.suffix == ".jsonl":
        path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in table.to_pylist()))
    else:
        pyarrow.csv.write_csv(table, path)


def gzipped(path: Path, scale: float) -> None:
    plain = path.with_suffix("")
    mixed(plain, scale)
    with plain.open("rb") as source, gzip.open(path, "wb", 6) as target:
        shutil.copyfileobj(source, target)
    plain.unlink()


def recordio(path: Path, scale: float) -> None:
    """20 float32 values a record, as SageMaker's own writer frames them."""
    matrix = np.random.default_rng(0).normal(size=(max(1, int(100_000 * scale)), 20)).astype("<f4")

    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content  # contents here are below 128 bytes

    with path.open("wb") as file:
        for row in matrix:
            value = field(2, field(1, row.tobytes()))
            record = field(1, field(1, b"values") + field(2, value))
            file.write(struct.pack("<II", 0xCED7230A, len(record)) + record + bytes(-len(record) % 4))


# By name: what it is called in the table, its file, and what makes that at a scale (1: as published).
SHAPES: dict[str, tuple[str, str, Callable[[Path, float], None]]] = {
    "long": ("10^6 x 20 floats", "long.csv", partial(floats, rows=1_000_000, columns=20)),
    "narrow": ("10^6 x 5", "narrow.csv", partial(floats, rows=1_000_000, columns=5)),
    "digits": ("10^5 x 20, 17 digits", "digits.csv", partial(floats, rows=100_000, columns=20, digits=None)),
    "wide": ("10^4 x 1,000", "wide.csv", partial(floats, rows=10_000, columns=1_000)),
    "mixed": ("mixed 10^5", "mixed.csv", mixed),
    "gzip": ("mixed, gzipped", "mixed.csv.gz", gzipped),
    "parquet": ("mixed, Parquet", "mixed.parquet", mixed),
    "jsonl": ("mixed, JSON Lines", "mixed.jsonl", mixed),
    "recordio": ("RecordIO 10^5 x 20", "rows.recordio", recordio),
}
