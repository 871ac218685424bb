"""The failure file, of which DescribeTrainingJob shows the first 1,024 characters."""

from slipway.log import log
from slipway.paths import Paths

_CHARACTERS = 1024


def write(paths: Paths, cause: str) -> None:
    """Writes the cause, on one line; called after all other output."""
    line = " ".join(cause.split())
    try:
        paths.failure.parent.mkdir(parents=True, exist_ok=True)
        paths.failure.write_text(line[:_CHARACTERS])
    except OSError as error:
        log("train", f"the failure file cannot be written: {error.strerror}")
