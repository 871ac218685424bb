"""State that passes between the caller and the engine next to SQL: the caller sets all but `result`."""

import logging
import time
from typing import Any

_MIN_SHARE = 0.25  # of the time limit that a search gets, however late it starts
log = logging.getLogger(__name__)


class Logging:
    """Writes progress to the log, and never stops."""

    def progress(self, text: str) -> None:
        log.info(text)

    def should_stop(self) -> bool:
        return False


watcher: Any = Logging()
crew: Any = None
"""The Crew of a job on several hosts."""
ends: float | None = None
"""When the search must end, by `time.monotonic`; None: its time limit begins when it starts."""
names: dict[str, str] = {}
"""The column names by their names in SQL; columns that are not listed have the same name in both."""
dates: dict[str, dict[str, Any]] | None = None
"""The date columns, whose cells are times, and their formats; None: inferred from the cells."""
result: list[Any] = []
"""The SearchResult of the last search, or its exception; the caller empties it."""


def seconds(limit: float) -> float:
    """Seconds left of `limit`, as MindsDB takes its part before it calls the engine."""
    return limit if ends is None else max(_MIN_SHARE * limit, ends - time.monotonic())


def record_result(found: Any) -> None:
    result[:] = [found]


def record_error(error: Exception) -> None:
    result[:] = [error]
