"""The hosts of a job as one Dask cluster: the first leads, the others hold data and do what it asks.

Imported only where several hosts share data or work.
"""

import logging
import operator
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import chain, islice
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import dask
from distributed import Client, Future, Scheduler, SpecCluster, get_worker
from distributed.scheduler import KilledWorker, NoValidWorkerError

from slipway.errors import PlatformError, listed
from slipway.log import log
from slipway.table.table import Table
from slipway.training.config import Hosts
from slipway.training.hosts import follower, pool
from slipway.training.hosts.follower import CORE, MEET_S, HostWorker
from slipway.training.hosts.local import Progress, in_flight
from slipway.training.hosts.placed import Placed, beside, pair
from slipway.training.hosts.shard import Shard
from slipway.training.hosts.standby import PORT
from slipway.training.hosts.waiting import StoppedError, Waiting, lost, never
from slipway.training.hosts.watch import LOOK_S, Watch

P = ParamSpec("P")
T = TypeVar("T")
V = TypeVar("V")

dask.config.set(
    {
        "distributed.scheduler.no-workers-timeout": "2 s",  # else what a lost host should do waits for ever
        "distributed.scheduler.worker-ttl": None,  # silence is for `Watch` to judge
        "distributed.scheduler.work-stealing": False,  # data stay where they are
        "distributed.scheduler.active-memory-manager.start": False,  # and what all hosts have, all keep
        "distributed.scheduler.http.routes": [],
        "distributed.comm.timeouts.connect": "60 s",
    }
)
for _name in ("distributed", "distributed.client", "tornado", "tornado.application"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # what matters is told by this module


class Cluster:
    """All hosts, seen from the one that leads; a context that ends the others with it."""

    def __init__(self, hosts: Hosts, shard: Shard) -> None:
        self.hosts = hosts.all
        self._leader = hosts.current
        self._shard = shard
        address = follower.address(hosts)
        log("train", f"{hosts.current} leads {len(hosts.all)} hosts, at {address}:{PORT}")
        options = {"host": address, "dashboard": False, "dashboard_address": f"{address}:0"}
        own = {"cls": HostWorker, "options": follower.worker_options(address, hosts.current, shard)}
        self._cluster = SpecCluster(
            scheduler={"cls": Scheduler, "options": {**options, "port": PORT}},
            workers={hosts.current: own},
            silence_logs=False,
        )
        assert self._cluster.scheduler is not None
        self._scheduler = self._cluster.scheduler
        self._client = Client(self._cluster, direct_to_workers=True)
        self._watch = Watch(self.hosts, self._seen)
        self._waiting = Waiting(self._client, self._watch, self._workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        missing = self._watch.missing()
        self._client.close()
        self._cluster.close()
        if missing and isinstance(error, KilledWorker | NoValidWorkerError | OSError):
            raise lost(missing) from error

    def gather(self) -> Self:
        """Waits until all hosts have come. Raises PlatformError for those that have not within `MEET_S`."""
        deadline = time.monotonic() + MEET_S
        while missing := self._watch.missing():
            if time.monotonic() > deadline:
                raise PlatformError(f"host {listed(missing)} has not come within {MEET_S} s")
            time.sleep(LOOK_S / 20)
        return self

    @property
    def cores(self) -> int:
        """Of all hosts."""
        return sum(int(worker.resources[CORE]) for worker in self._workers())

    def addresses(self, placed: Iterable[Placed[Any]]) -> dict[str, str]:
        """The hosts that hold some values, in order, with their addresses on the network between them."""
        found = {str(worker.name): worker.host for worker in self._workers()}
        return {one.host: found[one.host] for one in placed}

    def map(
        self,
        do: Callable[..., T],
        items: Iterable[Any],
        what: str = "",
        stop: Callable[[], bool] = never,
        **given: Any,
    ) -> Iterator[T]:
        """What `do` makes of each item, in the items' order; `given` are its other arguments.

        Ends early once `stop` says so, and what is under way is given up.

        Values that a host holds (`Channel.partitions`, `keep`) are worked on there, all at the same time, in
        the process that holds them. Other items go to the cores of all hosts, a bounded number at a time,
        and `given` to each core once. Raises PlatformError that names a host that is lost.
        """
        progress = Progress(what, items)
        items = iter(items)
        first = list(islice(items, 1))
        if not first or stop():
            return
        if isinstance(first[0], Placed):
            yield from self.results(self.keep(do, chain(first, items), **given))
            return
        try:
            with (
                self._given(do, given) as shared,
                closing(
                    in_flight(partial(self._in_pool, shared), chain(first, items), self.cores)
                ) as futures,
            ):
                for future in futures:
                    yield self._waiting.results([future], stop)[0]
                    progress.step()
                    if stop():
                        return
        except StoppedError:
            return

    def dispatch(
        self,
        do: Callable[..., T],
        ask: Callable[[], V | None],
        cores: int = 1,
        stop: Callable[[], bool] = never,
        **given: Any,
    ) -> Iterator[tuple[V, T]]:
        """Items with what `do` makes of them, as soon as each is done.

        `ask` gives an item whenever that many cores of a host are free, or None where there is none before
        another is done. Ends once there is none at all, or as soon as `stop` says so.
        """
        room = sum(int(worker.resources[CORE]) // cores for worker in self._workers())
        under_way: dict[Any, tuple[V, Future[T]]] = {}
        done: SimpleQueue[Future[T]] = SimpleQueue()
        try:
            with self._given(do, given) as shared:
                while not stop():
                    while len(under_way) < room and (item := ask()) is not None:
                        future = self._in_pool(shared, item, cores)
                        under_way[future.key] = item, future
                        future.add_done_callback(done.put)
                    if not under_way:
                        return
                    future = self._waiting.first(done, [one for _, one in under_way.values()], stop)
                    item, _ = under_way.pop(future.key)
                    yield item, self._waiting.results([future], stop)[0]
        except StoppedError:
            return
        finally:
            for _, future in under_way.values():
                future.cancel()

    def keep(
        self,
        do: Callable[..., T],
        items: Iterable[Placed[Any]],
        **given: Any,
    ) -> list[Placed[T]]:
        """What `do` makes of values that hosts hold, started at once and left there."""
        return [self._there(one.host, do, one.future, **given) for one in items]

    def align(
        self, first: Sequence[Placed[Table]], *others: Sequence[Placed[Table]], least: int = 1
    ) -> list[Placed[tuple[Table | None, ...]]]:
        """Partitions of several channels, side by side: a tuple of tables for each host of the first channel.

        The leader is always among the hosts. A host that has fewer rows of the first channel than `least`
        hands them to another, and rows of other channels go to the leader where their host has no others; so
        none is lost. A channel of which a host has no rows is None there.
        """
        ranked = sorted(first, key=lambda one: (-one.rows, self.hosts.index(one.host)))
        large = [one for one in ranked if one.rows >= least] or ranked[:1]
        homes = {one.host: one.host for one in large}
        if self._leader not in homes:
            homes[large[-1].host] = self._leader  # the fewest rows travel
        small = {one.host: homes[large[-1].host] for one in ranked[len(large) :]}
        moved = {**dict.fromkeys(self.hosts, self._leader), **small, **homes}

        def held(channel: Sequence[Placed[Table]], host: str) -> list[Any]:
            return [one.future for one in channel if moved[one.host] == host]

        return [
            self._there(host, beside, *(held(channel, host) for channel in (first, *others)))
            for host in self.hosts
            if host in homes.values()
        ]

    def exchange(self, items: Iterable[Placed[Sequence[T]]]) -> list[Placed[list[T]]]:
        """Hands each host its share of what others have: of sequences with an entry for each of `hosts`, in
        that order, the first host gets a list of all first entries, and so on.
        """
        items = list(items)
        found: list[Placed[list[T]]] = []
        for place, to in enumerate(self.hosts):
            shares = [self._there(one.host, operator.getitem, one.future, place).future for one in items]
            found.append(self._there(to, list, shares))
        return found

    def pairs(self, first: Iterable[Placed[T]], second: Iterable[Placed[V]]) -> list[Placed[tuple[T, V]]]:
        """Values that lie with the same hosts, two by two."""
        return [
            self._there(one.host, pair, one.future, other.future)
            for one, other in zip(first, second, strict=True)
        ]

    def on(self, host: str, do: Callable[Concatenate[Shard, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `do` answers of the shard of a host."""
        if host == self._leader:
            return do(self._shard, *args, **kwargs)
        return self.results([self.submit(host, do, *args, **kwargs)])[0]

    def submit(
        self, host: str, do: Callable[Concatenate[Shard, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Placed[T]:
        """The same, left with the host."""
        # Before what waits for a core: items may be made of what is read.
        return self._there(host, _asked, do, *args, priority=1, **kwargs)

    def results(self, placed: Iterable[Placed[T]]) -> list[T]:
        """Values that hosts hold. Raises as soon as one cannot be had, the caller's mistakes first."""
        return self._waiting.results([one.future for one in placed])

    def _there(self, host: str, do: Callable[..., T], *args: Any, **given: Any) -> Placed[T]:
        """What a host makes of values, which are held until it has.

        Else a busy scheduler could be told to drop them before it has taken up the task.
        """
        future = self._client.submit(do, *args, workers=[host], pure=False, **given)
        future.add_done_callback(partial(_let_go, args))
        return Placed(host, future)

    @contextmanager
    def _given(self, do: Callable[..., Any], given: Mapping[str, Any]) -> Iterator[Any]:
        """What each host has of a function and its arguments, for as long as the block lasts."""
        name = uuid.uuid4().hex
        content = (name, partial(do, **given))
        asked = self._client.scatter(content, broadcast=True, hash=False, asynchronous=True)
        shared = self._waiting.answer(asked).result()
        try:
            yield shared
        finally:
            ended = [self._there(host, pool.end, name) for host in self.hosts]
        self.results(ended)

    def _in_pool(self, shared: Any, item: Any, cores: int = 1) -> "Future[Any]":
        return self._client.submit(pool.run, shared, item, resources={CORE: cores}, pure=False)

    def _seen(self) -> Mapping[str, float]:
        return {str(worker.name): worker.last_seen for worker in self._workers()}

    def _workers(self) -> list[Any]:
        """The hosts that are there, as Dask's scheduler knows them."""
        return list(self._scheduler.workers.values())


def _asked(do: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Runs on a host, as a task of Dask's."""
    return do(get_worker().plugins[Shard.name], *args, **kwargs)


def _let_go(held: Any, done: Any) -> None:
    """What a finished task was made of need not be held any longer."""
