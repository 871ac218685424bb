"""The files under /opt/ml/input/config, read as leniently as the platform and its emulators write them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.errors import PlatformError, UserError, listed, shown
from slipway.image import Image
from slipway.log import log
from slipway.paths import Paths

_SCRIPTS = {"code", "sm_drivers"}  # channels that version 3 of the SDK adds to a job with source code


@dataclass(frozen=True)
class ChannelConfig:
    """One channel as inputdataconfig.json has it; local mode leaves out all but the mode."""

    name: str
    content_type: str = ""
    input_mode: str = "File"
    distribution: str = "FullyReplicated"
    wrapper: str = "None"
    """How Pipe mode sets objects apart: RecordIO, or not at all."""

    @property
    def sharded(self) -> bool:
        """Whether each host has a part of the data, and none the whole."""
        return self.distribution == "ShardedByS3Key"

    @property
    def piped(self) -> bool:
        return self.input_mode == "Pipe"

    @property
    def wrapped(self) -> bool:
        return self.wrapper == "RecordIO"


@dataclass(frozen=True)
class Hosts:
    """The hosts of the job, in their lexicographic order."""

    current: str
    all: tuple[str, ...]
    interface: str = ""
    """The network interface by which they reach one another."""

    @property
    def is_leader(self) -> bool:
        return self.current == self.all[0]


def hyperparameters(paths: Paths) -> dict[str, Any]:
    """The hyperparameters as sent; none when the file is absent."""
    return _object(paths.hyperparameters)


def hosts(paths: Paths) -> Hosts:
    """The hosts; a single one when resourceconfig.json is absent, empty, or has no hosts.

    Raises PlatformError where the file, which no caller writes, says what cannot be.
    """
    found, name = _object(paths.resource_config), paths.resource_config.name
    everyone = found.get("hosts") or []
    if not (isinstance(everyone, list) and all(isinstance(host, str) and host for host in everyone)):
        raise PlatformError(f"{name}: hosts: expected a list of names, got {shown(everyone)}")
    current = found.get("current_host") or min(everyone, default="algo-1")
    if not isinstance(current, str):
        raise PlatformError(f"{name}: current_host: expected a name, got {shown(current)}")
    if everyone and current not in everyone:
        raise PlatformError(
            f"{name}: current_host {shown(current)} is not among the hosts {listed(sorted(everyone))}"
        )
    interface = found.get("network_interface_name") or ""
    if not isinstance(interface, str):
        raise PlatformError(f"{name}: network_interface_name: expected a name, got {shown(interface)}")
    return Hosts(current, tuple(sorted(everyone)) or (current,), interface)


def checkpoints(paths: Paths) -> Path | None:
    """The folder that the platform keeps in S3, or None where the job has no CheckpointConfig."""
    moved = _text(_object(paths.checkpoint_config), "LocalPath", paths.checkpoint_config.name)
    folder = Path(moved) if moved else paths.checkpoints
    return folder if moved or paths.checkpoint_config.exists() or folder.is_dir() else None


def channels(paths: Paths, image: Image) -> dict[str, ChannelConfig]:
    """The channels of the job under the image's own names for them.

    Names come from inputdataconfig.json, never from the folders, since a plain `<channel>-manifest` may lie
    next to them; only where that file is absent, as on a laptop, do the folders count.
    Raises UserError for a channel that the image does not have, and for one it needs and did not get.
    """
    found = _object(paths.input_data_config) or {entry.name: {} for entry in _folders(paths.channels)}
    known = {label: name for name, facts in image.channels.items() for label in (name, *facts.aliases)}
    if scripts := [name for name in found if name in _SCRIPTS and name not in known]:
        log("train", f"channel {listed(scripts)}: scripts of the SageMaker SDK, not read")
        found = {name: entry for name, entry in found.items() if name not in scripts}
    unknown = [name for name in found if name not in known]
    if unknown:
        raise UserError(f"unknown channel {listed(unknown)}; expected {_expected(image)}")
    given: dict[str, ChannelConfig] = {}
    for label, entry in found.items():
        if known[label] in given:
            raise UserError(f"channel {known[label]} came twice, as {given[known[label]].name} and {label}")
        entry = entry if isinstance(entry, dict) else {}
        place = f"channel {label}"
        given[known[label]] = ChannelConfig(
            name=label,
            content_type=_text(entry, "ContentType", place),
            input_mode=_text(entry, "TrainingInputMode", place) or "File",
            distribution=_text(entry, "S3DistributionType", place) or "FullyReplicated",
            wrapper=_text(entry, "RecordWrapperType", place) or "None",
        )
    for name, one in given.items():
        if one.input_mode not in (modes := image.channels[name].modes):
            raise UserError(
                f"channel {one.name}: expected input mode {' or '.join(modes)}, got {shown(one.input_mode)}"
            )
    missing = [name for name, facts in image.channels.items() if facts.required and name not in given]
    if missing:
        raise UserError(
            f"missing channel {listed(missing)}; expected {_expected(image)}; "
            f"came {listed(list(found)) or 'none'}"
        )
    return given


def _object(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return {}
    if not text.strip():
        return {}  # emulators ship empty files
    try:
        found = json.loads(text)
    except ValueError as error:
        raise UserError(f"{path.name} is not JSON: {error}") from None
    except RecursionError:
        raise UserError(f"{path.name} is nested too deep to be read") from None
    if not isinstance(found, dict):
        raise UserError(f"{path.name} holds {type(found).__name__}; expected an object")
    return found


def _text(entry: dict[str, Any], name: str, place: str) -> str:
    """A member that holds a text; empty where it is absent or null."""
    found = entry.get(name)
    if found is None:
        return ""
    if not isinstance(found, str) or "\0" in found:
        raise UserError(f"{place}: {name}: expected a text, got {shown(found)}")
    return found


def _folders(parent: Path) -> list[Path]:
    return sorted(entry for entry in parent.iterdir() if entry.is_dir()) if parent.is_dir() else []


def _expected(image: Image) -> str:
    return listed(
        [
            name
            + (f" (or {', '.join(facts.aliases)})" if facts.aliases else "")
            + ("" if facts.required else ", optional")
            for name, facts in image.channels.items()
        ]
    )
