"""The ASGI application: the two hot routes answered directly, every other request handed to Flask.

Flask's dispatch costs more than reading, predicting and writing one row; `web.py` serves the same two routes
through the same functions, for tests and for whoever wants plain WSGI.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, TypeVar

from slipway import machine
from slipway.errors import ModelLoadError, UserError
from slipway.log import log, log_exception, within
from slipway.serving.access import accessed
from slipway.serving.answer import Answer, client_error, later, server_error
from slipway.serving.asgi import Headers, Receive, Send, body_of, invocation_headers, length, reply, stream
from slipway.serving.endpoint import Endpoint
from slipway.serving.memory import Claims, WorkerMemory
from slipway.serving.metrics.container import Metrics
from slipway.serving.metrics.meter import NoMeter
from slipway.serving.oip import routes
from slipway.serving.oip.paths import Route, asked
from slipway.settings import Settings

T = TypeVar("T")
INLINE_BYTES = 1 << 16
_PACKED = (b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # Parquet, and the two kinds of workbooks
_UNCOUNTED = NoMeter()
_INLINE_S = 0.005  # a ping may wait this long behind a prediction, no longer


class App:
    """One worker's application. `load` runs before the fork, so that all workers share one model."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.endpoint: Endpoint | None = None
        self.workers = settings.workers or machine.cpus()
        """How many processes like this one answer."""
        self.metrics = Metrics(settings, self.workers)
        self.broken = ModelLoadError("the model is being loaded")
        self.broken.status = 503
        self.unready = ""
        """Why a model that was loaded is not ready all the same."""
        self._memory = WorkerMemory(Claims(self.workers), settings.request_timeout_s)
        # One thread: libraries under a model need not be thread-safe, and the CPUs have a worker each.
        self._thread = ThreadPoolExecutor(1, "predict")
        self._waiting = 0
        self._cost_s = float("inf")  # of small requests, unknown as yet
        self.quick_routes: dict[bytes, Route | None] = {b"/invocations": None}
        """Where requests come whose answer may be made on the event loop."""

    def load(self) -> None:
        """Loads the model; where that fails, says so in the log and in every answer, and is never ready."""
        started = time.perf_counter()
        try:
            self.endpoint = Endpoint.load(self.settings, workers=self.workers)
            self.metrics.watch_over(self.endpoint)
            self.metrics.loaded(time.perf_counter() - started, self.endpoint.manifest.created)
            self.quick_routes |= routes.quick(self.endpoint.name)
        except ModelLoadError as error:
            self.broken = error
            log("serve", str(error), "error")

    def warm(self) -> None:
        """Readies the model in this worker; requests take their turn after it."""
        self._memory.cell = self.metrics.block
        if self.endpoint is not None:
            self._thread.submit(self._warm, self.endpoint)

    def _warm(self, endpoint: Endpoint) -> None:
        """What fails here fails in requests, too: the platform is to know before it sends any."""
        try:
            endpoint.model.warm()
        except Exception as error:
            log_exception("serve", "the model cannot be readied", error)
            self.unready = f"the model cannot be readied ({type(error).__name__}): the log has the details"

    def ping(self) -> Answer:
        """200 with no body once the model answers, 503 before."""
        if self.endpoint and not self.unready:
            return Answer(200, "text/plain", b"")
        return server_error(503, self.unready or str(self.broken))

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        path = scope.get("path")
        if path == "/invocations" and scope["method"] == "POST":
            known: Answer | None = scope.get("state", {}).get("answer")  # where protocol.py has asked already
            answer = known or await self._invocations(scope, receive)
            if answer.rest is None:
                await reply(send, answer)
            else:
                await self._stream(receive, send, answer, invocation_headers(scope["headers"])[3])
        elif path == "/ping" and scope["method"] in {"GET", "POST", "HEAD"}:
            await reply(send, self.ping())
        elif (told := self.metrics.routes.get(path or "")) and scope["method"] == "GET":
            await reply(send, await asyncio.to_thread(told))
        elif scope["type"] == "http":
            await self._other(scope, receive, send)

    async def _other(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """The routes of other protocols, and those that are not hot."""
        found = routes.find(self, scope["method"], scope["path"])
        if found is None:
            await self._flask(scope, receive, send)
        elif isinstance(found, Answer):
            await reply(send, found)
        else:
            await reply(send, found.form(await self._invocations(scope, receive, found)))

    async def _invocations(
        self, scope: MutableMapping[str, Any], receive: Receive, route: Route | None = None
    ) -> Answer:
        meter = self.metrics.meter if route is None or route.counts else _UNCOUNTED
        begun = meter.begin()
        request = asked(scope["headers"], route)
        need = self.endpoint.factors.need(length(scope["headers"]), *request) if self.endpoint else 0
        body = b""
        try:
            async with self._memory.room(need):  # before the body is taken in
                body = await body_of(receive, self.settings.max_body_bytes)
                answer = await self._answered_to(body, request)
        except UserError as error:
            answer = client_error(error)
        return meter.end(answer, len(body), begun)

    async def _answered_to(self, body: bytes, request: tuple[Any, ...]) -> Answer:
        if self.endpoint is None:
            return client_error(self.broken)
        if self.is_quick and self.is_small(body):
            return self._timed(body, *request)
        return await self._threaded(body, *request)

    @property
    def is_quick(self) -> bool:
        """Whether a small request may be answered on the event loop: /ping would hardly notice."""
        return self.endpoint is not None and self._waiting == 0 and self._cost_s < _INLINE_S

    def is_small(self, body: bytes) -> bool:
        """Whether `body` is quick to read: short, within the limit, none that may unpack to much."""
        return len(body) <= min(INLINE_BYTES, self.settings.max_body_bytes) and not body.startswith(_PACKED)

    def answer_now(self, headers: Headers, body: bytes, route: Route | None = None) -> Answer:
        """Answers on the spot, in the thread that asks."""
        meter = self.metrics.meter if route is None or route.counts else _UNCOUNTED
        begun = meter.begin()
        return meter.end(self._timed(body, *asked(headers, route)), len(body), begun)

    def _timed(self, *request: Any) -> Answer:
        """Answers, and keeps count of what small requests cost: quick ones need not change threads."""
        assert self.endpoint is not None
        started = time.perf_counter()
        answer = self.endpoint.answer(*request)
        spent = time.perf_counter() - started
        if self.is_small(request[0]):
            self._cost_s = spent if self._cost_s == float("inf") else 0.8 * self._cost_s + 0.2 * spent
        if self.settings.access_log and answer.rest is None:
            accessed(answer, len(request[0]), spent, request[4])
        return answer

    async def _threaded(self, *request: Any) -> Answer:
        """Answers off the event loop, so that /ping is not kept waiting."""
        try:
            return await self._in_turn(self._timed, *request)
        except _NoTurn:
            return later(f"{self._waiting} requests are waiting for this worker; try again later")
        except TimeoutError:
            with within(request[4]):
                return self._given_up()

    async def _in_turn(self, work: Callable[..., T], *arguments: Any) -> T:
        """What `work` gives, done in the thread. Its time counts from its turn on.

        Raises TimeoutError when it takes too long, _NoTurn where its turn has not come so long.
        """
        while True:  # mostly once
            try:
                return await self._in_thread(work, *arguments)
            except _ThreadLost:
                continue

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """As `_in_turn`; raises _ThreadLost where the thread was given up before the turn came."""
        limit = float(self.settings.request_timeout_s)
        turn: list[float] = []

        def done() -> T:
            turn.append(time.monotonic())
            return work(*arguments)

        self._waits(1)
        future = self._thread.submit(done)
        running = asyncio.wrap_future(future)
        running.add_done_callback(self._answered)
        left = limit
        while left > 0:
            ended, _ = await asyncio.wait({running}, timeout=left)
            if future.cancelled():
                raise _ThreadLost
            if ended:
                return running.result()
            if future.cancel():
                raise _NoTurn
            # Its thread may have taken it up without having noted the time yet.
            left = (turn or [time.monotonic()])[0] + limit - time.monotonic()
        raise TimeoutError

    def _given_up(self) -> Answer:
        """Whoever waits takes a turn in a new thread; then the worker ends, as where the platform says so.

        A thread cannot be stopped, a process can; until then no new connection comes to it.
        """
        limit = self.settings.request_timeout_s
        log("serve", f"a request took longer than {limit} s; its worker restarts", "error")
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._thread = ThreadPoolExecutor(1, "predict")
        asyncio.get_running_loop().call_later(0.2, os.kill, os.getpid(), signal.SIGTERM)
        return server_error(504, f"the request took longer than {limit} s (MODEL_SERVER_TIMEOUT)")

    def _answered(self, _: "asyncio.Future[Any]") -> None:
        self._waits(-1)

    def _waits(self, more: int) -> None:
        self._waiting += more
        self.metrics.meter.queue(max(0, self._waiting - 1))  # one has its turn

    async def _stream(self, receive: Receive, send: Send, answer: Answer, request: str) -> None:
        """Sends an answer as it is made. Where that fails the connection breaks: no row is lost unseen."""
        assert answer.rest is not None
        rest = answer.rest

        def made() -> bytes | None:
            with within(request):  # in the thread
                return next(rest, None)

        async def more() -> bytes | None:
            return await self._in_turn(made) if answer.size is None else next(rest, None)

        with within(request):
            try:
                await stream(receive, send, answer, more)
            except TimeoutError:
                self._given_up()
            if self.settings.access_log:
                log("serve", "answered piece by piece", status=answer.status)

    @cached_property
    def _flask(self) -> Any:
        from a2wsgi import WSGIMiddleware

        from slipway.serving.web import create_app

        return WSGIMiddleware(create_app(self), workers=2)  # type: ignore[arg-type]


class _ThreadLost(Exception):
    """What its thread did before never ends."""


class _NoTurn(Exception):
    """All the time a request may take has passed before it was looked at."""
