"""Several hosts of one training job, as processes of this machine: an address and a tree each."""

import json
import os
import random
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from harness.places import REPOSITORY, Training
from tools import process


def addresses(count: int) -> list[str]:
    """Addresses of this machine that no other test has, in their lexicographic order: hosts are called so."""
    net = f"127.{random.randint(16, 255)}.{random.randint(0, 255)}"
    return [f"{net}.{number}" for number in range(1, count + 1)]


def configure(
    root: Path, current: str, hosts: Sequence[str], channels: Sequence[str], interface: str = "ethwe"
) -> None:
    """Makes `root` the tree of one host of several, over which the channels are sharded."""
    config = root / "input/config"
    config.mkdir(parents=True, exist_ok=True)
    resources = {"current_host": current, "hosts": list(hosts), "network_interface_name": interface}
    (config / "resourceconfig.json").write_text(json.dumps(resources))
    path = config / "inputdataconfig.json"
    given = json.loads(path.read_text()) if path.exists() else {}
    for name in channels:
        given[name] = {**given.get(name, {}), "S3DistributionType": "ShardedByS3Key"}
    path.write_text(json.dumps(given))


@contextmanager
def ended_soon(leader: str) -> Iterator[None]:
    """A leader that has trained as soon as another host has found it."""
    with socket.create_server((leader, 8786)) as door:
        Thread(target=lambda: door.accept()[0].close(), daemon=True).start()
        yield


@dataclass
class Host:
    """A host that trains, or helps to."""

    root: Path
    job: process.Process

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        return self.job.popen

    @property
    def log(self) -> str:
        return self.job.log

    def wait(self) -> Training:
        """The job on this host, once it has ended."""
        return Training(self.root, self.process.wait(120), self.log)


@contextmanager
def started(folder: Path, roots: Sequence[Path], **environ: str) -> Iterator[list[Host]]:
    """`python -m slipway train` of the image in `folder`, once a root."""
    code = os.pathsep.join([str(REPOSITORY / "shared"), str(REPOSITORY / "tests")])
    with ExitStack() as stack:
        hosts = []
        for root in roots:
            command = process.command("train", folder, root, **{"PYTHONPATH": code, **environ})
            hosts.append(Host(root, stack.enter_context(process.Process(*command, log=root / "log"))))
        try:
            yield hosts
        finally:
            for host in hosts:
                host.process.kill()
