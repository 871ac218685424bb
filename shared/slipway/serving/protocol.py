"""uvicorn's HTTP protocol with a short way for small requests: answered in the read that completes them.

uvicorn starts a task for every request and writes head and body apart, which wakes nginx twice; for one row
of numbers that costs as much as the answer. What the short way cannot take goes uvicorn's way, from its first
byte on. Its head, too, leaves with the body: of a worker killed between two writes nginx would have a head to
hand on, and only without one does it ask another worker.
"""

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from slipway.serving.answer import Answer, error_response
from slipway.serving.app import App


class Protocol(HttpToolsProtocol):
    """One connection. `_parts` holds the body of a request that may yet be answered the short way."""

    app: App
    _parts: list[bytes] | None = None
    _refused = False

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._parts is not None and not self.transport.is_closing():
            self._go_long()  # the rest of the body has not come yet

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():  # the parser reads no body after that
            self._offered()
            return
        idle = self.cycle is None or self.cycle.response_complete
        if (
            idle
            and self.app.is_quick
            and self.url in self.app.quick_routes
            and self.parser.get_method() == b"POST"
            and self.parser.should_keep_alive()
        ):
            self._parts = []
        else:
            self._begin_cycle()

    def on_body(self, body: bytes) -> None:
        if self._parts is None:
            super().on_body(body)
        else:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        if self._refused:
            return
        body = b"".join(self._parts or ())
        if self._parts is not None and not self.app.is_small(body):
            self._go_long()
        if self._parts is None:
            super().on_message_complete()
            return
        answer = self.app.answer_now(self.headers, body, self.app.quick_routes[self.url])
        if answer.rest is not None:  # a short question with a long answer: uvicorn sends it piece by piece
            self.scope["state"]["answer"] = answer  # for the app, which is not to predict its rows again
            self._go_long()
            super().on_message_complete()
            return
        self._parts = None
        self.transport.write(_message(answer))
        self.on_response_complete()

    def _offered(self) -> None:
        """A client that offers another protocol goes on in this one, unless its body would be lost."""
        self._refused = any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in self.headers
        )
        if self._refused:
            self.send_400_response("Upgrade: no other protocol than HTTP/1.1 is served")
        else:
            self._begin_cycle()
            self.cycle.keep_alive = False

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing: it is dealt with."""

    def send_400_response(self, msg: str) -> None:
        """The answer to what cannot be read on; whatever follows it cannot, either."""
        answer = error_response(400, "UserError", msg)
        answer.headers = (("Connection", "close"),)
        self.transport.write(_message(answer))
        self.transport.close()

    def _begin_cycle(self) -> None:
        super().on_headers_complete()
        if self.scope["method"] != "HEAD":  # whose answer is its head
            self.cycle.transport = _Joined(self.cycle)  # type: ignore[assignment]  # all that is asked of it

    def _go_long(self) -> None:
        parts, self._parts = self._parts, None
        self._begin_cycle()
        for part in parts or ():
            super().on_body(part)


class _Joined:
    """The transport of one answer: holds its head back until the body's first piece, and writes both."""

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle, self._transport = cycle, cycle.transport
        self._head: bytes | None = None
        self._begun = False

    def write(self, data: bytes) -> None:
        if self._begun or not self._cycle.response_started:  # or it is 100 Continue
            self._transport.write(data)
        elif self._head is None:
            self._head = data
        else:
            self._begun = True
            self._transport.writelines([self._head, data])

    def close(self) -> None:
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()


def _message(answer: Answer) -> bytes:
    head = STATUS_LINE[answer.status]
    for name, value in answer.headers:
        head += f"{name.lower()}: {value}\r\n".encode("latin-1")
    if answer.status == 204:
        return head + b"\r\n"
    media_type, length = answer.media_type.encode(), len(answer.body)
    return b"%bcontent-type: %b\r\ncontent-length: %d\r\n\r\n%b" % (head, media_type, length, answer.body)
