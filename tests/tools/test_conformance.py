"""The conformance tool without Docker: each fault of a server must be caught by the check that is for it."""

import csv
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from harness.places import REPOSITORY
from tools.conformance import __main__ as command
from tools.conformance import engine, payload, registry, report, stage, subject, training_checks, wire

assert command  # which brings every check
PAYLOAD = b"width,height\n1.5,2\n3,4.25\n5,6\n"
METRICS = b'# TYPE asked counter\nasked_total{path="/x y"} 3\nup 1e0 1700000000\n'
TYPES = ["text/csv", "application/json", "application/jsonlines"]
FAULTS = {
    "loses the first record of a body without names": ["csv_has_no_header", "csv_has_one_record"],
    "compares content types as texts": ["content_type_has_a_charset", "content_type_is_in_capitals"],
    "ignores Accept": ["accept_is_obeyed", "an_impossible_accept_is_refused"],
    "takes the first of a list": ["accept_has_weights"],
    "fails where nothing was sent": ["an_empty_body_is_no_fault"],
    "shows a traceback": ["noise_is_refused", "errors_are_short"],
    "takes any content type": ["an_unknown_content_type_is_refused"],
    "has an old limit": ["bodies_are_large", "bodies_are_as_large_as_endpoints_allow"],
    "reads no chunks": ["bodies_come_in_chunks"],
    "closes every connection": ["keeps_connections"],
    "answers something else each time": ["answers_many_at_once"],
    "logs what was sent": ["log_holds_no_payload"],
    "loses a row": ["answers"],
    "fails on a short record": ["short_records_are_no_fault"],
    "answers 200 when it should refuse": ["execution_parameters_are_told"],
    "refuses POST": ["ping_answers"],
    "tells metrics as JSON": ["metrics_can_be_scraped"],
}


class Handler(BaseHTTPRequestHandler):
    """A server as the contract wants it, but for one fault."""

    protocol_version = "HTTP/1.1"
    fault = ""
    log: list[str]
    count = 0

    def do_GET(self) -> None:
        if self.path == "/ping":
            return self.reply(200, b"", "")
        if self.path == "/metrics":
            told = b'{"up": 1}' if self.fault == "tells metrics as JSON" else METRICS
            return self.reply(200, told, "text/plain; version=0.0.4")
        if self.path == "/execution-parameters" and self.fault == "answers 200 when it should refuse":
            return self.reply(200, b"{}", "application/json")
        return self.refuse(404, "no such path")

    def do_POST(self) -> None:
        body = self.body()
        if self.path == "/ping":
            return self.refuse(405, "GET") if self.fault == "refuses POST" else self.reply(200, b"", "")
        try:
            return self.answer(body)
        except (ValueError, IndexError) as error:
            if self.fault == "shows a traceback":
                return self.reply(500, b"Traceback (most recent call last):\n", "text/html")
            return self.refuse(400, str(error))

    def answer(self, body: bytes) -> None:
        sent = self.headers.get("Content-Type", "")
        plain = sent if self.fault == "compares content types as texts" else sent.partition(";")[0].lower()
        if plain not in {"text/csv", "application/json"} and self.fault != "takes any content type":
            return self.refuse(415, "expected text/csv or application/json")
        if self.fault == "has an old limit" and len(body) > 5 * 1024**2:
            return self.refuse(413, "5 MB")
        if not body:
            empty = self.fault == "fails where nothing was sent"
            return self.refuse(500, "empty") if empty else self.reply(204, b"", "")
        if self.fault == "logs what was sent":
            self.log.append(body.decode())
        if plain == "application/json":
            count = len(json.loads(body)["instances"])
        elif len(body) > 10**6:  # quickly
            count = body.count(b"\n") - 1
        else:
            rows = list(csv.reader(io.StringIO(body.decode())))
            headed = rows[0] == ["width", "height"] or self.fault.startswith("loses the first")
            count = len([[float(cell or 0) for cell in row] for row in rows[headed:]])
            if {len(row) for row in rows} != {2}:
                if self.fault == "fails on a short record":
                    return self.refuse(500, "IndexError")
                raise ValueError("expected two columns")
        media = self.accepted()
        if not media:
            return self.refuse(406, "expected text/csv")
        Handler.count += 1
        value = Handler.count if self.fault.startswith("answers something else") else 1
        answers = [value] * (count - (self.fault == "loses a row"))
        lines = "".join(f"{one}\n" for one in answers).encode()
        document = json.dumps({"predictions": answers}).encode()
        return self.reply(200, document if media == "application/json" else lines, media)

    def accepted(self) -> str:
        if self.fault == "ignores Accept":
            return TYPES[0]
        asked = [one.split(";") for one in self.headers.get("Accept", "*/*").split(",")]
        weights = {one[0].strip(): float(one[1].partition("=")[2]) if one[1:] else 1.0 for one in asked}
        first = list(weights)[:1]
        wanted = (
            first if self.fault.startswith("takes the first") else sorted(weights, key=lambda t: -weights[t])
        )
        found = (TYPES[0] if one == "*/*" else one for one in wanted if one in {*TYPES, "*/*"})
        return next(found, "")

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return b"" if self.fault == "reads no chunks" else body

    def refuse(self, status: int, why: str) -> None:
        self.reply(status, json.dumps({"message": why}).encode(), "application/json")

    def reply(self, status: int, body: bytes, media: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media)
        if self.fault == "closes every connection":
            self.send_header("Connection", "close")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(autouse=True)
def session() -> None:
    """AWS has no part in this."""


@contextmanager
def staged(fault: str) -> Iterator[Any]:
    """A stage whose server is one of this process."""
    log: list[str] = []
    handler = type("Faulty", (Handler,), {"fault": fault, "log": log})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()

    class Container:
        def log(self) -> str:
            return "\n".join(log)

    try:
        sent = payload.Payload(PAYLOAD, "text/csv")
        under = subject.Subject("image", {}, payload=sent)
        found = stage.Stage(under, engine.Engine())
        reached = wire.Wire("127.0.0.1", server.server_port)
        found._server = lambda: stage.Server(Container(), reached)
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def verdicts(under: Any, names: set[str]) -> dict[str, Any]:
    checks = [one for one in registry.CHECKS if one.run.__name__ in names]
    assert {one.run.__name__ for one in checks} == names
    return {one.run.__name__: registry.carry_out(one, under) for one in checks}


def test_a_server_without_a_fault_passes() -> None:
    checks = {name for names in FAULTS.values() for name in names}
    checks |= {
        "headers_do_no_harm",
        "csv_has_an_empty_cell",
        "json_instances_are_read",
        "it_goes_on_after_errors",
    }
    with staged("") as under:
        found = verdicts(under, checks)
    assert {name: one.seen for name, one in found.items() if one.verdict != "pass"} == {}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_server_is_found(fault: str) -> None:
    with staged(fault) as under:
        found = verdicts(under, set(FAULTS[fault]))
    assert {name: one.verdict for name, one in found.items()} == dict.fromkeys(FAULTS[fault], "FAIL")


@pytest.mark.parametrize(
    ("code", "failure", "verdict"),
    [
        (1, "channel train has no data files", "pass"),
        (255, "Exception during training: no files\nTraceback (most recent call last):\n…", "pass"),
        (1, "", "FAIL"),
        (0, "", "FAIL"),
        (1, "Traceback (most recent call last):\n  File", "FAIL"),
        (1, "Framework Error: \nTraceback (most recent call last):\n  File", "FAIL"),
        (1, " " * 1024 + "what was wrong", "FAIL"),
    ],
)
def test_a_cause_is_told_from_a_traceback(code: int, failure: str, verdict: str) -> None:
    trained = stage.Trained(code, "", failure, {}, 1.0)
    one = registry.Check("A1.7", "train", "", "", lambda _: training_checks.told(trained))
    assert registry.carry_out(one, None).verdict == verdict


def test_a_payload_is_taken_apart() -> None:
    make = payload.Payload
    named = make(PAYLOAD, "text/csv; charset=utf-8")
    assert (named.header, len(named.lines)) == (b"width,height", 3)
    assert named.of(named.lines[:1], header=False, final=b"") == b"1.5,2"
    assert named.marked("7.5") == b"width,height\n7.5,2\n"
    body, count = named.sized(1000)
    assert len(body) >= 1000
    assert body.count(b"\n") == count + 1
    assert make(b"1,2\n3,4\n", "text/csv").header == b""
    assert make(b"a,b\nc,d\ne,f\n", "text/csv").header == b"a,b"
    assert make(b'{"a": 1}\n{"a": 2}\n', "application/jsonlines").lines == [b'{"a": 1}', b'{"a": 2}']
    assert make(b"\x93NUMPY", "application/x-npy").lines == []


def test_what_breaks_a_check_is_a_failure_of_that_check(tmp_path: Path) -> None:
    def broken(_: Any) -> str:
        raise ConnectionResetError("reset\nby \x00 peer")

    def not_applicable(_: Any) -> str:
        raise registry.NotApplicable("no label")

    checks = [
        registry.Check("B9.9", "serve", "ask", "200", run) for run in (broken, not_applicable, lambda _: "x")
    ]
    results = [registry.carry_out(one, None) for one in checks]
    assert [one.verdict for one in results] == ["FAIL", "n/a", "pass"]
    assert report.summary(results) == "1 passed, 1 failed, 1 n/a; rows that fail: B9.9"
    report.junit(results, "image", tmp_path / "junit.xml")
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    assert [child.tag for case in suite for child in case] == ["failure", "skipped", "system-out"]
    assert "ConnectionResetError" in report.table(results, 120)


def test_every_check_is_of_a_row_that_the_contract_has() -> None:
    import tomllib

    rows = tomllib.loads((REPOSITORY / "tools/contract.toml").read_text())
    known = {f"{section}.{number}" for section, content in rows.items() for number in content} | {"C4"}
    beyond = {"X1", "X2"}
    assert {one.row for one in registry.CHECKS if one.needs != "oip"} <= known | beyond
    assert all(one.row.startswith("V") for one in registry.CHECKS if one.needs == "oip")
    names = [one.run.__name__ for one in registry.CHECKS]
    assert len(set(names)) == len(names), "two checks have one name"
