"""Runs a command, waits for all processes that come of it, and writes what they used as JSON.

    python -m benchmarks.tree used.json command …

Processes that outlive their parent, as those of a fork server do, are counted too.
"""

import ctypes
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

_SET_CHILD_SUBREAPER = 36


def main() -> int:
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1)
    first, code = subprocess.Popen(sys.argv[2:]), 1
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            break
        if pid == first.pid:
            code = os.waitstatus_to_exitcode(status)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = {"cpu_s": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}
    Path(sys.argv[1]).write_text(json.dumps(found))
    return code


if __name__ == "__main__":
    raise SystemExit(main())
