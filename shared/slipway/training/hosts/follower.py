"""A host that does not lead: it holds its part of the data and works for the leader, until that ends."""

import asyncio
import socket
import tempfile
import time
from typing import Any

import dask
from distributed import Worker
from distributed.utils import get_ip_interface

from slipway import machine
from slipway.errors import PlatformError
from slipway.log import log
from slipway.stopping import on_signals
from slipway.training.config import Hosts
from slipway.training.hosts import standby
from slipway.training.hosts.shard import Shard
from slipway.training.hosts.watch import LOOK_S

MEET_S = 110  # within which all hosts must have come
CORE = "core"  # Dask's name of what a task of `Cluster.map` takes one of
_JOIN_S = 20  # for a scheduler that has opened its port
_SILENT_S = 100  # more than the leader allows: it may hold Python's lock for long while it trains
_SAID_GOODBYE = "scheduler-close"  # what Dask tells a worker whose scheduler ends in good order

dask.config.set(
    {
        "distributed.worker.http.routes": [],
        # Both wake a host up to a hundred times a second, for the dashboard.
        "distributed.worker.profile.enabled": False,
        "distributed.admin.tick.interval": "1 s",
    }
)


def serve(hosts: Hosts, shard: Shard, needed: bool) -> None:
    """Does what the leader asks, until that ends. Raises PlatformError where the leader is lost.

    Where no one needs what this host holds (`needed` is false), it may as well leave if no leader is there.
    SIGTERM is left to the leader: it needs the data to end with the best model so far.
    """
    leader = hosts.all[0]
    asked = on_signals(f"{hosts.current} ends when {leader} does")
    log("train", f"{hosts.current} works for {leader}, which leads")
    if not needed:
        door = standby.find_leader(hosts, asked)
        if door is None:
            log("train", f"{leader} has not been found, and so {hosts.current} ends")
            return
        door.close()
    try:
        asyncio.run(serve_shard(hosts, shard, MEET_S if needed else _JOIN_S))
    except _NotThereError:
        if needed:
            raise
    log("train", f"{leader} has ended, and so does {hosts.current}")


async def serve_shard(hosts: Hosts, shard: Shard, within: float = MEET_S) -> None:
    """The same, in an event loop."""
    leader = hosts.all[0]
    try:
        worker = await Follower(
            f"tcp://{resolved(leader)}:{standby.PORT}",
            death_timeout=within,
            **worker_options(address(hosts), hosts.current, shard),
        )
    except (TimeoutError, RuntimeError) as error:
        raise _NotThereError(f"host {leader}, which leads, did not answer within {within} s") from error
    ended = asyncio.ensure_future(worker.finished())
    silent, last = 0.0, worker.heard
    while not ended.done():
        await asyncio.wait([ended], timeout=LOOK_S)
        silent, last = (silent + LOOK_S if worker.heard == last else 0.0), worker.heard
        if silent >= _SILENT_S:
            raise PlatformError(
                f"host {leader}, which leads, was lost: it has not been heard of for {_SILENT_S} s"
            )
    if worker.ended_by != _SAID_GOODBYE:
        raise PlatformError(f"host {leader}, which leads, was lost")


class _NotThereError(PlatformError):
    """The leader cannot be reached, and was not before."""


class HostWorker(Worker):
    """A worker that does not wait for a task when it ends: one may wait for a host that is lost."""

    async def close(self, *args: Any, **kwargs: Any) -> str | None:  # type: ignore[override]
        return await super().close(*args, **{**kwargs, "executor_wait": False})


class Follower(HostWorker):
    """A worker that remembers why it ended, and when its leader was last heard of."""

    ended_by = ""
    heard = 0.0

    async def close(self, *args: Any, **kwargs: Any) -> str | None:  # type: ignore[override]
        self.ended_by = self.ended_by or kwargs.get("reason", "")
        return await super().close(*args, **kwargs)

    async def heartbeat(self) -> None:
        await super().heartbeat()
        self.heard = time.monotonic()


def worker_options(address: str, name: str, shard: Shard) -> dict[str, Any]:
    """How Dask's worker on any host is made."""
    return {
        "host": address,
        "name": name,
        "nthreads": machine.cpus() + 1,  # one reads while the others wait for processes
        "resources": {CORE: machine.cpus()},
        "plugins": (shard,),
        "memory_limit": 0,  # Dask would pause a worker, for ever, in whose process the table lies
        "local_directory": tempfile.gettempdir(),
        "dashboard": False,
        "dashboard_address": f"{address}:0",
    }


def address(hosts: Hosts) -> str:
    """That of the interface that the platform names, else what this host's own name stands for."""
    try:
        return str(get_ip_interface(hosts.interface))
    except ValueError:
        return resolved(hosts.current)


def resolved(name: str) -> str:
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
            time.sleep(LOOK_S)
