"""While the model loads, every request is answered at once."""

import http.client
import socket
import threading

import pytest

from slipway.serving.starting import answering


@pytest.fixture
def listener():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        found.listen(16)
        yield found


@pytest.mark.parametrize(
    ("method", "path", "body"), [("GET", "/ping", None), ("POST", "/invocations", b"1,2\n" * 50_000)]
)
@pytest.mark.contract("B2.2", "B2.5")
def test_every_request_is_told_that_the_model_is_being_loaded(listener, method, path, body):
    with answering([listener]):
        for _ in range(3):
            client = http.client.HTTPConnection(*listener.getsockname(), timeout=10)
            client.request(method, path, body)
            answer = client.getresponse()
            assert answer.status == 503
            assert b"the model is being loaded" in answer.read()
            assert answer.headers["Retry-After"] == "1"
            client.close()


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/v2/health/live", 200, b'{"live":true}\n'),
        ("GET", "/v2/health/ready", 503, b'{"error":"the model is being loaded"}\n'),
        ("POST", "/v1/models/x:predict", 503, b'{"error":"the model is being loaded"}\n'),
    ],
)
def test_other_protocols_are_told_in_their_form(listener, method, path, status, body):
    with answering([listener]):
        client = http.client.HTTPConnection(*listener.getsockname(), timeout=10)
        client.request(method, path)
        answer = client.getresponse()
        assert (answer.status, answer.read()) == (status, body)


@pytest.mark.contract("B2.3")
def test_a_silent_client_keeps_nobody_waiting(listener):
    with answering([listener]), socket.create_connection(listener.getsockname(), 10):
        client = http.client.HTTPConnection(*listener.getsockname(), timeout=10)
        client.request("GET", "/ping")
        assert client.getresponse().status == 503


def test_afterwards_the_socket_is_the_servers_and_no_thread_is_left(listener):
    with answering([listener]):
        pass
    assert not [thread for thread in threading.enumerate() if thread.name == "starting"]
    with socket.create_connection(listener.getsockname(), 10):
        listener.settimeout(10)
        listener.accept()[0].close()
