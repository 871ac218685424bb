"""The failure file, of which DescribeTrainingJob shows 1,024 characters: who has to act, and why."""

import errno
import os
import tempfile
from pathlib import Path

from slipway.errors import PlatformError, UserError
from slipway.log import log
from slipway.paths import Paths

_CHARACTERS = 1024
_PROBE = 1 << 20  # bytes that a disk which is not full takes
_FULL = (errno.ENOSPC, errno.EDQUOT)
_OF_THE_MACHINE = {
    errno.ENOSPC: "; use a larger volume",
    errno.EDQUOT: "; use a larger volume",
    errno.ENOMEM: "; use an instance with more memory",
    **dict.fromkeys((errno.EIO, errno.EROFS, errno.ESTALE, errno.ENOTCONN, errno.EMFILE, errno.ENFILE), ""),
}


def explained(error: BaseException, paths: Paths) -> tuple[str, bool]:
    """`UserError: …`, `PlatformError: …` or `AlgorithmError: …`; and whether the log needs the traceback."""
    if isinstance(error, UserError):
        return f"UserError: {error}", False
    if isinstance(error, PlatformError):
        return f"PlatformError: {error}", False
    if isinstance(error, MemoryError):
        return "PlatformError: out of memory: use an instance with more of it, or less data", False
    if isinstance(error, OSError) and _of_the_machine(error, paths):
        where = f" ({error.filename})" if error.filename else ""
        advice = _OF_THE_MACHINE.get(error.errno or 0, "")
        return f"PlatformError: {error.strerror}{where}{advice}", True
    if (full := _full(error, paths)) is not None:
        return f"PlatformError: {full}{_OF_THE_MACHINE[errno.ENOSPC]}", True
    return (
        f"AlgorithmError: internal error ({type(error).__name__}): the log of the job has the details",
        True,
    )


def write(paths: Paths, cause: str) -> None:
    """Writes the cause, on one line; called after all other output.

    What UTF-8 cannot write, such as half a surrogate, becomes a question mark.
    """
    line = " ".join(cause.split())
    try:
        paths.failure.parent.mkdir(parents=True, exist_ok=True)
        paths.failure.write_bytes(line[:_CHARACTERS].encode(errors="replace"))
    except OSError as error:
        log("train", f"the failure file cannot be written: {error.strerror}")


def _of_the_machine(error: OSError, paths: Paths) -> bool:
    """Whether no code could have helped it: what failed is a device, or a file that the platform mounts."""
    mounted = isinstance(error.filename, str | Path) and Path(error.filename).is_relative_to(paths.root)
    return error.errno in _OF_THE_MACHINE or mounted


def _full(error: BaseException, paths: Paths) -> str | None:
    """What is said of a full disk, where a library that cannot write has an error of its own for it."""
    for number in _FULL:
        if os.strerror(number) in str(error):
            return os.strerror(number)
    for folder in (paths.model, paths.output_data, paths.checkpoints, Path(tempfile.gettempdir())):
        try:
            with tempfile.TemporaryFile(dir=folder, buffering=0) as probe:
                probe.write(bytes(_PROBE))
        except OSError as failed:  # a folder that is not there cannot be full
            if failed.errno in _FULL:
                return f"{failed.strerror} ({folder})"
    return None
