"""Why a command did not do what it was asked: one line that tells the way out."""

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    TokenRetrievalError,
)

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}
# What S3 calls an operation, and what IAM calls the permission for it, where these differ.
_S3_ACTIONS = {
    "HeadObject": "GetObject",
    "HeadBucket": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
}
_PREFIXES = {"sagemaker-runtime": "sagemaker"}
_LOGIN = "log in (`aws configure`, `aws sso login`) or name a profile with --profile"


class CommandError(Exception):
    """Why a command did not do what it was asked, in one line."""


def action(service: str, operation: str) -> str:
    """What IAM calls the permission for an operation: "s3:ListBucket" for ListObjectsV2."""
    name = _S3_ACTIONS.get(operation, operation) if service == "s3" else operation
    return f"{_PREFIXES.get(service, service)}:{name}"


def told(error: Exception, services: Mapping[str, str]) -> str:
    """An error of boto3 in one line; `services` knows which service an operation is of."""
    if isinstance(error, ClientError):
        return _line(_refusal(error, services))
    if isinstance(error, NoCredentialsError | PartialCredentialsError | TokenRetrievalError):
        return f"no AWS credentials: {_LOGIN}"
    if isinstance(error, NoRegionError):
        return "no region: give --region, or set AWS_REGION"
    if isinstance(error, EndpointConnectionError):
        return f"{_line(str(error))}: is the region right, and AWS in reach?"
    return _line(str(error) or type(error).__name__)


def _refusal(error: ClientError, services: Mapping[str, str]) -> str:
    facts: dict[str, Any] = dict(error.response.get("Error", {}))
    code, message = str(facts.get("Code", "")), str(facts.get("Message", ""))
    operation = error.operation_name
    if code in _EXPIRED:
        return f"AWS does not take these credentials ({code}): {_LOGIN}"
    if code in _DENIED:
        # PassRole is refused by the name of the call that passes the role.
        wanted = re.search(r"to perform: ([a-z0-9-]+:\w+)", message)
        name = wanted[1] if wanted else action(services.get(operation, "sagemaker"), operation)
        return (
            f"not allowed: {name}. policies/user.json allows what the commands need; "
            f"docs/aws.md says how to attach it. AWS said: {message}"
        )
    if code == "NoSuchBucket":
        bucket = facts.get("BucketName", "the bucket")
        return f"{bucket} does not exist: make it (`aws s3 mb s3://{bucket}`) or name another with --bucket"
    if code == "ResourceLimitExceeded":
        return f"{message} Ask for more in Service Quotas, or take another --instance-type"
    if code == "ModelError":
        original = error.response.get("OriginalMessage") or message
        return f"the model answered {error.response.get('OriginalStatusCode', code)}: {original}"
    if "already exist" in message or code == "ResourceInUse":
        return f"{operation}: {message} Choose another --name"
    return f"{operation}: {message or code}"


def _line(text: str) -> str:
    return " ".join(text.split())


AWS_ERRORS = (BotoCoreError, ClientError)
