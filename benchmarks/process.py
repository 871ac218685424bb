"""Servers as child processes, and the CPU of their whole process tree from /proc."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tools import process

TICKS = os.sysconf("SC_CLK_TCK")


class Server(process.Server):
    """A started stack: alone in its session, logging to a file, ended with everything it started."""

    def __init__(
        self,
        command: Sequence[str | Path],
        env: Mapping[str, str],
        port: int,
        log: Path,
        ready: str = "/ping",
    ) -> None:
        super().__init__(command, env, port, log, cwd=log.parent, session=True)
        self.ready = ready

    def cpu_seconds(self) -> float:
        """User and system time of the tree, of children that ended and were reaped too."""
        found, ticks = {self.pid}, 0
        table = processes()
        while more := {pid for pid, (parent, _) in table.items() if parent in found and pid not in found}:
            found |= more
        for pid in found:
            ticks += table[pid][1] if pid in table else 0
        return ticks / TICKS

    def stop(self) -> int:
        if not self.ended:
            self.popen.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.popen.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        return self.popen.wait()


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
