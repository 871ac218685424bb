"""One model of a multi-model endpoint, in a process of its own: when that ends, all it held is free again."""

import contextlib
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from threading import Lock
from typing import Any

from slipway import machine
from slipway.errors import ModelLoadError
from slipway.log import configure, log_exception, within
from slipway.serving.answer import Answer
from slipway.serving.endpoint import Endpoint
from slipway.serving.memory import TEXTS, Factors, ModelsMemory
from slipway.serving.metrics.watch import Watch, measures_of
from slipway.serving.oip.paths import Route
from slipway.settings import Settings

_NO_MEMORY = 77  # the exit code of a process that could not have what it asked for

_UNKNOWN = Factors(TEXTS, TEXTS)
_FIRST = 16 << 20  # bytes that a process takes with its first answer, and keeps
_PASSED_ON = 3  # times its bytes that a body takes on its way to the process

Request = tuple[bytes, str, str, str, str] | tuple[bytes, str, str, str, str, Route]
"""Body, content type, Accept, custom attributes, inference id; and the route, if it is another protocol's."""


class OutOfMemory(Exception):
    """The kernel ended the model's process, to have its memory."""


class Ended(Exception):
    """The model's process ended, and not for memory; says by what."""


class Unloaded(Exception):
    """The model was unloaded while a request waited for its turn."""


class ModelTimeout(Exception):
    """The model did not answer in time, and was ended."""


@dataclass
class ModelProcess:
    """A loaded model. One request at a time: libraries under a model need not be thread-safe."""

    url: str
    process: ForkServerProcess
    connection: Connection
    turn: Lock = field(default_factory=Lock)
    version: str = ""
    ended: bool = False
    killed: int | None = None
    """Processes that the kernel had ended for want of memory before it was asked last."""
    factors: Factors = _UNKNOWN
    """What bodies of some size take of memory."""
    watch: Watch | None = None
    """What is watched of it, if anything."""
    asked: bool = False
    """Whether it has answered already, and so holds what it needs for small requests."""

    @classmethod
    def start(
        cls, context: ForkServerContext, settings: Settings, url: str, limit_s: float
    ) -> "ModelProcess":
        """Loads the model in `url`, a folder. Raises ModelLoadError, OutOfMemory, Ended, ModelTimeout."""
        watch = Watch.over(Path(url), 1, settings)
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(settings, url, there, watch), daemon=True)
        process.start()
        there.close()
        found = cls(url, process, here, killed=machine.kills_for_memory())
        if not here.poll(limit_s):
            process.kill()
            found.end()
            raise ModelTimeout
        told = found._receive()
        if isinstance(told, str):
            found.end()
            raise ModelLoadError(told)
        found.factors, measures = told
        if watch is not None:
            watch.measure(measures)
            found.watch = watch if watch.is_needed else None
        return found

    def answer(self, request: Request, limit_s: float, memory: ModelsMemory) -> Answer:
        """Answers in its turn, which lasts until the last piece.

        Raises Unloaded, InsufficientMemory, PayloadTooLarge; or ModelTimeout, OutOfMemory, Ended, and the
        model is gone then.
        """
        self.turn.acquire()
        try:
            if self.ended:
                raise Unloaded
            with memory.room(self._need(request), self.process.pid or 0, limit_s):
                found = self.request(request, limit_s)
            assert isinstance(found, Answer)
            self.asked = True
        except BaseException:
            self.turn.release()
            raise
        if found.rest is None:
            self.turn.release()
            return found
        return replace(found, rest=Pieces(self, limit_s))

    def _need(self, request: Request) -> int:
        """Bytes that its process and this one take for an answer."""
        size = len(request[0])
        need = self.factors.need(size, *request[1:])
        return need + _PASSED_ON * size if need else 0 if self.asked else _FIRST

    def request(self, what: Any, limit_s: float) -> Any:
        """What the process says to `what`. Raises ModelTimeout, OutOfMemory, or Ended."""
        self.killed = machine.kills_for_memory()
        with contextlib.suppress(OSError):  # a process that has ended is told by what it says
            self.connection.send(what)
        if not self.connection.poll(limit_s):
            self.process.kill()
            raise ModelTimeout
        return self._receive()

    def end(self) -> None:
        """Lets the request under way finish, and gives the memory back."""
        with self.turn:
            self.ended = True
            self.connection.close()
            self.process.terminate()
            self.process.join()

    def _receive(self) -> Any:
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            code, kills = self.process.exitcode or 0, machine.kills_for_memory()
            by_kernel = code == -signal.SIGKILL and (kills is None or kills != self.killed)
            if by_kernel or code == _NO_MEMORY:
                raise OutOfMemory from None
            raise Ended(signal.Signals(-code).name if code < 0 else f"exit code {code}") from None


class Pieces(Iterator[bytes]):
    """What follows of an answer, each piece made when it is asked for. The turn lasts until `close`."""

    def __init__(self, process: ModelProcess, limit_s: float) -> None:
        self._process = process
        self._limit_s = limit_s
        self._ended = self._closed = False

    def __next__(self) -> bytes:
        piece = self._process.request(True, self._limit_s)
        if isinstance(piece, bytes):
            return piece
        self._ended = True
        if piece is not None:
            raise RuntimeError("the model broke its answer off")
        raise StopIteration

    def close(self) -> None:
        """Ends the turn, also where pieces are left."""
        if self._closed:
            return
        self._closed = True
        if not self._ended:
            with contextlib.suppress(OSError):
                self._process.connection.send(False)
        self._process.turn.release()


def _serve(settings: Settings, url: str, connection: Connection, watch: Watch | None) -> None:
    """The life of the process: loads, tells factors and error measures or what is wrong, answers until the
    other end closes."""
    configure(settings.serving_log)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with contextlib.suppress(OSError):
        # Where memory runs out all the same, one model goes, and not what serves the others.
        Path("/proc/self/oom_score_adj").write_text("500")
    try:
        endpoint = Endpoint.load(settings, Path(url))
        endpoint.model.warm()
        measures = measures_of(endpoint.model, endpoint.manifest)
        if watch is not None:
            watch.measure(measures)
            endpoint.observe = watch.observer(0)
    except ModelLoadError as error:
        connection.send(str(error))
        return
    except MemoryError:
        sys.exit(_NO_MEMORY)
    except Exception as error:
        log_exception("serve", "a model cannot be readied", error)
        connection.send(f"the model cannot be readied ({type(error).__name__}): the log has the details")
        return
    connection.send((endpoint.factors, measures))
    with contextlib.suppress(EOFError, OSError):
        while True:
            _answer(endpoint, connection)


def _answer(endpoint: Endpoint, connection: Connection) -> None:
    """One request, and the pieces of its answer, as long as they are wanted."""
    request: Request = connection.recv()
    answer = endpoint.answer(*request)
    if answer.rest is None:
        connection.send(answer)
        return
    connection.send(replace(answer, rest=iter(())))
    while connection.recv():
        with within(request[4]):
            try:
                piece = next(answer.rest, None)
            except Exception as error:
                log_exception("serve", "an answer was broken off", error)
                connection.send(False)
                return
        connection.send(piece)
        if piece is None:
            return
