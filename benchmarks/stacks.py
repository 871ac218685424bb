"""The stacks that are compared: how each gets its environment, its model, and its server."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import ClassVar

from tools.process import free_port

from .environment import REPO, LeftOutError, environment
from .process import Server
from .workload import write_centres, write_training

HERE = Path(__file__).resolve().parent


class Stack:
    name: str
    cases: tuple[str, ...] = ("csv1", "json1", "csv10k", "json10k")
    single_row = "csv1"  # the case that a good client sends
    csv_header = False  # whether it loses the first record of a body without a header line
    packages: tuple[str, ...] = ()

    def __init__(self, run: Path, workers: int) -> None:
        self.run, self.workers = run / self.name, workers
        self.run.mkdir()
        self.root = self.run / "ml"
        self.env = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        self.env |= {"MODEL_SERVER_WORKERS": str(workers), "PYTHONUNBUFFERED": "1"}
        self.prepare()

    def prepare(self) -> None:
        """Environment and model; raises LeftOutError."""

    def start(self, media: str) -> Server:
        raise NotImplementedError

    def versions(self) -> dict[str, str]:
        if not self.packages:
            return {}
        code = "import sys, importlib.metadata as m; [print(p, m.version(p)) for p in sys.argv[1:]]"
        out = self._run([self.python, "-c", code, *self.packages])
        return {line.split()[0]: line.split()[1] for line in out.splitlines()}

    def use_environment(self, name: str, lock: Path) -> None:
        self.python = environment(name, lock)
        self.env["PATH"] = f"{self.python.parent}{os.pathsep}{self.env['PATH']}"

    def _run(self, command: list[str | Path], **more: str) -> str:
        done = subprocess.run(
            [str(part) for part in command], env=self.env | more, cwd=self.run, capture_output=True, text=True
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip()[-800:]
            raise LeftOutError(f"{' '.join(map(str, command[1:]))} ended with {done.returncode}: {said}")
        return done.stdout

    def _server(self, command: list[str | Path], port: int, media: str, **more: str) -> Server:
        env = self.env | {"SAGEMAKER_BIND_TO_PORT": str(port)} | more
        return Server(command, env, port, self.run / f"{media.replace('/', '-')}.log")


class Ours(Stack):
    name = "ours"
    cases = (*Stack.cases, "oip1", "oip10k")
    packages = ("numpy", "scikit-learn", "gunicorn", "uvicorn")

    def prepare(self) -> None:
        image = REPO / "images/kmeans"
        if not (REPO / "shared/slipway/__main__.py").exists():
            raise LeftOutError("shared/slipway is not there")
        self.use_environment("bench-kmeans", image / "requirements.lock")
        self.env |= {"PYTHONPATH": f"{REPO / 'shared'}", "SLIPWAY_ALGORITHM": str(image)}
        self.env["SLIPWAY_ROOT"] = str(self.root)
        write_training(self.root)
        self._run([self.python, "-m", "slipway", "train"])

    def start(self, media: str) -> Server:
        # Like with like: for CSV the older clients' plain ids, for JSON the answer ours gives by itself.
        options = {"SLIPWAY_OPTIONS": '{"ids": true}'} if media == "text/csv" else {}
        return self._server([self.python, "-m", "slipway", "serve"], free_port(), media, **options)


class Classic(Stack):
    name = "classic"
    cases = ("csv1", "csv10k")
    csv_header = True
    packages = ("pandas", "scikit-learn", "flask", "gunicorn", "gevent")
    extra: ClassVar[dict[str, str]] = {}

    def prepare(self) -> None:
        self.use_environment("bench-classic", HERE / "classic/requirements.lock")
        self.env |= {"CLASSIC_ROOT": str(self.root), "CLASSIC_RUN": str(self.run), **self.extra}
        write_training(self.root)
        self._run([self.python, HERE / "classic/train.py"])

    def start(self, media: str) -> Server:
        return self._server([self.python, HERE / "classic/serve.py"], free_port(), media)


class ClassicPassive(Classic):
    name = "classic-passive"
    extra: ClassVar = {"OMP_WAIT_POLICY": "PASSIVE"}


class AwsSklearn(Stack):
    name = "awssklearn"
    single_row = "json1"
    packages = ("sagemaker-containers", "scikit-learn", "flask", "gunicorn", "gevent")

    def prepare(self) -> None:
        self.use_environment("bench-awssklearn", HERE / "awssklearn/requirements.lock")
        self.env |= {"SAGEMAKER_BASE_DIR": str(self.root), "AWS_RUN": str(self.run)}
        self.env |= {"PYTHONPATH": str(HERE / "awssklearn"), "AWS_DEFAULT_REGION": "us-east-1"}
        self.env["SAGEMAKER_USE_NGINX"] = str(bool(shutil.which("nginx"))).lower()
        write_training(self.root)
        self._run([self.python, HERE / "awssklearn/train.py"])

    def start(self, media: str) -> Server:
        return self._server([self.python, HERE / "awssklearn/container.py"], free_port(), media)


class MLServer(Stack):
    """As it comes: a process for HTTP, and a pool of processes that predict."""

    name = "mlserver"
    pool = True
    cases = ("oip1", "oip10k")
    single_row = "oip1"
    packages = ("mlserver", "mlserver-sklearn", "scikit-learn", "fastapi", "uvicorn")

    def prepare(self) -> None:
        self.use_environment("bench-mlserver", HERE / "mlserver/requirements.lock")
        self.env |= {"MLSERVER_ROOT": str(self.root), "OMP_WAIT_POLICY": "PASSIVE"}
        write_training(self.root)
        self._run([self.python, HERE / "mlserver/train.py"])

    def start(self, media: str) -> Server:
        port = free_port()
        settings = {"debug": False, "host": "127.0.0.1", "http_port": port}
        settings |= {"parallel_workers": self.workers if self.pool else 0}
        settings |= {"grpc_port": free_port(), "metrics_port": free_port()}
        (self.root / "model/settings.json").write_text(json.dumps(settings))
        command = [self.python.with_name("mlserver"), "start", self.root / "model"]
        return Server(command, self.env, port, self.run / "server.log", "/v2/health/ready")


class MLServerAlone(MLServer):
    """Without the pool, which saves it a queue between processes: predictions are made on the event loop."""

    name = "mlserver-alone"
    pool = False


class Limit(Stack):
    name = "limit"

    def prepare(self) -> None:
        if not (compiler := shutil.which("cc")):
            raise LeftOutError("no C compiler (cc) here")
        flags = ["-O3", "-march=native", "-ffast-math", "-pthread"]
        self._run([compiler, *flags, "-o", self.run / "limit", HERE / "limit/limit.c"])
        write_centres(self.run / "centres")

    def start(self, media: str) -> Server:
        port = free_port()
        return self._server([self.run / "limit", str(port), self.run / "centres"], port, media)


STACKS: dict[str, type[Stack]] = {
    s.name: s for s in (Ours, Classic, ClassicPassive, AwsSklearn, MLServer, MLServerAlone, Limit)
}
