"""Work that goes on in threads while a test does something else."""

from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Self


class Threads:
    """Works in threads until the block ends; what went wrong in one is raised there."""

    def __init__(self, *works: Callable[[], None]) -> None:
        self._over = Event()
        self._errors: list[Exception] = []
        self._threads = [Thread(target=self._run, args=(work,)) for work in works]

    def _run(self, work: Callable[[], None]) -> None:
        try:
            while not self._over.is_set():
                work()
        except Exception as error:
            self._errors.append(error)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        if self._errors and error is None:
            raise self._errors[0]
