"""What training on a sample gave, kept under .slipway/trained: a sample is trained once for all who need it.

A key is made of all that decides the outcome. Two suites that run at the same time train once, as one waits.
Standard library alone.
"""

import fcntl
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from . import ROOT, layout, process

FOLDER = ROOT / ".slipway/trained"
_MOST = 4  # of one image; the oldest go
_LEFT = ("model", "output")  # of the tree, what a job leaves


class TrainingError(Exception):
    """Why the sample could not be trained: what the failure file says, else the end of the log."""


def digest(*parts: str | Path) -> str:
    """One hash of texts, files and folders; tests, and what Python compiles, are left out."""
    found = hashlib.sha256()
    for part in parts:
        for path in sorted(_files(part)) if isinstance(part, Path) else ():
            found.update(f"{path.relative_to(part) if path != part else path.name}\0".encode())
            found.update(hashlib.sha256(path.read_bytes()).digest())
        found.update(f"{'' if isinstance(part, Path) else part}\0".encode())
    return found.hexdigest()[:24]


def _files(part: Path) -> Iterable[Path]:
    if part.is_file():
        return [part]
    return (
        path
        for path in part.rglob("*")
        if path.is_file() and not {"__pycache__", "tests"} & set(path.relative_to(part).parts)
    )


def cached(name: str, key: str, root: Path, train: Callable[[], str], folder: Path = FOLDER) -> str:
    """What `train` leaves in `root`, or left the last time under this key; returns the job's log.

    What raises is not kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        place = folder / f"{name}-{key}"
        if not (place / "log").exists():
            shutil.rmtree(place, ignore_errors=True)
            log = train()
            for left in _LEFT:
                shutil.copytree(root / left, place / left)
            (place / "log").write_text(log)
            _prune(folder, name)
            return log
        for left in _LEFT:
            shutil.copytree(place / left, root / left, dirs_exist_ok=True)
        (place / "log").touch()
        return (place / "log").read_text()


def _prune(folder: Path, name: str) -> None:
    logs = sorted(folder.glob(f"{name}-*/log"), key=lambda path: path.stat().st_mtime)
    for log in logs[:-_MOST]:
        shutil.rmtree(log.parent, ignore_errors=True)


def train_sample(image: Path, root: Path, python: Path | str, folder: Path = FOLDER) -> str:
    """Trains, as a process of this machine, the sample that is laid out in `root`; returns the log.

    Raises TrainingError.
    """

    def train() -> str:
        command, environ = process.command("train", image, root, python)
        done = subprocess.run(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode != 0:
            failure = root / "output/failure"
            raise TrainingError(failure.read_text() if failure.exists() else done.stdout[-300:])
        return str(done.stdout)

    return cached(image.name, key(image, root, python), root, train, folder)


def key(image: Path, root: Path, python: Path | str) -> str:
    """All that decides what training the sample gives; how its hyperparameters are spelled does not."""
    config = root / "input/config"
    given = layout.texts(json.loads((config / "hyperparameters.json").read_text()))
    return digest(
        image,  # its lock file is in it, and says what the environment is
        ROOT / "shared/slipway",
        ROOT / "shared/requirements.lock",
        json.dumps(given),
        config / "inputdataconfig.json",
        config / "resourceconfig.json",
        str(python),
    )
