"""The SDK's local mode on a machine that others use, too."""

import fcntl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.places import docker


@contextmanager
def alone() -> Iterator[None]:
    """Waits for other tests of local mode: the SDK's local mode calls its one network the same in all."""
    with (Path(tempfile.gettempdir()) / "slipway-sdk-tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def remove_what_the_sdk_leaves() -> None:
    for name in docker("ps", "--all", "--quiet", "--filter", "network=sagemaker-local").split():
        docker("rm", "--force", name)
    subprocess.run(["docker", "network", "rm", "sagemaker-local"], capture_output=True, check=False)
