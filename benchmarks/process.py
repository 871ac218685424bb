"""Servers as child processes, and the CPU of their whole process tree from /proc."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from client import Connection

TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A started stack: alone in its session, logging to a file, ended with everything it started."""

    def __init__(self, command: Sequence[str | Path], env: Mapping[str, str], port: int, log: Path) -> None:
        self.port, self.log = port, log
        with log.open("w") as out:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                env=env,
                cwd=log.parent,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def wait_ready(self, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            connection = Connection(self.port, timeout=5)
            try:
                connection.send(b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
                if connection.receive()[0] == 200:
                    return
            except OSError:
                pass
            finally:
                connection.close()
            time.sleep(0.1)
        raise RuntimeError(f"did not answer /ping; the end of {self.log}:\n{self.log.read_text()[-1500:]}")

    def cpu_seconds(self) -> float:
        """User and system time of the tree, of children that ended and were reaped too."""
        found, ticks = {self.process.pid}, 0
        table = processes()
        while more := {pid for pid, (parent, _) in table.items() if parent in found and pid not in found}:
            found |= more
        for pid in found:
            ticks += table[pid][1] if pid in table else 0
        return ticks / TICKS

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def processes() -> dict[int, tuple[int, int]]:
    """pid -> (parent, utime + stime + cutime + cstime)"""
    table = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            table[int(entry.name)] = (int(fields[1]), sum(map(int, fields[11:15])))
    return table


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])
