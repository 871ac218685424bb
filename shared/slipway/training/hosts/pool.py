"""The processes in which a host does its share of `Cluster.map`, at most one a core.

They are not forked from the worker, which has threads, but from a server of its own, and stay for the whole
job: what they imported they keep. What `map` is given is pickled to a file once a host; its arrays are mapped
from there, so that all processes share them. The thread that has an item to be done writes it to a process
and reads what comes of it: nothing is between the two that could lose either, as an executor's queues and
threads are.
"""

import mmap
import multiprocessing
import os
import pickle
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Lock
from typing import Any

import cloudpickle
from distributed import get_worker

from slipway import machine
from slipway.errors import PlatformError, UserError
from slipway.training.hosts.local import killed

_ALIGNED = 64  # bytes between whose multiples arrays begin

_Stored = tuple[Path, list[int]]
"""A file of a pickle and its arrays, one after another, and the bytes of each."""

_lock = Lock()
_idle: list[Connection] = []  # to processes that wait for an item
_busy: dict[Connection, str] = {}  # to those that have one, and what it belongs to
_processes: dict[Connection, BaseProcess] = {}
_files: dict[str, _Stored] = {}


def run(shared: tuple[str, Callable[[Any], Any]], item: Any) -> Any:
    """A task of Dask's on a host: what the function in `shared`, next to its name, makes of an item."""
    name, work = shared
    with _lock:
        if name not in _files:
            _files[name] = _stored(work)
        stored = _files[name]
        pipe = _idle.pop() if _idle else None
    pipe = pipe or _started()
    try:
        with _busy_with(pipe, name):
            pipe.send((name, stored, item))
            done, found = pipe.recv()
    except (EOFError, OSError):
        _processes.pop(pipe).join()
        pipe.close()
        if name not in _files:
            return None  # no one waits for it
        raise PlatformError(killed(str(get_worker().name))) from None
    except BaseException:  # of what is sent or has come, and the process is as before
        _idle.append(pipe)
        raise
    _idle.append(pipe)
    if not done:
        raise found
    return found


@contextmanager
def _busy_with(pipe: Connection, name: str) -> Iterator[None]:
    with _lock:
        _busy[pipe] = name
    try:
        yield
    finally:
        with _lock:
            del _busy[pipe]


def end(name: str) -> None:
    """Forgets what a `map` was given, and ends the processes that still work on it."""
    with _lock:
        path, _ = _files.pop(name, (None, []))
        for pipe, work in _busy.items():
            if work == name:
                _processes[pipe].kill()
    if path is not None:
        with suppress(OSError):
            path.unlink()


def _started() -> Connection:
    """The pipe to a new process, which ends with this one."""
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    _processes[ours] = process
    return ours


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


# What follows runs in the processes.


_last: tuple[str, Callable[[Any], Any]] = ("", lambda item: item)


def _serve(pipe: Connection) -> None:
    """Does one item after another, until the host ends."""
    machine.end_with_parent(signal.SIGKILL)  # the server, which ends with the host
    with suppress(EOFError, BrokenPipeError):
        while True:
            _answer(pipe, *_done(pipe.recv_bytes()))


def _answer(pipe: Connection, done: bool, found: Any) -> None:
    try:
        pipe.send((done, found))
    except BrokenPipeError:
        raise
    except Exception as error:  # it cannot be pickled
        pipe.send((False, RuntimeError(f"{type(found).__name__}: {error}")))


def _done(content: bytes) -> tuple[bool, Any]:
    """Whether all went well, and what comes of an item, or what went wrong."""
    global _last
    try:
        name, stored, item = pickle.loads(content)
        if _last[0] != name:
            _last = (name, _loaded(stored))
        return True, _last[1](item)
    except BaseException as error:
        return False, _noted(error)


def _noted(error: BaseException) -> BaseException:
    """The error, with where it comes from, which a traceback that is pickled does not tell."""
    if not isinstance(error, UserError | PlatformError):
        error.add_note("".join(traceback.format_exception(error)))
    return error


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
