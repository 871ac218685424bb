"""Answers in JSON and JSON Lines: many rows are written by columns, as a few are by rows."""

import re
from pathlib import Path

import orjson
import pytest

from slipway.formats.json import JSON
from slipway.formats.jsonlines import JSONLines
from slipway.media import MediaType
from slipway.table import arrow

MEDIA = MediaType("application/json")


@pytest.mark.parametrize("source", [JSON(), JSONLines()])
@pytest.mark.parametrize(
    "cells",
    [
        ["plain", "é", None, ""],
        ['a "quote"', "back\\slash", "a\nb"],
        ["nul\0", "x"],
        ["\x7f", "\u2028"],
        [None, None],
        ["a", 1, 2.5, True, [1], {"b": None}],
    ],
)
def test_many_texts_are_written_as_a_few_are(source, cells):
    column = arrow.objects(cells * 64)
    few = [source.write({"a": column[:1], "b": column[at : at + 1]}, MEDIA) for at in range(len(cells))]
    many = source.write({"a": column, "b": column}, MEDIA)
    rows = read(source, many)
    assert [row["b"] for row in rows] == cells * 64
    assert [row["b"] for one in few for row in read(source, one)] == cells


def read(source, body):
    lines = isinstance(source, JSONLines)
    return (
        [orjson.loads(line) for line in body.split(b"\n") if line]
        if lines
        else orjson.loads(body)["predictions"]
    )


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="it reads /proc")
@pytest.mark.parametrize("source", [JSON(), JSONLines()])
def test_texts_take_no_kilobyte_each(source):
    """orjson gives each its own kilobyte of memory, of which a list of them keeps most."""
    column = arrow.objects([f"text {number} \\" for number in range(50_000)])
    before = _kb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    source.write({"a": column, "b": column}, MEDIA)
    assert _kb("VmHWM") - before < 30_000


def _kb(name):
    return int(re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())[1])
