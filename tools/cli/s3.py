"""Objects in S3: whether they are there, what they hold, and archives of which a file or all are wanted."""

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from .errors import CommandError

_MISSING = {"NoSuchKey", "404"}  # what GetObject and HeadObject answer


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of s3://bucket/key."""
    if not uri.startswith("s3://"):
        raise CommandError(f"expected s3://bucket/key, got {uri}")
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def listed(s3: Any, uri: str) -> Iterator[tuple[str, int]]:
    """Key and bytes of each object below a prefix, in the order of the keys."""
    bucket, prefix = split_uri(uri)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            yield entry["Key"], entry["Size"]


def exists(s3: Any, uri: str) -> bool:
    bucket, key = split_uri(uri)
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return False
        raise
    return True


def content(s3: Any, uri: str) -> bytes | None:
    """What an object holds; None where there is none."""
    bucket, key = split_uri(uri)
    try:
        found: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return None
        raise
    return found


def download(s3: Any, uri: str, path: Path) -> None:
    bucket, key = split_uri(uri)
    s3.download_file(bucket, key, str(path))


def small_files(s3: Any, uri: str, folder: Path, names: list[str], most_bytes: int) -> dict[str, Path]:
    """Those files of these names that a .tar.gz has at its top, in `folder`."""
    packed = folder / "packed.tar.gz"
    download(s3, uri, packed)
    found = {}
    with tarfile.open(packed) as archive:
        for entry in archive:
            name = entry.name.removeprefix("./")
            if name in names and entry.isfile():
                if entry.size > most_bytes:
                    raise CommandError(f"{uri}: {name} has {entry.size} bytes; expected at most {most_bytes}")
                packed_file = archive.extractfile(entry)
                assert packed_file is not None
                (folder / name).write_bytes(packed_file.read())
                found[name] = folder / name
    return found


def unpacked(s3: Any, uri: str, folder: Path) -> list[Path]:
    """All files of a .tar.gz, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    packed = folder.with_suffix(".tar.gz")
    download(s3, uri, packed)
    try:
        with tarfile.open(packed) as archive:
            archive.extractall(folder, filter="data")
            names = [one.name for one in archive if one.isfile()]
    finally:
        packed.unlink()
    return [folder / name for name in names]
