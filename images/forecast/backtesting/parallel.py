"""Many series on all CPUs: chunks go to forked processes, so memory is that of the chunks under way."""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import Any, TypeVar

from ..models import members

Task = TypeVar("Task")
Result = TypeVar("Result")

_WORTH_S = 5.0  # work for which processes are started


def parallel_map(
    work: Callable[[Task], Result], tasks: Sequence[Task], cpus: int, stop: Callable[[], bool]
) -> Iterator[tuple[int, Result]]:
    """`work` done on each task, with its number, in the order in which they end; fewer where `stop` says so.

    The first tells how long the others take: a few short ones are not worth a process.
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
    """A few tasks more than processes are under way, so that neither they nor their results pile up."""
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
