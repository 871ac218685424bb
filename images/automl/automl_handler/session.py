"""Who watches a search that MindsDB runs: whoever started it sets `watcher`, and reads `outcome`."""

import logging
from typing import Any

log = logging.getLogger(__name__)


class Logging:
    """Tells the log, and never stops."""

    def progress(self, text: str) -> None:
        log.info(text)

    def should_stop(self) -> bool:
        return False


watcher: Any = Logging()
outcome: list[Any] = []
"""What the last search gave: what was trained, or the error it ended with; emptied by who reads it."""


def ended(trained: Any) -> None:
    outcome[:] = [trained]


def failed(error: Exception) -> None:
    outcome[:] = [error]
