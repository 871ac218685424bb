"""kill -9 of each kind of process of a server under load: what is lost is asked again, nothing stays."""

import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.load import Load, load_model
from harness.processes import alive, children, descendants, name
from slipway.serving.forked import NAME
from tools import client, process

# How often each kind is killed, of the sum of them all.
SINGLE = {"worker": 16, "nginx": 1, "master": 1, "supervisor": 1}
MULTI = {"model": 6, "worker": 1}
_ENDS = {"nginx", "master", "supervisor"}  # with these the container ends, and the platform starts another
_CLOCK = """
import time
from pathlib import Path
_now = time.time
def _jumped():
    try:
        return _now() + float(Path({path!r}).read_text())
    except (OSError, ValueError):
        return _now()
time.time = _jumped
"""


class Container:
    """A server that is started again when it has ended, on the port that it had."""

    def __init__(self, image: Path, root: Path, python: Path, **environ: str) -> None:
        self._image, self._root, self._python = image, root, python
        self.port = process.free_port()
        self._told = {"MODEL_SERVER_WORKERS": "2", **environ, "SAGEMAKER_BIND_TO_PORT": str(self.port)}
        self.starts = 0
        self.server = self._started()

    def _started(self) -> process.Server:
        self.starts += 1
        found = process.Server.of(self._image, self._root, self._root / "log", self._python, **self._told)
        found.wait_ready(120)
        return found

    def processes(self) -> dict[str, list[int]]:
        """The server's processes, by their kind."""
        found: dict[str, list[int]] = {"supervisor": [self.server.pid]}
        below = {one: name(one) for one in descendants(self.server.pid)}
        found["master"] = [one for one, told in below.items() if told == NAME][:1]
        found["nginx"] = [one for one, told in below.items() if told == "nginx"][:1]
        found["worker"] = [one for master in found["master"] for one in children(master)]
        spawned = [one for worker in found["worker"] for one in children(worker)]
        found["model"] = [one for spawner in spawned for one in children(spawner)]
        return found

    def kill(self, kind: str) -> bool:
        """Kills a process of a kind, if there is one; waits for what has to end with it, and starts anew."""
        found = self.processes()
        if not found[kind]:
            return False
        with suppress(ProcessLookupError):
            os.kill(random.choice(found[kind]), signal.SIGKILL)
        if kind in _ENDS:
            started = [one for some in found.values() for one in some]
            process.wait_until(
                lambda: not any(map(alive, started)) and self.server.ended,
                f"the end of what was started, {kind} killed",
                lambda: self.server.log,
                60,
            )
            code = self.server.popen.returncode
            assert code == (-signal.SIGKILL if kind == "supervisor" else 1), f"{kind}: exit code {code}"
            self.server.stop()
            self.server = self._started()
        return True


def single(image: Path, model: Path, folder: Path, kills: int, python: Path) -> tuple[Counter[str], Load]:
    """Kills processes of a server of one model; gives how many of each kind, and the load."""
    shutil.copytree(model, folder / "model")
    container = Container(image, folder, python)
    load = Load.of(image, container.port)
    return _killed(container, load, SINGLE, kills), load


def multi(image: Path, model: Path, folder: Path, kills: int, python: Path) -> tuple[Counter[str], Load]:
    """The same on a multi-model endpoint. A model that is gone is loaded again, as the platform does."""
    shutil.copytree(model, folder / "models/m/model")
    container = Container(image, folder, python, SAGEMAKER_MULTI_MODEL="true")

    def loaded() -> None:
        with suppress(OSError):
            load_model(container.port, "m", folder / "models/m/model")

    loaded()
    load = Load.of(image, container.port, "/models/m/invoke", loaded)
    return _killed(container, load, MULTI, kills), load


def clock(image: Path, model: Path, folder: Path, jumps: int, python: Path) -> Load:
    """Python's clock jumps by up to a month, back and forth, while a server answers."""
    shutil.copytree(model, folder / "model")
    (folder / "site").mkdir()
    (folder / "site/sitecustomize.py").write_text(_CLOCK.format(path=str(folder / "offset")))
    path = f"{folder / 'site'}:{process.ROOT / 'shared'}"
    container = Container(image, folder, python, PYTHONPATH=path)
    try:
        with Load.of(image, container.port) as load:
            for _ in range(jumps):
                (folder / "offset").write_text(str(random.uniform(-30, 30) * 86_400))
                time.sleep(0.5)
                assert client.pings(container.port)
    finally:
        container.server.stop()
    assert "restarts" not in container.server.log
    return load


def _killed(container: Container, load: Load, kinds: Mapping[str, int], kills: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    try:
        with load, _shown(counts):
            while counts.total() < kills:
                kind = random.choices([*kinds], [*kinds.values()])[0]
                counts[kind] += container.kill(kind)
                time.sleep(random.uniform(0, 0.6))
    finally:
        container.server.stop()
    return counts


@contextmanager
def _shown(counts: Counter[str]) -> Iterator[None]:
    try:
        yield
    finally:
        print(f"killed: {dict(counts)}", file=sys.stderr)
