"""AWS, as moto plays it: nothing leaves this machine."""

import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from harness.places import REPOSITORY

sys.path.append(str(REPOSITORY / "tools"))

REGION = "eu-west-1"
BUCKET = f"sagemaker-{REGION}-123456789012"


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A session of moto's account, with SageMaker's default bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.syspath_prepend(str(REPOSITORY / "tools/aws"))
    with mock_aws():
        found = boto3.Session(region_name=REGION)
        found.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        yield found
    for name in ("account", "fetch", "jobs", "plan", "training", "transform"):
        sys.modules.pop(name, None)
