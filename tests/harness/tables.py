"""Tables of mixed kinds at random, and the same table in every format that can hold it: the law of formats.

What a cell is stands here a second time, as plain as can be: `Cells.kind` and `Cells.values` are what every
format has to give. `Random` may be Python's own or hypothesis' (`st.randoms()`), which finds small examples.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

GAPS = ("", "", "NA", "NaN", "null", "None", "?")
WORDS = [
    "Ærø",
    "a,b",
    'say "hi"',
    "two\nlines",
    "x",
    "NA",
    "日本語",
    "=1+1",
    "tab\there",
    "semi;colon",
    "#",
    "é",
    "n/a",
    "12 mm",
    "it's",
    "A1",
    "O'Neill",
    "ß",
    "🦆",
    "-",
    "null",
    "True or not",
    "1,5 l",
    "\\",
    "%",
    "x y",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
]
NAMES = [
    "x",
    "y",
    "zip",
    "größe",
    "a b",
    'the "name"',
    "2019",
    "2020",
    "7",
    "x,y",
    "日付",
    "label",
    "data_",
    "paid",
    "n%",
    "true",
    "NaN_",
    "semi;",
    "id",
    "when",
    "under_score",
    "Z",
]


@dataclass(frozen=True)
class Cells:
    """A column: what it holds, None where missing, and how a CSV writes it."""

    sort: str
    kind: str
    values: list[Any]
    written: list[str]

    @property
    def numeric(self) -> bool:
        return self.sort in {"integer", "number"}


Columns = Mapping[str, Cells]


def table(random: Random, sorts: Sequence[str] = (), most: int = 12) -> dict[str, Cells]:
    """Some named columns of one height."""
    height = random.randint(1, most if random.random() < 0.95 else 100 * most)
    choice = sorts or random.choice([list(_SORTS), ["integer", "number"]])
    names = random.sample(NAMES, random.randint(1, 6))
    return {name: _column(random, random.choice(choice), height) for name in names}


def _column(random: Random, sort: str, height: int) -> Cells:
    make, kind = _SORTS[sort]
    gaps = random.random() < 0.4
    values = [None if gaps and random.random() < 0.3 else make(random) for _ in range(height)]
    if sort == "code" and not any(value and value[0] in "0+" for value in values):
        values[random.randrange(height)] = "007"
    if sort == "mixed":  # a word among many numbers would be a mistake
        values[::2] = [random.choice(["a7", "b"]) for _ in values[::2]]
    if all(value is None for value in values):
        return Cells("gap", "text", values, [""] * height)
    if sort == "text" and not any(value in WORDS[:3] for value in values):
        values[random.randrange(height)] = WORDS[random.randrange(3)]
    if sort == "number" and all(
        value is None or (value == int(value) and abs(value) < 2**53) for value in values
    ):
        kind = "integer"
    spelled = random.choice([("false", "true"), ("False", "True"), ("FALSE", "TRUE")])
    gap = random.choice(GAPS) if kind in {"number", "integer", "boolean"} else ""
    padded = sort == "number" and random.random() < 0.3
    written = [gap if value is None else _spelled(value, spelled, padded) for value in values]
    return Cells(sort, kind, values, written)


def _spelled(value: Any, words: tuple[str, str], padded: bool) -> str:
    if isinstance(value, bool):
        return words[value]
    text = repr(value) if isinstance(value, float) else str(value)
    return text + "0" if padded and "." in text and "e" not in text else text


def _number(random: Random) -> float:
    """At most fifteen digits, which is what Excel's files hold."""
    digits = random.choice([1, 3, 15])
    value = random.choice([-1, 1]) * random.random() * 10.0 ** random.choice([-300, -7, 0, 0, 0, 3, 12, 300])
    return float(f"{value:.{digits}g}")


def _day(random: Random) -> date:
    return date(2019, 1, 1) + timedelta(days=random.randrange(2000))


_WHOLE = (0, 1, -1, 7, 2019, -(2**53) + 1, 2**53 - 1)
_SORTS: dict[str, tuple[Callable[[Random], Any], str]] = {
    "code": (lambda random: random.choice(["02108", "+49", "00", "10115", "007", "1_000"]), "text"),
    "boolean": (lambda random: random.random() < 0.5, "boolean"),
    "integer": (lambda random: random.choice([*_WHOLE, random.randrange(10**6)]), "integer"),
    "big": (lambda random: random.choice([2**53, 2**62 + 1, 9_007_199_254_740_993, 2**63 - 1]), "text"),
    "number": (_number, "number"),
    "day": (lambda random: _day(random).isoformat(), "time"),
    "moment": (lambda random: f"{_day(random)} 13:{random.randrange(60):02}:00", "time"),
    "mixed": (lambda random: random.choice(["12", "7", "-3"]), "text"),
    "text": (lambda random: random.choice(WORDS), "text"),
}  # fmt: skip


@dataclass(frozen=True)
class Form:
    """A table in a format: its media type, how its file ends, its bytes, whether it has names."""

    media_type: str
    suffix: str
    body: bytes
    named: bool = True


def forms(columns: Columns) -> Iterator[tuple[str, Callable[[], Form]]]:
    """The table in each format that can hold it, by what the format is called."""
    names = list(columns)
    rows = list(zip(*(one.values for one in columns.values()), strict=True))
    records = [dict(zip(names, row, strict=True)) for row in rows]
    head = "text/csv; header=present"
    yield "csv", lambda: Form(head, ".csv", text(columns))
    yield "csv of CRLF", lambda: Form(head, ".csv", text(columns, end="\r\n"))
    yield "csv of quotes", lambda: Form(head, ".csv", text(columns, quoting=csv.QUOTE_ALL))
    yield "csv of semicolons", lambda: Form(head + "; delimiter=semicolon", ".csv", text(columns, mark=";"))
    yield (
        "csv without names",
        lambda: Form("text/csv; header=absent", ".csv", text(columns, names=False), False),
    )
    yield "json of instances", lambda: _json(".json", {"instances": records})
    yield "json of records", lambda: _json(".json", records)
    yield "json of columns", lambda: _json(".json", {name: one.values for name, one in columns.items()})
    yield "json split", lambda: _json(".json", {"columns": names, "data": rows})
    yield (
        "json of features",
        lambda: _json(".json", {"instances": [{"features": row} for row in rows]}, False),
    )
    yield "json of arrays", lambda: _json(".json", rows, False)
    yield "json lines", lambda: _lines(records)
    yield "json lines of arrays", lambda: _lines(rows, False)
    yield "parquet", lambda: Form("application/x-parquet", ".parquet", parquet(columns))
    # Excel's numbers end at 2**53, and a row of nothing is none.
    if not any(one.sort == "big" for one in columns.values()) and all(set(row) != {None} for row in rows):
        yield "excel", lambda: Form("xlsx; header=present", ".xlsx", excel(columns))
    if all(one.numeric for one in columns.values()):
        yield "npy", lambda: Form("application/x-npy", ".npy", npy(columns), False)
        yield "recordio", lambda: Form("application/x-recordio-protobuf", ".pbr", recordio(columns), False)


def shuffled(random: Random, columns: Columns) -> dict[str, Cells]:
    """The same columns in another order."""
    return {name: columns[name] for name in random.sample(list(columns), len(columns))}


def text(columns: Columns, names: bool = True, mark: str = ",", end: str = "\n", quoting: Any = 0) -> bytes:
    """A CSV; a cell alone in its row is quoted where it is empty."""
    made = io.StringIO()
    writer = csv.writer(made, delimiter=mark, lineterminator=end, quoting=quoting)
    if names:
        writer.writerow(columns)
    writer.writerows(zip(*(one.written for one in columns.values()), strict=True))
    return made.getvalue().encode()


def _json(suffix: str, content: Any, named: bool = True) -> Form:
    return Form("application/json", suffix, orjson.dumps(content), named)


def _lines(rows: Sequence[Any], named: bool = True) -> Form:
    body = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    return Form("application/jsonlines", ".jsonl", body, named)


def parquet(columns: Columns) -> bytes:
    """Each column in Parquet's own type, a date as a date."""
    found = {}
    for name, one in columns.items():
        cells = one.values
        if one.sort == "day":
            cells = [None if cell is None else date.fromisoformat(cell) for cell in cells]
        elif one.sort == "moment":
            cells = [None if cell is None else datetime.fromisoformat(cell) for cell in cells]
        found[name] = pa.array(cells, pa.float64()) if one.sort == "number" else pa.array(cells)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(found), sink)
    return bytes(sink.getvalue().to_pybytes())


def excel(columns: Columns) -> bytes:
    """A workbook; texts are never formulas."""
    import openpyxl

    book = openpyxl.Workbook()
    for place, (name, one) in enumerate(columns.items(), 1):
        for row, value in enumerate([name, *one.values], 1):
            if value is None:
                continue
            cell = book.active.cell(row, place)
            if one.sort == "day" and row > 1:
                cell.value = date.fromisoformat(value)
            elif one.sort == "moment" and row > 1:
                cell.value = datetime.fromisoformat(value)
            else:
                cell.value = value
                cell.data_type = "s" if isinstance(value, str) else cell.data_type
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _matrix(columns: Columns) -> np.ndarray[Any, Any]:
    cells = [[np.nan if cell is None else cell for cell in one.values] for one in columns.values()]
    return np.array(cells, np.float64).T


def npy(columns: Columns) -> bytes:
    """Columns of numbers."""
    made = io.BytesIO()
    np.save(made, _matrix(columns), allow_pickle=False)
    return made.getvalue()


def recordio(columns: Columns) -> bytes:
    """Columns of numbers, as features of 64 bits."""
    from slipway.formats.record import record_type
    from slipway.formats.recordio import frame

    body = b""
    for row in _matrix(columns).tolist():
        record = record_type()()
        record.features["values"].float64_tensor.values.extend(row)
        body += frame(record.SerializeToString())
    return body
