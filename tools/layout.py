"""A folder like /opt/ml, laid out as the platform does before a training job. Standard library alone."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def lay_out(
    root: Path,
    channels: Mapping[str, Path],
    hyperparameters: Mapping[str, Any] | Path | None = None,
    link: bool = False,
    **channel: str,
) -> Path:
    """Makes the tree of a job in `root`, the data of each channel copied, or linked; returns `root`.

    A channel is a folder, or one file of it. What else is given is said of every channel, as `ContentType`.
    """
    (root / "input/data").mkdir(parents=True, exist_ok=True)
    for name, source in channels.items():
        place = root / "input/data" / name
        if source.is_file():
            place.mkdir()
            place = place / source.name
        if link:
            place.symlink_to(source.resolve())
        elif source.is_file():
            shutil.copy(source, place)
        else:
            shutil.copytree(source, place)
    configure(root, hyperparameters, channels, **channel)
    return root


def configure(
    root: Path, hyperparameters: Mapping[str, Any] | Path | None, channels: Iterable[str], **channel: str
) -> None:
    """Writes the platform's configuration files. Hyperparameters of a file are copied as they are."""
    config = root / "input/config"
    config.mkdir(parents=True, exist_ok=True)
    if isinstance(hyperparameters, Path):
        shutil.copyfile(hyperparameters, config / "hyperparameters.json")
    elif hyperparameters is not None:
        (config / "hyperparameters.json").write_text(json.dumps(texts(hyperparameters)))
    facts = {
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    entries = {name: {**facts, **channel} for name in channels}
    (config / "inputdataconfig.json").write_text(json.dumps(entries))
    hosts = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"}
    (config / "resourceconfig.json").write_text(json.dumps(hosts))


def texts(hyperparameters: Mapping[str, Any]) -> dict[str, str]:
    """Hyperparameters as the platform passes them: every value a text, what is none as JSON."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in hyperparameters.items()
    }


def channels_of(folder: Path) -> dict[str, Path]:
    """The channels of a sample: its folders, by name."""
    return {entry.name: entry for entry in sorted(folder.iterdir()) if entry.is_dir()}
