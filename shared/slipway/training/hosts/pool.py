"""The processes in which a host does its share of `Cluster.map`, one a core.

They are not forked from the worker, which has threads, but from a server of its own, and get what `map` is
given once each.
"""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from threading import Lock
from typing import Any

import cloudpickle
from distributed import get_worker

from slipway import machine
from slipway.errors import PlatformError
from slipway.training.hosts.local import killed

_lock = Lock()
_pools: dict[str, ProcessPoolExecutor] = {}
_work: Callable[[Any], Any] | None = None


def run(shared: tuple[str, Callable[[Any], Any]], item: Any) -> Any:
    """A task of Dask's on a host: what the function in `shared`, next to its name, makes of an item."""
    name, work = shared
    with _lock:
        if name not in _pools:
            context = multiprocessing.get_context("forkserver")
            _pools[name] = ProcessPoolExecutor(machine.cpus(), context, _prepare, (cloudpickle.dumps(work),))
    try:
        return _pools[name].submit(_done, item).result()
    except BrokenProcessPool:
        raise PlatformError(killed(str(get_worker().name))) from None


def end(name: str) -> None:
    """Ends the processes of a `map`."""
    with _lock:
        pool = _pools.pop(name, None)
    if pool is not None:
        pool.shutdown(wait=False, cancel_futures=True)


def _prepare(content: bytes) -> None:
    global _work
    _work = cloudpickle.loads(content)


def _done(item: Any) -> Any:
    assert _work is not None
    return _work(item)
