"""What `fit` may need and cannot know: where to report, and whether it should come to an end."""

import math
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from weakref import WeakValueDictionary

import pyarrow

from slipway import machine
from slipway.hyperparameters import Hyperparameters
from slipway.image import Image
from slipway.log import log
from slipway.paths import Paths
from slipway.stopping import on_signals
from slipway.training import config
from slipway.training.checkpoints import Checkpoints
from slipway.training.config import Hosts
from slipway.training.hosts.local import Local
from slipway.training.report import Report

if TYPE_CHECKING:
    from slipway.training.hosts.cluster import Cluster

_ALONE = Hosts("algo-1", ("algo-1",))
_jobs: "WeakValueDictionary[str, Job]" = WeakValueDictionary()  # of this process


class Job:
    """One training job."""

    def __init__(
        self,
        image: Image,
        paths: Paths,
        params: Hyperparameters | None = None,
        hosts: Hosts = _ALONE,
        cluster: "Cluster | None" = None,
    ) -> None:
        self.hosts = hosts
        self.cluster: Cluster | Local = cluster or Local(hosts.current)
        """Runs functions over the cores of this host, or of all hosts where they share data or work."""
        self.report = Report()
        """The training report, to add sections to."""
        self.metrics: dict[str, float] = {}
        made_of = {
            "image": image.name,
            "version": image.version,
            "hyperparameters": params.model_dump(mode="json") if params else {},
        }
        self.checkpoints = Checkpoints(config.checkpoints(paths), made_of)
        """What is kept against interruption."""
        self._image = image
        self._output = paths.output_data
        self._stop = Event()
        self._key = uuid4().hex
        _jobs[self._key] = self

    def __reduce__(self) -> tuple[Any, ...]:
        """In its own process a job stays itself; on another host it is a `Guest`."""
        return _arrived, (self._key, self._image, self.hosts)

    def log_metrics(self, **metrics: float) -> None:
        """Prints each metric as `metric name=value;`, the line that the image's metric definitions match.

        Only finite numbers are printed: a tuning job must never see nan as its objective.
        Raises ValueError for a metric that image.toml does not declare.
        """
        for name, value in metrics.items():
            if self._image.metric(name) is None:
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
    def output(self) -> Path:
        """A folder for files next to the model and the report; the platform packs it into output.tar.gz."""
        self._output.mkdir(parents=True, exist_ok=True)
        return self._output

    @property
    def cpus(self) -> int:
        """CPUs that the job may use."""
        return machine.cpus()

    @property
    def free_bytes(self) -> int:
        """Memory that is not taken yet."""
        return machine.available_bytes()

    def should_stop(self) -> bool:
        """Whether the platform asked the job to end: a stop, a spot interruption, a tuning job's early stop.

        It kills the container 120 s after asking: return the best model so far.
        """
        return self._stop.is_set()

    def stop_on_signals(self) -> None:
        """From now on SIGTERM and SIGINT make `should_stop` true."""
        # Arrow would take the signals for itself while it reads, and fail the job with "cancelled".
        pyarrow.enable_signal_handlers(False)
        self._stop = on_signals("ending early with the best model so far")


class Guest(Job):
    """A job on a host that does not lead it, for functions that run there: it tells and keeps nothing."""

    def __init__(self, image: Image, hosts: Hosts) -> None:
        with TemporaryDirectory() as nowhere:
            super().__init__(image, Paths(Path(nowhere)), None, hosts)

    @property
    def hosts(self) -> Hosts:
        from distributed import get_worker

        return replace(self._hosts, current=str(get_worker().name))

    @hosts.setter
    def hosts(self, hosts: Hosts) -> None:
        self._hosts = hosts

    def log_metrics(self, **metrics: float) -> None:
        pass

    def progress(self, text: str) -> None:
        pass


def _arrived(key: str, image: Image, hosts: Hosts) -> Job:
    return _jobs.get(key) or Guest(image, hosts)
