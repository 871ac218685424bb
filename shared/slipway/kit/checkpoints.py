"""Arrays that a training job saves against interruption."""

import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slipway.table.arrow import Array

if TYPE_CHECKING:
    from slipway.training.job import Job

INTERVAL_S = 10.0
"""Seconds between two checkpoints."""


class ArrayCheckpoint:
    """The state of one search, by name, as arrays; `data` tells it from a search in other data.

    Nothing is written or found where the job has no checkpoint folder.
    """

    def __init__(self, job: "Job", name: str, *data: Array) -> None:
        self._job = job
        self._name = f"{name}-{_digest(data)}.npz" if job.checkpoints else ""
        self._last = time.monotonic()

    def load(self) -> dict[str, Array] | None:
        """The arrays saved last before the job was interrupted; None where there are none."""
        path = self._job.checkpoints.find(self._name)
        if path is None:
            return None
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)

    def save(self, at_once: bool = False, **state: Array) -> None:
        """Saves the arrays if INTERVAL_S have passed, if the job is about to stop, or `at_once`."""
        now = time.monotonic()
        due = at_once or self._job.should_stop() or now - self._last > INTERVAL_S
        if self._job.checkpoints and due:
            self._last = now
            self._job.checkpoints.save(self._name, lambda path: _write(path, state))


def _digest(arrays: tuple[Array, ...]) -> str:
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()[:16]


def _write(path: Path, state: dict[str, Array]) -> None:
    with path.open("wb") as file:  # savez would add an ending to a name
        np.savez(file, **state)  # type: ignore[arg-type]
