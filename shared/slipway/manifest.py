"""What is stamped into every model: where it came from, what it reads, and what its files hashed to."""

import errno
import hashlib
import json
import os
import platform
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from slipway.errors import ModelLoadError, listed
from slipway.table.schema import Schema

FILE = "manifest.json"
OPTIONS = "options.json"
"""Options of this one model. Whoever packs it may put it there after training, so no manifest knows of it."""
_OPTIONS_BYTES = 1 << 20
_KINDS = {
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "FIFO",
    stat.S_IFSOCK: "socket",
    stat.S_IFDIR: "folder",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


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
        found = sorted(_files(folder) - {FILE})
        manifest = cls(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            python=platform.python_version(),
            libraries=_libraries(),
            files={name: _stored(folder / name) for name in found},
            **facts,
        )
        (folder / FILE).write_text(manifest.model_dump_json(by_alias=True, indent=2) + "\n")
        return manifest

    @classmethod
    def read(cls, folder: Path, image: str) -> "Manifest":
        """Reads the manifest and checks every file against it. Raises ModelLoadError, one line, if it must.

        Nothing is opened but plain files: a FIFO would be waited for, a link leads to files of others.
        """
        path, found = folder / FILE, _files(folder)
        try:
            manifest = cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            came = _names(folder)
            raise ModelLoadError(
                f"no model: {path} does not exist (the folder holds {listed(came) or 'nothing'}); "
                "was the model trained by this image?"
            ) from None
        except (OSError, ValidationError) as error:
            if b'"format": 1,' in _start(path):
                raise ModelLoadError(
                    "the model was trained by version 0.1 of this image; train it again"
                ) from None
            raise ModelLoadError(f"{path} cannot be read: {_reason(error)}") from None
        if manifest.image != image:
            raise ModelLoadError(
                f"the model was trained by the image {manifest.image}; this image is {image}"
            )
        if not manifest.files:
            raise ModelLoadError(f"{path} lists none of the model's files")
        for name, stored in manifest.files.items():
            _check(folder, name, stored, found)
        strange = [name for name in found - {*manifest.files, FILE, OPTIONS} if not _is_hidden(Path(name))]
        if strange:
            raise ModelLoadError(
                f"the model's folder holds {listed(sorted(strange))}, "
                f"of which {FILE} knows nothing; remove it"
            )
        return manifest


def _libraries() -> dict[str, str]:
    """The version of each library. Its metadata is parsed once; a name and a version each parse it again."""
    found = (one.metadata for one in distributions())
    return dict(sorted(((one["Name"], one["Version"]) for one in found), key=lambda one: one[0].lower()))


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


def _files(folder: Path) -> set[str]:
    """The names of all files below `folder`. Raises ModelLoadError for what is neither file nor folder."""
    found = set()
    for place, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(place, name)
            below, facts = path.relative_to(folder), path.lstat()
            kind = stat.S_IFMT(facts.st_mode)
            if kind == stat.S_IFDIR and str(below) not in {FILE, OPTIONS}:
                continue
            if kind == stat.S_IFREG:
                found.add(str(below))
            elif not _is_hidden(below):
                what = _KINDS.get(kind, "special file")
                raise ModelLoadError(f"the model's file {below} is a {what}; only plain files are read")
            if str(below) == OPTIONS and facts.st_size > _OPTIONS_BYTES:
                raise ModelLoadError(
                    f"the model's file {OPTIONS} has {facts.st_size} bytes; expected at most {_OPTIONS_BYTES}"
                )
    return found


def _is_hidden(name: Path) -> bool:
    """Whether nothing reads it: what packing on a Mac leaves, the SDK's code folder and archives."""
    archive = len(name.parts) == 1 and name.name.endswith(".tar.gz")
    return archive or name.parts[0] == "code" or any(part.startswith(".") for part in name.parts)


def _check(folder: Path, name: str, stored: StoredFile, present: set[str]) -> None:
    path = folder / name
    try:
        if name not in present:  # nor does a name lead out of the folder
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        found = _stored(path)
    except OSError as error:
        raise ModelLoadError(f"the model's file {name} cannot be read: {error.strerror}") from None
    if found.bytes != stored.bytes:
        raise ModelLoadError(
            f"the model's file {name} is damaged: {found.bytes} bytes, expected {stored.bytes}"
        )
    if found != stored:
        raise ModelLoadError(f"the model's file {name} is damaged: its SHA-256 is not the one in {FILE}")


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'content'}: {first['msg']}"
    return str(error)


def as_json(value: Any) -> str:
    """JSON as the project writes it: indented, keys as they come, a newline at the end."""
    return json.dumps(value, indent=2, allow_nan=False) + "\n"
