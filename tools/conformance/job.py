"""A training job: what the platform mounts for it, and what is there when it has ended."""

import json
from dataclasses import dataclass, field
from typing import Any

from .engine import Tree

HOSTS = {
    "current_group_name": "homogeneousCluster",
    "current_host": "algo-1",
    "current_instance_type": "ml.m5.large",
    "hosts": ["algo-1"],
    "instance_groups": [
        {
            "hosts": ["algo-1"],
            "instance_group_name": "homogeneousCluster",
            "instance_type": "ml.m5.large",
        }
    ],
    "network_interface_name": "eth0",
    "topology": None,
}


@dataclass
class Job:
    """What the platform would mount for a training job; a check changes a copy of it."""

    hyperparameters: dict[str, Any]
    channels: dict[str, dict[str, str]]
    hosts: dict[str, Any]
    files: dict[str, bytes | None]
    """Below /opt/ml."""
    environ: dict[str, str] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)
    """Of `docker create`."""
    input_mount: str = ""
    """How /opt/ml/input is mounted where not with the rest."""

    def tree(self) -> Tree:
        config = {
            "hyperparameters": self.hyperparameters,
            "inputdataconfig": self.channels,
            "resourceconfig": self.hosts,
        }
        written = {f"input/config/{name}.json": json.dumps(value).encode() for name, value in config.items()}
        return {"model": None, "output/data": None, "checkpoints": None, **written, **self.files}


@dataclass(frozen=True)
class Trained:
    """A job that has ended."""

    code: int
    log: str
    failure: str
    model: dict[str, bytes]
    seconds: float

    def __str__(self) -> str:
        why = self.failure.strip() or (self.log.strip().splitlines() or [""])[-1]
        return f"exit code {self.code}, {len(self.model)} model files" + (
            f"; {why[:160]}" if self.code else ""
        )
