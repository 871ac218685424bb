"""Answers while the model loads: an open but silent port would keep /ping waiting past its two seconds."""

import select
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event, Thread

from slipway.serving.answer import Answer, json_answer, later
from slipway.serving.oip.errors import formed

_PATIENCE_S = 0.05


@contextmanager
def answering(listeners: Sequence[socket.socket]) -> Iterator[None]:
    """Answers all requests on `listeners` with 503 until the block ends; its thread is gone before a fork."""
    done = Event()
    thread = Thread(target=_answer, args=(listeners, done), name="starting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _answer(listeners: Sequence[socket.socket], done: Event) -> None:
    answer = later("the model is being loaded")
    replies = {  # by how a request starts
        b"GET /v2/health/live ": _message("200 OK", json_answer(200, {"live": True})),
        b"GET /v": _message("503 Service Unavailable", formed(answer)),
        b"POST /v": _message("503 Service Unavailable", formed(answer)),
        b"": _message("503 Service Unavailable", answer),
    }
    while not done.is_set():
        ready, _, _ = select.select(listeners, [], [], _PATIENCE_S)
        for listener in ready:
            try:
                client, _ = listener.accept()
            except OSError:
                continue
            with client:
                _reply(client, replies)


def _message(status: str, answer: Answer) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {answer.media_type}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
    return f"{head}Content-Length: {len(answer.body)}\r\nConnection: close\r\n\r\n".encode() + answer.body


def _reply(client: socket.socket, replies: Mapping[bytes, bytes]) -> None:
    """The request is read first, as far as it came: closing on unread bytes would reset the connection."""
    try:
        client.settimeout(_PATIENCE_S)
        request = client.recv(1 << 16)
        client.sendall(next(reply for start, reply in replies.items() if request.startswith(start)))
        client.shutdown(socket.SHUT_WR)
        client.recv(1 << 16)  # once: a client that goes on sending must not hold up the model
    except OSError:
        return
