"""How a server on this machine is asked. Needs the standard library alone, and passes no proxy."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any


@dataclass(frozen=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    """By name; upper and lower case are one."""
    body: bytes

    @property
    def ok(self) -> bool:
        return self.status < 400

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def media_type(self) -> str:
        return self.headers.get("Content-Type", "").split(";")[0]

    @property
    def reason(self) -> str:
        """Why a request was refused, as the server words it."""
        try:
            return str(self.json["message"])
        except (ValueError, KeyError, TypeError):
            return self.text.strip()[:200] or f"status {self.status}"


def send(
    port: int,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    timeout: float = 3600,
) -> Reply:
    """One request over a connection of its own. Raises OSError where no answer comes."""
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        with suppress(BrokenPipeError):  # answered before all was sent, as what is too large is
            connection.request(method, path, body or None, dict(headers or {}))
        answer = connection.getresponse()
        found: Any = answer.headers
        return Reply(answer.status, found, answer.read())
    except HTTPException as error:
        raise ConnectionError(f"{method} {path}: {type(error).__name__}: {error}") from error
    finally:
        connection.close()


def ask(port: int, body: bytes, content_type: str, accept: str = "", **headers: str) -> Reply:
    """POST /invocations; keyword arguments become X-Amzn-SageMaker-… headers."""
    return send(port, "POST", "/invocations", body, asked(content_type, accept, **headers))


def asked(content_type: str, accept: str = "", **headers: str) -> dict[str, str]:
    """The headers of a request; what is empty is left out."""
    sent = {f"X-Amzn-SageMaker-{name.replace('_', '-')}": value for name, value in headers.items() if value}
    sent |= {"Content-Type": content_type} if content_type else {}
    return sent | ({"Accept": accept} if accept else {})


def pings(port: int, path: str = "/ping") -> bool:
    """Whether `path` answers 200."""
    try:
        return send(port, "GET", path, timeout=5).status == 200
    except OSError:
        return False
