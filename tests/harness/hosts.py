"""Several hosts of one training job, as processes of this machine: an address and a tree each."""

import asyncio
import json
import os
import random
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np

from harness import samples
from harness.places import REPOSITORY, Training
from tools import process

if TYPE_CHECKING:
    import pandas as pd

    from slipway.training.hosts.cluster import Cluster
    from slipway.training.inputs import Fifos, Files

_WRITERS: "dict[str, Callable[[pd.DataFrame, Path], object]]" = {
    ".jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True),
    ".parquet": lambda frame, path: frame.to_parquet(path),
}


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


def laid_out(
    folder: Path,
    names: Sequence[str],
    frame: "pd.DataFrame",
    ending: str,
    sharded: bool,
    params: dict[str, str],
) -> list[Path]:
    """The trees of hosts: each has its part of the rows, or where they are not sharded all have all."""
    for place, name in enumerate(names):
        train = folder / name / "input/data/train"
        train.mkdir(parents=True)
        for number, rows in enumerate(np.array_split(np.arange(len(frame)), 2)):
            if not sharded or number == place:
                _WRITERS[ending](frame.iloc[rows], train / f"{number}{ending}")
        samples.configure(folder / name, params, ["train"])
        configure(folder / name, name, names, ["train"] if sharded else [])
    return [folder / name for name in names]


@contextmanager
def together(sources: "Sequence[Mapping[str, Files | Fifos]]") -> "Iterator[Cluster]":
    """A cluster in this process, of a host for the channels of each; all but the leader run in threads."""
    from slipway.training import config
    from slipway.training.hosts import follower  # and with it Dask
    from slipway.training.hosts.cluster import Cluster
    from slipway.training.hosts.shard import Shard

    names = addresses(len(sources))
    others = [
        Thread(
            target=asyncio.run,
            args=[follower.serve_shard(config.Hosts(name, tuple(names)), Shard(source))],
        )
        for name, source in zip(names[1:], sources[1:], strict=True)
    ]
    for other in others:
        other.start()
    with Cluster(config.Hosts(names[0], tuple(names)), Shard(sources[0])) as found:
        yield found.gather()
    for other in others:
        other.join(20)
        assert not other.is_alive(), "it ends with the leader"


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
        return Training(self.root, self.process.wait(400), self.log)


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


def losing_one(folder: Path, roots: Sequence[Path], said: str) -> Training:
    """The job of the first host, where the second is killed as soon as the first's log has `said`."""
    with started(folder, roots) as hosts:
        first, second, *_ = hosts
        process.wait_until(lambda: said in first.log, f"{said!r} in the log", lambda: first.log, 400)
        second.process.kill()
        return first.wait()
