"""The callers, each in a process of its own so that no CPU of theirs is counted: `load`, `good` and `slow`.

Raw sockets with keep-alive: http.client costs more per request than some of the servers measured.
"""

import json
import selectors
import socket
import sys
import time
from pathlib import Path

SLOW_HEAD = b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"


class Connection:
    """One keep-alive connection, reopened when the server closes it."""

    def __init__(self, port: int, timeout: float = 120) -> None:
        self.port, self.timeout = port, timeout
        self.socket: socket.socket | None = None

    def send(self, request: bytes) -> None:
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), self.timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(request)

    def receive(self) -> tuple[int, bytes]:
        assert self.socket is not None
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._some()
        head, body = data[:end].lower(), data[end + 4 :]
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += self._some()
        if b"connection: close" in head:
            self.close()
        return int(head[9:12]), body

    def _some(self) -> bytes:
        assert self.socket is not None
        data = self.socket.recv(1 << 20)
        if not data:
            raise ConnectionResetError("the server closed the connection without an answer")
        return data

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def load(port: int, request: bytes, seconds: float, count: int) -> dict[str, object]:
    """Requests as fast as they are answered, `count` of them under way at a time."""
    connections = [Connection(port) for _ in range(count)]
    done, status, start = 0, 200, time.perf_counter()
    while status == 200 and time.perf_counter() - start < seconds:
        for connection in connections:
            connection.send(request)
        status = max([connection.receive()[0] for connection in connections])
        done += count
    return {"requests": done, "status": status, "seconds": time.perf_counter() - start}


def good(port: int, request: bytes, seconds: float, pause: float = 0.005) -> dict[str, object]:
    """One polite caller: a request, its answer, a pause. Latencies in ms; no answer in 5 s is a failure."""
    connection, times, failed = Connection(port, timeout=5), [], 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        try:
            connection.send(request)
            failed += connection.receive()[0] != 200
            times.append(1e3 * (time.perf_counter() - start))
        except OSError:
            failed += 1
            connection.close()
            time.sleep(0.05)
        time.sleep(pause)
    times.sort()
    at = {f"p{q}_ms": times[min(len(times) - 1, len(times) * q // 100)] if times else None for q in (50, 99)}
    return {"requests": len(times) + failed, "failed": failed, **at}


def slow(port: int, count: int) -> None:
    """Connections that never finish a request: a third are silent, a third drip a header, a third a body."""
    scripts = (b"", SLOW_HEAD, SLOW_HEAD + b"Content-Length: 100000\r\n\r\n" + b"1" * 100_000)
    first = (0, 0, len(scripts[2]) - 100_000)  # how much goes out at once
    sockets: list[tuple[socket.socket, int] | None] = [None] * count
    selector = selectors.DefaultSelector()
    said = False
    while True:
        began = time.perf_counter()
        for key, _ in selector.select(0):  # readable: an early answer or the end; both mean: start again
            selector.unregister(key.fileobj)
            sockets[key.data] = None
            key.fileobj.close()  # type: ignore[union-attr]
        for i in range(count):
            script = scripts[i % 3]
            try:
                if (open_ := sockets[i]) is None:
                    new = socket.create_connection(("127.0.0.1", port), 1)
                    new.sendall(script[: first[i % 3]])
                    sockets[i] = (new, first[i % 3])
                    selector.register(new, selectors.EVENT_READ, i)
                elif script:
                    open_[0].sendall(script[open_[1] : open_[1] + 1])
                    sockets[i] = (open_[0], open_[1] + 1)
            except OSError:
                if open_ is not None:
                    selector.unregister(open_[0])
                    open_[0].close()
                    sockets[i] = None
        if not said:
            said = True
            print("ready", flush=True)
        time.sleep(max(0.05, 1 - (time.perf_counter() - began)))


if __name__ == "__main__":
    what, port = sys.argv[1], int(sys.argv[2])
    if what == "slow":
        slow(port, int(sys.argv[3]))
    request, seconds = Path(sys.argv[3]).read_bytes(), float(sys.argv[4])
    count = map(int, sys.argv[5:])
    print(
        json.dumps(load(port, request, seconds, *count) if what == "load" else good(port, request, seconds))
    )
