"""Push the image NAME, built before, to Amazon ECR, and print its digest.

Region and credentials come from the environment, as for every AWS tool. ECR_REGISTRY names another registry
host than the account's own (a VPC endpoint, a test).
"""

import argparse
import base64
import contextlib
import os
import subprocess
import sys
import tempfile
from typing import Any
from urllib.parse import urlparse

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ACCEPTED = "application/vnd.docker.distribution.manifest.v2+json"


class PushError(Exception):
    """Why the image was not pushed, in one line."""


def docker(*arguments: str, config: str | None = None, stdin: str | None = None) -> str:
    command = [os.environ.get("DOCKER", "docker"), *(["--config", config] if config else []), *arguments]
    try:
        done = subprocess.run(command, check=True, text=True, capture_output=True, input=stdin)
    except FileNotFoundError:
        raise PushError(f"cannot run {command[0]}: is Docker installed?") from None
    except subprocess.CalledProcessError as error:
        cause = (error.stderr.strip().splitlines() or ["no message"])[-1]
        raise PushError(f"docker {arguments[0]} failed: {cause}") from None
    return done.stdout.strip()


def prepare(ecr: Any, repository: str, version: str) -> None:
    """The repository exists, and holds no such version yet: tags are immutable, a version is pushed once."""
    with contextlib.suppress(ecr.exceptions.RepositoryAlreadyExistsException):
        ecr.create_repository(
            repositoryName=repository,
            imageTagMutability="IMMUTABLE",
            imageScanningConfiguration={"scanOnPush": True},
        )
    try:
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": version}])
    except ecr.exceptions.ImageNotFoundException:
        return
    raise PushError(
        f"{repository}:{version} is already in ECR, where versions are immutable; choose the next one"
    )


def check_manifest(ecr: Any, repository: str, version: str) -> None:
    """SageMaker runs single Docker manifests only, and refuses the OCI lists that newer engines may push."""
    answer = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": version}])
    for image in answer.get("images", []):
        kind = image.get("imageManifestMediaType", ACCEPTED)
        if kind != ACCEPTED:
            raise PushError(f"{repository}:{version} was pushed as {kind}; SageMaker takes only {ACCEPTED}")


def push(name: str, version: str, ecr: Any | None = None) -> str:
    """Push slipway/<name>:<version>; answers registry/repository@digest."""
    ecr = ecr or boto3.client("ecr")
    local = f"slipway/{name}:{version}"
    docker("image", "inspect", local)
    prepare(ecr, f"slipway/{name}", version)
    grant = ecr.get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(grant["authorizationToken"]).decode().partition(":")
    host = os.environ.get("ECR_REGISTRY") or urlparse(grant["proxyEndpoint"]).netloc
    remote = f"{host}/{local}"
    with tempfile.TemporaryDirectory() as config:  # the login is written to a file: let it end with us
        docker("login", "--username", user, "--password-stdin", host, config=config, stdin=password)
        docker("tag", local, remote)
        try:
            docker("push", "--quiet", remote, config=config)
            digests = docker("image", "inspect", "--format", '{{join .RepoDigests "\\n"}}', remote)
        finally:
            docker("image", "rm", remote)
    check_manifest(ecr, f"slipway/{name}", version)
    return next(digest for digest in digests.splitlines() if digest.startswith(f"{host}/slipway/{name}@"))


def main() -> int:
    parser = argparse.ArgumentParser(description="Push an image to Amazon ECR and print its digest.")
    parser.add_argument("name", help="the image's name, that of its folder in images/")
    parser.add_argument("--version", required=True, help="the tag that was built, and that will be pushed")
    options = parser.parse_args()
    try:
        print(push(options.name, options.version))
    except (PushError, BotoCoreError, ClientError) as error:
        print(f"push: {options.name}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
