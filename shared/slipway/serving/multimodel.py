"""A multi-model endpoint: models are loaded, listed, asked and unloaded while it serves.

https://docs.aws.amazon.com/sagemaker/latest/dg/mms-container-apis.html
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import unquote

from slipway import machine
from slipway.errors import InsufficientMemory, ModelLoadError, PayloadTooLarge, UserError
from slipway.log import log, log_exception, within
from slipway.serving import management
from slipway.serving.access import accessed
from slipway.serving.answer import (
    Answer,
    client_error,
    error_response,
    http_error,
    json_answer,
    later,
    server_error,
)
from slipway.serving.asgi import Headers, Receive, Send, body_of, invocation_headers, reply, stream
from slipway.serving.large import LARGE
from slipway.serving.memory import ModelsMemory
from slipway.serving.metrics.container import Metrics
from slipway.serving.metrics.meter import NoMeter
from slipway.serving.model_process import Ended, ModelProcess, ModelTimeout, OutOfMemory, Request, Unloaded
from slipway.serving.oip import paths
from slipway.serving.oip.errors import formed
from slipway.serving.oip.many import Loaded
from slipway.settings import Settings

_BASE = 48 << 20  # bytes that a process takes of its own, the libraries being shared
_UNPACKED = 3  # times its files that a model takes in memory, until the kernel says otherwise
_SPARE = 0.05  # of all memory, which answers need
_QUEUE = 64  # requests that wait for one model at the same time
_THREADS = 8 * _QUEUE  # that wait for any
_LOADING = 32  # models that are loaded or unloaded at the same time


class Models:
    """The models that are loaded, by the name that the platform gives each."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._context = get_context("forkserver")
        # Imported once, in the process that the models' processes are forked from.
        self._context.set_forkserver_preload(["slipway.serving.preload"])
        self._loaded: dict[str, ModelProcess | None] = {}  # None while it is being loaded
        self._promised = 0  # bytes of models that are being loaded
        self._lock = Lock()
        self._memory = ModelsMemory(_THREADS)

    def load(self, name: str, url: str) -> Answer:
        """200 when it can be asked, 409 if it is there already, 507 where memory is short."""
        need = _BASE + _UNPACKED * management.size(Path(url))
        with self._lock:
            if name in self._loaded:
                return error_response(409, "ConflictException", f"Model {name} is already registered.")
            if machine.available_bytes() - self._promised < need + _SPARE * machine.memory_bytes():
                return management.no_memory(name)
            self._loaded[name] = None
            self._promised += need
        found = None
        started = time.perf_counter()
        try:
            settings = self._settings.model_copy(update={"model_name": name})
            found = ModelProcess.start(self._context, settings, url, settings.load_timeout_s)
            created, found.version = management.stamped(Path(url))
            if machine.available_bytes() < _SPARE * machine.memory_bytes():
                found.end()
                found = None
                return management.no_memory(name)
        except OutOfMemory:
            return management.no_memory(name)
        except ModelTimeout:
            limit = self._settings.load_timeout_s
            log("serve", f"a model took longer than {limit} s to load, and was given up", "error")
            return server_error(504, f"the model took longer than {limit} s to load (SLIPWAY_LOAD_TIMEOUT)")
        except Ended as error:
            log("serve", f"a model's process ended while it was loaded: {error}", "error")
            return server_error(500, f"the model's process ended while it was loaded ({error})")
        except ModelLoadError as error:
            log("serve", f"a model cannot be loaded: {error}", "error")
            return error_response(error.status, "ModelLoadError", str(error))
        finally:
            with self._lock:
                self._promised -= need
                if found is None:
                    del self._loaded[name]
                else:
                    self._loaded[name] = found
        spent = time.perf_counter() - started
        self._metrics.loaded(spent, created, found.process.pid or 0, name, found.watch)
        log("serve", f"model loaded: {len(self._loaded)} now")
        return json_answer(200, {"status": "Workers scaled"})

    def unload(self, name: str) -> Answer:
        """200 once its memory is free, 404 if it is not loaded."""
        with self._lock:
            found = self._loaded.get(name)
            if found is None:
                return management.not_found(name)
            del self._loaded[name]
        found.end()
        self._metrics.unloaded(name)
        log("serve", f"model unloaded: {len(self._loaded)} now")
        return json_answer(200, {"status": f'Model "{name}" unregistered'})

    def listed(self, facts_of: Callable[[str], Any], limit: int, start: int) -> Answer:
        """What `facts_of` tells of some of the models that are loaded, and where the next page begins."""
        with self._lock:
            names = [name for name, found in self._loaded.items() if found]
        facts: dict[str, Any] = {"models": [facts_of(name) for name in names[start : start + limit]]}
        if start + limit < len(names):
            facts["nextPageToken"] = str(start + limit)
        return json_answer(200, facts)

    def drift(self, name: str) -> Answer:
        """How far a model's requests are from its training; 404 where nothing is watched."""
        found = self._loaded.get(name)
        return management.drift(found.watch) if found else management.not_found(name)

    def versions(self) -> dict[str, str]:
        """The models that are loaded, and the version of each."""
        with self._lock:
            return {name: found.version for name, found in self._loaded.items() if found}

    def describe(self, name: str) -> Answer:
        """Where a model came from; 404 if it is not loaded."""
        return json_answer(200, self.facts(name)) if self._loaded.get(name) else management.not_found(name)

    def ask(self, name: str, request: Request) -> Answer:
        """What the model answers; 404 if it is not loaded, 503, 504 or 507 where its process is gone."""
        found = self._loaded.get(name)
        meter = self._metrics.meter if found is None else self._metrics.of(name)
        if len(request) > 5 and not request[5].counts:
            meter = NoMeter()
        begun = meter.begin()
        answer = management.not_found(name) if found is None else self._asked(name, found, request)
        return meter.end(answer, len(request[0]), begun)

    def _asked(self, name: str, found: ModelProcess, request: Request) -> Answer:
        limit = self._settings.request_timeout_s
        started = time.perf_counter()
        try:
            answer = found.answer(request, limit, self._memory)
        except PayloadTooLarge as error:
            large = len(request[0]) > LARGE  # else it is not the request, but how many models are loaded
            answer = client_error(error) if large else management.no_memory(name, str(error))
        except InsufficientMemory as error:
            answer = client_error(error)
        except Unloaded:
            answer = management.not_found(name)
        except ModelTimeout:
            self._forget(name, found, request, "it took too long")
            answer = server_error(504, f"the request took longer than {limit} s (MODEL_SERVER_TIMEOUT)")
        except OutOfMemory:
            self._forget(name, found, request, "it took too much memory")
            answer = management.no_memory(name)
        except Ended as error:
            self._forget(name, found, request, str(error))
            answer = later(f"the process of model {name} ended ({error}); the model has to be loaded again")
        if self._settings.access_log:
            accessed(answer, len(request[0]), time.perf_counter() - started, request[4])
        return answer

    def facts(self, name: str) -> dict[str, str]:
        """Of one model: its name, and where it came from."""
        found = self._loaded.get(name)
        return {"modelName": name, "modelUrl": found.url if found else ""}

    def _forget(self, name: str, gone: ModelProcess, request: Request, why: str) -> None:
        """A model whose process ended is not loaded any more: the platform then loads it again."""
        with within(request[4]):
            log("serve", f"a model's process ended: {why}", "error")
        with self._lock:
            if self._loaded.get(name) is gone:
                del self._loaded[name]
                self._metrics.unloaded(name)


class MultiModelApp:
    """The ASGI application in the place of `App`."""

    endpoint = None
    workers = 1
    is_quick = False  # no request is answered on the event loop

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._models: Models | None = None
        self.metrics = Metrics(settings, self.workers)
        self._threads = ThreadPoolExecutor(_THREADS, "models")
        self._loading = ThreadPoolExecutor(_LOADING, "loading")  # not behind requests
        self._waiting: Counter[str] = Counter()  # requests, by the model that they are for

    def load(self) -> None:
        """Nothing: the platform says which models to load."""

    def warm(self) -> None:
        """After the fork: the process that models are forked from has to be a child of this worker."""
        self._models = Models(self.settings, self.metrics)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer = await self._answer(scope, receive)
        if answer.rest is None:
            await reply(send, answer)
            return
        rest, loop = answer.rest, asyncio.get_running_loop()
        try:
            with within(invocation_headers(scope["headers"])[3]):
                await stream(
                    receive, send, answer, lambda: loop.run_in_executor(self._threads, next, rest, None)
                )
        finally:
            await loop.run_in_executor(self._threads, rest.close)  # type: ignore[attr-defined]

    async def _answer(self, scope: MutableMapping[str, Any], receive: Receive) -> Answer:
        answer = await self._made(scope, receive)
        return formed(answer) if scope["path"].startswith(paths.PREFIXES) else answer

    async def _made(self, scope: MutableMapping[str, Any], receive: Receive) -> Answer:
        try:
            call = self._call(scope, await body_of(receive, self.settings.max_body_bytes))
            if isinstance(call, Answer):
                return call
            if call[0] == self._models.ask:  # type: ignore[union-attr]
                return await self._asked(*call)
            return await asyncio.get_running_loop().run_in_executor(self._loading, *call)
        except UserError as error:
            return client_error(error)
        except Exception as error:
            log_exception("serve", "a request failed", error)
            return server_error(500, "internal error; the log has the details")

    async def _asked(self, ask: Callable[..., Answer], name: str, request: Request) -> Answer:
        """Lets the request wait for its model, if not too many do."""
        waiting = self._waiting
        if waiting[name] >= _QUEUE or waiting.total() >= _THREADS:
            return later(f"{waiting[name]} requests are waiting for model {name}; try again later")
        waiting[name] += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, ask, name, request)
        finally:
            waiting[name] -= 1
            waiting += Counter()  # forgets those for which none waits

    def _call(self, scope: MutableMapping[str, Any], body: bytes) -> tuple[Any, ...] | Answer:
        """What to do, and what with; or the answer. A name may hold anything, quoted slashes too."""
        assert self._models is not None
        models, method = self._models, scope["method"]
        raw = scope["raw_path"].decode("latin-1").partition("?")[0]
        path = [unquote(part) for part in raw.split("/")[1:]]
        query = scope["query_string"].decode("latin-1")
        match (method, *path):
            case ("GET" | "POST" | "HEAD", "ping"):
                return Answer(200, "text/plain", b"")
            case ("GET", "metrics") if "/metrics" in self.metrics.routes:
                return (self.metrics.answer,)
            case ("GET", "drift") if self.settings.drift:
                return models.listed, self.metrics.drift_facts, *management.page(query)
            case ("GET", "models", name, "drift") if self.settings.drift:
                return models.drift, name
            case ("POST", "models"):
                return models.load, *management.wanted(body)
            case ("GET", "models"):
                return models.listed, models.facts, *management.page(query)
            case ("GET", "models", name):
                return models.describe, name
            case ("DELETE", "models", name):
                return models.unload, name
            case ("POST", "models", name, "invoke"):
                return models.ask, name, (body, *invocation_headers(scope["headers"]))
            case (_, version, *_) if version in paths.VERSIONS:
                return self._other(method, path, scope["headers"], body)
        return http_error(404, "NotFound", f"{method} {scope['path'][:200]}")

    def _other(self, method: str, path: list[str], headers: Headers, body: bytes) -> tuple[Any, ...] | Answer:
        """What the Open Inference Protocol and KServe v1 ask for."""
        assert self._models is not None
        found = paths.find(Loaded(self._models.versions()), method, path)
        if isinstance(found, Answer):
            return found
        name, route = found
        return self._models.ask, name, (body, *paths.asked(headers, route))
