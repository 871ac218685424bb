"""Containers of an image: started, found on a port of this machine, their memory read, and removed."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PUBLISHED = ("--publish", "127.0.0.1::8080")
"""The options of a container that serves."""


def docker(*arguments: str, both: bool = False) -> str:
    """What Docker's client says; with what comes on standard error where both are wanted, as of logs."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True)
    return (done.stdout + done.stderr if both else done.stdout).strip()


@contextmanager
def started(image: str, verb: str, *options: str) -> Iterator[str]:
    """The name of a container, until the block ends."""
    name = docker("run", "--detach", *options, image, verb)
    try:
        yield name
    finally:
        docker("rm", "--force", name)


def port(name: str) -> int:
    """Where one that is published is asked."""
    return int(docker("port", name, "8080").splitlines()[0].rpartition(":")[2])


def held(name: str) -> int:
    """Bytes that a container's processes held at most, each, summed: what cannot be given back."""
    try:
        pids = docker("top", name, "-eo", "pid").split()[1:]
        status = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = (re.search(r"VmHWM:\s+(\d+) kB", text) for text in status)
    return sum(int(one[1]) * 1024 for one in found if one)
