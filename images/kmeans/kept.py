"""What a search keeps against interruption, and finds again after it."""

import hashlib
import time
from pathlib import Path

import numpy as np

from slipway import Array, Job

KEPT_S = 10.0  # between two checkpoints


class Kept:
    """The state of one search, as arrays; `of` tells it from a search among other data."""

    def __init__(self, job: Job, search: str, *of: Array) -> None:
        self._job = job
        self._name = f"{search}-{_digest(of)}.npz" if job.checkpoints else ""
        self._last = time.monotonic()

    def found(self) -> dict[str, Array] | None:
        """The state that the search was in before it was interrupted."""
        path = self._job.checkpoints.find(self._name)
        if path is None:
            return None
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)

    def keep(self, at_once: bool = False, **state: Array) -> None:
        """Saves the state, if the platform keeps any: now and then, when the job is to end, or `at_once`."""
        now = time.monotonic()
        due = at_once or self._job.should_stop() or now - self._last > KEPT_S
        if self._job.checkpoints and due:
            self._last = now
            self._job.checkpoints.save(self._name, lambda path: _save(path, state))


def _digest(arrays: tuple[Array, ...]) -> str:
    made = hashlib.sha256()
    for array in arrays:
        made.update(np.ascontiguousarray(array).data)
    return made.hexdigest()[:16]


def _save(path: Path, state: dict[str, Array]) -> None:
    with path.open("wb") as file:  # savez would add an ending to a name
        np.savez(file, **state)  # type: ignore[arg-type]
