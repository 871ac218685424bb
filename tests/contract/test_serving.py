"""What `docker run image serve` promises (contract rows B1 to B4)."""

import csv
import gzip
import hashlib
import io
import json
import re
import shutil
import socket
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.places import Local, Place, Reply, Server, Training
from harness.samples import Sample, near
from slipway.formats import ANSWER_TYPES, MEDIA_TYPES
from slipway.image import Image


def refused(reply: Reply, status: int) -> str:
    """The message of an answer that refuses as it should."""
    assert reply.status == status, (reply.status, reply.text)
    assert reply.media_type == "application/json"
    assert set(reply.json) - {"row", "column"} == {"code", "type", "message"}
    assert reply.json["code"] == status
    message = str(reply.json["message"])
    assert message
    assert "\n" not in message
    assert "Traceback" not in message
    return message


@pytest.mark.contract("B2.3")
def test_ping_says_200_with_no_body(server: Server) -> None:
    for method in ("GET", "POST"):
        reply = server.send(method, "/ping", b"", {})
        assert (reply.status, reply.body) == (200, b"")


@pytest.mark.contract("B2.15", "B8.2", "B8.3", "B8.4", "B8.6")
def test_every_form_of_a_request_gets_the_same_answers(
    server: Server, sample: Sample, expected: Reply
) -> None:
    # An image that gives back what was sent gives back a column that only this form has, too.
    gives_back = set(sample.names) <= set(expected.json["predictions"][0])
    added = {"csv with another column": {"unheard_of": "x"}} if gives_back else {}
    for name, (media, body) in sample.requests().items():
        reply = server.ask(body, media, "application/json")
        assert reply.status == 200, (name, reply.text)
        answers = [{**row, **added.get(name, {})} for row in expected.json["predictions"]]
        assert reply.json == {"predictions": answers}, name


@pytest.mark.contract("B4.5")
def test_every_row_gets_one_answer_in_order(server: Server, sample: Sample, expected: Reply) -> None:
    assert len(expected.json["predictions"]) == sample.height
    alone = [server.ask(sample.csv(rows=[row]), "text/csv", "application/json") for row in sample.rows]
    for one, together in zip(alone, expected.json["predictions"], strict=True):
        assert one.status == 200, one.text
        assert one.json["predictions"] == [near(together)]


@pytest.mark.contract("B4.5")
def test_many_rows_come_back_complete(server: Server, sample: Sample, expected: Reply) -> None:
    times = 3000 // sample.height
    for header in (True, False):
        reply = server.ask(sample.csv(header, rows=sample.rows * times), "text/csv", "application/jsonlines")
        assert reply.status == 200, reply.text
        lines = [json.loads(line) for line in reply.body.splitlines()]
        assert len(lines) == sample.height * times
        assert [lines[-1]] == [near(expected.json["predictions"][-1])]


@pytest.mark.contract("B4.6")
def test_csv_answers_are_lines_without_a_header_that_end_in_a_newline(
    server: Server, sample: Sample, expected: Reply
) -> None:
    reply = server.ask(sample.csv(), "text/csv")
    assert reply.media_type == "text/csv", "the answer is of the request's type when none is asked for"
    assert reply.text.endswith("\n")
    lines = list(csv.reader(io.StringIO(reply.text)))
    assert len(lines) == sample.height
    first = expected.json["predictions"][0]
    assert [_plain(cell) for cell in lines[0]] == [_plain(value) for value in first.values()]
    headed = server.ask(sample.csv(), "text/csv", "text/csv; header=present")
    assert headed.text.splitlines()[0].split(",") == list(first)


def test_every_answer_format_holds_the_same_answers(server: Server, sample: Sample, expected: Reply) -> None:
    rows = expected.json["predictions"]
    lines = server.ask(sample.csv(), "text/csv", "application/jsonlines")
    assert [json.loads(line) for line in lines.body.splitlines()] == rows
    import pyarrow.parquet as pq

    table = server.ask(sample.csv(), "text/csv", "application/x-parquet")
    assert pq.read_table(io.BytesIO(table.body)).to_pylist() == rows
    if all(isinstance(value, int | float) for row in rows for value in row.values()):
        array = server.ask(sample.csv(), "text/csv", "application/x-npy")
        assert np.load(io.BytesIO(array.body)).tolist() == [list(row.values()) for row in rows]


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("", "text/csv"),
        ("*/*", "text/csv"),
        ("text/*", "text/csv"),
        ("application/JSON", "application/json"),
        ("application/json; charset=utf-8", "application/json"),
        ("image/png, application/jsonlines", "application/jsonlines"),
        ("text/csv;q=0.1, application/json;q=0.9", "application/json"),
        ("application/x-ndjson", "application/jsonlines"),
    ],
)
@pytest.mark.contract("B2.14", "B8.6")
def test_accept_is_negotiated(server: Server, sample: Sample, accept: str, answered: str) -> None:
    reply = server.ask(sample.csv(), "text/csv", accept)
    assert reply.status == 200, reply.text
    assert reply.media_type == answered


@pytest.mark.contract("B2.8")
def test_custom_attributes_go_back_as_they_came(server: Server, sample: Sample) -> None:
    """The container sets the header itself; an error's answer has it, too."""
    for body in (sample.csv(), b"", b"\xff"):
        reply = server.ask(body, "text/csv", Custom_Attributes="trace=7;unheard=of")
        headers = {name.lower(): value for name, value in reply.headers.items()}
        assert headers["x-amzn-sagemaker-custom-attributes"] == "trace=7;unheard=of"


@pytest.mark.contract("B2.13")
def test_an_accept_that_cannot_be_met_is_refused_with_406(server: Server, sample: Sample) -> None:
    message = refused(server.ask(sample.csv(), "text/csv", "image/png"), 406)
    assert all(media in message for media in ANSWER_TYPES)


@pytest.mark.parametrize("content_type", ["application/xml", "text/plain", "", "nonsense"])
@pytest.mark.contract("B2.13")
def test_a_content_type_that_cannot_be_read_is_refused_with_415(
    server: Server, sample: Sample, content_type: str
) -> None:
    message = refused(server.ask(sample.csv(), content_type), 415)
    assert all(media in message for media in MEDIA_TYPES)


@pytest.mark.contract("B2.13")
def test_an_empty_body_is_answered_with_204(server: Server, sample: Sample) -> None:
    assert server.ask(b"", "text/csv").status == 204
    assert server.ask(sample.csv(rows=[]), "text/csv").status == 204, "a header with no row under it"
    assert server.ask(b"[]", "application/json").status == 204


def bad_requests(sample: Sample) -> dict[str, tuple[str, bytes, str]]:
    """Name: content type, body, what the message must say."""
    row = sample.rows[0]
    first = sample.names[0]
    cases: dict[str, tuple[str, bytes, str]] = {
        "a missing column": (
            "text/csv",
            sample.csv(rows=[row[1:]], names=sample.names[1:]),
            f"missing column {first}",
        ),
        "a missing column in JSON": (
            "application/json",
            json.dumps([{name: cell for name, cell in sample.records[0].items() if name != first}]).encode(),
            f"missing column {first}",
        ),
        "a cell too many without names": (
            "text/csv",
            sample.csv(False, rows=[[*row, 1, 1, 1, 1, 1, 1, 1]]),
            "without names",
        ),
        "a column twice": (
            "text/csv",
            sample.csv(rows=[[*row, row[0]]], names=[*sample.names, first]),
            first,
        ),
        "a ragged row": ("text/csv", sample.csv() + b"1\n" if len(row) > 1 else b"1\n1,2\n", "cell"),
        "half a JSON": ("application/json", b'{"instances": [{"features": [1, ', "not JSON"),
        "JSON that is no table": ("application/json", b'"hello"', "rows"),
        "a ragged JSON": ("application/json", json.dumps([row, [*row, 1]]).encode(), "row 2"),
        "half a JSON line": ("application/jsonlines", b'{"a": 1}\n{"a"', "line 2"),
        "Latin-1": ("text/csv", sample.csv(False) + b"caf\xe9\n", "not utf-8"),
        "gzip": ("text/csv", gzip.compress(sample.csv()), "gzip"),
        "half a gzip": ("text/csv", gzip.compress(sample.csv())[:30], "gzip"),
        "an unknown charset": ("text/csv; charset=klingon", sample.csv(), "klingon"),
        "no Parquet": ("application/x-parquet", b"PAR1 it is not", "Parquet"),
        "no NumPy array": ("application/x-npy", b"\x80\x04K\x01.", "npy"),
        "a list in a cell": (
            "application/json",
            json.dumps([{**sample.records[0], first: [1, {}]}]).encode(),
            "cell",
        ),
    }
    place = sample.number_column()
    if place is not None and len(row) > 1:
        for label, cell, says in (
            ("text", "abc", "abc"),
            ("infinity", "inf", "finite"),
            ("an overflow", "1e999", "finite"),
        ):
            bad = [*row]
            bad[place] = cell
            body = sample.csv(rows=[row, bad])
            cases[f"{label} where a number belongs"] = ("text/csv", body, "row 2")
            cases[f"{label} where a number belongs, quoted"] = ("text/csv", body, says)
    return cases


@pytest.mark.contract("B2.9", "B2.13")
def test_each_bad_request_is_refused_in_one_line_and_the_next_is_answered(
    server: Server, sample: Sample, expected: Reply
) -> None:
    for name, (media, body, says) in bad_requests(sample).items():
        message = refused(server.ask(body, media), 400)
        assert says in message, (name, message)
        assert server.ask(sample.csv(), "text/csv", "application/json").json == expected.json, name


def test_missing_cells_lose_no_row(server: Server, sample: Sample) -> None:
    place = sample.number_column()
    gaps = [[*row] for row in sample.rows]
    for row in gaps:
        row[place or 0] = None
    bodies = {
        "empty": sample.csv(rows=gaps),
        "NA": sample.csv(rows=[[("NA" if cell is None else cell) for cell in row] for row in gaps])
        if place is not None
        else b"",
        "NaN": sample.csv(rows=[[("NaN" if cell is None else cell) for cell in row] for row in gaps])
        if place is not None
        else b"",
    }
    for name, body in bodies.items():
        if body:
            reply = server.ask(body, "text/csv", "application/json")
            assert reply.status == 200, (name, reply.text)
            assert len(reply.json["predictions"]) == sample.height, name
    reply = server.ask(json.dumps({"instances": gaps}).encode(), "application/json")
    assert len(reply.json["predictions"]) == sample.height


def test_an_option_that_does_not_exist_is_refused_in_a_request_and_ignored_in_custom_attributes(
    server: Server, sample: Sample, expected: Reply
) -> None:
    body = json.dumps({"instances": sample.rows, "configuration": {"unheard_of": 1}}).encode()
    assert "unheard_of" in refused(server.ask(body, "application/json"), 400)
    reply = server.ask(sample.csv(), "text/csv", "application/json", Custom_Attributes="trace-id=c000b4f9")
    assert reply.json == expected.json, "the header is for anything, a trace id say"


@pytest.mark.contract("B4.2", "B4.3")
def test_execution_parameters_keep_to_the_platforms_total(server: Server) -> None:
    found = server.get("/execution-parameters").json
    assert found["BatchStrategy"] in {"MULTI_RECORD", "SINGLE_RECORD"}
    assert 1 <= found["MaxConcurrentTransforms"] * found["MaxPayloadInMB"] <= 100


def test_other_routes_and_methods_are_refused_as_json(server: Server) -> None:
    refused(server.get("/nothing/here"), 404)
    refused(server.get("/invocations"), 405)
    assert server.get("/").status == 200


@pytest.mark.only("local", "container")
@pytest.mark.contract("B2.12", "B4.8")
def test_a_chunked_body_is_read(server: Server, sample: Sample, expected: Reply) -> None:
    import requests

    reply = requests.post(
        f"http://127.0.0.1:{server.port}/invocations",
        data=iter([sample.csv()[:5], sample.csv()[5:]]),
        headers={"Content-Type": "text/csv", "Accept": "application/json"},
        timeout=30,
    )
    assert reply.json() == expected.json


@pytest.mark.contract("C1.12")
def test_nothing_of_a_payload_is_logged(server: Server, sample: Sample) -> None:
    marker = "sesame-4711"
    server.ask(sample.csv(rows=[[marker] * len(sample.names)]), "text/csv")
    server.ask(f'{{"{marker}": '.encode(), "application/json")
    server.ask(marker.encode(), "application/x-parquet")
    rows, number = sample.rows, 4711.0815
    rows[0][max(place for place, kind in enumerate(sample.kinds) if kind != "text")] = number
    assert server.ask(sample.csv(rows=rows), "text/csv").status == 200
    log = server.log()
    assert marker not in log
    assert str(number) not in log


def test_the_log_of_a_good_server_has_no_warnings(server: Server, sample: Sample) -> None:
    assert server.ask(sample.csv(), "text/csv").status == 200
    found = re.findall(r".*(?:warn|error|crit|traceback).*", server.log(), re.IGNORECASE)
    # What other tests of this server sent too much of, nginx notes.
    assert not [line for line in found if "client intended to send too large body" not in line]


@pytest.mark.shared("local", "container")
@pytest.mark.contract("B2.14", "B4.1", "B6.4")
def test_settings_of_the_platform_are_heeded(place: Place, trained: Training, sample: Sample) -> None:
    settings = {
        "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "application/jsonlines",
        "MAX_CONTENT_LENGTH": "20000",
        "MODEL_SERVER_WORKERS": "1",
        "SAGEMAKER_BATCH": "True",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "3",
    }
    with place.serve(trained.root, **settings) as server:
        assert server.ask(sample.csv(), "text/csv").media_type == "application/jsonlines"
        message = refused(server.ask(b"1," * 20_000, "text/csv"), 413)
        assert "20000" in message
        assert server.ask(sample.csv(), "text/csv").status == 200
        assert server.get("/execution-parameters").json["MaxPayloadInMB"] == 3


@pytest.mark.shared("local", "container")
@pytest.mark.contract("B8.9")
def test_a_chosen_answer_column_comes_alone(
    place: Place, trained: Training, sample: Sample, expected: Reply
) -> None:
    name = list(expected.json["predictions"][0])[-1]
    with place.serve(trained.root, SAGEMAKER_INFERENCE_OUTPUT=name) as server:
        reply = server.ask(sample.csv(), "text/csv", "application/json")
        assert reply.json == {"predictions": [{name: row[name]} for row in expected.json["predictions"]]}


@pytest.mark.shared
@pytest.mark.only("local", "container")
def test_a_setting_that_makes_no_sense_stops_the_server_with_one_line(
    place: Place, trained: Training
) -> None:
    with place.serve(trained.root, wait=False, MODEL_SERVER_WORKERS="many") as server:
        deadline = time.monotonic() + 30
        while "MODEL_SERVER_WORKERS" not in server.log() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert "MODEL_SERVER_WORKERS: Input should be a valid integer" in server.log()
        assert "Traceback" not in server.log()


def damage(root: Path, how: str) -> None:
    model = root / "model"
    victim = max(
        (path for path in model.rglob("*") if path.is_file() and path.name != "manifest.json"),
        key=lambda p: p.stat().st_size,
    )
    if how == "a flipped byte":
        content = bytearray(victim.read_bytes())
        content[len(content) // 2] ^= 0xFF
        victim.write_bytes(content)
    elif how == "a cut-off file":
        victim.write_bytes(victim.read_bytes()[:-1])
    elif how == "a missing file":
        victim.unlink()
    elif how == "no manifest":
        (model / "manifest.json").unlink()
    elif how == "another image's model":
        manifest = model / "manifest.json"
        manifest.write_text(re.sub(r'"image": "\w+"', '"image": "another"', manifest.read_text()))


@pytest.mark.shared("local", "container")
@pytest.mark.parametrize(
    "how", ["a flipped byte", "a cut-off file", "a missing file", "no manifest", "another image's model"]
)
@pytest.mark.contract("B2.5")
def test_a_model_that_cannot_be_served_is_never_called_ready(
    place: Place, trained: Training, sample: Sample, tmp_path: Path, how: str
) -> None:
    root = tmp_path / "ml"
    shutil.copytree(trained.root, root)
    damage(root, how)
    with place.serve(root, wait=False) as server:
        deadline = time.monotonic() + 30
        while "model" not in server.log() and time.monotonic() < deadline:
            time.sleep(0.1)
        message = _patient(lambda: refused(server.ask(sample.csv(), "text/csv"), 500))
        assert "model" in message
        refused(server.get("/ping"), 503)
        refused(server.ask(sample.csv(), "text/csv"), 500)
        assert "Traceback" not in server.log()


@pytest.mark.contract("B1.4")
def test_serving_leaves_the_model_as_it_is(server: Server, trained: Training, sample: Sample) -> None:

    def hashes() -> dict[str, str]:
        files = [path for path in trained.model.rglob("*") if path.is_file()]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = hashes()
    for media, body in sample.requests().values():
        server.ask(body, media)
    assert hashes() == before


@pytest.mark.shared
@pytest.mark.only("local", "container")
@pytest.mark.contract("B1.3")
def test_sigterm_lets_requests_in_flight_finish_and_exits_with_0(
    place: Place, trained: Training, sample: Sample, expected: Reply
) -> None:
    import threading

    with (
        place.serve(trained.root) as server,
        socket.create_connection(("127.0.0.1", server.port or 0)) as slow,
    ):
        body = sample.csv()
        lines = [
            "POST /invocations HTTP/1.1",
            "Host: x",
            "Content-Type: text/csv",
            "Accept: application/json",
        ]
        head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
        slow.sendall(head.encode() + body[:10])
        time.sleep(0.3)
        codes: list[int] = []
        stopping = threading.Thread(target=lambda: codes.append(server.stop()))
        stopping.start()
        time.sleep(0.7)
        slow.sendall(body[10:])
        slow.settimeout(30)
        heard = b""
        while piece := slow.recv(1 << 16):
            heard += piece
        stopping.join()
        assert b"200 OK" in heard.splitlines()[0], heard
        assert json.loads(heard.partition(b"\r\n\r\n")[2]) == expected.json
        assert codes == [0]


@pytest.mark.only("local", "container")
def test_the_endpoint_path_of_boto3_leads_to_invocations(
    server: Server, sample: Sample, expected: Reply
) -> None:
    if "nginx is not installed" in server.log():
        pytest.skip("nginx is not installed, and gunicorn rewrites no paths")
    reply = server.send(
        "POST",
        "/endpoints/any-name/invocations",
        sample.csv(),
        {"Content-Type": "text/csv", "Accept": "application/json"},
    )
    assert reply.json == expected.json


_WITHOUT_NGINX = """
import sys
from slipway.serving import nginx
nginx.find = lambda: None
from slipway.__main__ import main
sys.exit(main(["serve"]))
"""


@pytest.mark.only("local", "container")
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"this is not HTTP\r\n\r\n", 400),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 400),
    ],
    ids=["no HTTP", "a long path", "a strange method", "a long header"],
)
def test_what_nginx_refuses_itself_is_refused_in_json(server: Server, sent: bytes, status: int) -> None:
    if "nginx is not installed" in server.log():
        pytest.skip("nginx is not installed")
    with socket.create_connection(("127.0.0.1", server.port or 0), timeout=20) as connection:
        connection.sendall(sent)
        reply = b""
        while piece := connection.recv(65536):
            reply += piece
            if b"}" in reply:
                break
    assert f" {status} ".encode() in reply.splitlines()[0]
    assert json.loads(reply.partition(b"\r\n\r\n")[2])["code"] == status


@pytest.mark.shared
@pytest.mark.only("local")
def test_without_nginx_gunicorn_listens_itself_and_says_so(
    place: Local, trained: Training, sample: Sample, expected: Reply
) -> None:
    with place.serve(trained.root, program=["-c", _WITHOUT_NGINX], MAX_CONTENT_LENGTH="20000") as server:
        assert "nginx is not installed" in server.log()
        assert server.ask(sample.csv(), "text/csv", "application/json").json == expected.json
        refused(server.ask(b"1," * 20_000, "text/csv"), 413)
        refused(server.get("/nothing/here"), 404)
        assert server.stop() == 0


def test_the_image_describes_itself(image: Image) -> None:
    from slipway.describe import describe
    from slipway.settings import Settings

    facts = json.loads(describe(Settings.read({"SLIPWAY_ALGORITHM": str(image.folder)})))
    assert facts["name"] == image.name
    for entry in facts["hyperparameters"] + facts["options"]:
        assert entry["description"], f"{entry['name']} has no description"


def _plain(value: Any) -> Any:
    """A cell as CSV has it: lists and objects are JSON there."""
    try:
        return float(value)
    except (TypeError, ValueError):
        if isinstance(value, str) and value[:1] in {"[", "{"}:
            return json.loads(value)
        return "" if value is None else value


def _patient(check: Any) -> Any:
    """Repeats `check` while the server is starting."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return check()
        except (AssertionError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
