"""`fetch`: what jobs left in S3, on this machine: model, report and metrics, answers."""

import argparse
import tarfile
from pathlib import Path
from typing import Any

from jobs import Jobs
from plan import AwsError, split_uri


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--training-job", default="", help="the latest of the job file unless given")
    parser.add_argument("--to", type=Path, help="a folder; .slipway/fetched/<training job> unless given")


def fetch(sagemaker: Any, s3: Any, jobs: Jobs, training_job: str, folder: Path) -> list[Path]:
    """Downloads into `folder`: model/ and output/ unpacked, transforms/<job>/ as they are."""
    training = jobs.training(training_job)
    facts = sagemaker.describe_training_job(TrainingJobName=training.job)
    if facts["TrainingJobStatus"] not in {"Completed", "Stopped"}:
        reason = facts.get("FailureReason", "not done yet")
        raise AwsError(f"{training.job} is {facts['TrainingJobStatus']}: {reason}")
    artifact = facts["ModelArtifacts"]["S3ModelArtifacts"]
    found = _unpacked(s3, artifact, folder / "model")
    beside = artifact.rpartition("/")[0] + "/output.tar.gz"
    if _exists(s3, beside):
        found += _unpacked(s3, beside, folder / "output")
    for transform in jobs.transforms:
        if transform.training_job == training.job:
            found += _all(s3, transform.output, folder / "transforms" / transform.job)
    return found


def _unpacked(s3: Any, uri: str, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    bucket, key = split_uri(uri)
    packed = folder.with_suffix(".tar.gz")
    s3.download_file(bucket, key, str(packed))
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
        names = [one.name for one in archive if one.isfile()]
    packed.unlink()
    return [folder / name for name in names]


def _all(s3: Any, uri: str, folder: Path) -> list[Path]:
    bucket, prefix = split_uri(uri)
    found = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/"):
        for entry in page.get("Contents", []):
            path = folder / entry["Key"].removeprefix(f"{prefix}/")
            if not path.resolve().is_relative_to(folder.resolve()):
                raise AwsError(f"{uri} holds an object outside of it: {entry['Key']}")
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, entry["Key"], str(path))
            found.append(path)
    return found


def _exists(s3: Any, uri: str) -> bool:
    bucket, key = split_uri(uri)
    return bool(s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("KeyCount"))
