"""Where checks are carried out: jobs that run to their end, and servers, as the platform would start them."""

import copy
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from . import oip
from .engine import Container, Engine, Tree
from .job import HOSTS, Job, Trained
from .payload import Payload
from .registry import Failed, NotApplicable
from .subject import Subject
from .wire import Reply, Wire

T = TypeVar("T")
_MOUNT = "type=volume,dst={},volume-nocopy=true"


@dataclass
class Server:
    """A container that serves."""

    container: Container
    wire: Wire
    health: str = "/ping"
    ready_after: float = 0.0
    before: set[str] = field(default_factory=set)
    """What `health` said before it said 200."""
    first: Reply | None = None
    """The answer to a request right after that."""

    def ask(
        self,
        payload: Payload,
        accept: str = "",
        timeout: float = 60,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        sent = {
            "Content-Type": payload.media_type,
            **({"Accept": accept} if accept else {}),
            **(headers or {}),
        }
        return self.wire.send("POST", "/invocations", payload.body, sent, timeout)

    def ping(self, method: str = "GET") -> Reply:
        return self.wire.send(method, self.health, timeout=10)


class Once(Generic[T]):
    """What is made when it is first wanted; where that fails, it fails the same way for everyone."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make, self._lock = make, threading.Lock()
        self._made: T | None = None
        self._error: Exception | None = None

    def __call__(self) -> T:
        with self._lock:
            if self._error is None and self._made is None:
                try:
                    self._made = self._make()
                except Exception as error:
                    self._error = error
        if self._error is not None:
            raise self._error
        assert self._made is not None
        return self._made


class Stage:
    """Trains and serves a subject; the plain job and the plain server are there once, for all checks."""

    def __init__(self, subject: Subject, engine: Engine) -> None:
        self.subject, self.engine = subject, engine
        self._left = ExitStack()
        self._lock = threading.Lock()
        self._shared: dict[str, Once[Trained]] = {}
        self._trained = Once(lambda: self.train(self.job()))
        self._volume = Once(lambda: self._filled("/opt/ml/model", self._model()))
        self._models = Once(self._fill_models)
        self._server = Once(lambda: self._left.enter_context(self.serving(first=subject.first)))
        self._client = Once(self._connected)

    def close(self) -> None:
        self._left.close()

    # ---- training ----
    def job(self) -> Job:
        """The plain job: every hyperparameter a string, every file as the platform writes it."""
        subject = self.subject
        entry = {
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
        }
        if subject.input_type:
            entry["ContentType"] = subject.input_type
        strings = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in subject.hyperparameters.items()
        }
        files = {
            f"input/data/{channel}/{path}": content
            for channel, tree in subject.channels.items()
            for path, content in tree.items()
        }
        environ = {"TRAINING_JOB_NAME": "job-1", "TRAINING_JOB_ARN": "arn:aws:sagemaker:::training-job/job-1"}
        environ |= {"AWS_REGION": "us-east-1"}
        return Job(
            strings,
            {name: dict(entry) for name in subject.channels},
            copy.deepcopy(HOSTS),
            dict(files),
            environ,
        )

    def train(self, job: Job) -> Trained:
        """Runs a job to its end."""
        with self.begun(job) as container:
            return self.ended(container)

    @contextmanager
    def begun(self, job: Job) -> Iterator[Container]:
        """A job that has been started; its container is gone when the block ends."""
        mounts = ["--mount", _MOUNT.format("/opt/ml")]
        tree = job.tree()
        if job.input_mount:
            volume = self._filled(
                "/opt/ml/input", {k[6:]: v for k, v in tree.items() if k.startswith("input/")}
            )
            tree = {path: content for path, content in tree.items() if not path.startswith("input/")}
            mounts += ["--mount", f"{_MOUNT.format('/opt/ml/input')},src={volume},{job.input_mount}"]
        options = [*mounts, *job.options]
        with self.engine.create(self.subject.image, ["train"], job.environ, options) as container:
            container.put(tree, "/opt/ml")
            container.start()
            yield container

    def ended(self, container: Container, started: float | None = None) -> Trained:
        """Waits until a job has ended."""
        begin = time.monotonic() if started is None else started
        code = container.wait(self.subject.timeout)
        seconds = time.monotonic() - begin
        output = container.get("/opt/ml/output")
        failure = output.get("failure", b"").decode(errors="replace")
        return Trained(code, container.log(), failure, container.get("/opt/ml/model"), seconds)

    @property
    def trained(self) -> Trained:
        """The plain job, ended, however it ended."""
        return self._trained()

    @property
    def learnt(self) -> Trained:
        """The plain job, where it succeeded."""
        if self.trained.code != 0:
            raise NotApplicable("the plain job fails (A1.1)")
        return self.trained

    def shared(self, name: str, make: Callable[[], Job]) -> Trained:
        """A job that several checks look at, ended; it is run for the first of them."""
        with self._lock:
            job = self._shared.setdefault(name, Once(lambda: self.train(make())))
        return job()

    # ---- serving ----
    def _model(self) -> Tree:
        tree = self.subject.model
        if tree is None:
            tree = self.learnt.model
        if not tree:
            raise NotApplicable("there is no model: training left none, and none was given")
        return tree

    def _filled(self, folder: str, tree: Tree) -> str:
        """A volume that holds files."""
        volume = self.engine.volume()
        mount = ["--mount", f"{_MOUNT.format(folder)},src={volume}"]
        with self.engine.create(self.subject.image, ["serve"], options=mount) as carrier:
            carrier.put(tree, folder)
        return volume

    def _fill_models(self) -> str:
        tree = self._model().items()
        return self._filled("/opt/ml/models", {f"{n}/model/{path}": c for n in range(2) for path, c in tree})

    @property
    def models(self) -> str:
        """How a volume is mounted that holds the model twice, as on a multi-model endpoint."""
        return f"{_MOUNT.format('/opt/ml/models')},src={self._models()},readonly"

    @contextmanager
    def serving(
        self,
        environ: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
        mount: str = "",
        first: Payload | None = None,
        network: str = "",
    ) -> Iterator[Server]:
        """A server that is ready; its container is gone when the block ends. Raises Failed."""
        mounts = mount or f"{_MOUNT.format('/opt/ml/model')},src={self._volume()},readonly"
        port = int((environ or {}).get("SAGEMAKER_BIND_TO_PORT", "8080"))
        added = ["--mount", mounts, *options]
        if network:
            added += ["--network", network]
        elif not self.engine.direct:
            added += ["--publish", f"127.0.0.1::{port}"]
        with self.engine.create(self.subject.image, ["serve"], environ, added) as container:
            started = time.monotonic()
            container.start()
            server = Server(container, self._wire(container, port, network), self.subject.health)
            self._await(server, started, first)
            yield server

    def _wire(self, container: Container, port: int, network: str) -> Wire:
        settings = container.state()["NetworkSettings"]
        if self.engine.direct:
            inside = settings["Networks"][network] if network else settings
            return Wire(inside["IPAddress"], port)
        return Wire("127.0.0.1", int(settings["Ports"][f"{port}/tcp"][0]["HostPort"]))

    def _await(self, server: Server, started: float, first: Payload | None) -> None:
        """Until it says that it is ready."""
        looked = started
        while True:
            try:
                status = str(server.ping().status)
            except ConnectionRefusedError:
                status = "refused"
            except OSError as error:
                status = type(error).__name__
            now = time.monotonic()
            if status == "200":
                break
            server.before.add(status)
            if now - looked > 1:
                looked = now
                if not server.container.running:
                    last = (server.container.log().strip().splitlines() or ["nothing"])[-1]
                    raise Failed(f"the server ended before it was ready; its last words: {last[:160]}")
            if now - started > self.subject.timeout:
                said = f"{server.health}: {', '.join(server.before)}"
                raise Failed(f"not ready after {self.subject.timeout:.0f} s; {said}")
            time.sleep(0.02)
        if first is not None:
            server.first = server.ask(first)
        server.ready_after = now - started

    @property
    def server(self) -> Server:
        """The plain server: /opt/ml/model read-only, nothing set."""
        return self._server()

    def _connected(self) -> oip.Client:
        wire = Wire.to(self.subject.url) if self.subject.url else self.server.wire
        request = oip.request(self.subject.payload.body) if self.subject.payload else None
        return oip.Client(wire, self.subject.model_name or oip.only_model(wire), request)

    @property
    def client(self) -> oip.Client:
        """Speaks the Open Inference Protocol with the plain server, or with one that runs already."""
        return self._client()

    @property
    def payload(self) -> Payload:
        if self.subject.payload is None:
            raise NotApplicable("no --payload was given")
        return self.subject.payload

    @property
    def lined(self) -> Payload:
        """The payload, if its format has one record per line."""
        if not self.payload.lines:
            raise NotApplicable(f"{self.payload.kind} has no record a line")
        return self.payload
