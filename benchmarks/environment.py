"""Environments made by uv from a lock file with hashes, kept under .slipway/envs until the lock changes."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
STATE = REPO / ".slipway"
CODE = os.pathsep.join(str(path) for path in (REPO, REPO / "shared", REPO / "images"))
"""The search path of a process that imports benchmarks, the shared layer and images."""


class LeftOutError(Exception):
    """This stack cannot be had here; the reason is printed and the others go on."""


def environment(name: str, lock: Path) -> Path:
    """.slipway/envs/<name> with exactly what the lock says, made again when the lock or Python changes."""
    if not lock.exists():
        raise LeftOutError(f"{lock.relative_to(REPO)} is not there")
    folder = STATE / "envs" / name
    python, stamp = folder / "bin/python", folder / "lock.sha256"
    want = hashlib.sha256(lock.read_bytes() + platform.python_version().encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != want:
        program = uv()
        sync = ["pip", "sync", "--require-hashes", "--compile-bytecode", "--python", python, lock]
        for command in (["venv", "--clear", "--python", sys.executable, folder], sync):
            done = subprocess.run([program, "--quiet", *map(str, command)], capture_output=True, text=True)
            if done.returncode:
                raise LeftOutError(f"uv could not make {name}: {done.stderr.strip()[-500:]}")
        stamp.write_text(want)
    return python


def uv() -> str:
    """The program uv: this machine's, or one that is installed for the benchmarks."""
    own = STATE / "uv/bin/uv"
    if found := shutil.which("uv"):
        return found
    if not own.exists():
        subprocess.run([sys.executable, "-m", "venv", STATE / "uv"], check=True)
        subprocess.run([STATE / "uv/bin/pip", "install", "--quiet", "uv"], check=True)
    return str(own)
