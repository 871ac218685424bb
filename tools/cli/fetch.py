"""`fetch`: what jobs left in S3, on this machine: model, report and metrics, answers."""

import argparse
import json
import tarfile
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from .. import ROOT
from .context import Context
from .errors import CommandError
from .model import finished
from .plan import split_uri


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--training-job", default="", help="the latest of the job file unless given")
    parser.add_argument("--to", type=Path, help="a folder; .slipway/fetched/<training job> unless given")


def run(context: Context) -> None:
    """Downloads model/ and output/ unpacked, transforms/<job>/ as they are; prints the files."""
    options = context.options
    training = context.jobs.training(options.training_job)
    folder = options.to or ROOT / ".slipway/fetched" / training.job
    artifact = training.artifact if options.dry_run else finished(context, training.job)
    packed = {artifact: folder / "model", beside(artifact): folder / "output"}
    plain = {
        f"{one.output}/": folder / "transforms" / one.job
        for one in context.jobs.transforms
        if one.training_job == training.job
    }
    if options.dry_run:
        downloads = [{"from": uri, "to": str(place)} for uri, place in {**packed, **plain}.items()]
        print(json.dumps({"downloads": downloads}, indent=2))
        return
    s3 = context.client("s3")
    found = _unpacked(s3, artifact, packed[artifact])
    if exists(s3, beside(artifact)):
        found += _unpacked(s3, beside(artifact), packed[beside(artifact)])
    for uri, place in plain.items():
        found += _all(s3, uri, place)
    for file in found:
        print(file)


def beside(artifact: str) -> str:
    """Where SageMaker puts what a job left in /opt/ml/output/data."""
    return artifact.rpartition("/")[0] + "/output.tar.gz"


def small_files(s3: Any, uri: str, folder: Path, names: list[str], most_bytes: int) -> dict[str, Path]:
    """Those files of these names that a .tar.gz in S3 has at its top, in `folder`."""
    bucket, key = split_uri(uri)
    packed = folder / "packed.tar.gz"
    s3.download_file(bucket, key, str(packed))
    found = {}
    with tarfile.open(packed) as archive:
        for entry in archive:
            name = entry.name.removeprefix("./")
            if name in names and entry.isfile():
                if entry.size > most_bytes:
                    raise CommandError(f"{uri}: {name} has {entry.size} bytes; expected at most {most_bytes}")
                content = archive.extractfile(entry)
                assert content is not None
                (folder / name).write_bytes(content.read())
                found[name] = folder / name
    return found


def _unpacked(s3: Any, uri: str, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    bucket, key = split_uri(uri)
    packed = folder.with_suffix(".tar.gz")
    s3.download_file(bucket, key, str(packed))
    try:
        with tarfile.open(packed) as archive:
            archive.extractall(folder, filter="data")
            names = [one.name for one in archive if one.isfile()]
    finally:
        packed.unlink()
    return [folder / name for name in names]


def _all(s3: Any, uri: str, folder: Path) -> list[Path]:
    bucket, prefix = split_uri(uri)
    found = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            path = folder / entry["Key"].removeprefix(prefix)
            if not path.resolve().is_relative_to(folder.resolve()):
                raise CommandError(f"{uri} holds an object outside of it: {entry['Key']}")
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, entry["Key"], str(path))
            found.append(path)
    return found


def exists(s3: Any, uri: str) -> bool:
    bucket, key = split_uri(uri)
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"404", "NoSuchKey"}:
            return False
        raise
    return True
