"""What SIGTERM and SIGINT do to a training job, from its first moment to its last.

Imports next to nothing: a signal may come while the libraries are being loaded, which takes a second.
"""

import os
import signal
import sys
from pathlib import Path
from threading import Event
from types import FrameType

from slipway import failure
from slipway.log import log
from slipway.paths import ROOT, Paths

FAILED = 255  # what the containers before this one exited with
SIGNALS = (signal.SIGTERM, signal.SIGINT)


def heed() -> None:
    """From now on SIGTERM and SIGINT end the job with a failure file: there is nothing to keep yet."""
    for number in SIGNALS:
        signal.signal(number, _end)


def on_signals(then: str) -> Event:
    """From now on SIGTERM and SIGINT set the event, and the log says what happens `then`."""
    asked = Event()

    def note(number: int, frame: FrameType | None) -> None:
        log("train", f"{signal.Signals(number).name} received: {then}")
        asked.set()

    for number in SIGNALS:
        signal.signal(number, note)
    return asked


def ignore() -> None:
    """From now on SIGTERM and SIGINT change nothing: how the job has ended is written down.

    Without it the interpreter, as it shuts down, gives them back their power to kill.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _end(number: int, frame: FrameType | None) -> None:
    """Ends at once: an exception could be caught by whatever is under way."""
    cause = f"{signal.Signals(number).name} received before training began: there is no model"
    log("train", cause)
    sys.stdout.flush()
    failure.write(Paths(Path(os.environ.get("SLIPWAY_ROOT") or ROOT)), f"PlatformError: {cause}")
    os._exit(FAILED)
