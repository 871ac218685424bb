"""A training job that is told to stop while there is nothing to keep yet, or nothing to stop any more.

Imports next to nothing: a signal may come while the libraries are being loaded, which takes a second.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

from slipway import failure
from slipway.log import log
from slipway.paths import Paths

FAILED = 255  # what the containers before this one exited with
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def heed() -> None:
    """From now on SIGTERM and SIGINT end the job with a failure file, until `Job` can make more of them."""
    for number in _SIGNALS:
        signal.signal(number, _end)


def ignore() -> None:
    """From now on SIGTERM and SIGINT change nothing: how the job has ended is written down.

    Without it the interpreter, as it shuts down, gives them back their power to kill.
    """
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _end(number: int, frame: FrameType | None) -> None:
    """Ends at once: an exception could be caught by whatever is under way."""
    cause = f"{signal.Signals(number).name} received before training began: there is no model"
    log("train", cause)
    sys.stdout.flush()
    failure.write(Paths(Path(os.environ.get("SLIPWAY_ROOT") or "/opt/ml")), f"PlatformError: {cause}")
    os._exit(FAILED)
