"""A training job runs in a process of its own, watched by one that stays small.

Where memory runs out the kernel kills the largest process of a container, and a native library that gets none
aborts: either way nothing in that process could still say why the job has ended. Imports next to nothing, as
`stopping` does.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

from slipway import failure, machine
from slipway.log import log
from slipway.paths import ROOT, Paths
from slipway.stopping import FAILED, SIGNALS, ignore


def watched() -> None:
    """Returns in a new process. This one hands signals on to it, and ends as it does.

    How the new one was killed, if it was, is in the failure file.
    """
    before = machine.kills_for_memory()
    child = os.fork()
    if not child:
        machine.end_with_parent(signal.SIGKILL)
        return

    def hand_on(number: int, frame: FrameType | None) -> None:
        os.kill(child, number)

    for number in SIGNALS:
        signal.signal(number, hand_on)
    _, status = os.waitpid(child, 0)
    ignore()
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        cause = _cause(signal.Signals(-code), before)
        log("train", f"failed: {cause}")
        failure.write(Paths(Path(os.environ.get("SLIPWAY_ROOT") or ROOT)), cause)
        code = FAILED
    sys.stdout.flush()
    os._exit(code)


def _cause(number: signal.Signals, before: int | None) -> str:
    after = machine.kills_for_memory()
    for_memory = number == signal.SIGKILL and (before is None or after is None or after > before)
    if for_memory:
        return (
            f"PlatformError: training was ended by {number.name}, as happens for want of memory: "
            "use an instance with more of it, or less data"
        )
    if number == signal.SIGKILL:
        return f"PlatformError: training was ended by {number.name}"
    return f"AlgorithmError: training was ended by {number.name}: the log of the job has the details"
