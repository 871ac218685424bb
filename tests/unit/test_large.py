"""Large bodies are answered in pieces, as if they were read at once, in little memory."""

import gc
import random
import re
from pathlib import Path

import numpy as np
import pytest

from slipway import Column
from slipway.serving import large
from unit import model
from unit.worker import Echo, endpoint

ACCEPTED = ["text/csv", "text/csv; header=present", "application/jsonlines", "application/json"]


class Adder(model.Adder):
    """Of columns that training has seen numbers in."""

    def __init__(self):
        self.columns = [Column(name=name, kind="number") for name in "xy"]


def rows(count, mark=","):
    return b"".join(b"%d%b%d.5\n" % (number, mark.encode(), number % 7) for number in range(count))


def asked(model, body, content_type, accept, monkeypatch, limit, options="{}"):
    """The status and the whole answer where bodies over `limit` bytes are cut."""
    monkeypatch.setattr(large, "LARGE", limit)
    monkeypatch.setattr(large, "PIECE", 1 << 18)
    answer = endpoint(model, SLIPWAY_OPTIONS=options).answer(body, content_type, accept)
    whole = b"".join([answer.body, *(answer.rest or ())])
    assert answer.size in (None, len(whole))
    return answer.status, whole, answer.rows


def both(model, body, monkeypatch, content_type="text/csv", accept="text/csv", options="{}"):
    """What is answered in pieces, once it equals what is answered at once."""
    inside = asked(model, body, content_type, accept, monkeypatch, 1 << 18, options)
    assert inside == asked(model, body, content_type, accept, monkeypatch, 1 << 40, options)
    return inside


@pytest.mark.parametrize("accept", ACCEPTED)
@pytest.mark.parametrize("head", [b"", b"x,y\n", b"\n\r\nx,y\r\n", b"\xef\xbb\xbfx,y\n", b"y,x,z\n"])
def test_every_row_is_answered_as_if_all_were_read_at_once(head, accept, monkeypatch):
    lines = rows(60_000) if b"z" not in head else rows(60_000).replace(b"\n", b",a\n")
    status, _, count = both(Adder(), head + lines, monkeypatch, accept=accept)
    assert (status, count) == (200, 60_000)


def test_an_answer_of_some_size_comes_in_parts_whose_sizes_are_known(monkeypatch):
    answer = endpoint(Adder()).answer(rows(300_000), "text/csv")
    assert answer.rest is not None
    assert answer.size == len(answer.body) + sum(map(len, answer.rest))


@pytest.mark.parametrize("accept", ACCEPTED)
def test_texts_with_quotes_and_line_breaks_come_back(accept, monkeypatch):
    chosen = random.Random(0)
    cells = ['"a\nb"', '"c""d"', "e", "", '"f,g"', "=h"]
    body = "code,ok,n,x\n" + "".join(
        f"{chosen.choice(cells)},{chosen.choice(['true', ''])},{chosen.choice(['', 4, 5.0])},{row / 3}\n"
        for row in range(40_000)
    )
    assert both(Echo(), body.encode(), monkeypatch, accept=accept)[2] == 40_000


def test_formulas_stay_escaped_after_the_first_piece(monkeypatch):
    body = b"code,ok,n,x\n" + b"=1+1,true,2,3\n" * 40_000
    _, whole, _ = both(Echo(), body, monkeypatch, accept="text/csv; formulas=escaped")
    assert whole.count(b"'=1+1") == 40_000


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_the_mark_of_the_first_lines_is_that_of_all(mark, monkeypatch):
    assert both(Adder(), rows(60_000, mark), monkeypatch)[2] == 60_000


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param((b"50000,3.5", b"50000,none"), id="a cell"),
        pytest.param((b"50000,3.5", b"50000,3.5,1"), id="a wide line"),
        pytest.param((b"50000,3.5", b'50000,"3.5'), id="an open quote"),
        pytest.param((b"50000,3.5", b"50000,\xff"), id="a byte"),
        pytest.param((b"50000,3.5", b"50000,1e308\n1e308,1e308"), id="an infinite answer"),
        pytest.param((b"50000,3.5", b"\n50000,\n"), id="a gap and blank lines"),
        pytest.param((b"50000,3.5", b"x,y"), id="the names again"),
    ],
)
@pytest.mark.parametrize("head", [b"", b"x,y\n"])
def test_what_is_wrong_far_below_is_told_with_its_place(head, spoil, monkeypatch):
    """The same message, so far as all of the body was small enough to look for the line."""
    both(Adder(), head + rows(60_000).replace(*spoil), monkeypatch)


def test_a_piece_that_begins_with_another_width_does_not_set_it(monkeypatch):
    """Each piece's first line is measured by the body's."""
    lines = rows(60_000).splitlines(keepends=True)
    some = b"".join([*lines[:50_000], b"1,2,3\n" * 60_000])
    status, whole, _ = both(Adder(), some, monkeypatch)
    assert status == 400
    assert b"line 50001" in whole


@pytest.mark.parametrize("options", ['{"on_error": "record"}', '{"fault": "tells the total"}'])
def test_what_needs_all_rows_gets_them(options, monkeypatch):
    status, whole, count = both(
        Adder(), rows(60_000), monkeypatch, accept="application/json", options=options
    )
    assert (status, count) == (200, 60_000)
    assert whole.count(b'"total"') == ("total" in options)


def test_groups_are_not_cut(monkeypatch):
    class Grouped(Adder):
        calls = 0

        def groups(self, table):
            return np.zeros(len(table), np.int64)

        def predict(self, table, options):
            self.calls += 1
            return super().predict(table, options)

    grouped = Grouped()
    asked(grouped, rows(60_000), "text/csv", "text/csv", monkeypatch, 1 << 18)
    assert grouped.calls == 1


def test_an_empty_middle_is_no_row(monkeypatch):
    body = rows(40_000) + b"\n" * (1 << 19) + rows(40_000)
    assert both(Adder(), body, monkeypatch)[2] == 80_000


def test_rows_are_limited_in_all(monkeypatch):
    answer = endpoint(Adder(), SLIPWAY_MAX_ROWS="100000").answer(rows(300_000), "text/csv")
    assert answer.status == 413


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="it reads /proc")
def test_little_more_than_body_and_answer_is_held():
    served, body = endpoint(Adder()), rows(1_000_000)
    served.answer(rows(200_000), "text/csv")
    gc.collect()
    before = _kb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    answer = served.answer(body, "text/csv")
    assert answer.status == 200
    assert answer.size is not None
    assert (_kb("VmHWM") - before) * 1024 < answer.size + len(body)


def _kb(name):
    return int(re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())[1])
