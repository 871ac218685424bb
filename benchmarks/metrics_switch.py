"""A server whose worker changes what it counts when it is told to: the same process with and without it.

Two servers differ by several per cent of CPU by how their memory happens to lie, which is more than counting
takes. `python -m benchmarks.metrics_switch` serves as `python -m slipway serve` does; the worker takes up the
variant n of `VARIANTS` at the signal SIGRTMIN + n.
"""

import signal
import time
from typing import Any

from slipway.serving import supervisor
from slipway.serving.app import App
from slipway.serving.metrics.drift import RowCounter
from slipway.serving.metrics.meter import NoMeter
from slipway.settings import Settings

VARIANTS = {
    "neither": (False, False),
    "neither, again": (False, False),
    "metrics": (True, False),
    "drift": (False, True),
    "metrics and drift": (True, True),
}
"""Whether requests are counted, and whether rows are compared with the training."""


def switch(app: App) -> None:
    """In a worker that serves: lets signals choose the variant."""
    assert app.endpoint is not None, app.broken
    endpoint, meter, observe = app.endpoint, app.metrics.meter, app.endpoint.observe
    counter: RowCounter = observe.__self__  # type: ignore[union-attr]
    left: list[float] = []

    def take_up(number: int, _: Any) -> None:
        counts, watches = [*VARIANTS.values()][number - signal.SIGRTMIN]
        app.metrics.meter = meter if counts else NoMeter()
        endpoint.observe = observe if watches else None
        now = time.process_time()
        if left:  # no CPU time of the worker that the counter takes its share of
            counter._cpu_s += now - left.pop()
        if not watches:
            left.append(now)

    for number in range(len(VARIANTS)):
        signal.signal(signal.SIGRTMIN + number, take_up)


def switched() -> None:
    """Workers that are forked from now on let signals choose."""
    warm = App.warm

    def warmed(app: App) -> None:
        warm(app)
        switch(app)

    App.warm = warmed  # type: ignore[method-assign]


if __name__ == "__main__":
    switched()
    raise SystemExit(supervisor.serve(Settings.read()))
