"""Processes of this machine as Linux tells of them: what one has started, and what still lives."""

from contextlib import suppress
from pathlib import Path


def children(pid: int) -> list[int]:
    """What a process has started, in any of its threads; nothing once it is gone."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for one in lists for child in _read(one).split()]


def descendants(pid: int) -> list[int]:
    """Every process that one has started, and that these have."""
    return [one for child in children(pid) for one in (child, *descendants(child))]


def name(pid: int) -> str:
    """What it is called; nothing once it is gone."""
    return _read(Path(f"/proc/{pid}/comm")).decode().rstrip("\n")


def alive(pid: int) -> bool:
    """Whether it is there, and not only waits for its parent to hear of its end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _read(path: Path) -> bytes:
    """A file of a process or a thread, which may end meanwhile."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return path.read_bytes()
    return b""
