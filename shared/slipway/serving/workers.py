"""gunicorn with uvicorn's workers: the processes that answer. The supervisor hands them an open socket."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from uvicorn.lifespan import off as _lifespan  # noqa: F401  # else each worker imports it after the fork
from uvicorn.loops import uvloop as _loop  # noqa: F401  # so it does this
from uvicorn_worker import UvicornWorker

from slipway import machine
from slipway.log import log
from slipway.serving.app import App
from slipway.serving.protocol import Protocol
from slipway.serving.starting import answering
from slipway.settings import Settings

if TYPE_CHECKING:
    from slipway.serving.multimodel import MultiModelApp

# Longer than nginx keeps a connection to us idle, so that it never sends into one that is closing.
IDLE_S = 75
GRACE_S = 25  # the platform kills 30 s after SIGTERM


class Worker(UvicornWorker):  # type: ignore[misc]  # it has no types
    """uvicorn's worker with its C parts named, not guessed."""

    block: int
    """Where it counts."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "uvloop",
        "http": Protocol,
        "ws": "none",
        "lifespan": "off",
        "access_log": False,
        "server_header": False,
        "date_header": False,  # nginx writes its own
        "proxy_headers": False,
    }


class Server(BaseApplication):  # type: ignore[misc]  # it has no types
    """gunicorn, configured from the settings alone: no file, no command line, no GUNICORN_CMD_ARGS."""

    def __init__(self, settings: Settings, descriptor: int, folder: str, user: str | None) -> None:
        self._settings = settings
        self._descriptor = descriptor
        self._folder = folder
        self._user = user
        self._app: App | MultiModelApp = _multi(settings) if settings.multi_model else App(settings)
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": f"fd://{self._descriptor}",
            "workers": self._wanted,
            "worker_class": Worker,
            "preload_app": True,
            "when_ready": self._ready,
            "pre_fork": self._claim,
            "child_exit": self._release,
            "on_exit": self._end,
            "post_worker_init": self._warm,
            "timeout": self._settings.request_timeout_s + 30,  # the app gives up first, and can say so
            "graceful_timeout": GRACE_S,
            "keepalive": IDLE_S,
            "backlog": 2048,
            "worker_tmp_dir": self._folder,
            "control_socket_disable": True,
            "loglevel": "warning",
            **({"user": self._user, "group": 0} if self._user else {}),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    @property
    def _wanted(self) -> int:
        """One worker knows which models are loaded; each of these has a process of its own."""
        if self._settings.multi_model:
            return 1
        # More than a transform's requests at once would only hold memory.
        most = self._settings.max_transforms or machine.cpus()
        return self._settings.workers or min(most, machine.cpus())

    def load(self) -> "App | MultiModelApp":
        return self._app

    def _ready(self, arbiter: Arbiter) -> None:
        """The sockets are open and no worker is forked yet: the moment to load the model, once for all."""
        with answering([listener.sock for listener in arbiter.LISTENERS]):
            self._app.load()
        if not (self._settings.workers or self._settings.multi_model):
            arbiter.num_workers = self._app.workers = _workers_that_fit(arbiter.num_workers)
        collect_rarely()
        if self._settings.multi_model:
            log("serve", "ready: no model loaded yet, as the platform says which to load")
        elif self._app.endpoint is not None:
            log("serve", f"ready: {self._app.endpoint.manifest.image}, workers: {arbiter.num_workers}")

    def _warm(self, worker: Worker) -> None:
        """In each worker, after the fork: libraries may take longer to load than a ping may wait."""
        self._app.metrics.start(worker.block)
        self._app.warm()

    def _claim(self, arbiter: Arbiter, worker: Worker) -> None:
        """Before each fork."""
        worker.block = self._app.metrics.claim()

    def _release(self, arbiter: Arbiter, worker: Worker) -> None:
        """After the end of each worker, however it came."""
        self._app.metrics.release(worker.block)

    def _end(self, arbiter: Arbiter) -> None:
        """When all workers have ended."""
        self._app.metrics.end()


def _multi(settings: Settings) -> "MultiModelApp":
    from slipway.serving.multimodel import MultiModelApp

    return MultiModelApp(settings)


def collect_rarely() -> None:
    """Sets Python's collector for a worker, once all that lasts is loaded."""
    gc.collect()
    gc.set_threshold(50_000, 20, 100)  # a batch makes many objects and no cycles
    gc.freeze()  # else the first collection in each worker copies every page it shares


def _workers_that_fit(wanted: int) -> int:
    """A worker a CPU, but no more than memory holds, should each come to own its copy of the model."""
    return max(1, min(wanted, int(0.8 * machine.memory_bytes()) // max(1, machine.resident_bytes())))


def run(settings: Settings, descriptor: int, folder: Path, user: str | None) -> None:
    """Runs the workers on the open socket; ends in SystemExit, in each of the processes."""
    Server(settings, descriptor, str(folder), user).run()
