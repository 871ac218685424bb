"""`serve`: starts nginx and the workers, passes on signals, and ends when either does."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Any

from slipway import machine
from slipway.errors import UserError
from slipway.log import log, relay
from slipway.serving import nginx
from slipway.serving.forked import Forked, ready_memory
from slipway.settings import Settings

USER = "slipway"  # whom the image gives to the processes that read what strangers send
_GRACE_S = 25  # of the 30 s that the platform waits after SIGTERM


def serve(settings: Settings) -> int:
    """Serves until told to stop; returns the exit code: 0 after SIGTERM, 1 when a part of it died."""
    folder = Path(tempfile.mkdtemp(prefix="slipway-"))
    supervisor = os.getpid()
    try:
        return _Supervisor(settings, folder).run()
    except UserError as error:
        log("serve", str(error), "error")
        return 1
    finally:
        if os.getpid() == supervisor:  # the workers end here, too
            shutil.rmtree(folder, ignore_errors=True)


class _Supervisor:
    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._children: dict[str, Forked | subprocess.Popen[bytes]] = {}
        self._relays: list[Thread] = []
        self._stopping = False

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self._start()
        while True:
            name, code = self._wait()
            if self._stopping:
                return self._drain()
            log("serve", f"{name} ended unexpectedly with exit code {code}", "error")
            self._drain()
            return 1

    def _start(self) -> None:
        settings, user, program = self._settings, _given_away(self._folder), nginx.find()
        # The socket is made here, so that nginx finds it at once: connections wait instead of failing.
        with _listener(
            self._folder / nginx.SOCKET if program else (str(settings.address), settings.port)
        ) as listener:
            self._children["workers"] = Forked(partial(self._work, listener, user), self._is_piped)
        if program:
            conf = nginx.configure(settings, self._folder, user or ("root" if os.geteuid() == 0 else None))
            command = [program, "-c", str(conf), "-p", str(self._folder), "-e", "stderr"]
            self._run("nginx", command)
            log("serve", f"nginx listens on port {settings.port}")
        else:
            log("serve", f"nginx is not installed: gunicorn itself listens on port {settings.port}")
        self._relay()

    def _work(self, listener: socket.socket, user: str | None) -> None:
        """What the workers' process does; it has what this one has imported already."""
        ready_memory()
        from slipway.serving import workers  # and with it what a supervisor never needs

        workers.run(self._settings, listener.detach(), self._folder, user)

    @property
    def _is_piped(self) -> bool:
        """Where the log is JSON, what children and their libraries write becomes that."""
        return self._settings.serving_log == "json"

    def _run(self, name: str, command: list[str]) -> None:
        """Starts a program as a child."""
        output: dict[str, Any] = (
            {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if self._is_piped else {}
        )
        self._children[name] = subprocess.Popen(
            command, start_new_session=True, preexec_fn=machine.end_with_parent, **output
        )

    def _relay(self) -> None:
        """Once all children run: a process with threads must not run Python between fork and exec."""
        for name, child in self._children.items():
            if child.stdout is not None:
                relaying = Thread(target=relay, args=(name, child.stdout), name=f"log of {name}", daemon=True)
                relaying.start()
                self._relays.append(relaying)

    def _wait(self) -> tuple[str, int]:
        """Waits until a child ends, or until told to stop; as PID 1 it also buries orphans."""
        while not self._stopping:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return "every process", 0
            if pid == 0:
                time.sleep(0.1)
                continue
            for name, child in self._children.items():
                if child.pid == pid:
                    child.returncode = os.waitstatus_to_exitcode(status)
                    return name, child.returncode
        return "", 0

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _drain(self) -> int:
        """Lets requests in flight finish: nginx first, which accepts no more and waits for the workers."""
        until = time.monotonic() + _GRACE_S
        ended = [self._end("nginx", signal.SIGQUIT, until - 2), self._end("workers", signal.SIGTERM, until)]
        for relaying in self._relays:
            relaying.join(1)
        log("serve", "stopped" if all(ended) else "stopped, cutting off requests that took too long")
        return 0

    def _end(self, name: str, number: signal.Signals, until: float) -> bool:
        """Whether the child ended by itself in time; of its processes none is left, even if it was killed."""
        child = self._children.get(name)
        if child is None:
            return True
        in_time = True
        if child.poll() is None:
            child.send_signal(number)
            try:
                child.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                in_time = False
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        return in_time


def _listener(where: Path | tuple[str, int]) -> socket.socket:
    """An open socket: of a path, or of an address and port. Raises UserError when the port is taken."""
    if isinstance(where, Path):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(where))
        where.chmod(0o666)  # the folder around it is closed
    else:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(where)
        except OSError as error:
            raise UserError(
                f"port {where[1]} cannot be opened: {error.strerror}; choose another (SAGEMAKER_BIND_TO_PORT)"
            ) from None
    listener.listen(2048)
    return listener


def _given_away(folder: Path) -> str | None:
    """Root starts, as the platform wants; what answers runs without privileges, who then owns `folder`.

    None where there is no such user, and where root is stripped of the right to give files away: it could not
    become somebody else either.
    """
    if os.geteuid() != 0:
        return None
    try:
        shutil.chown(folder, USER)
    except (LookupError, PermissionError):
        return None
    return USER
