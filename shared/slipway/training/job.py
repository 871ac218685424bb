"""What `fit` may need and cannot know: where to report, and whether it should come to an end."""

import math
import signal
from collections.abc import Mapping
from threading import Event
from types import FrameType

import pyarrow

from slipway import machine
from slipway.image import MetricFacts
from slipway.log import log
from slipway.training.config import Hosts
from slipway.training.report import Report


class Job:
    """One training job."""

    def __init__(self, hosts: Hosts, page: Report, declared: Mapping[str, MetricFacts]) -> None:
        self.hosts = hosts
        self.page = page
        """The training report, to add sections to."""
        self.metrics: dict[str, float] = {}
        self._declared = declared
        self._stop = Event()

    def report(self, **metrics: float) -> None:
        """Prints each metric as `metric name=value;`, the line that the image's metric definitions match.

        Only finite numbers are printed: a tuning job must never see nan as its objective.
        Raises ValueError for a metric that image.toml does not declare.
        """
        for name, value in metrics.items():
            if name not in self._declared:
                raise ValueError(f"metric {name} is not declared in image.toml")
            if math.isfinite(value):
                self.metrics[name] = float(value)
                print(f"metric {name}={float(value):.10g};", flush=True)
            else:
                log("train", f"metric {name} could not be computed")

    def progress(self, text: str) -> None:
        """Prints one line on how far the work is."""
        log("train", text)

    @property
    def cpus(self) -> int:
        """CPUs that the job may use."""
        return machine.cpus()

    def should_stop(self) -> bool:
        """Whether the platform asked the job to end: a stop, a spot interruption, a tuning job's early stop.

        It kills the container 120 s after asking: return the best model so far.
        """
        return self._stop.is_set()

    def stop_on_signals(self) -> None:
        """From now on SIGTERM and SIGINT make `should_stop` true."""
        # Arrow would take the signals for itself while it reads, and fail the job with "cancelled".
        pyarrow.enable_signal_handlers(False)
        signal.signal(signal.SIGTERM, self._asked)
        signal.signal(signal.SIGINT, self._asked)

    def _asked(self, number: int, frame: FrameType | None) -> None:
        log("train", f"{signal.Signals(number).name} received: ending early with the best model so far")
        self._stop.set()
