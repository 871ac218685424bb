"""CPU of a one-row request in a worker by what is counted, without sockets and nginx: one process, forked.

Two servers differ by several per cent of CPU by how their memory happens to lie, which is more than counting
takes. Here one process loads the model, and a fork of it for each setting answers the same bytes, in turn.
"""

import asyncio
import os
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import uvicorn
import uvloop

from slipway.serving.app import App
from slipway.serving.metrics.meter import NoMeter
from slipway.serving.protocol import Protocol
from slipway.settings import Settings

VARIANTS = {
    "neither": (False, False),
    "neither, again": (False, False),
    "metrics": (True, False),
    "drift": (False, True),
    "metrics and drift": (True, True),
}
AT_ONCE = 250  # requests of one measurement
_LIKE_WORKERS: Any = dict.fromkeys(("access_log", "server_header", "date_header", "proxy_headers"), False)


class _Quick(App):
    """Answers in the read, also where the machine is so busy that others would change threads."""

    is_quick = True


class _Transport(asyncio.Transport):
    """Where the answers go; keeps none."""

    written = 0

    def write(self, data: Any) -> None:
        self.written += 1

    def is_closing(self) -> bool:
        return False


def ratios(environ: Mapping[str, str], request: bytes, rounds: int) -> dict[str, tuple[float, float]]:
    """By variant: µs per request, median, and the median of the ratios to "neither"."""
    app = _Quick(Settings.read(environ))
    app.load()
    assert app.endpoint is not None, app.broken
    ends: dict[str, Connection] = {}
    for name, variant in VARIANTS.items():
        ends[name] = _forked(app, request, *variant, [*ends.values()])
    order = list(ends)
    costs: dict[str, list[float]] = {name: [] for name in ends}
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            ends[name].send(True)
            costs[name].append(ends[name].recv())
    for end in ends.values():
        end.send(False)
    plain = costs["neither"]
    return {
        name: (statistics.median(found), statistics.median(a / b for a, b in zip(found, plain, strict=True)))
        for name, found in costs.items()
    }


def _forked(
    app: App, request: bytes, counts: bool, watches: bool, others: Sequence[Connection]
) -> Connection:
    here, there = Pipe()
    if os.fork():
        there.close()
        return here
    try:
        for end in (here, *others):
            end.close()  # or it would not be seen that the parent has ended
        app.metrics.start(0)
        assert app.endpoint is not None
        if not counts:
            app.metrics.meter = NoMeter()
        if not watches:
            app.endpoint.observe = None
        _answer(app, request, there)
    finally:
        os._exit(0)


def _answer(app: App, request: bytes, end: Connection) -> None:
    assert app.endpoint is not None
    app.endpoint.model.warm()
    for _ in range(10):
        app.answer_now([(b"content-type", b"text/csv")], request.partition(b"\r\n\r\n")[2])
    config = uvicorn.Config(app, http=Protocol, ws="none", **_LIKE_WORKERS)
    config.load()
    state: Any = uvicorn.server.ServerState()
    protocol = Protocol(config, state, {}, uvloop.new_event_loop())
    transport = _Transport()
    protocol.connection_made(transport)
    while end.recv():
        before, begun = transport.written, time.process_time()
        for _ in range(AT_ONCE):
            protocol.data_received(request)
        spent = time.process_time() - begun
        assert transport.written == before + AT_ONCE
        end.send(1e6 * spent / AT_ONCE)
