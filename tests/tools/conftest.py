"""AWS, as moto plays it: nothing leaves this machine."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.loaders import create_loader
from moto import mock_aws

from harness.moto_aws import BUCKET, IMAGE, REGION

MANIFEST = '{"mediaType": "application/vnd.docker.distribution.manifest.v2+json"}'
LOADER = create_loader()  # keeps the service models, which each session would read anew


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A session of moto's account, with SageMaker's default bucket, the image pushed, and short waits."""
    from tools.cli import invoke, progress

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "SLIPWAY_ROLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(progress, "POLL_S", 0)
    monkeypatch.setattr(invoke, "POLL_S", 0)
    with mock_aws():
        core = botocore.session.get_session()
        core.register_component("data_loader", LOADER)
        found = boto3.Session(botocore_session=core, region_name=REGION)
        found.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        push(found)
        yield found


def push(session: Any, name: str = IMAGE.name, version: str = IMAGE.version) -> None:
    """An image into ECR, as `make push` leaves it."""
    ecr = session.client("ecr")
    ecr.create_repository(repositoryName=f"slipway/{name}")
    ecr.put_image(repositoryName=f"slipway/{name}", imageManifest=MANIFEST, imageTag=version)


@pytest.fixture
def slipway(session: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command of the image as `main` does; returns its standard output. Raises what it raises."""
    from tools.cli import main

    def run(command: str, *given: str) -> str:
        job_file = [] if "--job-file" in given else ["--job-file", str(tmp_path / "jobs.json")]
        main.run(main.parse([command, IMAGE.name, *job_file, *given]), session)
        return capsys.readouterr().out

    return run
