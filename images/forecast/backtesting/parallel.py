"""Runs chunks of series on all CPUs in forked processes; memory is bounded by the chunks in progress."""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import Any, TypeVar

from ..models import members

Task = TypeVar("Task")
Result = TypeVar("Result")

_WORTH_S = 5.0  # seconds of work that processes are started for


def parallel_map(
    work: Callable[[Task], Result], tasks: Sequence[Task], cpus: int, stop: Callable[[], bool]
) -> Iterator[tuple[int, Result]]:
    """Yield (number of the task, result) in the order of completion, until `stop` returns true.

    The first task is timed: for little work no processes are started.
    """
    if not tasks or stop():
        return
    members.library()  # before the clock starts, and before the fork
    started = time.perf_counter()
    yield 0, work(tasks[0])
    spent = time.perf_counter() - started
    rest = list(enumerate(tasks))[1:]
    if cpus == 1 or spent * len(rest) < _WORTH_S or "fork" not in multiprocessing.get_all_start_methods():
        for number, task in rest:
            if stop():
                return
            yield number, work(task)
        return
    yield from _forked(work, rest, cpus, stop)


def _forked(
    work: Callable[[Task], Result], tasks: list[tuple[int, Task]], cpus: int, stop: Callable[[], bool]
) -> Iterator[tuple[int, Result]]:
    """Submit a few tasks more than there are processes, so that neither tasks nor results pile up."""
    waiting = iter(tasks)
    running: dict[Future[Any], int] = {}
    with ProcessPoolExecutor(cpus, multiprocessing.get_context("fork")) as pool:
        while True:
            while len(running) < 2 * cpus and not stop():
                following = next(waiting, None)
                if following is None:
                    break
                running[pool.submit(work, following[1])] = following[0]
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()
