"""docs/aws.md, run as it is printed, with version 3 of the SageMaker Python SDK."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness.moto_aws import IMAGE
from harness.samples import near
from harness.snippets import SAMPLE, aws, calls, clone, python

MADE = {
    "CreateTrainingJob": 1,
    "CreateHyperParameterTuningJob": 1,
    "CreateTransformJob": 1,
    "CreateModel": 4,
    "CreateEndpointConfig": 4,
    "CreateEndpoint": 4,
}
Calls = list[tuple[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Any], Calls]]:
    """The names that the page's blocks leave, and the calls that they made."""
    folder: Path = tmp_path_factory.mktemp("docs")
    names: dict[str, Any] = {}
    with aws(folder / "aws") as session, clone(folder / "clone"), calls() as made:
        for block in python("aws.md"):
            exec(block, names)
        stored = urlsplit(names["promise"].output_location)
        later = session.client("s3").get_object(Bucket=stored.netloc, Key=stored.path[1:])
        names["later_answer"] = later["Body"].read()
        yield names, made


def test_every_block_of_the_page_runs_as_printed(ran: tuple[dict[str, Any], Calls]) -> None:
    _, made = ran
    counts = {name: sum(operation == name for operation, _ in made) for name in MADE}
    assert counts == MADE
    assert sum(operation.startswith("Delete") for operation, _ in made) == 12, "what was deployed is deleted"


def test_what_the_page_makes_is_what_the_policies_allow(ran: tuple[dict[str, Any], Calls]) -> None:
    """Tagged, below the prefix, and isolated where the SDK can say so and the endpoint can be."""
    _, made = ran
    for operation, parameters in made:
        if operation in MADE:
            assert parameters["Tags"] == [{"Key": "slipway:image", "Value": IMAGE.name}], operation
        isolated = parameters.get("EnableNetworkIsolation")
        if operation in {"CreateTrainingJob", "CreateModel"}:
            assert isolated or parameters.get("ModelName") == "seldom-penguins", operation
        if "OutputDataConfig" in parameters:
            assert "/slipway/" in parameters["OutputDataConfig"]["S3OutputPath"]


def test_endpoints_answer_every_row(ran: tuple[dict[str, Any], Calls]) -> None:
    """Of one model and of many; asynchronous ones answer in S3."""
    names, _ = ran
    assert len(names["predictions"]) == SAMPLE.height
    assert json.loads(names["many_answer"].body.read())["predictions"] == near(names["predictions"])
    assert json.loads(names["later_answer"])["predictions"] == near(names["predictions"])
