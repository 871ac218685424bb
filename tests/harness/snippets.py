"""The Python of a page, run as it is printed: AWS is moto, endpoints are an image's sample, served here."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
from botocore.client import BaseClient
from moto import mock_aws

from harness.moto_aws import BUCKET, IMAGE, REGION
from harness.places import REPOSITORY
from harness.runtime import runtime
from harness.samples import Sample
from tools import process, trained_samples

PYTHON = REPOSITORY / f".slipway/envs/{IMAGE.name}/bin/python"
SAMPLE = Sample(IMAGE.folder / "sample", IMAGE)
_AWS = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"), "testing")


def python(page: str) -> list[str]:
    """The blocks of code of a page below docs/."""
    return re.findall(
        r"^```python\n(.*?)^```", (REPOSITORY / "docs" / page).read_text(), re.DOTALL | re.MULTILINE
    )


@contextmanager
def clone(folder: Path) -> Iterator[Path]:
    """A working directory with what a page reads of the repository: the sample of its image."""
    shutil.copytree(SAMPLE.folder, folder / "images" / IMAGE.name / "sample")
    with chdir(folder):
        yield folder


@contextmanager
def calls() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Every call that boto3 makes within the block: its operation and parameters.

    Descriptions come without what is empty: AWS leaves it out, and moto tells of a VPC without subnets.
    """
    made: list[tuple[str, dict[str, Any]]] = []
    call = BaseClient._make_api_call

    def noting(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        made.append((operation, parameters))
        reply = call(client, operation, parameters)
        described = operation.startswith("Describe")
        return {name: value for name, value in reply.items() if value != {}} if described else reply

    with mock.patch.object(BaseClient, "_make_api_call", noting):
        yield made


@contextmanager
def _served(root: Path, **environ: str) -> Iterator[int]:
    """The port of a server of the image, in its own environment."""
    with process.Server.of(IMAGE.folder, root, python=PYTHON, **environ) as server:
        server.wait_ready()
        yield server.port


@contextmanager
def aws(folder: Path) -> Iterator[Any]:
    """A session of moto's account; requests to an endpoint are answered by the sample's model."""
    one, many = folder / "one", folder / "many"
    trained_samples.train_sample(IMAGE.folder, SAMPLE.lay_out(one), PYTHON)
    shutil.copytree(one / "model", many / "models/first/model.tar.gz/model")
    environ = {**_AWS, "AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}
    with (
        _served(one) as port,
        _served(many, SAGEMAKER_MULTI_MODEL="true") as models,
        runtime(port, models, str(many / "models")) as address,
        mock.patch.dict(os.environ, {**environ, "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": address}),
        mock_aws(),
    ):
        session = boto3.Session(region_name=REGION)
        location = {"LocationConstraint": REGION}
        session.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
        yield session
