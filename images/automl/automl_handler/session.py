"""What a search of MindsDB's is told beside SQL: whoever starts it sets all but `outcome`, which it reads."""

import logging
import time
from typing import Any

_LEAST = 0.25  # of the time limit that a search has, however late it starts
log = logging.getLogger(__name__)


class Logging:
    """Tells the log, and never stops."""

    def progress(self, text: str) -> None:
        log.info(text)

    def should_stop(self) -> bool:
        return False


watcher: Any = Logging()
ends: float | None = None
"""When a search is to be over, as `time.monotonic` counts; None: its time limit begins when it starts."""
names: dict[str, str] = {}
"""What the columns are called, by the names that SQL is given for them; what has none keeps its own."""
dates: dict[str, dict[str, Any]] | None = None
"""The columns that hold dates, which came as times, and how they are written; None: their cells tell."""
outcome: list[Any] = []
"""What the last search gave: what was trained, or the error it ended with; emptied by who reads it."""


def seconds(limit: float) -> float:
    """What is left of `limit`: MindsDB takes its part before it calls the engine."""
    return limit if ends is None else max(_LEAST * limit, ends - time.monotonic())


def ended(trained: Any) -> None:
    outcome[:] = [trained]


def failed(error: Exception) -> None:
    outcome[:] = [error]
