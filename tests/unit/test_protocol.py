"""The short way and uvicorn's own give the same bytes' worth of answer, however the request comes in."""

import asyncio
import json
import socket
import threading

import orjson
import pytest
import uvicorn

from slipway.serving.app import INLINE_BYTES, App
from slipway.serving.endpoint import Endpoint
from slipway.serving.oip import routes
from slipway.serving.protocol import Protocol
from slipway.settings import Settings
from unit.model import Adder

ROWS = b"1,2\n3,4\n"
LONG = b"".join(b"%d,1\n" % number for number in range(5000))
STREAM = {"X_Amzn_SageMaker_Custom_Attributes": "stream=true"}
assert len(LONG) < INLINE_BYTES


@pytest.fixture
def app(manifest):
    settings = Settings.read({"MAX_CONTENT_LENGTH": "1000000"})
    found = App(settings)
    found.endpoint = Endpoint(Adder(), manifest, settings)
    found._cost_s = 0.0  # as after the first quick answer
    return found


@pytest.fixture
def connect(app):
    """Opens connections to the app behind a real socket."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, http=Protocol, loop="asyncio", lifespan="off", proxy_headers=False, log_config=None
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
    thread.start()
    opened = []

    def new():
        opened.append(socket.create_connection(listener.getsockname(), timeout=10))
        return opened[-1]

    yield new
    for one in opened:
        one.close()
    server.should_exit = True
    thread.join(10)


def request(body=ROWS, path="/invocations", method="POST", version="1.1", **headers):
    lines = [f"{method} {path} HTTP/{version}", "Host: x", "Content-Type: text/csv"]
    headers = {"Content_Length": len(body), **headers}
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([*lines, "", ""]).encode() + body


def reply(connection):
    """One answer: status and body."""
    heard = b""
    while b"\r\n\r\n" not in heard:
        piece = connection.recv(1 << 16)
        assert piece, f"closed after {heard!r}"
        heard += piece
    head, _, body = heard.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100"):
        return reply(connection)
    lengths = [line for line in head.lower().splitlines() if line.startswith(b"content-length")]
    length = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < length:
        body += connection.recv(1 << 16)
    assert len(body) == length, "more came than one answer"
    return int(head.split()[1]), body


def chunked(connection):
    """The body of an answer that comes in chunks."""
    stream = connection.makefile("rb")
    head = []
    while (line := stream.readline()) != b"\r\n":
        head.append(line.lower())
    assert b"transfer-encoding: chunked\r\n" in head
    body = b""
    while size := int(stream.readline(), 16):
        body += stream.read(size)
        stream.readline()
    stream.readline()
    return body


@pytest.fixture
def answer(connect):
    connection = connect()
    connection.sendall(request(Connection="close"))  # uvicorn's way
    status, body = reply(connection)
    assert status == 200
    return body


def test_a_request_that_comes_whole_is_answered_the_short_way(connect, answer, app):
    app._threaded = None  # would raise
    connection = connect()
    for _ in range(3):
        connection.sendall(request())
        assert reply(connection) == (200, answer)


@pytest.mark.parametrize("cut", [1, 30, -9, -8, -1])
def test_a_request_in_two_pieces_is_answered_all_the_same(connect, answer, cut):
    connection = connect()
    whole = request()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for piece in (whole[:cut], whole[cut:]):
        connection.sendall(piece)
        threading.Event().wait(0.05)
    assert reply(connection) == (200, answer)
    connection.sendall(whole)
    assert reply(connection) == (200, answer)


def test_a_request_byte_by_byte_is_answered_all_the_same(connect, answer):
    connection = connect()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in request():
        connection.sendall(bytes([byte]))
    assert reply(connection) == (200, answer)


def test_requests_that_come_together_are_answered_in_order(connect, answer):
    connection = connect()
    connection.sendall(request(b"1,1\n") + request(b"2,2\n", path="/ping", method="GET") + request(ROWS))
    heard = b""
    while answer not in heard:
        heard += connection.recv(1 << 16)
    assert heard.count(b"HTTP/1.1 200 OK") == 3
    assert heard.index(b"2.0") < heard.index(answer)


def test_a_large_body_and_a_small_one_share_a_connection(connect, answer):
    large = b"1,2\n" * (INLINE_BYTES // 4 + 1)
    connection = connect()
    for body, height in ((large, len(large) // 4), (ROWS, 2), (large, len(large) // 4)):
        connection.sendall(request(body))
        status, found = reply(connection)
        assert status == 200
        assert found.count(b"\n") == height


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request(b"", Content_Length=0), 204),
        (request(b"x,1\n"), 400),
        (request(method="GET"), 405),
        (request(path="/nothing"), 404),
        (request(path="/invocations?a=b"), 200),
        (request(version="1.0"), 200),
        (request(version="1.0", Connection="keep-alive"), 200),
        (request(Expect="100-continue"), 200),
        (request(b"4\r\n1,2\n\r\n0\r\n\r\n", Content_Length=None, Transfer_Encoding="chunked"), 200),
    ],
)
def test_each_kind_of_request_gets_its_status(connect, sent, status):
    connection = connect()
    connection.sendall(sent)
    assert reply(connection)[0] == status


def test_the_limit_holds_on_the_short_way_too(connect, app):
    app.settings = Settings.read({"MAX_CONTENT_LENGTH": "10"})
    connection = connect()
    connection.sendall(request(b"1,2\n" * 3))
    assert reply(connection)[0] == 413


def test_a_204_has_no_length(connect):
    connection = connect()
    connection.sendall(request(b"", Content_Length=0))
    assert b"content-length" not in connection.recv(1 << 16).lower()


class Written:
    """A transport that remembers each of its writes."""

    def __init__(self, transport, seen):
        self._transport, self._seen = transport, seen

    def __getattr__(self, name):
        return getattr(self._transport, name)

    def write(self, data):
        self._seen.append(data)
        self._transport.write(data)

    def writelines(self, pieces):
        self.write(b"".join(pieces))


@pytest.mark.parametrize(
    ("asked", "writes"),
    [
        ({}, 1),
        ({"body": LONG}, 1),
        ({"body": b"x,1\n"}, 1),
        ({"body": b""}, 1),
        ({"path": "/nothing", "method": "GET"}, 1),
        ({"path": "/ping", "method": "HEAD"}, 1),
        ({"Expect": "100-continue"}, 2),
        ({"body": LONG, **STREAM}, 6),  # of 5,000 rows in pieces of 1,024, and the end
    ],
)
def test_a_head_leaves_with_its_body(connect, monkeypatch, asked, writes):
    seen = []
    made = Protocol.connection_made
    monkeypatch.setattr(
        Protocol, "connection_made", lambda self, transport: made(self, Written(transport, seen))
    )
    connection = connect()
    connection.sendall(request(Connection="close", **asked))
    heard = b""
    while piece := connection.recv(1 << 16):
        heard += piece
    assert b"".join(seen) == heard
    assert len([data for data in seen if data]) == writes
    head, _, body = next(data for data in seen if not data.startswith(b"HTTP/1.1 100")).partition(b"\r\n\r\n")
    assert bool(body) == (asked.get("method") != "HEAD" and b" 204 " not in head)


def test_nonsense_in_the_middle_of_a_body_closes_the_connection(connect):
    connection = connect()
    connection.sendall(request(b"zz\r\n", Content_Length=None, Transfer_Encoding="chunked"))
    assert connection.recv(1 << 16).startswith(b"HTTP/1.1 400")
    assert connection.recv(1 << 16) == b""


def test_a_model_that_is_slow_is_never_asked_on_the_event_loop(connect, answer, app):
    app._cost_s = 1.0
    threads = []
    asked = app.endpoint.answer
    app.endpoint.answer = lambda *request: threads.append(threading.current_thread().name) or asked(*request)
    connection = connect()
    connection.sendall(request())
    assert reply(connection) == (200, answer)
    assert threads[0].startswith("predict")


@pytest.mark.contract("B4.5", "B7.1")
def test_a_long_answer_to_a_short_question_is_whole(connect):
    """It comes in chunks, and no row of it is lost."""
    connection = connect()
    for _ in range(2):
        connection.sendall(request(LONG, **STREAM))
        assert chunked(connection).splitlines() == [b"%d.0,%.1f" % (n + 1, (n + 1) / 2) for n in range(5000)]
    connection.sendall(request())
    assert reply(connection)[0] == 200


@pytest.mark.contract("B7.1")
def test_no_row_of_a_long_answer_is_predicted_twice(connect, app):
    """What was answered to tell how long it is, is what is sent."""
    predicted = []
    predict = app.endpoint.model.predict
    app.endpoint.model.predict = lambda rows, options: predicted.append(len(rows)) or predict(rows, options)
    connection = connect()
    for _ in range(2):
        connection.sendall(request(LONG, **STREAM))
        assert chunked(connection).count(b"\n") == 5000
        assert predicted == [1024, 1024, 1024, 1024, 904]
        predicted.clear()


def test_other_protocols_have_the_short_way_too(connect, app):
    app.quick_routes |= routes.quick("adder")
    columns = [{"name": name, "shape": [1], "datatype": "FP64", "data": [1]} for name in "xy"]
    infer = request(json.dumps({"inputs": columns}).encode(), "/v2/models/adder/infer")
    connection = connect()
    connection.sendall(infer.replace(b"Host: x", b"Host: x\r\nConnection: close"))
    first = reply(connection)
    assert (first[0], json.loads(first[1])["outputs"][0]["data"]) == (200, [2.0])
    app._threaded = None  # would raise
    connection = connect()
    connection.sendall(infer)
    assert reply(connection) == first
    connection.sendall(request(b'{"instances": [[1, 1]]}', "/v1/models/adder:predict"))
    assert reply(connection) == (200, b'{"predictions":[{"sum":2.0,"half":1.0}]}\n')
    connection.sendall(request(b"{}", "/v2/models/adder/infer"))
    assert list(json.loads(reply(connection)[1])) == ["error"]


@pytest.mark.parametrize("protocol", ["h2c", "websocket", "TLS/1.0"])
def test_a_body_under_another_protocol_is_refused_and_not_lost(connect, protocol):
    """The parser hands over what follows the head: the body would count as empty."""
    asked = request(Connection="Upgrade, HTTP2-Settings", Upgrade=protocol, HTTP2_Settings="AAMAAABk")
    connection = connect()
    connection.sendall(asked)
    status, body = reply(connection)
    assert (status, orjson.loads(body)["message"]) == (
        400,
        "Upgrade: no other protocol than HTTP/1.1 is served",
    )
    assert connection.recv(1) == b"", "what follows cannot be told from a body"


def test_another_protocol_that_is_offered_need_not_be_taken(connect, caplog):
    connection = connect()
    connection.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    assert reply(connection)[0] == 200
    assert connection.recv(1) == b""
    assert not caplog.records


def test_what_is_no_http_is_refused_in_json(connect):
    connection = connect()
    connection.sendall(b"hello\r\n\r\n")
    status, body = reply(connection)
    assert (status, orjson.loads(body)["type"]) == (400, "UserError")
