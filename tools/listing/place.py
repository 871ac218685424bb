"""Whose listing it is: account, region, bucket, role, and where the repository with samples is."""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

# The account that AWS's documentation uses, and a repository that is not there: both stand for the seller's.
EXAMPLE_ACCOUNT = "111122223333"
EXAMPLE_REPOSITORY = "https://github.com/example/listings"
_ECR = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/[^@]+@(sha256:[0-9a-f]{64})")
# Where AWS Marketplace publishes from: regions that no one has to opt into. All newer ones have to be.
REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
    *("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "ap-south-1"),
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2"),
)


@dataclass(frozen=True)
class Place:
    """What the seller decides; every name of a resource is made of it."""

    account: str = EXAMPLE_ACCOUNT
    region: str = "us-east-1"
    bucket: str = ""
    role: str = ""
    repository: str = EXAMPLE_REPOSITORY
    digest: str = ""
    """The image's sha256:… as `make push` prints it."""

    @classmethod
    def of(cls, given: dict[str, Any], record: Path, version: str) -> Self:
        """What is given, and what `make push` recorded of this version, as far as the two agree."""
        found = json.loads(record.read_text()) if record.exists() else {}
        match = _ECR.fullmatch(found.get("image", "")) if found.get("version") == version else None
        pushed = dict(zip(("account", "region", "digest"), match.groups(), strict=True)) if match else {}
        if any(given.get(name) not in (None, "", pushed.get(name)) for name in ("account", "region")):
            pushed = {}
        return replace(cls(), **{**pushed, **{name: value for name, value in given.items() if value}})

    @property
    def role_arn(self) -> str:
        """The role that AWS validates as; it may be given by its name alone."""
        if self.role.startswith("arn:"):
            return self.role
        return f"arn:aws:iam::{self.account}:role/{self.role or 'SageMakerExecution'}"

    def image(self, name: str, version: str) -> str:
        return f"{self.account}.dkr.ecr.{self.region}.amazonaws.com/slipway/{name}:{version}"

    def s3(self, name: str, path: str) -> str:
        bucket = self.bucket or f"sagemaker-{self.region}-{self.account}"
        return f"s3://{bucket}/slipway/listing/{name}/{path}"

    def arn(self, kind: str, name: str) -> str:
        return f"arn:aws:sagemaker:{self.region}:{self.account}:{kind}/{name}"

    def url(self, name: str, path: str) -> str:
        """Where a file of the listing is, once its folder is in the repository."""
        return f"{self.repository}/blob/main/{name}/{path}"

    def missing(self) -> list[str]:
        """What still is an example, and how to say it."""
        found = []
        if self.account == EXAMPLE_ACCOUNT:
            found.append("ACCOUNT= (AWS's example account)")
        if self.repository == EXAMPLE_REPOSITORY:
            found.append("REPOSITORY= (where the samples and the notebook will be)")
        return found
