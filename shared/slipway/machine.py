"""What the container may use: CPUs and memory as its cgroup allows, not as the host has."""

import ctypes
import os
import signal
import sys
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None  # not loaded after a fork
_PDEATHSIG = 1
_SET_NAME = 15
_ALLOCATOR = {"MALLOC_TRIM_THRESHOLD_": -1, "MALLOC_MMAP_THRESHOLD_": -3}  # as mallopt() calls them
_NO_LIMIT = 1 << 60  # cgroup v1 writes a huge number for "no limit"


def cpus() -> int:
    """CPUs that this process may use, at least 1."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cpu_quota()
    return max(1, min(available, int(quota + 0.5)) if quota else available)


def memory_bytes() -> int:
    """Memory that this process and its children may use."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        limit = _number(_CGROUP / name)
        if limit and limit < _NO_LIMIT:
            return min(physical, limit)
    return physical


def available_bytes() -> int:
    """Memory that is not taken yet, caches counted as free: of the cgroup, and of the machine."""
    free = _meminfo("MemAvailable")
    for limit, used, stat, cache in (
        ("memory.max", "memory.current", "memory.stat", "inactive_file"),
        (
            "memory/memory.limit_in_bytes",
            "memory/memory.usage_in_bytes",
            "memory/memory.stat",
            "total_inactive_file",
        ),
    ):
        most, now = _number(_CGROUP / limit), _number(_CGROUP / used)
        if most and now is not None and most < _NO_LIMIT:
            return max(0, min(free, most - now + _stat(_CGROUP / stat, cache)))
    return free


def _meminfo(name: str) -> int:
    """A line of /proc/meminfo in bytes; all memory where there is none."""
    try:
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        return int(lines[name].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return memory_bytes()


def _stat(path: Path, name: str) -> int:
    try:
        return int(dict(line.split() for line in path.read_text().splitlines()).get(name, 0))
    except (OSError, ValueError):
        return 0


def resident_bytes(process: int | None = None) -> int:
    """Memory that a process holds now, this one unless another is named."""
    try:
        return int(Path(f"/proc/{process or 'self'}/statm").read_text().split()[1]) * os.sysconf(
            "SC_PAGE_SIZE"
        )
    except (OSError, ValueError, IndexError):
        return 0


def kills_for_memory() -> int | None:
    """How many processes the kernel has ended for want of memory: of the cgroup, else of the machine.

    None where it keeps no count.
    """
    for path in (
        _CGROUP / "memory.events",
        _CGROUP / "memory/memory.oom_control",
        Path("/proc/vmstat"),
    ):
        try:
            return int(dict(line.split() for line in path.read_text().splitlines())["oom_kill"])
        except (OSError, ValueError, KeyError):
            continue
    return None


def end_with_parent(number: int = signal.SIGTERM) -> None:
    """From now on this process gets a signal when the one that started it ends, however that ends.

    For `preexec_fn`; it does nothing on systems that cannot.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PDEATHSIG, number)


def rename(name: str) -> None:
    """From now on this process is called so, in at most 15 characters; nothing on systems that cannot."""
    if _LIBC is not None:
        _LIBC.prctl(_SET_NAME, name.encode())


def set_allocator(variable: str, size: int) -> None:
    """As if this process had been started with the variable of glibc's allocator; nothing without glibc."""
    if _LIBC is not None and hasattr(_LIBC, "mallopt"):
        _LIBC.mallopt(_ALLOCATOR[variable], size)


def _cpu_quota() -> float | None:
    try:
        quota, period = (_CGROUP / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        v1, per = _number(_CGROUP / "cpu/cpu.cfs_quota_us"), _number(_CGROUP / "cpu/cpu.cfs_period_us")
        return v1 / per if v1 and per and v1 > 0 else None


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
