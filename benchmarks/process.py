"""Servers as child processes, and the CPU and memory of their whole process tree from /proc."""

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
        return sum(tree(self.pid).values()) / TICKS

    def stop(self) -> int:
        if not self.ended:
            self.popen.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.popen.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        return self.popen.wait()


def memory_mb(pid: int) -> float:
    """PSS of a process and all below it: what each has of its own, and its share of what it shares."""
    return sum(map(_pss_kb, tree(pid))) / 1024


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def tree(root: int) -> dict[int, int]:
    """A process and all below it, as far as they live: pid -> utime + stime + cutime + cstime, in ticks."""
    table, found = _processes(), {root}
    while more := {pid for pid, (parent, _) in table.items() if parent in found and pid not in found}:
        found |= more
    return {pid: table[pid][1] for pid in found if pid in table}


def _processes() -> dict[int, tuple[int, int]]:
    """pid -> (parent, ticks)"""
    table = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            table[int(entry.name)] = (int(fields[1]), sum(map(int, fields[11:15])))
    return table
