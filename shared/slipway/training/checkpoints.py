"""What a job keeps against interruption, so that it can go on where it was.

SageMaker copies the folder to S3 while the job runs, and back before it starts again after an interruption:
https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from slipway.log import log
from slipway.manifest import as_json

_JOB = "job.json"  # for a reader who wonders whose files these are


class Checkpoints:
    """Named files of one job. Where the platform keeps none, nothing is written and nothing found.

    They lie in a folder of their own, named after the job's image, version and hyperparameters: to go on from
    those of another job would give a model that neither job describes.
    """

    def __init__(self, folder: Path | None, job: Mapping[str, Any]) -> None:
        self._job = as_json(job)
        digest = hashlib.sha256(self._job.encode()).hexdigest()[:16]
        self._folder = folder / digest if folder else None
        others = folder is not None and folder.is_dir() and any(folder.iterdir())
        if others and self._folder and not self._folder.exists():
            log("train", f"the checkpoints in {folder} are of other jobs or hyperparameters: starting again")

    def __bool__(self) -> bool:
        """Whether the platform keeps checkpoints of this job: if not, there is no use in making any."""
        return self._folder is not None

    def find(self, name: str) -> Path | None:
        """The file that this job saved under `name` before it was interrupted."""
        path = self._folder / name if self._folder else None
        return path if path and path.is_file() else None

    def save(self, name: str, write: Callable[[Path], None]) -> None:
        """Keeps what `write` writes to its path, whole or not at all: a copy may be taken at any time.

        Training goes on where it cannot be kept: the log says so.
        """
        if self._folder is None:
            return
        try:
            if not self._folder.exists():
                self._folder.mkdir(parents=True)
                self._put(_JOB, lambda path: _write(path, self._job))
            self._put(name, write)
        except OSError as error:
            log("train", f"checkpoint {name} cannot be written: {error.strerror or error}")

    def _put(self, name: str, write: Callable[[Path], None]) -> None:
        assert self._folder is not None
        part = self._folder / f".{name}.part"
        try:
            write(part)
            part.replace(self._folder / name)
        finally:
            part.unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    path.write_text(text)
