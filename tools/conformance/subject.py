"""What is held against the contract: an image, and what it needs to train and to be asked."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import oip
from .engine import Tree
from .payload import Payload

SAGEMAKER, OIP = PROTOCOLS = ("sagemaker", "oip")
CAPABLE = "com.amazonaws.sagemaker.capabilities."


@dataclass(frozen=True)
class Subject:
    """An image, and what the caller gave for it."""

    image: str
    facts: dict[str, Any]
    """What `docker image inspect` says."""
    channels: dict[str, Tree] = field(default_factory=dict)
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    input_type: str = ""
    """ContentType of the channels."""
    payload: Payload | None = None
    accept: str = ""
    target_model: str = "model-1"
    model: Tree | None = None
    """A model to serve; the one that is trained when there is none."""
    timeout: float = 600
    """Seconds for a job, or until a server is ready."""
    protocol: str = SAGEMAKER
    url: str = ""
    """Where the server is, if it runs already."""
    model_name: str = ""
    """The Open Inference Protocol's, where the server does not tell."""

    @property
    def config(self) -> dict[str, Any]:
        return self.facts.get("Config") or {}

    @property
    def health(self) -> str:
        """Where a server says that it is ready."""
        return "/ping" if self.protocol == SAGEMAKER else oip.READY

    @property
    def first(self) -> Payload | None:
        """What is sent as soon as a server is ready."""
        return self.payload if self.protocol == SAGEMAKER else None

    def label(self, capability: str) -> bool:
        labels = self.config.get("Labels") or {}
        return str(labels.get(CAPABLE + capability, "")).lower() == "true"


def channels(data: Path | None, named: list[str]) -> dict[str, Tree]:
    """The folders of `data`, or `data` itself as `train`; and NAME=FOLDER pairs. Raises ValueError."""
    found: dict[str, Tree] = {}
    if data is not None:
        if not data.is_dir():
            raise ValueError(f"--data: there is no folder {data}")
        folders = [path for path in sorted(data.iterdir()) if path.is_dir() and not path.name.startswith(".")]
        found = {path.name: tree(path) for path in folders} or {"train": tree(data)}
    for pair in named:
        name, equals, folder = pair.partition("=")
        if not (name and equals and Path(folder).is_dir()):
            raise ValueError(f"--channel: expected NAME=FOLDER with a folder that is there, got {pair}")
        found[name] = tree(Path(folder))
    return found


def hyperparameters(path: Path | None, data: Path | None) -> dict[str, Any]:
    """Those of a JSON file; else of hyperparameters.json next to the channels. Raises ValueError."""
    beside = data / "hyperparameters.json" if data else None
    chosen = path or (beside if beside and beside.is_file() else None)
    if chosen is None:
        return {}
    found = json.loads(chosen.read_text())
    if not isinstance(found, dict):
        raise ValueError(f"--hyperparameters: {chosen} holds no JSON object")
    return found


def tree(folder: Path) -> Tree:
    """Every file of a folder, by its path from there."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    if not files:
        raise ValueError(f"{folder} holds no files")
    return files
