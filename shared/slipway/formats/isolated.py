"""Readers that may end their process, each in one of its own, which must end no worker."""

import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).parent


class TimedOutError(Exception):
    """The reader took too long, and was ended."""


def run(script: str, body: bytes, seconds: float, *arguments: int) -> bytes | None:
    """What `script`, a file next to this one, writes about `body`; None where it ended before it could.

    Raises TimedOutError.
    """
    # By its path, and so without the rest of this package, which takes half a second to import.
    command = [sys.executable, "-I", str(_HERE / script), *map(str, arguments)]
    try:
        done = subprocess.run(
            command,
            input=body,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimedOutError from None
    return done.stdout if done.returncode == 0 and done.stdout else None
