"""HTTP as the platform speaks it: one connection, exact bytes, and the time an answer took."""

import http.client
import json
import select
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PLATFORM = {"User-Agent": "Go-http-client/1.1"}
CONNECT_S = 10


@dataclass(frozen=True)
class Reply:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def __str__(self) -> str:
        shown = " ".join(self.text.split())
        return f"{self.status} {self.media_type} {shown[:90]}{'…' if len(shown) > 90 else ''}".rstrip()

    def records(self) -> int:
        """How many answers it holds. Raises ValueError where that cannot be told."""
        if self.media_type == "application/json":
            return _listed(json.loads(self.body))
        if self.media_type.startswith("text/") or "lines" in self.media_type or "ndjson" in self.media_type:
            return len(self.body.splitlines())
        raise ValueError(f"answers of type {self.media_type or 'none'} cannot be counted")


def _listed(document: Any) -> int:
    """The length of a list, or of the only list in an object, as in {"predictions": […]}."""
    if isinstance(document, dict):
        lists = [value for value in document.values() if isinstance(value, list)]
        document = lists[0] if len(lists) == 1 else None
    if not isinstance(document, list):
        raise ValueError("the JSON has no list of answers")
    return len(document)


@dataclass(frozen=True)
class Wire:
    """Where a server listens."""

    host: str
    port: int

    @classmethod
    def to(cls, url: str) -> "Wire":
        """The server at http://host[:port]. Raises ValueError for what is no such address."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError(f"expected http://host[:port], got {url}")
        return cls(parts.hostname, parts.port or 80)

    def connect(self, timeout: float = 60) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def send(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60,
        connection: http.client.HTTPConnection | None = None,
    ) -> Reply:
        """One request; a body that is an iterable goes in chunks. Raises OSError without an answer."""
        used = connection or self.connect(timeout)
        started = time.monotonic()
        try:
            chunked = body is not None and not isinstance(body, bytes)
            used.request(method, path, body, {**PLATFORM, **(headers or {})}, encode_chunked=chunked)
            answer = used.getresponse()
            content = answer.read()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, named, content, time.monotonic() - started)
        except http.client.HTTPException as error:
            raise ConnectionError(f"no HTTP answer: {error!r}") from None
        finally:
            if connection is None:
                used.close()

    def knock(self) -> float:
        """Seconds until a connection is accepted."""
        started = time.monotonic()
        socket.create_connection((self.host, self.port), CONNECT_S).close()
        return time.monotonic() - started

    @contextmanager
    def halfway(self, body: bytes, content_type: str) -> Iterator[Callable[[float], Reply]]:
        """A request of which half is sent; yields what sends the rest, and waits for the answer."""
        started = time.monotonic()
        lines = ["POST /invocations HTTP/1.1", "Host: container", f"Content-Type: {content_type}"]
        lines += [f"Content-Length: {len(body)}", "Expect: 100-continue", "", ""]
        with socket.create_connection((self.host, self.port), CONNECT_S) as stream:
            stream.sendall("\r\n".join(lines).encode())
            # "100 Continue" says that it has begun; a server may leave it out.
            select.select([stream], [], [], 1)
            stream.sendall(body[: len(body) // 2])

            def finish(timeout: float) -> Reply:
                stream.settimeout(timeout)
                stream.sendall(body[len(body) // 2 :])
                answer = http.client.HTTPResponse(stream, method="POST")
                try:
                    answer.begin()
                    content = answer.read()
                except http.client.HTTPException as error:
                    raise ConnectionError(f"no HTTP answer: {error!r}") from None
                named = {name.lower(): value for name, value in answer.getheaders()}
                return Reply(answer.status, named, content, time.monotonic() - started)

            yield finish

    def dawdle(self) -> socket.socket:
        """A client that begins a request and does not end it."""
        stream = socket.create_connection((self.host, self.port), CONNECT_S)
        stream.sendall(
            b"POST /invocations HTTP/1.1\r\nHost: container\r\nContent-Type: text/csv\r\nContent-Le"
        )
        return stream
