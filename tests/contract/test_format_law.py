"""The law of formats for an image: a table gets the same answers in any format that can hold it."""

from random import Random

import pytest

from harness.law import read_answer
from harness.places import Reply, Server
from harness.samples import Sample
from harness.tables import Cells, forms, shuffled

TYPES = {"number": "number", "integer": "integer", "boolean": "boolean"}


@pytest.fixture(scope="module")
def columns(sample: Sample) -> dict[str, Cells]:
    """The sample's request."""
    found = {}
    for name, kind, values in zip(sample.names, sample.kinds, sample.columns, strict=True):
        sort = TYPES.get(kind, "text")
        cells = [None if cell is None else _value(cell, sort) for cell in values]
        found[name] = Cells(sort, kind, cells, ["" if cell is None else str(cell) for cell in values])
    return found


def _value(cell: object, sort: str) -> object:
    text = str(cell)
    if sort == "boolean":
        return text.lower() == "true"
    return cell if sort == "text" else int(float(text)) if sort == "integer" else float(text)


def test_every_format_gets_the_same_answers(
    server: Server, columns: dict[str, Cells], expected: Reply
) -> None:
    for name, form in forms(columns):
        made = form()
        reply = server.ask(made.body, made.media_type, "application/json")
        assert reply.status == 200, (name, reply.text)
        assert reply.json == expected.json, name


@pytest.mark.parametrize("seed", range(3))
def test_so_do_columns_in_any_order(
    server: Server, columns: dict[str, Cells], expected: Reply, seed: int
) -> None:
    for name, form in forms(shuffled(Random(seed), columns)):
        made = form()
        if made.named:
            reply = server.ask(made.body, made.media_type, "application/json")
            assert reply.status == 200, (name, reply.text)
            assert reply.json == expected.json, name


@pytest.mark.parametrize("accept", ["application/jsonlines", "application/x-parquet"])
def test_every_format_of_the_answer_says_the_same(
    server: Server, columns: dict[str, Cells], expected: Reply, accept: str
) -> None:
    wanted = read_answer("application/json", expected.body)
    for name, form in forms(columns):
        made = form()
        reply = server.ask(made.body, made.media_type, accept)
        assert reply.status == 200, (name, reply.text)
        assert read_answer(accept, reply.body) == wanted, name
