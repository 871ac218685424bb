"""The work of a job on one host, over its cores: what `job.cluster` is where there are no others."""

import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence, Sized
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any, Protocol, TypeVar

from slipway import machine
from slipway.errors import PlatformError
from slipway.log import log

T = TypeVar("T")
F = TypeVar("F", bound="Cancellable")
V = TypeVar("V")

_AHEAD = 2  # items in flight for each core: neither items nor results pile up
_WORTH_S = 5.0  # seconds of work that processes are started for
_LOG_S = 10.0

_work: Callable[[Any], Any] | None = None  # what forked processes do, with whatever it holds: nothing is sent


class Progress:
    """Lines in the log on how many of the items are done, every 10 s; none without a name for the items."""

    def __init__(self, what: str, items: Iterable[Any]) -> None:
        self._what = what
        self._of = f" of {len(items)}" if isinstance(items, Sized) else ""
        self._done = 0
        self._said = time.monotonic()

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        if self._what and time.monotonic() - self._said > _LOG_S:
            self._said = time.monotonic()
            log("train", f"{self._what}: {self._done}{self._of} done")


class Cancellable(Protocol):
    """A future, of this host's processes or of Dask's."""

    def cancel(self) -> Any:
        """Ends the work on it, if it has not begun."""


def in_flight(start: Callable[[Any], F], items: Iterable[Any], cores: int) -> Generator[F]:
    """The futures of all items, in the items' order, with few ahead; closed early, it cancels those."""
    waiting: deque[F] = deque()
    try:
        for item in items:
            waiting.append(start(item))
            if len(waiting) >= _AHEAD * cores:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
    finally:
        for future in waiting:
            future.cancel()


class Local:
    """One host. The same methods as those of `hosts.cluster.Cluster`, without Dask."""

    def __init__(self, host: str = "algo-1") -> None:
        self.hosts: tuple[str, ...] = (host,)

    def map(
        self,
        do: Callable[..., T],
        items: Iterable[Any],
        what: str = "",
        stop: Callable[[], bool] = lambda: False,
        **given: Any,
    ) -> Iterator[T]:
        """What `do` makes of each item, in the items' order, over all cores; `given` are its other arguments.

        Ends early once `stop` says so, after an item.

        A bounded number of items is in flight, so `items` may be made while they are asked for. An item
        should be worth 10 ms or more: bundle smaller ones.

        `do` is a function of a module. The first item is done in this process, and for little work all are;
        the others in processes forked from this one, which see what it holds without a copy.
        """
        work: Callable[[Any], T] = partial(do, **given)
        progress = Progress(what, items)
        source = iter(items)
        if stop():
            return
        started = time.monotonic()
        for item in source:
            yield work(item)
            progress.step()
            if stop():
                return
            break
        spent = time.monotonic() - started
        left = len(items) - 1 if isinstance(items, Sized) else None
        few = left is not None and (left < 2 or spent * left < _WORTH_S)
        if few or machine.cpus() == 1 or "fork" not in multiprocessing.get_all_start_methods():
            found: Iterator[T] = map(work, source)
        else:
            found = _forked(work, source, self.hosts[0])
        for one in found:
            yield one
            progress.step()
            if stop():
                return

    def dispatch(
        self,
        do: Callable[..., T],
        ask: Callable[[], V | None],
        cores: int = 1,
        stop: Callable[[], bool] = lambda: False,
        **given: Any,
    ) -> Iterator[tuple[V, T]]:
        """Items with what `do` makes of them, one after another in this process.

        `ask` gives the next item, or None where there is none.
        """
        while not stop() and (item := ask()) is not None:
            yield item, do(item, **given)

    @property
    def cores(self) -> int:
        """Of this host."""
        return machine.cpus()

    def keep(self, do: Callable[..., T], items: Iterable[Any], **given: Any) -> list[T]:
        """What `do` makes of each item, one after another in this process, where it stays."""
        return [do(item, **given) for item in items]

    def align(self, first: Sequence[T], *others: Sequence[T], least: int = 1) -> list[tuple[T | None, ...]]:
        """Partitions of several channels, side by side; None where a channel has no rows."""
        return [(first[0], *(one[0] if one else None for one in others))]

    def exchange(self, items: Iterable[Sequence[T]]) -> list[list[T]]:
        """Of sequences with an entry for each host, the entries of this one."""
        return [[one[0] for one in items]]

    def pairs(self, first: Iterable[T], second: Iterable[V]) -> list[tuple[T, V]]:
        """Values of the same hosts, two by two."""
        return list(zip(first, second, strict=True))

    def addresses(self, placed: Iterable[Any]) -> dict[str, str]:
        """The hosts that hold some values, with their addresses."""
        return {self.hosts[0]: "127.0.0.1"}


def _forked(work: Callable[[Any], T], items: Iterator[Any], host: str) -> Iterator[T]:
    global _work
    _work, cpus = work, machine.cpus()
    with ProcessPoolExecutor(cpus, multiprocessing.get_context("fork")) as pool:
        try:
            for future in in_flight(lambda item: pool.submit(_done, item), items, cpus):
                yield future.result()
        except BrokenProcessPool:
            raise PlatformError(killed(host)) from None
        finally:
            _work = None
            pool.shutdown(wait=True, cancel_futures=True)


def _done(item: Any) -> Any:
    assert _work is not None
    return _work(item)


def killed(host: str) -> str:
    """What is said where the kernel ended a process of the job."""
    return f"a process on host {host} was killed, as happens for want of memory"
