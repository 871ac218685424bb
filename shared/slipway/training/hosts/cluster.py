"""The hosts of a job as one Dask cluster: the first leads and trains, the others hand out what they hold.

Imported only where data are sharded over several hosts.
"""

import asyncio
import logging
import socket
import tempfile
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import dask
from distributed import Client, Future, Scheduler, SpecCluster, Worker, get_worker
from distributed.scheduler import KilledWorker, NoValidWorkerError
from distributed.utils import get_ip_interface

from slipway.errors import PlatformError, listed
from slipway.log import log
from slipway.stopping import on_signals
from slipway.training.config import Hosts
from slipway.training.hosts.shard import Shard
from slipway.training.hosts.standby import PORT

P = ParamSpec("P")
T = TypeVar("T")

MEET_S = 600  # within which all hosts must have come; one may still be fetching the image
_LOOK_S = 0.5
_SAID_GOODBYE = "scheduler-close"  # what Dask tells a worker whose scheduler ends in good order

dask.config.set(
    {
        "distributed.scheduler.no-workers-timeout": "2 s",  # else what a lost host should do waits for ever
        "distributed.scheduler.work-stealing": False,  # data stay where they are
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
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
        address = _address(hosts)
        log("train", f"{hosts.current} leads {len(hosts.all)} hosts, at {address}:{PORT}")
        options = {"host": address, "dashboard": False, "dashboard_address": f"{address}:0"}
        own = {"cls": Worker, "options": _worker(address, hosts.current, shard)}
        self._cluster = SpecCluster(
            scheduler={"cls": Scheduler, "options": {**options, "port": PORT}},
            workers={hosts.current: own},
            silence_logs=False,
        )
        self.client = Client(self._cluster, direct_to_workers=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        missing = self._missing()
        self.client.close()
        self._cluster.close()
        if missing and isinstance(error, KilledWorker | NoValidWorkerError | OSError):
            raise PlatformError(f"host {listed(missing)} was lost") from error

    def gather(self) -> Self:
        """Waits until all hosts have come. Raises PlatformError for those that have not within `MEET_S`."""
        deadline = time.monotonic() + MEET_S
        while missing := self._missing():
            if time.monotonic() > deadline:
                raise PlatformError(f"host {listed(missing)} has not come within {MEET_S} s")
            time.sleep(_LOOK_S / 10)
        return self

    def on(self, host: str, do: Callable[Concatenate[Shard, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `do` answers of the shard of a host."""
        if host == self._leader:
            return do(self._shard, *args, **kwargs)
        found: T = self.submit(host, do, *args, **kwargs).result()
        return found

    def submit(
        self, host: str, do: Callable[Concatenate[Shard, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> "Future[T]":
        """The same as a future: the answer stays with the host."""
        return self.client.submit(_asked, do, *args, workers=[host], pure=False, **kwargs)

    def _missing(self) -> list[str]:
        come = {worker["name"] for worker in self.client.scheduler_info(n_workers=-1)["workers"].values()}
        return [host for host in self.hosts if host not in come]


def serve_shard(hosts: Hosts, shard: Shard) -> None:
    """Hands out what this host has, until the leader ends. Raises PlatformError where the leader is lost.

    SIGTERM is left to the leader: it needs the data to end with the best model so far.
    """
    leader = hosts.all[0]
    on_signals(f"{hosts.current} ends when {leader} does")
    log("train", f"{hosts.current} hands out its part of the data to {leader}, which trains")
    asyncio.run(_serve_shard(hosts, shard))
    log("train", f"{leader} has ended, and so does {hosts.current}")


async def _serve_shard(hosts: Hosts, shard: Shard) -> None:
    leader = hosts.all[0]
    try:
        worker = await _Follower(
            f"tcp://{_resolved(leader)}:{PORT}",
            death_timeout=MEET_S,
            **_worker(_address(hosts), hosts.current, shard),
        )
    except (TimeoutError, RuntimeError) as error:
        raise PlatformError(f"host {leader}, which leads, did not answer within {MEET_S} s") from error
    await worker.finished()
    if worker.ended_by != _SAID_GOODBYE:
        raise PlatformError(f"host {leader}, which leads, was lost")


class _Follower(Worker):
    """A worker that remembers why it ended."""

    ended_by = ""

    async def close(self, *args: Any, **kwargs: Any) -> str | None:  # type: ignore[override]
        self.ended_by = self.ended_by or kwargs.get("reason", "")
        return await super().close(*args, **kwargs)


def _worker(address: str, name: str, shard: Shard) -> dict[str, Any]:
    return {
        "host": address,
        "name": name,
        "nthreads": 1,
        "plugins": (shard,),
        "memory_limit": 0,  # Dask would pause a worker, for ever, in whose process the table lies
        "local_directory": tempfile.gettempdir(),
        "dashboard": False,
        "dashboard_address": f"{address}:0",
    }


def _asked(do: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Runs on a host, as a task of Dask's."""
    return do(get_worker().plugins[Shard.name], *args, **kwargs)


def _address(hosts: Hosts) -> str:
    """That of the interface that the platform names, else what this host's own name stands for."""
    try:
        return str(get_ip_interface(hosts.interface))
    except ValueError:
        return _resolved(hosts.current)


def _resolved(name: str) -> str:
    """The address of a host, whose name may not be known at once.

    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
    """
    deadline = time.monotonic() + MEET_S
    while True:
        try:
            return socket.gethostbyname(name)
        except OSError as error:
            if time.monotonic() > deadline:
                raise PlatformError(f"host {name} has no address after {MEET_S} s: {error}") from None
            time.sleep(_LOOK_S)
