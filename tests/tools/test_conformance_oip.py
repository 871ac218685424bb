"""The conformance tool and the Open Inference Protocol: each fault of a server is caught by its check."""

import json
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tools.conformance import __main__ as command
from tools.conformance import engine, payload, registry, stage, subject

PAYLOAD = {
    "inputs": [
        {"name": "x", "shape": [3, 1], "datatype": "FP64", "data": [1.5, -2.0, None]},
        {"name": "word", "shape": [3], "datatype": "BYTES", "data": ["a", "é", ""]},
    ]
}
TOLD = {
    "inputs": [
        {"name": "x", "shape": [-1], "datatype": "FP64"},
        {"name": "word", "shape": [-1], "datatype": "BYTES"},
    ],
    "outputs": [
        {"name": "double", "shape": [-1], "datatype": "FP32"},
        {"name": "loud", "shape": [-1], "datatype": "BYTES"},
        {"name": "odd", "shape": [-1, 2], "datatype": "BOOL"},
    ],
}
FAULTS = {
    "is never live": ["it_lives"],
    "is never ready": ["it_is_ready"],
    "has no version": ["it_tells_what_it_is"],
    "tells extensions as a text": ["it_tells_what_it_is"],
    "does not know whether its model is ready": ["the_model_is_ready"],
    "describes another model": ["the_model_is_described"],
    "describes inputs without datatypes": ["the_model_is_described"],
    "has no versions that it names": ["versions_are_served"],
    "has every model": ["an_unknown_model_is_not_there", "an_unknown_model_is_refused"],
    "has every version": ["an_unknown_version_is_not_there"],
    "tells other datatypes": ["outputs_are_as_described"],
    "tells other shapes": ["outputs_are_as_described"],
    "answers outputs that it does not tell": ["outputs_are_as_described"],
    "loses a cell": ["it_infers"],
    "loses the datatype": ["it_infers"],
    "writes numbers as texts": ["it_infers"],
    "answers in the name of another model": ["it_infers"],
    "has two outputs of one name": ["it_infers"],
    "loses the id": ["ids_come_back"],
    "reads the first row of nested data": ["data_may_be_nested"],
    "takes inputs by position": ["inputs_have_names"],
    "gives all outputs": ["outputs_are_chosen"],
    "gives another form of a chosen output": ["outputs_are_chosen"],
    "answers something else each time": ["it_infers_many_at_once"],
    "shows a page for noise": ["noise_is_refused_as_told"],
    "answers noise": ["noise_is_refused_as_told"],
    "says nothing of its health": ["health_is_told"],
    "is not live, with 200": ["health_is_told"],
    "is ready for another model": ["health_is_told"],
    "tells errors as a detail": ["noise_is_refused_as_told", "inputs_are_needed", "datatypes_are_known"],
    "answers no inputs": ["inputs_are_needed"],
    "ignores shapes": ["shapes_are_held"],
    "ignores datatypes": ["datatypes_are_known"],
    "takes texts for numbers": ["cells_are_of_their_datatype"],
    "is broken by a bad request": ["it_infers_after_errors"],
    "reads binary data backwards": ["binary_inputs_are_read"],
    "writes no binary data": ["binary_outputs_are_written"],
    "announces another length": ["binary_outputs_are_written"],
    "writes too many bytes": ["binary_outputs_are_written"],
    "fills up binary data": ["binary_data_are_whole"],
}


class Refused(Exception):
    """A request that is none."""


class Handler(BaseHTTPRequestHandler):
    """A server as the protocol wants it, but for one fault."""

    protocol_version = "HTTP/1.1"
    fault = ""
    count = 0
    broken = False

    def do_GET(self) -> None:
        try:
            found = self.told(self.path.split("/")[1:])
        except Refused as error:
            return self.refuse(404, str(error))
        return self.send(200, found)

    def told(self, path: list[str]) -> Any:
        match path:
            case ["v2"]:
                version = 1 if self.fault == "has no version" else "1"
                listed = "binary_tensor_data"
                extensions = listed if self.fault == "tells extensions as a text" else [listed]
                return {"name": "faulty", "version": version, "extensions": extensions}
            case ["v2", "models"]:
                return {"models": ["words"]}
            case ["v2", "health", health]:
                if self.fault == f"is never {health}":
                    raise Refused("no")
                if self.fault == "says nothing of its health":
                    return None
                return {health: self.fault != "is not live, with 200"}
            case ["v2", "models", name, *rest]:
                self.known(name, rest)
                if rest[-1:] == ["ready"]:
                    if self.fault == "does not know whether its model is ready":
                        raise Refused("perhaps")
                    return {
                        "name": "ready" if self.fault == "is ready for another model" else name,
                        "ready": True,
                    }
                return self.metadata()
        raise Refused("no such path")

    def metadata(self) -> dict[str, Any]:
        found = json.loads(json.dumps(TOLD))
        if self.fault == "describes inputs without datatypes":
            del found["inputs"][1]["datatype"]
        if self.fault == "tells other datatypes":
            found["outputs"][0]["datatype"] = "FP64"
        if self.fault == "tells other shapes":
            found["outputs"][2]["shape"] = [-1, 3]
        if self.fault == "answers outputs that it does not tell":
            del found["outputs"][1]
        name = "another" if self.fault == "describes another model" else "words"
        return {"name": name, "versions": ["1"], "platform": "test", **found}

    def known(self, name: str, rest: list[str]) -> None:
        versions = [] if self.fault == "has no versions that it names" else ["1"]
        if name != "words" and self.fault != "has every model":
            raise Refused(f"no model {name}")
        if rest[:1] == ["versions"] and rest[1] not in versions and self.fault != "has every version":
            raise Refused(f"no version {rest[1]}")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        _, _, _, name, *rest = self.path.split("/")
        try:
            self.known(name, rest)
            if Handler.broken:
                return self.refuse(500, "it is broken")
            length = int(self.headers.get("Inference-Header-Content-Length", len(body)))
            document = json.loads(body[:length])
            return self.answer(document, self.inputs(document, body[length:]))
        except (Refused, ValueError, KeyError, TypeError) as error:
            Handler.broken = self.fault == "is broken by a bad request"
            if isinstance(error, json.JSONDecodeError) and self.fault == "shows a page for noise":
                return self.send(500, "Internal Server Error")
            return self.refuse(200 if self.fault == "answers noise" else 400, str(error))

    def inputs(self, document: Any, rest: bytes) -> list[list[Any]]:
        found: dict[str, list[Any]] = {}
        if self.fault == "answers no inputs" and "inputs" not in document:
            return [[], []]
        for one in document["inputs"]:
            cells, rest = self.cells(one, rest)
            if one["datatype"] not in {"FP64", "BYTES"} and self.fault != "ignores datatypes":
                raise Refused("the datatypes are FP64 and BYTES")
            if one["datatype"] == "FP64" and any(isinstance(cell, str) for cell in cells):
                if self.fault != "takes texts for numbers":
                    raise Refused("a text for a number")
                cells = [None if isinstance(cell, str) else cell for cell in cells]
            if len(cells) != one["shape"][0] and self.fault != "ignores shapes":
                raise Refused("the shape has another size than the data")
            found[one["name"]] = cells
        if self.fault == "takes inputs by position":
            return list(found.values())
        return [found["x"], found["word"]]

    def cells(self, one: dict[str, Any], rest: bytes) -> tuple[list[Any], bytes]:
        size = one.get("parameters", {}).get("binary_data_size")
        if size is None:
            data = one["data"]
            if isinstance(data[0], list):
                data = data[0] * 3 if "first row" in self.fault else [cell for row in data for cell in row]
            return data, rest
        data, rest = rest[:size], rest[size:]
        if len(data) < size:
            if self.fault != "fills up binary data":
                raise Refused("the data end early")
            data += bytes(size - len(data))
        if one["datatype"] == "FP64":
            order = ">" if "backwards" in self.fault else "<"
            return list(struct.unpack(f"{order}{size // 8}d", data)), rest
        texts = []
        while data:
            (length,) = struct.unpack_from("<I", data)
            texts.append(data[4 : 4 + length].decode())
            data = data[4 + length :]
        return texts, rest

    def answer(self, document: Any, columns: list[list[Any]]) -> None:
        numbers, words = columns
        if not all(cell is None or isinstance(cell, int | float) for cell in numbers):
            raise Refused("x is of numbers")
        Handler.count += 1
        shift = Handler.count if self.fault == "answers something else each time" else 0
        double = [None if cell is None or cell != cell else 2 * cell + 0.1 + shift for cell in numbers]
        if self.fault == "writes numbers as texts":
            double = [str(cell) for cell in double]
        odd = [flag for cell in numbers for flag in (cell is None or cell != cell, True)]
        cells = {"double": double, "loud": [word.upper() for word in words], "odd": odd}
        asked = [one["name"] for one in document.get("outputs", [])]
        if asked and self.fault != "gives all outputs":
            cells = {name: cells[name] for name in asked}
        if asked and self.fault == "gives another form of a chosen output":
            cells = {name: column[::-1] for name, column in cells.items()}
        binary = document.get("parameters", {}).get("binary_data_output") and "no binary" not in self.fault
        outputs, packed = [], b""
        for told in TOLD["outputs"]:
            if told["name"] not in cells:
                continue
            data = cells[told["name"]]
            entry: dict[str, Any] = {**told, "shape": [len(numbers), *told["shape"][1:]]}
            if binary:
                part = _packed(told["datatype"], data)
                entry["parameters"] = {"binary_data_size": len(part)}
                packed += part
            else:
                entry["data"] = data[:-1] if self.fault == "loses a cell" else data
            if self.fault == "loses the datatype":
                del entry["datatype"]
            outputs.append(entry)
        if self.fault == "has two outputs of one name":
            outputs.append(outputs[0])
        name = "another" if self.fault == "answers in the name of another model" else "words"
        known = {} if self.fault == "loses the id" or "id" not in document else {"id": document["id"]}
        found = {"model_name": name, **known, "outputs": outputs}
        if self.fault == "writes too many bytes":
            packed += b"\0" * bool(packed)
        self.send(200, found, packed)

    def refuse(self, status: int, why: str) -> None:
        self.send(status, {"detail" if self.fault == "tells errors as a detail" else "error": why})

    def send(self, status: int, document: Any, packed: bytes = b"") -> None:
        text = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream" if packed else "application/json")
        if packed:
            length = len(text) + (self.fault == "announces another length")
            self.send_header("Inference-Header-Content-Length", str(length))
        self.send_header("Content-Length", str(len(text + packed)))
        self.end_headers()
        self.wfile.write(text + packed)

    def log_message(self, *_: Any) -> None:
        pass


def _packed(datatype: str, cells: list[Any]) -> bytes:
    if datatype == "BYTES":
        texts = [cell.encode() for cell in cells]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    cells = [float("nan") if cell is None else cell for cell in cells]
    return struct.pack(f"<{len(cells)}{'?' if datatype == 'BOOL' else 'f'}", *cells)


@pytest.fixture(autouse=True)
def session() -> None:
    """AWS has no part in this."""


@contextmanager
def listening(fault: str) -> Iterator[str]:
    Handler.broken = False
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Faulty", (Handler,), {"fault": fault}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def verdicts(fault: str, document: Any = PAYLOAD) -> dict[str, registry.Result]:
    with listening(fault) as url:
        sent = payload.Payload(json.dumps(document).encode(), "application/json")
        under = subject.Subject(url, {}, payload=sent, protocol="oip", url=url)
        found = stage.Stage(under, engine.Engine())
        checks = [one for one in registry.CHECKS if one.needs == "oip"]
        return {one.run.__name__: registry.carry_out(one, found) for one in checks}


def test_a_server_without_a_fault_passes() -> None:
    found = verdicts("")
    assert {name: one.seen for name, one in found.items() if one.verdict != "pass"} == {}
    assert found.keys() == {name for names in FAULTS.values() for name in names}, "a check has no fault"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_server_is_found(fault: str) -> None:
    found = verdicts(fault)
    assert {name: found[name].verdict for name in FAULTS[fault]} == dict.fromkeys(FAULTS[fault], "FAIL")


def test_what_a_payload_cannot_show_is_not_applicable() -> None:
    found = verdicts("", {"inputs": [{**PAYLOAD["inputs"][1], "shape": [3]}]})
    assert found["inputs_have_names"].verdict == found["data_may_be_nested"].verdict == "n/a"
    assert found["cells_are_of_their_datatype"].verdict == "n/a"


def test_the_command_checks_a_server_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "request.json").write_text(json.dumps(PAYLOAD))
    monkeypatch.setenv("PATH", "")  # no Docker is needed
    for fault, code in (("", 0), ("ignores shapes", 1)):
        with listening(fault) as url:
            assert run(monkeypatch, url, "--payload", str(tmp_path / "request.json")) == code


@pytest.mark.parametrize(
    ("name", "document", "text"),
    [
        ("http://127.0.0.1:9", PAYLOAD, "refused"),
        ("https://127.0.0.1:9", PAYLOAD, "expected http://host[:port]"),
        ("http://127.0.0.1:9", {"instances": []}, 'expected {"inputs"'),
        ("http://127.0.0.1:9", {"inputs": [{"name": "x"}]}, "lacks shape, datatype, data"),
    ],
)
def test_what_cannot_be_checked_is_told_in_a_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    document: Any,
    text: str,
) -> None:
    (tmp_path / "request.json").write_text(json.dumps(document))
    assert run(monkeypatch, name, "--payload", str(tmp_path / "request.json")) == 2
    said = capsys.readouterr().err
    assert text in said
    assert len(said.splitlines()) == 1


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["conformance", *arguments, "--protocol", "oip"])
    return command.main()
