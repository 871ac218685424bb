"""The time that a search has left."""

import time
from collections.abc import Callable


class Clock:
    """A countdown from `seconds`, which `should_stop` ends at once."""

    def __init__(self, seconds: float, should_stop: Callable[[], bool] = lambda: False) -> None:
        self._ends = time.monotonic() + seconds
        self._should_stop = should_stop

    @property
    def left(self) -> float:
        """Seconds left; 0 after a request to stop."""
        return 0.0 if self._should_stop() else max(0.0, self._ends - time.monotonic())

    @property
    def over(self) -> bool:
        return self.left <= 0

    def share(self, part: float) -> "Clock":
        """A clock with the share `part` of the time left."""
        return Clock(self.left * part, self._should_stop)
