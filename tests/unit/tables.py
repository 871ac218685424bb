"""What hypothesis makes tables of: cells that have broken some reader somewhere."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from slipway import Array, Column, Schema, Table
from slipway.formats import Format, Reading, reader
from slipway.media import MediaType
from slipway.table import match
from slipway.table.raw import Block, Raw

EXTREMES = [
    5e-324,
    -2.2250738585072014e-308,
    -0.0,
    1e308,
    1.7976931348623157e308,
    0.1,
    1 / 3,
    2.0**53 + 2,
    1e22,
]
FLOATS = st.sampled_from(EXTREMES) | st.floats(allow_infinity=False)
INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
AWKWARD = [
    '"',
    '""',
    ",",
    "\n",
    "\r",
    "\r\n",
    " a ",
    "\ta\t",
    "NA",
    "nan",
    "null",
    "1",
    "-0",
    "\x00",
    "\ufeffa",
    "é",
    "日本",
    "'",
    ";",
    "#",
]
TEXTS = st.sampled_from(AWKWARD) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=5)


def column(values: list[Any], kind: str) -> Array:
    """An answer column as models give them."""
    return np.array(values, dtype={"text": object, "number": np.float64, "integer": np.int64}[kind])


@st.composite
def tables(draw: st.DrawFn, kinds: tuple[str, ...] = ("integer", "number", "text")) -> dict[str, Array]:
    """Named columns of one height, at least one row."""
    height = draw(st.integers(1, 6))
    cells = {"integer": INTEGERS, "number": FLOATS, "text": st.none() | TEXTS}
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    made = {}
    for name in names:
        kind = draw(st.sampled_from(kinds))
        made[name] = column(draw(st.lists(cells[kind], min_size=height, max_size=height)), kind)
    return made


def kind_of(values: Array) -> str:
    return {"i": "integer", "f": "number"}.get(values.dtype.kind, "text")


def schema_of(*names: str, kind: Any = "number", table: Sequence[str] = (), **facts: Any) -> Schema:
    """A schema of columns of one kind, of a training table that had these, or those of `table`."""
    columns = {name: Column(name=name, kind=kind) for name in (*names, *table)}
    read, whole = (tuple(columns[name] for name in some) for some in (names, table or names))
    return Schema(columns=read, table=whole, **facts)


def read(body: bytes | str, media_type: str = "text/csv", schema: Schema | None = None, **how: Any) -> Raw:
    """What a format makes of a body."""
    source, media = reader(media_type)
    return source.read(body.encode() if isinstance(body, str) else body, media, Reading(schema, **how))


def cells(raw: Raw) -> list[list[Any]]:
    """The columns as they were read."""
    columns = raw.matrix.T if isinstance(raw, Block) and raw.matrix is not None else raw.columns
    return [
        column.to_pylist() if hasattr(column, "to_pylist") else np.asarray(column, dtype=object).tolist()
        for column in columns
    ]


def table(
    body: bytes | str, schema: Schema, media_type: str = "text/csv", keep: bool = False, **how: Any
) -> Table:
    """A request's rows as a model of that schema gets them."""
    raw = read(body, media_type, schema, keep=keep, errors=how.get("errors"))
    return match.typed(raw, schema, keep=keep, **how)


def same(left: Array, right: Array) -> bool:
    """Equal to the last bit, and the same cells missing."""
    gaps = np.isnan(right)
    return np.array_equal(left, right, equal_nan=True) and bool(
        (np.signbit(left) == np.signbit(right))[~gaps].all()
    )


def request(codec: Format, table: dict[str, Array], media: MediaType) -> bytes:
    """`table` as a request: of what JSON answers, {"predictions": [records]}, the records alone."""
    body = codec.write(table, media)
    if codec.media_type != "application/json":
        return body
    return body.removeprefix(b'{"predictions":').removesuffix(b"}\n")


def rows_of(table: Table) -> list[list[Any]]:
    """The cells of a table row by row, None where missing."""
    columns = [table.column(name).tolist() for name in table.names]
    return [[None if cell != cell else cell for cell in row] for row in zip(*columns, strict=True)]
