"""What a command is going to do on AWS, as data: files to upload, then calls of the API."""

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from botocore import xform_name
from botocore.exceptions import ClientError

from .. import aws_shapes
from .errors import AWS_ERRORS, CommandError

Clients = Callable[[str], Any]
"""A client of boto3, by the name of its service."""


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
class Request:
    """One call of AWS, in the words of its API."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    undo: "Request | None" = None
    """What takes it back, should a later one of the same plan fail."""

    def send(self, clients: Clients) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(clients(self.service), xform_name(self.operation))(**self.parameters)
        return answer

    def printed(self) -> dict[str, Any]:
        return {
            "service": self.service,
            "operation": self.operation,
            "parameters": {name: _shown(value) for name, value in self.parameters.items()},
        }


@dataclass
class Plan:
    """All of a command, in order."""

    image_uri: str = ""
    """The image that is to run; if it is one of ECR, whether it is there is looked at first."""
    uploads: list[Upload] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    estimate: Mapping[str, Any] | None = None
    """What it will take, for a dry run to tell."""

    def check(self) -> None:
        """Raises CommandError for the first thing in a request that AWS would refuse by its own model."""
        for one in self.requests:
            if one.service != "sagemaker":
                continue
            for problem in aws_shapes.problems(one.operation, one.parameters):
                raise CommandError(f"{one.operation}: {problem}")

    def printed(self) -> str:
        """The plan as JSON: the requests are exactly what would be sent."""
        return json.dumps(
            {
                **({"estimate": self.estimate} if self.estimate else {}),
                "uploads": [{"file": str(one.path), "to": one.uri} for one in self.uploads],
                "requests": [one.printed() for one in self.requests],
            },
            indent=2,
        )

    def carry_out(self, clients: Clients) -> list[dict[str, Any]]:
        """Uploads and calls; returns the answers. What was made is taken back where a later call fails."""
        if self.image_uri:
            look_for_image(self.image_uri, clients)
        s3 = clients("s3") if self.uploads else None
        for upload in self.uploads:
            try:
                s3.upload_file(str(upload.path), upload.bucket, upload.key)  # type: ignore[union-attr]
            except (Boto3Error, *AWS_ERRORS) as error:
                raise _upload_error(error, upload) from None
        answers: list[dict[str, Any]] = []
        for place, request in enumerate(self.requests):
            try:
                answers.append(request.send(clients))
            except AWS_ERRORS:
                for done in reversed(self.requests[:place]):
                    if done.undo:
                        with contextlib.suppress(*AWS_ERRORS):
                            done.undo.send(clients)
                raise
        return answers


def look_for_image(uri: str, clients: Clients) -> None:
    """Raises CommandError where `uri` is in ECR, and is not there."""
    host, _, rest = uri.partition("/")
    if ".dkr.ecr." not in host:
        return
    by_digest = "@" in rest
    repository, _, mark = rest.partition("@" if by_digest else ":")
    try:
        clients("ecr").describe_images(
            registryId=host.partition(".")[0],
            repositoryName=repository,
            imageIds=[{"imageDigest" if by_digest else "imageTag": mark or "latest"}],
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"ImageNotFoundException", "RepositoryNotFoundException"}:
            return  # not allowed to look: SageMaker will tell
        name = repository.rpartition("/")[2]
        raise CommandError(
            f"{uri} is not in ECR: push it with `make push IMG={name}`, or name another with --image-uri"
        ) from None


def _upload_error(error: Exception, upload: Upload) -> Exception:
    """boto3 wraps what S3 answered to an upload into a text of its own."""
    if "NoSuchBucket" in str(error):
        return CommandError(
            f"the bucket {upload.bucket} does not exist: make it (`aws s3 mb s3://{upload.bucket}`) "
            "or name another with --bucket"
        )
    if "AccessDenied" in str(error):
        return CommandError(
            f"not allowed: s3:PutObject on {upload.uri}. policies/user.json allows what the commands need; "
            "docs/aws.md says how to attach it"
        )
    if isinstance(error, Boto3Error):
        return CommandError(f"{upload.path} was not uploaded: {error}")
    return error


def folder_uploads(source: Path, bucket: str, prefix: str) -> list[Upload]:
    """Every file below `source`, or `source` itself, without those that hide."""
    if not source.exists():
        raise CommandError(f"{source} does not exist")
    files = [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())
    root = source.parent if source.is_file() else source
    found = [
        Upload(path, bucket, f"{prefix}/{path.relative_to(root).as_posix()}")
        for path in files
        if not any(part.startswith(".") for part in path.relative_to(root).parts)
    ]
    if not found:
        raise CommandError(f"{source} holds no files")
    return found


def _shown(value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return f"<{len(value)} bytes>"
