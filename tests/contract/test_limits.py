"""What the platform's limits ask of a server: connections, sizes, headers, its log (rows B1 to B6)."""

import json
import resource
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import Any

import pytest

from harness.places import Place, Reply, Server, Training
from harness.samples import Sample

# The contract's own limits.
ACCEPTED_S = 0.25
PINGED_S = 2
CLIENTS = 1000
STRANGE_HEADERS = {
    "X-Amzn-SageMaker-Session-Id": "NEW_SESSION",
    "X-Amzn-SageMaker-Target-Model": "any.tar.gz",
    "X-Amzn-SageMaker-Target-Variant": "one",
    "X-Amzn-SageMaker-Target-Container-Hostname": "first",
    "X-Amzn-SageMaker-Enable-Explanations": "`true`",
    "X-Amzn-SageMaker-Inference-Component": "part",
    "X-Forwarded-For": "192.0.2.1",
    "User-Agent": "Go-http-client/1.1",
}


@pytest.mark.only("local", "container")
@pytest.mark.contract("B2.2", "B2.3")
def test_a_ping_is_answered_while_all_workers_are_busy_and_a_thousand_clients_are_slow(
    server: Server, sample: Sample
) -> None:
    """A connection within 250 ms, a ping within 2 s."""
    if "nginx is not installed" in server.log():
        pytest.skip("nginx is not installed, which takes slow clients off the workers")
    body, done = sample.csv(rows=sample.rows * (3000 // sample.height)), Event()

    def keep_busy() -> int:
        count = 0
        while not done.is_set() or not count:
            with socket.create_connection(("127.0.0.1", server.port or 0), timeout=60) as connection:
                connection.sendall(_head(body) + body)
                assert connection.recv(12) == b"HTTP/1.1 200"
            count += 1
        return count

    with _files(CLIENTS + 200), ExitStack() as clients, ThreadPoolExecutor(4) as threads:
        asking = [threads.submit(keep_busy) for _ in range(4)]
        try:
            for _ in range(CLIENTS):
                slow = socket.create_connection(("127.0.0.1", server.port or 0), timeout=ACCEPTED_S)
                clients.enter_context(slow)
                slow.sendall(_head(body) + body[:1])
            for _ in range(5):
                with socket.create_connection(
                    ("127.0.0.1", server.port or 0), timeout=ACCEPTED_S
                ) as connection:
                    connection.settimeout(PINGED_S)
                    connection.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
                    assert connection.recv(12) == b"HTTP/1.1 200"
        finally:
            done.set()
        assert all(one.result() for one in asking), "no worker was busy"


@pytest.mark.only("local", "container")
@pytest.mark.contract("B3.3")
def test_a_body_of_1_gb_is_taken_and_a_larger_one_is_refused_at_once(server: Server) -> None:
    """Asynchronous endpoints send up to 1 GB: the limit is no 6 MB."""
    if "nginx is not installed" in server.log():
        pytest.skip("nginx is not installed: gunicorn reads a body before it refuses")
    assert _first_line(server, 1 << 30, wait=1) == b"", "it waits for the body"
    assert b" 413 " in _first_line(server, (1 << 30) + 1, wait=20)


@pytest.mark.only("local", "container")
@pytest.mark.contract("B3.1", "B3.4", "B4.3")
def test_a_payload_of_100_mb_reaches_the_model(server: Server, sample: Sample) -> None:
    """Up to 100 MB. A tenth comes before the one line that is no row: some images take a minute for all."""
    line = sample.csv(False, rows=sample.rows[:1])
    before, after = (10 << 20) // len(line), (90 << 20) // len(line) - 100
    reply = server.ask(line * before + b"1," * 99 + b"1\n" + line * after, "text/csv")
    assert (reply.status, reply.json["type"]) == (400, "UserError"), reply.text
    assert "cell" in reply.json["message"]


@pytest.mark.contract("B2.7", "B2.12")
def test_headers_that_are_not_for_it_change_nothing(server: Server, sample: Sample, expected: Reply) -> None:
    """No session is made, and no container chosen."""
    sent = {"Content-Type": "text/csv", "Accept": "application/json", **STRANGE_HEADERS}
    reply = server.send("POST", "/invocations", sample.csv(), sent)
    assert (reply.status, reply.body) == (200, expected.body)
    assert not [name for name in reply.headers if "session" in name.lower()]


@pytest.mark.only("local", "container")
@pytest.mark.contract("B2.1", "B2.12")
def test_one_connection_serves_many_requests(server: Server, sample: Sample) -> None:
    """HTTP/1.1, with keep-alive."""
    body = sample.csv()
    with socket.create_connection(("127.0.0.1", server.port or 0), timeout=60) as connection:
        stream = connection.makefile("rb")
        answers = []
        for _ in range(3):
            connection.sendall(_head(body) + body)
            assert stream.readline().startswith(b"HTTP/1.1 200")
            length = 0
            while (line := stream.readline()) != b"\r\n":
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            answers.append(stream.read(length))
    assert answers[0]
    assert len(set(answers)) == 1


@pytest.mark.contract("B2.15", "B6.4")
def test_an_answers_type_is_one_that_the_next_container_reads(server: Server, sample: Sample) -> None:
    """In a pipeline it becomes the next request's, parameters included."""
    from slipway.formats import ANSWER_TYPES, MEDIA_TYPES, Reading, reader

    assert set(ANSWER_TYPES) <= set(MEDIA_TYPES)
    for accept in ("text/csv; charset=utf-8", "application/json", "application/jsonlines"):
        reply = server.ask(sample.csv(), "text/csv", accept)
        source, media = reader(reply.headers["Content-Type"] + "; charset=utf-8")
        assert source.read(reply.body, media, Reading()).height >= 1


@pytest.mark.only("inside")
@pytest.mark.contract("B8.9")
def test_a_deployment_may_say_in_which_order_columns_come(
    place: Place, trained: Training, sample: Sample, expected: Reply
) -> None:
    """SAGEMAKER_INFERENCE_INPUT names what a container before this one sends."""
    names = [*sample.names[::-1], "unheard_of"]
    body = sample.csv(False, rows=[[*row[::-1], "x"] for row in sample.rows])
    with place.serve(trained.root, SAGEMAKER_INFERENCE_INPUT=", ".join(names)) as server:
        reply = server.ask(body, "text/csv", "application/json")
        assert reply.status == 200, reply.text
        answers = [{name: row[name] for name in first} for row, first in _beside(reply, expected)]
        assert answers == expected.json["predictions"]
        assert server.ask(sample.csv(False), "text/csv").status == 400, "in no other order"


@pytest.mark.only("inside")
@pytest.mark.contract("B4.1", "B4.2", "B4.3")
def test_execution_parameters_follow_the_job_and_the_memory(
    place: Place, trained: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    from slipway import machine

    job = {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "0",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "3",
    }
    with place.serve(trained.root, **job) as server:
        assert server.get("/execution-parameters").json == {
            "MaxConcurrentTransforms": 3,
            "BatchStrategy": "SINGLE_RECORD",
            "MaxPayloadInMB": 0,
        }
    monkeypatch.setattr(machine, "memory_bytes", lambda: 256 << 20)
    with place.serve(trained.root, MODEL_SERVER_WORKERS="2") as server:
        assert server.get("/execution-parameters").json["MaxPayloadInMB"] == 3, "what memory holds"


@pytest.mark.shared
@pytest.mark.only("local", "container")
@pytest.mark.contract("B2.7", "C1.12")
def test_the_log_is_json_with_the_inference_id_in_a_requests_lines(
    place: Place, trained: Training, sample: Sample
) -> None:
    """A line a request only where that is asked for, and nothing of what it says."""
    settings = {"SLIPWAY_ACCESS_LOG": "true", "MODEL_SERVER_WORKERS": "1"}
    with place.serve(trained.root, **settings) as server:
        for number in range(2):
            server.ask(sample.csv(), "text/csv", Inference_Id=f"id-{number}")
        server.ask(b"sesame-4711", "text/csv", Inference_Id="id-refused")
        assert server.stop() == 0
        lines = [json.loads(line) for line in server.log().splitlines()]
    assert all({"time", "level", "verb", "message"} <= line.keys() for line in lines)
    asked = [line for line in lines if "request" in line]
    assert [(line["request"], line["status"]) for line in asked] == [
        ("id-0", 200),
        ("id-1", 200),
        ("id-refused", 400),
    ]
    assert "sesame" not in json.dumps(lines)


@pytest.mark.shared
@pytest.mark.only("local", "container")
def test_the_log_may_be_text(place: Place, trained: Training) -> None:
    with place.serve(trained.root, SLIPWAY_LOG_FORMAT="text") as server:
        assert "slipway serve: ready" in server.log()


def _beside(reply: Reply, expected: Reply) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    return zip(reply.json["predictions"], expected.json["predictions"], strict=True)


def _head(body: bytes, length: int | None = None) -> bytes:
    lines = ["POST /invocations HTTP/1.1", "Host: x", "Content-Type: text/csv"]
    return "\r\n".join([*lines, f"Content-Length: {length or len(body)}", "", ""]).encode()


def _first_line(server: Server, length: int, wait: float) -> bytes:
    """What is answered to the head of a request of so many bytes; nothing if that waits for the body."""
    with socket.create_connection(("127.0.0.1", server.port or 0), timeout=wait) as connection:
        connection.sendall(_head(b"", length))
        try:
            return connection.recv(4096).partition(b"\r\n")[0]
        except TimeoutError:
            return b""


@contextmanager
def _files(count: int) -> Iterator[None]:
    """Lets this process open so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        pytest.skip(f"this machine allows {hard} open files, and the test needs {count}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
