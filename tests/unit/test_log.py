"""Log lines, as text and as JSON; nothing of a payload is in them."""

import io
import json
from collections.abc import Iterator

import pytest

from slipway import log as logging
from slipway.describe import metric_regex
from slipway.log import InternalError, configure, log, log_exception, relay, within


@pytest.fixture(autouse=True)
def text_again() -> Iterator[None]:
    yield
    configure("text")


def test_text_is_one_line_for_people(capsys):
    log("serve", "ready", workers=2)
    assert capsys.readouterr().err == "slipway serve: ready [workers 2]\n"


def test_json_is_one_object_a_line(capsys):
    configure("json")
    log("serve", 'a "word"\nand a line', "error", status=500)
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    found = json.loads(line)
    assert found.pop("time").endswith("+00:00")
    assert found == {"level": "error", "verb": "serve", "message": 'a "word"\nand a line', "status": 500}


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.contract("B2.7")
def test_every_line_of_a_request_has_its_id(capsys, form):
    """The inference id."""
    configure(form)
    with within("id-7"):
        log("serve", "slow")
        with within("id-8"):
            log("serve", "other")
    log("serve", "none")
    lines = capsys.readouterr().err.splitlines()
    assert ["id-7" in line for line in lines] == [True, False, False]
    assert "id-8" in lines[1]


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_fault_is_told_by_where_it_happened_and_not_by_what_it_says(capsys, form):
    """A library's message may quote a cell."""
    configure(form)
    secret = str(4000 + 711)
    try:
        try:
            int("x" + secret)
        except ValueError as error:
            raise KeyError(secret) from error
    except KeyError as error:
        log_exception("serve", "a request failed", error)
    heard = capsys.readouterr().err
    assert "a request failed: KeyError" in heard
    assert "ValueError" in heard
    assert "test_log.py" in heard
    assert secret not in heard
    assert form == "text" or heard.count("\n") == 1


def test_what_we_say_of_a_fault_ourselves_is_told(capsys):
    log_exception("serve", "a request failed", InternalError("predict gave 3 answers for 4 rows"))
    assert "InternalError: predict gave 3 answers for 4 rows" in capsys.readouterr().err


def test_what_other_programs_write_becomes_json_too(capsys):
    configure("json")
    relay("nginx", io.BytesIO(b'2026 [error] \xff no\n\n{"level": "info"}\n'))
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["source"], first["message"]) == ("nginx", "2026 [error] \ufffd no")
    assert second == {"level": "info"}


def test_a_reader_of_the_log_that_has_gone_is_no_reason_to_fail(monkeypatch):
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(logging.sys, "stderr", Closed())
    log("serve", "nobody listens")


@pytest.mark.contract("A8.1")
def test_a_metric_is_found_in_either_log(capsys):
    """By the same regular expression, also where a job's progress quotes it."""
    import re

    configure("json")
    log("train", "metric loss=0.25; after 3 rounds")
    assert re.search(metric_regex("loss"), capsys.readouterr().err)[1] == "0.25"
