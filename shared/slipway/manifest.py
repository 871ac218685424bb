"""What is stamped into every model: where it came from, what it reads, and what its files hashed to."""

import hashlib
import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from slipway.errors import BrokenModel, listed
from slipway.table.schema import Schema

FILE = "manifest.json"


class StoredFile(BaseModel):
    """One file of the model."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    bytes: int


class Manifest(BaseModel):
    """The content of manifest.json, next to the model's own files."""

    model_config = ConfigDict(frozen=True, validate_by_name=True, validate_by_alias=True)

    format: Literal[2] = 2
    image: str
    version: str
    created: str
    python: str
    libraries: Mapping[str, str]
    reads: Schema = Field(alias="schema")
    hyperparameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    files: Mapping[str, StoredFile]

    @classmethod
    def stamp(cls, folder: Path, **facts: Any) -> "Manifest":
        """Writes the manifest of the files in `folder`: last, so that a model without one is unfinished."""
        found = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != FILE)
        manifest = cls(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            python=platform.python_version(),
            libraries={
                found.name: found.version
                for found in sorted(distributions(), key=lambda one: one.name.lower())
            },
            files={str(path.relative_to(folder)): _stored(path) for path in found},
            **facts,
        )
        (folder / FILE).write_text(manifest.model_dump_json(by_alias=True, indent=2) + "\n")
        return manifest

    @classmethod
    def read(cls, folder: Path, image: str) -> "Manifest":
        """Reads the manifest and checks every file against it. Raises BrokenModel, one line, if it must."""
        path = folder / FILE
        try:
            manifest = cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            came = _names(folder)
            raise BrokenModel(
                f"no model: {path} does not exist (the folder holds {listed(came) or 'nothing'}); "
                "was the model trained by this image?"
            ) from None
        except (OSError, ValidationError) as error:
            if b'"format": 1,' in _start(path):
                raise BrokenModel(
                    "the model was trained by version 0.1 of this image; train it again"
                ) from None
            raise BrokenModel(f"{path} cannot be read: {_reason(error)}") from None
        if manifest.image != image:
            raise BrokenModel(f"the model was trained by the image {manifest.image}; this image is {image}")
        for name, stored in manifest.files.items():
            _check(folder / name, name, stored)
        return manifest


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(100)
    except OSError:
        return b""


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return []


def _stored(path: Path) -> StoredFile:
    with path.open("rb") as file:
        return StoredFile(sha256=hashlib.file_digest(file, "sha256").hexdigest(), bytes=path.stat().st_size)


def _check(path: Path, name: str, stored: StoredFile) -> None:
    try:
        found = _stored(path)
    except OSError as error:
        raise BrokenModel(f"the model's file {name} cannot be read: {error.strerror}") from None
    if found.bytes != stored.bytes:
        raise BrokenModel(f"the model's file {name} is damaged: {found.bytes} bytes, expected {stored.bytes}")
    if found != stored:
        raise BrokenModel(f"the model's file {name} is damaged: its SHA-256 is not the one in {FILE}")


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'content'}: {first['msg']}"
    return str(error)


def as_json(value: Any) -> str:
    """JSON as the project writes it: indented, keys as they come, a newline at the end."""
    return json.dumps(value, indent=2, allow_nan=False) + "\n"
