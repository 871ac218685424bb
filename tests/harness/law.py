"""The law of formats, checked: `python -m harness.law TABLES` tries so many tables at random."""

import csv
import gzip
import io
import resource
import sys
import time
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np
import orjson
import pyarrow.parquet as pq

import slipway
from harness import tensors
from harness.tables import GAPS, Cells, Columns, Form, forms, shuffled, table
from slipway import Answers, Channel, Schema, Table
from slipway.formats import Reading, reader
from slipway.formats.tensor_answers import BINARY_LENGTH
from slipway.formats.tensor_request import InferRequest
from slipway.formats.tensors import read as read_tensors
from slipway.manifest import Manifest
from slipway.serving.endpoint import Endpoint
from slipway.serving.oip.v2 import Infer
from slipway.settings import Settings
from slipway.table import match

_ACCEPTED = ("text/csv; header=present", "application/json", "application/jsonlines", "application/x-parquet")
_FEW = 5  # formats of a table that are tried


class Echo(slipway.Model):
    """Gives back every column as it came."""

    def __init__(self, columns: Any) -> None:
        self.columns = columns

    def keeps(self, options: Any) -> bool:
        return True

    def predict(self, table: Table, options: Any) -> Answers:
        return Answers(table.sent)

    def save(self, folder: Path) -> None:
        """Nothing was learned."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        raise NotImplementedError


def trained(form: Form, folder: Path, packed: bool = False) -> Table:
    """What a training channel of one file makes of it."""
    path = folder / f"part{form.suffix}{'.gz' if packed else ''}"
    path.write_bytes(gzip.compress(form.body, 1) if packed else form.body)
    try:
        return Channel("train", folder, form.media_type).table
    finally:
        path.unlink()


def check_training(columns: Columns, random: Random) -> None:
    """Raises AssertionError where a format gives another table than `columns`."""
    with TemporaryDirectory() as folder:
        for name, form in some(columns, random):
            mixed = shuffled(random, columns)
            made = dict(forms(mixed))[name]() if form().named else form()
            same(
                trained(made, Path(folder), random.random() < 0.3),
                mixed if made.named else columns,
                made.named,
                name,
            )


@cache
def stamped() -> Manifest:
    """A manifest but for its schema; to ask what is installed takes most of a second."""
    nothing = Schema(columns=(), table=())
    with TemporaryDirectory() as folder:
        return Manifest.stamp(
            Path(folder), image="one", version="1.0.0", reads=nothing, hyperparameters={}, metrics={}
        )


def check_serving(columns: Columns, random: Random) -> None:
    """Raises AssertionError where a request in one of the formats is read or given back as another table."""
    schema, endpoint = _echo(columns, random)
    for name, form in some(columns, random):
        made = dict(forms(shuffled(random, columns)))[name]() if form().named else form()
        source, media = reader(made.media_type)
        typed = match.typed(source.read(made.body, media, Reading(schema, keep=True)), schema)
        same(typed, {one: columns[one] for one in schema.names}, True, name)
        accept = random.choice(_ACCEPTED)
        answer = endpoint.answer(made.body, made.media_type, accept)
        assert answer.status == 200, (name, accept, answer.body[:300])
        given = read_answer(answer.media_type, answer.body)
        assert set(given) == set(columns), (name, accept, list(given))
        for one in columns:
            exact = name.startswith("csv") and accept.startswith("text/csv")
            wanted = (
                columns[one].written
                if exact
                else [_plain(columns[one], cell) for cell in columns[one].values]
            )
            came = given[one] if exact else [_plain(columns[one], cell) for cell in given[one]]
            assert came == wanted, (name, accept, one, came, wanted)


def check_tensors(columns: Columns, random: Random) -> None:
    """Raises AssertionError where the Open Inference Protocol gives another table back."""
    schema, endpoint = _echo(columns, random)
    body, header = tensors.request(shuffled(random, columns), random)
    request = InferRequest.parse(body, int(header) if header else None)
    typed = match.typed(read_tensors(request, Reading(schema, keep=True)), schema)
    same(typed, {one: columns[one] for one in schema.names}, True, "tensors")
    answer = endpoint.answer(body, "", protocol=Infer(header))
    assert answer.status == 200, answer.body[:300]
    given = tensors.answered(answer.body, dict(answer.headers).get(BINARY_LENGTH))
    assert set(given) == set(columns)
    for name, one in columns.items():
        came = [_plain(one, cell) for cell in given[name]]
        assert came == [_plain(one, cell) for cell in one.values], (name, came, one)


def _echo(columns: Columns, random: Random) -> tuple[Schema, Endpoint]:
    """A model that learnt the table and gives every column back; some it does not read."""
    with TemporaryDirectory() as folder:
        known = trained(dict(forms(columns))["csv"](), Path(folder)).columns
    read = [column for column in known if random.random() < 0.8] or list(known)
    schema = Schema(columns=tuple(read), table=tuple(known))
    manifest = stamped().model_copy(update={"reads": schema})
    return schema, Endpoint(Echo(read), manifest, Settings.read({}))


def some(columns: Columns, random: Random) -> list[tuple[str, Callable[[], Form]]]:
    """A few of the formats that can hold the table."""
    found = list(forms(columns))
    if random.random() < 0.9:  # each takes a process
        found = [one for one in found if one[0] != "excel"]
    return random.sample(found, min(len(found), _FEW))


def same(found: Table, columns: Columns, named: bool, form: str) -> None:
    """Raises AssertionError where `found` is not `columns`, kind by kind and cell by cell."""
    names = list(columns) if named else list(found.names)
    assert sorted(found.names) == sorted(names), (form, found.names, names)
    for name, one in zip(names, columns.values(), strict=True):
        assert found.kinds[name] == one.kind, (form, name, found.kinds[name], one)
        if one.kind in {"number", "integer", "boolean"}:
            wanted = np.array([np.nan if cell is None else cell for cell in one.values], float)
            assert np.array_equal(found.number(name), wanted, equal_nan=True), (
                form,
                name,
                found.number(name),
                one,
            )
        else:
            texts = [None if cell is None else str(cell) for cell in one.values]
            assert found.column(name).tolist() == texts, (form, name, found.column(name), one)


def read_answer(media_type: str, body: bytes) -> dict[str, list[Any]]:
    """An answer's columns."""
    if media_type == "text/csv":
        head, *rows = csv.reader(io.StringIO(body.decode(), newline=""))
        return dict(zip(head, map(list, zip(*rows, strict=True)), strict=True))
    if media_type == "application/x-parquet":
        found: dict[str, list[Any]] = pq.read_table(io.BytesIO(body)).to_pydict()
        return found
    records = [orjson.loads(line) for line in body.splitlines()]
    records = records[0]["predictions"] if media_type == "application/json" else records
    return {name: [record[name] for record in records] for name in records[0]}


def _plain(one: Cells, cell: Any) -> Any:
    """A cell as one value, however its format has it."""
    if cell is None or cell == "" or (one.kind in {"number", "integer", "boolean"} and cell in GAPS):
        return None
    if one.kind == "boolean":
        return str(cell).lower()
    return float(cell) if one.kind in {"number", "integer"} else str(cell)


def main(count: int, first: int = 0) -> int:
    """Tries tables; says what falls, and goes on. The number of those that fell."""
    fallen: dict[str, int] = {}
    started = time.monotonic()
    for number in range(first, first + count):
        random = Random(number)
        columns = table(random)
        for check in (check_training, check_serving, check_tensors):
            try:
                check(columns, random)
            except Exception as error:
                kind = f"{check.__name__}: {''.join(traceback.format_exception_only(error)).strip()[:600]}"
                place = traceback.extract_tb(error.__traceback__)[-1]
                key = f"{check.__name__} {type(error).__name__} {place.filename}:{place.lineno}"
                fallen[key] = fallen.get(key, 0) + 1
                if fallen[key] <= 3:
                    print(f"table {number} fell: {kind}", flush=True)
        if (number + 1 - first) % 1000 == 0:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
            spent = time.monotonic() - started
            print(
                f"{number + 1 - first} tables in {spent:.0f} s, {sum(fallen.values())} fell, peak {peak} MB",
                flush=True,
            )
    for key, times in fallen.items():
        print(f"{times} times: {key}")
    return sum(fallen.values())


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])) > 0)
