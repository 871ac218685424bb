"""What a command is going to do on AWS, as data: files to upload, then calls of the API."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class AwsError(Exception):
    """Why a command did not do what it was asked, in one line."""


@dataclass(frozen=True)
class Upload:
    """A file, and the object that it becomes."""

    path: Path
    bucket: str
    key: str

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class Call:
    """One call of SageMaker's API, in boto3's words."""

    operation: str
    parameters: Mapping[str, Any]


@dataclass
class Plan:
    """All of a command, in order."""

    uploads: list[Upload] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def printed(self) -> str:
        """The plan as JSON: the calls are exactly what would be sent."""
        return json.dumps(
            {
                "uploads": [{"file": str(one.path), "to": one.uri} for one in self.uploads],
                "calls": [{"operation": one.operation, "parameters": one.parameters} for one in self.calls],
            },
            indent=2,
        )

    def carry_out(self, session: Any) -> None:
        """Uploads and calls."""
        s3, sagemaker = session.client("s3"), session.client("sagemaker")
        for one in self.uploads:
            s3.upload_file(str(one.path), one.bucket, one.key)
        for call in self.calls:
            getattr(sagemaker, call.operation)(**call.parameters)


def folder_uploads(source: Path, bucket: str, prefix: str) -> list[Upload]:
    """Every file below `source`, or `source` itself, without those that hide."""
    if not source.exists():
        raise AwsError(f"{source} does not exist")
    files = [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())
    root = source.parent if source.is_file() else source
    found = [
        Upload(path, bucket, f"{prefix}/{path.relative_to(root).as_posix()}")
        for path in files
        if not any(part.startswith(".") for part in path.relative_to(root).parts)
    ]
    if not found:
        raise AwsError(f"{source} holds no files")
    return found


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of s3://bucket/key."""
    if not uri.startswith("s3://"):
        raise AwsError(f"expected s3://bucket/key, got {uri}")
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
