"""The clients of campaigns count a row as answered only where its answer is right."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread

import pytest

from harness.load import Load
from tools.process import wait_until

SAMPLE, EXPECTED = b"x\n1\n2\n", [b"one", b"two"]


@contextmanager
def served(status, change) -> Iterator[int]:
    """A server that answers each second request with `status`, the others as `change` makes them."""
    numbers = count()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            rows = self.rfile.read(int(self.headers["Content-Length"])).count(b"\n") - 1
            given = status if next(numbers) % 2 else 200
            body = change(b"one\ntwo\n" * (rows // 2))
            self.send_response(given)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def loaded(port):
    with Load(port, "/invocations", SAMPLE, EXPECTED, clients=2) as load:
        wait_until(lambda: load.requests > 8, "requests", lambda: "")
    return load


def test_what_is_refused_for_now_is_asked_again_and_counted_once():
    with served(503, lambda body: body) as port:
        load = loaded(port)
    assert load.sent == load.answered > 0
    assert load.statuses["503"] > 0
    assert f"{load.sent:,} rows sent" in load.told()


@pytest.mark.parametrize(
    ("status", "change"),
    [
        pytest.param(200, lambda body: body[:-4], id="a row is lost"),
        pytest.param(200, lambda body: body.replace(b"two", b"one"), id="an answer is another's"),
        pytest.param(400, lambda body: body, id="refused for good"),
    ],
)
def test_a_row_that_is_lost_is_told(status, change):
    with served(status, change) as port:
        load = loaded(port)
    with pytest.raises(AssertionError):
        load.told()
