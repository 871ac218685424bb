"""boto3's sagemaker-runtime, talking to the container as to an endpoint."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from harness.places import Container
from harness.samples import Sample
from slipway.image import Image


@pytest.fixture(scope="module")
def runtime(image: Image, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    root = sample.lay_out(tmp_path_factory.mktemp("boto3"))
    container = Container(image)
    training = container.train(root)
    assert training.code == 0, training.log
    with container.serve(root) as server:
        yield boto3.client("sagemaker-runtime", endpoint_url=f"http://127.0.0.1:{server.port}")


def test_invoke_endpoint_answers(runtime: Any, sample: Sample) -> None:
    reply = runtime.invoke_endpoint(
        EndpointName="any",
        Body=sample.csv(),
        ContentType="text/csv",
        Accept="application/json",
        InferenceId="1",
    )
    assert reply["ContentType"] == "application/json"
    assert len(json.loads(reply["Body"].read())["predictions"]) == sample.height


def test_b2_a_refusal_reaches_the_caller(runtime: Any) -> None:
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError) as caught:
        runtime.invoke_endpoint(EndpointName="any", Body=b"x", ContentType="application/xml")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 415
