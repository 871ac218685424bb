"""Whether the hosts work on what is waited for: what got lost between them would never come."""

from collections.abc import Callable, Iterable
from typing import Any

from slipway.errors import PlatformError, listed
from slipway.training.hosts.watch import LOOK_S, SILENT_S


class Stall:
    """Looks at what the hosts do while one thing is waited for."""

    def __init__(self, workers: Callable[[], Iterable[Any]]) -> None:
        """`workers` gives the hosts as Dask's scheduler knows them, by what each has said last."""
        self._workers = workers
        self._idle = 0

    def look(self) -> None:
        """To be called every `LOOK_S`. Raises PlatformError that names the hosts that work is lost on."""
        self._idle = 0 if any(map(_busy, self._workers())) else self._idle + 1
        if self._idle * LOOK_S >= SILENT_S:
            workers = list(self._workers())
            owing = [str(one.name) for one in workers if one.processing] or [str(one.name) for one in workers]
            raise PlatformError(f"host {listed(owing)} had work, and did none of it for {SILENT_S} s")


def _busy(worker: Any) -> bool:
    """Whether it works on something, or sends or gets data."""
    moving = worker.metrics.get("transfer", {})
    return bool(worker.executing or moving.get("incoming_count") or moving.get("outgoing_count"))
