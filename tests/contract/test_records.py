"""What a bad row does where the caller asks for its error in its place."""

import csv
import io
import json
from typing import Any

import pytest

from harness.places import Place, Reply, Server, Training
from harness.samples import Sample, near

RECORD = {"Custom_Attributes": "on_error=record"}


def with_a_bad_cell(sample: Sample) -> list[list[Any]]:
    """The sample's rows, and after the first one whose number is none."""
    place = sample.number_column()
    assert place is not None, "every sample has a number"
    bad = [*sample.rows[0]]
    bad[place] = "no number"
    return [sample.rows[0], bad, *sample.rows[1:]]


def told(answers: list[dict[str, Any]], expected: Reply, bad: set[int]) -> None:
    """The rows that are `bad` have an error and nothing else, the others what they have without those."""
    good = iter(expected.json["predictions"])
    for place, answer in enumerate(answers):
        error = answer.pop("error")
        if place in bad:
            assert error, place
            assert "\n" not in error
            assert set(answer.values()) <= {None}, "a placeholder, no answer"
        else:
            assert error is None, (place, error)
            assert answer == near(next(good))
    assert next(good, None) is None, "no row is lost"


@pytest.mark.contract("B4.5", "B4.7")
def test_a_bad_row_is_told_in_its_place_and_the_others_are_answered(
    server: Server, sample: Sample, expected: Reply
) -> None:
    """In each format of lines, and in JSON."""
    rows = with_a_bad_cell(sample)
    records = [dict(zip(sample.names, row, strict=True)) for row in rows]
    bodies = {
        "csv with a header": ("text/csv", sample.csv(rows=rows)),
        "csv without": ("text/csv", sample.csv(False, rows=rows)),
        "json": ("application/json", json.dumps({"instances": records}).encode()),
        "json lines": ("application/jsonlines", b"\n".join(json.dumps(row).encode() for row in records)),
    }
    for name, (media, body) in bodies.items():
        reply = server.ask(body, media, "application/json", **RECORD)
        assert reply.status == 200, (name, reply.text)
        told(reply.json["predictions"], expected, {1})


@pytest.mark.contract("B4.5", "B4.7")
def test_lines_that_are_no_rows_are_told_in_their_places(
    server: Server, sample: Sample, expected: Reply
) -> None:
    """Empty lines, lines of another length, bytes that are no text, and what is no JSON."""
    lines = sample.csv(False).splitlines()
    odd = [b"", lines[0] + b",1,1,1,1,1,1,1,1", b"\xff" + lines[0]]
    body = b"\n".join([lines[0], *odd, *lines[1:], b""])
    reply = server.ask(body, "text/csv", "application/json", **RECORD)
    assert reply.status == 200, reply.text
    told(reply.json["predictions"], expected, {1, 2, 3})
    records = [json.dumps(record).encode() for record in sample.records]
    body = b"\n".join([records[0], b"", b'{"half', b"17", *records[1:], b""])
    reply = server.ask(body, "application/jsonlines", "application/json", **RECORD)
    assert reply.status == 200, reply.text
    told(reply.json["predictions"], expected, {1, 2, 3})


@pytest.mark.contract("B4.5", "B4.6", "B4.10")
def test_one_line_comes_back_for_each_line_in_csv_and_json_lines(server: Server, sample: Sample) -> None:
    """By which a transform's output is joined with its input, line by line."""
    body = sample.csv(False, rows=with_a_bad_cell(sample))
    for accept in ("text/csv", "application/jsonlines"):
        reply = server.ask(body, "text/csv", accept, **RECORD)
        assert reply.text.endswith("\n")
        assert len(reply.body.splitlines()) == len(body.splitlines())
    cells = list(csv.reader(io.StringIO(server.ask(body, "text/csv", "text/csv", **RECORD).text)))
    assert len({len(line) for line in cells}) == 1, "as many cells in a bad row's line as in any other"
    assert [bool(line[-1]) for line in cells] == [place == 1 for place in range(len(cells))]


@pytest.mark.contract("B4.4", "B4.7")
def test_a_bad_row_that_comes_alone_is_told_too(server: Server, sample: Sample) -> None:
    """A transform of single records sends it so."""
    body = sample.csv(False, rows=with_a_bad_cell(sample)[1:2])
    reply = server.ask(body, "text/csv", "application/jsonlines", **RECORD)
    assert reply.status == 200, reply.text
    (line,) = reply.body.splitlines()
    assert json.loads(line)["error"]


def test_a_request_that_is_wrong_as_a_whole_is_still_refused(server: Server, sample: Sample) -> None:
    other = [f"other_{name}" for name in sample.names]
    assert server.ask(sample.csv(names=other), "text/csv; header=present", **RECORD).status == 400
    assert server.ask(b'{"instances": [', "application/json", **RECORD).status == 400
    assert server.ask(sample.csv(), "text/csv", "application/x-npy", **RECORD).status == 406


@pytest.mark.only("inside")
@pytest.mark.contract("B4.1", "B4.5", "B4.7")
def test_a_transform_asks_for_it_by_its_environment(
    place: Place, trained: Training, sample: Sample, expected: Reply
) -> None:
    """A batch transform has no headers of its own."""
    settings = {"SAGEMAKER_BATCH": "true", "SLIPWAY_OPTIONS": "on_error=record"}
    with place.serve(trained.root, **settings) as batch:
        reply = batch.ask(sample.csv(rows=with_a_bad_cell(sample)), "text/csv", "application/json")
        told(reply.json["predictions"], expected, {1})
