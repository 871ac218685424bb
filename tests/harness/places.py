"""Where an image runs: inside the test's own process, as a local server, as a container. All answer alike."""

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from slipway.image import Image
from slipway.settings import Settings
from tools import ROOT, client, process, trained_samples
from tools.client import Reply
from tools.process import START_S, free_port, wait_until

__all__ = ["START_S", "Reply", "free_port"]  # of tools, for the tests to import from here
REPOSITORY = ROOT


@dataclass(frozen=True)
class Training:
    """A training job that has ended."""

    root: Path
    code: int
    log: str
    """Standard output and error."""

    @property
    def failure(self) -> str:
        path = self.root / "output/failure"
        return path.read_text() if path.exists() else ""

    @property
    def model(self) -> Path:
        return self.root / "model"


@dataclass
class Server:
    """A server that runs, however it runs."""

    send: Callable[[str, str, bytes, Mapping[str, str]], Reply]
    log: Callable[[], str]
    stop: Callable[[], int] = lambda: 0
    """Sends SIGTERM; returns the exit code."""
    port: int | None = None
    container: str = ""
    """The id of the container it is in, if it is."""
    sockets: bool = field(default=True)

    def ask(self, body: bytes, content_type: str, accept: str = "", **headers: str) -> Reply:
        """POST /invocations; keyword arguments become X-Amzn-SageMaker-… headers."""
        return self.send("POST", "/invocations", body, client.asked(content_type, accept, **headers))

    def get(self, path: str) -> Reply:
        return self.send("GET", path, b"", {})


class Place(Protocol):
    """Trains and serves an image over an /opt/ml tree in `root`."""

    def __init__(self, image: Image) -> None: ...

    def train(self, root: Path, stop_at: str = "", **environ: str) -> Training:
        """Trains; where `stop_at` is given, sends SIGTERM once the log has that text."""

    def train_sample(self, root: Path) -> Training:
        """Trains the sample that is laid out in `root`; other suites take what it gives, where they can."""

    def serve(self, root: Path, wait: bool = True, **environ: str) -> AbstractContextManager[Server]:
        """Serves until the block ends, from the first 200 on /ping unless `wait` is False."""


class Inside:
    """In the test's own process, through the Flask application: quick, and steps into the code."""

    def __init__(self, image: Image) -> None:
        self._image = image

    def train(self, root: Path, stop_at: str = "", **environ: str) -> Training:
        from slipway.training.run import train

        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        heard = io.StringIO()
        try:
            with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
                code = train(self._settings(root, environ))
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        return Training(root, code, heard.getvalue())

    def train_sample(self, root: Path) -> Training:
        return self.train(root)

    @contextmanager
    def serve(self, root: Path, wait: bool = True, **environ: str) -> Iterator[Server]:
        from slipway.serving.app import App
        from slipway.serving.web import create_app

        heard = io.StringIO()
        app = App(self._settings(root, environ))
        with contextlib.redirect_stderr(heard):
            app.load()
        client = create_app(app).test_client()

        def send(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
            with contextlib.redirect_stderr(heard):
                reply = client.open(path, method=method, data=body, headers=dict(headers))
            return Reply(reply.status_code, dict(reply.headers), reply.data)

        yield Server(send, heard.getvalue, sockets=False)

    def _settings(self, root: Path, environ: Mapping[str, str]) -> Settings:
        return Settings.read(
            {"SLIPWAY_ROOT": str(root), "SLIPWAY_ALGORITHM": str(self._image.folder), **environ}
        )


class Local:
    """As processes of this machine, with nginx in front where it is installed."""

    def __init__(self, image: Image) -> None:
        self._image = image

    def train(self, root: Path, stop_at: str = "", **environ: str) -> Training:
        with process.Process(*process.command("train", self._image.folder, root, **environ)) as job:
            if stop_at:
                job.until(lambda: stop_at in job.log, f"'{stop_at}' in the log")
                job.popen.send_signal(signal.SIGTERM)
            return Training(root, job.popen.wait(600), job.log)

    def train_sample(self, root: Path) -> Training:
        return Training(root, 0, trained_samples.train_sample(self._image.folder, root, sys.executable))

    @contextmanager
    def serve(
        self,
        root: Path,
        wait: bool = True,
        program: Sequence[str] = (),
        **environ: str,
    ) -> Iterator[Server]:
        with process.Server.of(self._image.folder, root, program=program, **environ) as server:
            if wait:  # for one that has ended, too: some tests ask why
                server.until(lambda: client.pings(server.port), "a 200 on /ping")
            yield Server(http(server.port), lambda: server.log, server.stop, server.port)


class Container:
    """As containers of the image that `make build` made, on a read-only root."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self.tag = os.environ.get("SLIPWAY_TAG", f"slipway/{image.name}:latest")

    def train(self, root: Path, stop_at: str = "", **environ: str) -> Training:
        with self.started(root, ["train"], environ) as (name, log):
            if stop_at:
                wait_until(lambda: stop_at in log() or not _runs(name), f"'{stop_at}' in the log", log)
                docker("kill", "--signal", "TERM", name)
            return Training(root, int(docker("wait", name)), log())

    def train_sample(self, root: Path) -> Training:
        def train() -> str:
            training = self.train(root)
            if training.code != 0:
                raise trained_samples.TrainingError(training.log)
            return training.log

        key = trained_samples.digest(
            docker("image", "inspect", "--format", "{{.Id}}", self.tag), root / "input"
        )
        return Training(root, 0, trained_samples.cached(f"{self._image.name}-container", key, root, train))

    @contextmanager
    def serve(self, root: Path, wait: bool = True, **environ: str) -> Iterator[Server]:
        port = environ.get("SAGEMAKER_BIND_TO_PORT", "8080")
        more = ["--publish", f"127.0.0.1::{port}"]
        with self.started(root, ["serve"], environ, more, read_only_model=True) as (name, log):
            published = int(docker("port", name, port).splitlines()[0].rpartition(":")[2])

            def stop() -> int:
                docker("stop", "--time", "30", name)
                return int(docker("wait", name))

            server = Server(http(published), log, stop, published, name)
            if wait:
                wait_until(lambda: client.pings(published) or not _runs(name), "a 200 on /ping", log)
            yield server

    @contextmanager
    def started(
        self,
        root: Path,
        command: list[str],
        environ: Mapping[str, str],
        more: list[str] | None = None,
        read_only_model: bool = False,
    ) -> Iterator[tuple[str, Callable[[], str]]]:
        """A container over `root` mounted as /opt/ml; yields its name and what reads its log."""
        mounts = ["--volume", f"{root}:/opt/ml"]
        if read_only_model:
            (root / "model").mkdir(exist_ok=True)
            # Read-only, as on the platform: the model, or on a multi-model endpoint the models.
            served = [name for name in ("model", "models") if (root / name).exists()]
            mounts = [f"--volume={root / name}:/opt/ml/{name}:ro" for name in served]
        settings = [part for name, value in environ.items() for part in ("--env", f"{name}={value}")]
        options = ["--read-only", "--tmpfs", "/tmp", *mounts, *settings, *(more or [])]
        name = docker("run", "--detach", *options, self.tag, *command)
        try:
            yield name, lambda: docker("logs", name, both=True)
        finally:
            docker("rm", "--force", name)


PLACES: dict[str, Callable[[Image], Place]] = {"inside": Inside, "local": Local, "container": Container}


def docker(*arguments: str, both: bool = False) -> str:
    """Runs the Docker client; fails loudly."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return (done.stdout + done.stderr if both else done.stdout).strip()


def without_numbers(text: str) -> str:
    """`text` with its numbers blanked, to compare logs by what they say."""
    return re.sub(r"\d+", "#", text)


def http(port: int) -> Callable[[str, str, bytes, Mapping[str, str]], Reply]:
    return lambda method, path, body, headers: client.send(port, method, path, body, headers, timeout=120)


def _runs(name: str) -> bool:
    return docker("inspect", "--format", "{{.State.Running}}", name) == "true"
