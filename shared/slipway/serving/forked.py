"""The workers' process: a fork of the supervisor's, which need not import again what that has imported."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import IO

from slipway import machine

NAME = "slipway-workers"
"""What the process and those that it forks are called, in `ps -o comm` and in `top`."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# A worker a CPU: threads inside each would only contend (and OpenMP's would spin while they wait).
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
# Freed memory is kept for the next large request. Programs that are started read the variables.
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": 64 << 20, "MALLOC_TRIM_THRESHOLD_": 256 << 20}


class Forked:
    """A child as `subprocess.Popen` has one, as far as the supervisor asks it, that goes on with `work`.

    It ends as `work` does: with SystemExit it passes through whatever called this.
    """

    def __init__(self, work: Callable[[], None], piped: bool) -> None:
        self.returncode: int | None = None
        self.stdout: IO[bytes] | None = None
        pipe = os.pipe() if piped else None
        sys.stdout.flush()
        sys.stderr.flush()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        self.pid = os.fork()
        if self.pid == 0:
            for number in _SIGNALS:  # the supervisor's handlers would take note and go on
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.setsid()
            machine.end_with_parent()
            machine.rename(NAME)
            if pipe:
                for descriptor in (1, 2):
                    os.dup2(pipe[1], descriptor)
                for descriptor in pipe:
                    os.close(descriptor)
            work()
            raise SystemExit(0)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if pipe:
            os.close(pipe[1])
            self.stdout = os.fdopen(pipe[0], "rb")

    def poll(self) -> int | None:
        """Its exit code, negative after a signal; None as long as it lives."""
        if self.returncode is None:
            with contextlib.suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended. Raises subprocess.TimeoutExpired."""
        until = time.monotonic() + (float("inf") if timeout is None else timeout)
        while (code := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(NAME, timeout or 0)
            time.sleep(0.01)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def ready_memory() -> None:
    """Sets what libraries read as they are loaded, and what this process itself has read already."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    for name, size in _MALLOC.items():
        if name not in os.environ:
            os.environ[name] = str(size)
            machine.set_allocator(name, size)
