"""Amazon ECR, by boto3: the repository, the login, what it holds already."""

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlparse

import boto3

from .engine import docker
from .failure import PushError
from .manifest import image_id

# Versions are kept for good, as models name them. What is left without a tag is of no use to anybody.
LIFECYCLE = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "Remove what has no tag",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 14,
            },
            "action": {"type": "expire"},
        }
    ]
}


class Ecr:
    """The registry of the account whose credentials are in the environment.

    Region, account and profile are found as the AWS CLI finds them. ECR_REGISTRY names another host than the
    account's own: a VPC endpoint, or a test's.
    """

    def __init__(self, client: Any | None = None) -> None:
        # boto3 does not read AWS_REGION, which the AWS CLI does.
        self._ecr = client or boto3.client("ecr", region_name=os.environ.get("AWS_REGION") or None)

    @contextmanager
    def opened(self) -> Iterator[tuple[str, str]]:
        """The registry's host, and a folder of Docker's configuration that is logged in to it.

        The password goes through stdin into that folder only, which ends with the block.
        """
        grant = self._ecr.get_authorization_token()["authorizationData"][0]
        user, _, password = base64.b64decode(grant["authorizationToken"]).decode().partition(":")
        host = os.environ.get("ECR_REGISTRY") or urlparse(grant["proxyEndpoint"]).netloc
        with TemporaryDirectory() as config:
            docker("login", "--username", user, "--password-stdin", host, config=config, stdin=password)
            yield host, config

    def prepare(self, repository: str) -> None:
        """Makes the repository where it is missing: scan on push, immutable tags, a lifecycle rule."""
        try:
            self._ecr.describe_repositories(repositoryNames=[repository])
            return
        except self._ecr.exceptions.RepositoryNotFoundException:
            pass
        self._ecr.create_repository(
            repositoryName=repository,
            imageTagMutability="IMMUTABLE",
            imageScanningConfiguration={"scanOnPush": True},
        )
        self._ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=json.dumps(LIFECYCLE))

    def holds(self, repository: str, tag: str, host: str, config: str | None) -> tuple[str, str] | None:
        """The image id and digest that the tag stands for; None where there is no such tag.

        Raises PushError where it stands for what SageMaker does not run.
        """
        answer = self._ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])
        for image in answer["images"]:
            return image_id(image["imageManifest"], f"{repository}:{tag}"), image["imageId"]["imageDigest"]
        for failure in answer["failures"]:
            if failure["failureCode"] != "ImageNotFound":
                raise PushError(f"{repository}:{tag}: {failure['failureReason']}")
        return None
