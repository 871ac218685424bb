"""Requests and answers as ASGI has them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any

from slipway.log import log_exception
from slipway.serving.answer import Answer, too_large

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = Iterable[tuple[bytes, bytes]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def invocation_headers(headers: Headers) -> tuple[str, str, str, str]:
    """Content type, Accept, custom attributes and inference id; all other headers are ignored."""
    content_type = accept = attributes = request = ""
    for name, value in headers:
        if name == b"content-type":
            content_type = value.decode("latin-1")
        elif name == b"accept":
            # Several Accept lines are one list (RFC 9110, 5.3).
            accept = f"{accept},{value.decode('latin-1')}" if accept else value.decode("latin-1")
        elif name == b"x-amzn-sagemaker-custom-attributes":
            attributes = value.decode("latin-1")
        elif name == b"x-amzn-sagemaker-inference-id":
            request = value.decode("latin-1")
    return content_type, accept, attributes, request


def length(headers: Headers) -> int:
    """Bytes of the body, as its head says; 0 where that does not say."""
    return next((int(value) for name, value in headers if name == b"content-length" and value.isdigit()), 0)


async def body_of(receive: Receive, limit: int) -> bytes:
    """The whole body. Raises PayloadTooLarge as soon as it is over `limit` bytes."""
    parts, size = [], 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise too_large(limit)
        parts.append(part)
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def reply(send: Send, answer: Answer) -> None:
    """Sends the answer, head and body."""
    headers = [(b"content-type", answer.media_type.encode()), (b"content-length", b"%d" % len(answer.body))]
    if answer.status == 204:
        headers = []  # it has neither (RFC 9110, 8.6)
    await _begin(send, answer, headers)
    await send({"type": "http.response.body", "body": answer.body})


async def _begin(send: Send, answer: Answer, headers: Sequence[tuple[bytes, bytes]]) -> None:
    more = [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": [*headers, *more]})


async def stream(
    receive: Receive, send: Send, answer: Answer, more: Callable[[], Awaitable[bytes | None]]
) -> None:
    """Sends head and first piece, then what `more` gives, until it is None or the client has gone.

    Where `more` raises, the answer ends without its end, by which the client knows that it is not whole.
    """
    how = (b"x-accel-buffering", b"no") if answer.size is None else (b"content-length", b"%d" % answer.size)
    await _begin(send, answer, [(b"content-type", answer.media_type.encode()), how])
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    gone = asyncio.ensure_future(_gone(receive))
    try:
        while (piece := await more()) is not None:
            if gone.done():
                return
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except TimeoutError:
        raise
    except Exception as error:
        log_exception("serve", "an answer was broken off", error)
    finally:
        gone.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
