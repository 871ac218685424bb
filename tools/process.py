"""An image as processes of this machine: how its verbs are started, waited for and stopped.

Needs the standard library alone, as benchmarks use it without an environment.
"""

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

from . import ROOT
from .client import pings

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None  # not loaded after a fork
_PDEATHSIG = 1
_PORTS = Path(tempfile.gettempdir(), f"slipway-ports-{os.getuid()}")
_HELD: list[IO[str]] = []  # locks of ports, until this process ends
START_S = 60
STOP_S = 40


class NotReadyError(Exception):
    """What was waited for did not come; the end of the log says why."""


def command(
    verb: str, image: Path, root: Path, python: Path | str = sys.executable, **environ: str
) -> tuple[list[str], dict[str, str]]:
    """How a verb of the container is started over the tree in `root`: the command, and its environment."""
    added = {
        "SLIPWAY_ROOT": str(root),
        "SLIPWAY_ALGORITHM": str(image),
        "PYTHONPATH": str(ROOT / "shared"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **environ,
    }
    return [str(python), "-m", "slipway", verb], {**os.environ, **added}


def free_port() -> int:
    """A port of this machine that nothing listens on, and that no other caller gets while this process lives.

    A server takes seconds to listen; without the lock two test suites could be given the same port, and one
    would then ask the other's server.
    """
    _PORTS.mkdir(exist_ok=True)
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        lock = (_PORTS / str(port)).open("w")
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _HELD.append(lock)
            return port
        lock.close()


class Process:
    """A started process that writes its log into a file; stopped at the latest where the block ends."""

    def __init__(
        self,
        command: Sequence[str | Path],
        environ: Mapping[str, str],
        log: Path | None = None,
        cwd: Path | None = None,
        session: bool = False,
    ) -> None:
        """`session` puts it into a session of its own, in which all that it starts is."""
        self.file = log
        self._heard = log.open("wb+") if log else tempfile.TemporaryFile()  # noqa: SIM115  closed by __exit__
        self.popen = subprocess.Popen(
            [str(part) for part in command],
            env=environ,
            cwd=cwd,
            stdout=self._heard,
            stderr=self._heard,
            start_new_session=session,
            preexec_fn=dies_with_us(),
        )

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def log(self) -> str:
        """What it has written so far."""
        return os.pread(self._heard.fileno(), 1 << 24, 0).decode(errors="replace")

    @property
    def ended(self) -> bool:
        return self.popen.poll() is not None

    def until(self, done: Callable[[], bool], what: str, seconds: float = START_S) -> None:
        """Waits until `done`, or until the process has ended. Raises NotReadyError after `seconds`."""
        wait_until(lambda: done() or self.ended, what, lambda: self.log, seconds)

    def stop(self) -> int:
        """Sends SIGTERM, and waits; returns the exit code."""
        if not self.ended:
            self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(STOP_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            self._heard.close()


class Server(Process):
    """An image's server on a port of this machine."""

    ready = "/ping"
    """The path that answers 200 once the server can be asked."""

    def __init__(
        self,
        command: Sequence[str | Path],
        environ: Mapping[str, str],
        port: int,
        log: Path | None = None,
        cwd: Path | None = None,
        session: bool = False,
    ) -> None:
        self.port = port
        super().__init__(command, environ, log, cwd, session)

    @classmethod
    def of(
        cls,
        image: Path,
        root: Path,
        log: Path | None = None,
        python: Path | str = sys.executable,
        program: Sequence[str] = (),
        **environ: str,
    ) -> Self:
        """The server of what is trained in `root`, on a free port unless one is named.

        `program` is what Python runs instead of `-m slipway serve`.
        """
        port = int(environ.get("SAGEMAKER_BIND_TO_PORT") or free_port())
        told = {**environ, "SAGEMAKER_BIND_TO_PORT": str(port)}
        (interpreter, *serve), settings = command("serve", image, root, python, **told)
        return cls([interpreter, *(program or serve)], settings, port, log)

    def wait_ready(self, seconds: float = START_S) -> float:
        """Waits for a 200 on `ready`; returns the seconds. Raises NotReadyError, also where it ended."""
        started = time.monotonic()
        self.until(lambda: pings(self.port, self.ready), f"a 200 on {self.ready}", seconds)
        if self.ended:
            raise NotReadyError(f"the server ended with {self.popen.returncode}; {tail(self.log)}")
        return time.monotonic() - started


def dies_with_us() -> Callable[[], object] | None:
    """For `preexec_fn`: the child gets SIGTERM when this process ends, even if that is killed.

    None on systems that cannot, and in threads: there the child would end with the thread.
    """
    if _LIBC is None or threading.current_thread() is not threading.main_thread():
        return None
    return partial(_LIBC.prctl, _PDEATHSIG, signal.SIGTERM)


def end_on_signals() -> None:
    """From now on SIGTERM and SIGHUP end this process as an exception does: what it started ends with it.

    The end of whoever started this process, `make` for one, counts as SIGTERM.
    """

    def end(number: int, frame: FrameType | None) -> None:
        for one in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(one, signal.SIG_IGN)
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    if _LIBC is not None:
        _LIBC.prctl(_PDEATHSIG, signal.SIGTERM)


def wait_until(done: Callable[[], bool], what: str, log: Callable[[], str], seconds: float = START_S) -> None:
    """Raises NotReadyError, with the end of the log, where `done` is not true after so many seconds."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise NotReadyError(f"waited {seconds:.0f} s for {what}; {tail(log())}")
        time.sleep(0.05)


def tail(log: str) -> str:
    """The end of a log, to put into a message."""
    return "its log ends:\n" + "\n".join(log.splitlines()[-15:]) if log.strip() else "its log is empty"
