"""How the host that leads waits for the others: no longer than there is something to wait for."""

import asyncio
import concurrent.futures
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from distributed import Client, Future

from slipway.errors import PlatformError, UserError, listed
from slipway.training.hosts.stall import Stall
from slipway.training.hosts.watch import LOOK_S, Watch

T = TypeVar("T")

_NOTICE_S = 5.0  # within which the loss of a host is noticed that made the work of another fail


class StoppedError(Exception):
    """What was waited for is not wanted any more."""


def never() -> bool:
    """For what is always wanted."""
    return False


class Waiting:
    """Waits for what Dask's client is asked for, and looks at the hosts meanwhile."""

    def __init__(self, client: Client, watch: Watch, workers: Callable[[], Iterable[Any]]) -> None:
        self._client = client
        self._watch = watch
        self._workers = workers

    def results(self, futures: "Sequence[Future[T]]", stop: Callable[[], bool] = never) -> list[T]:
        """What the futures stand for. Raises what a task raised, or PlatformError that names a lost host."""
        # One request, however long it takes: a large value whose transfer began anew would never come.
        coming = self.answer(self._client.gather(futures, asynchronous=True), futures, stop)
        if error := coming.exception():
            raise self._cause(futures, error)
        found: list[T] = coming.result()
        return found

    def answer(
        self, asked: Any, futures: "Sequence[Future[Any]]" = (), stop: Callable[[], bool] = never
    ) -> "concurrent.futures.Future[Any]":
        """What the client is asked for, once it has come or failed.

        Raises PlatformError that names a host that is lost, or that does nothing about the `futures` that are
        waited for, and StoppedError.
        """
        coming = asyncio.run_coroutine_threadsafe(asked, self._client.loop.asyncio_loop)  # type: ignore[union-attr]
        try:
            self._until(lambda: bool(concurrent.futures.wait([coming], LOOK_S).done), futures, stop)
        finally:
            coming.cancel()
        return coming

    def first(
        self,
        done: "SimpleQueue[Future[T]]",
        futures: "Sequence[Future[T]]",
        stop: Callable[[], bool] = never,
    ) -> "Future[T]":
        """The next of some futures that is done, of which `done` tells. Raises as `answer` does."""
        found: list[Future[T]] = []

        def came() -> bool:
            with suppress(Empty):
                found.append(done.get(timeout=LOOK_S))
            return bool(found)

        self._until(came, futures, stop)
        return found[0]

    def _until(
        self, came: Callable[[], bool], futures: "Sequence[Future[Any]]", stop: Callable[[], bool]
    ) -> None:
        """Looks at the hosts until something came, for which `came` waits a while."""
        stall = Stall(self._workers)
        while not came():
            self._watch.look()
            if not all(future.done() for future in futures):
                stall.look()
            if stop():
                raise StoppedError

    def _cause(self, futures: "Sequence[Future[Any]]", error: BaseException) -> BaseException:
        """What is to be said where `error` came of some futures."""
        if not all(future.done() for future in futures):
            time.sleep(LOOK_S)  # one error brings about others
        failed = [future.exception() for future in futures if future.status == "error"]
        error = next((one for one in failed if isinstance(one, UserError | PlatformError)), error)
        if not isinstance(error, UserError) and (missing := self._soon_missing()):
            error, error.__cause__ = lost(missing), error
        return error

    def _soon_missing(self) -> list[str]:
        """The hosts whose loss may have made another's work fail, which may be known before the loss is."""
        deadline = time.monotonic() + _NOTICE_S
        while not (missing := self._watch.missing()) and time.monotonic() < deadline:
            time.sleep(LOOK_S / 10)
        return missing


def lost(hosts: list[str]) -> PlatformError:
    """The error that names hosts that are lost."""
    return PlatformError(f"host {listed(hosts)} was lost")
