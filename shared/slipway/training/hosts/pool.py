"""The processes in which a host does its share of `Cluster.map`, one a core.

They are not forked from the worker, which has threads, but from a server of its own, and stay for the whole
job: what they imported they keep. What `map` is given is pickled to a file once a host; its arrays are mapped
from there, so that all processes share them.
"""

import mmap
import multiprocessing
import os
import pickle
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

import cloudpickle
from distributed import get_worker

from slipway import machine
from slipway.errors import PlatformError
from slipway.training.hosts.local import killed

_ALIGNED = 64  # bytes between whose multiples arrays begin

_Stored = tuple[Path, list[int]]
"""A file of a pickle and its arrays, one after another, and the bytes of each."""

_lock = Lock()
_pool: ProcessPoolExecutor | None = None
_files: dict[str, _Stored] = {}
_work: tuple[str, Callable[[Any], Any]] = ("", lambda item: item)  # in a process: what it did last


def run(shared: tuple[str, Callable[[Any], Any]], item: Any) -> Any:
    """A task of Dask's on a host: what the function in `shared`, next to its name, makes of an item."""
    global _pool
    name, work = shared
    with _lock:
        if _pool is None:
            _pool = ProcessPoolExecutor(machine.cpus(), multiprocessing.get_context("forkserver"))
        if name not in _files:
            _files[name] = _stored(work)
    try:
        return _pool.submit(_done, name, _files[name], item).result()
    except BrokenProcessPool:
        raise PlatformError(killed(str(get_worker().name))) from None


def end(name: str) -> None:
    """Forgets what a `map` was given."""
    with _lock:
        path, _ = _files.pop(name, (None, []))
    if path is not None:
        with suppress(OSError):
            path.unlink()


def _stored(work: Callable[[Any], Any]) -> _Stored:
    arrays: list[pickle.PickleBuffer] = []
    content = cloudpickle.dumps(work, protocol=5, buffer_callback=arrays.append)
    sizes = []
    with tempfile.NamedTemporaryFile(prefix=f"slipway-{os.getpid()}-", delete=False) as file:
        for part in (content, *(array.raw() for array in arrays)):
            sizes.append(len(part))
            file.write(part)
            file.write(bytes(-len(part) % _ALIGNED))
    return Path(file.name), sizes


def _loaded(stored: _Stored) -> Callable[[Any], Any]:
    path, sizes = stored
    with path.open("rb") as file:
        whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))  # written to, it is copied
    parts, begin = [], 0
    for size in sizes:
        parts.append(whole[begin : begin + size])
        begin += size + -size % _ALIGNED
    found: Callable[[Any], Any] = pickle.loads(parts[0], buffers=parts[1:])
    return found


def _done(name: str, stored: _Stored, item: Any) -> Any:
    global _work
    if _work[0] != name:
        _work = (name, _loaded(stored))
    return _work[1](item)
