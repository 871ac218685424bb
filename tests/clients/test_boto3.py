"""boto3's sagemaker-runtime as the client, through a runtime that does what the platform does."""

import json
import shutil
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from harness.clarify import Explainer
from harness.places import Container, Training
from harness.runtime import runtime
from harness.samples import Sample, near
from slipway.image import Image

ENDPOINT = {"EndpointName": "any"}
MODELS = ["first", "second"]


@pytest.fixture(scope="module")
def trained(image: Image, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Training:
    training = Container(image).train_sample(sample.lay_out(tmp_path_factory.mktemp("boto3")))
    assert training.code == 0, training.log
    return training


@pytest.fixture(scope="module")
def port(image: Image, trained: Training) -> Iterator[int]:
    with Container(image).serve(trained.root) as server:
        yield server.port or 0


@pytest.fixture(scope="module")
def client(port: int) -> Iterator[Any]:
    with runtime(port) as address:
        yield boto3.client("sagemaker-runtime", endpoint_url=address)


def test_invoke_endpoint_answers(client: Any, sample: Sample) -> None:
    reply = client.invoke_endpoint(
        **ENDPOINT, Body=sample.csv(), ContentType="text/csv", Accept="application/json", InferenceId="1"
    )
    assert reply["ContentType"] == "application/json"
    assert len(json.loads(reply["Body"].read())["predictions"]) == sample.height


def test_the_container_is_an_endpoint_by_itself(port: int, sample: Sample) -> None:
    """For trying it out with nothing in between."""
    direct = boto3.client("sagemaker-runtime", endpoint_url=f"http://127.0.0.1:{port}")
    reply = direct.invoke_endpoint(
        **ENDPOINT, Body=sample.csv(), ContentType="text/csv", Accept="application/json"
    )
    assert len(json.loads(reply["Body"].read())["predictions"]) == sample.height


@pytest.mark.contract("B2.9")
def test_a_refusal_reaches_the_caller(client: Any) -> None:
    """With its own status and message."""
    with pytest.raises(ClientError) as caught:
        client.invoke_endpoint(**ENDPOINT, Body=b"x", ContentType="application/xml")
    assert caught.value.response["OriginalStatusCode"] == 415
    assert "Content-Type" in json.loads(caught.value.response["OriginalMessage"])["message"]


@pytest.mark.contract("B2.7", "B2.8")
def test_custom_attributes_choose_options_and_come_back(client: Any, sample: Sample) -> None:
    attributes = "trace=7; on_error=record"
    reply = client.invoke_endpoint(
        **ENDPOINT,
        Body=sample.csv(),
        ContentType="text/csv",
        Accept="application/jsonlines",
        CustomAttributes=attributes,
    )
    assert reply["CustomAttributes"] == attributes
    lines = [json.loads(line) for line in reply["Body"].read().splitlines()]
    assert [line["error"] for line in lines] == [None] * sample.height


@pytest.mark.contract("B7.1")
def test_invoke_endpoint_with_response_stream_gives_the_rows_in_parts(client: Any, sample: Sample) -> None:
    rows = sample.rows * (3000 // sample.height)
    reply = client.invoke_endpoint_with_response_stream(
        **ENDPOINT,
        Body=sample.csv(rows=rows),
        ContentType="text/csv",
        Accept="application/jsonlines",
        CustomAttributes="stream=true",
    )
    assert reply["ContentType"] == "application/jsonlines"
    parts = [event["PayloadPart"]["Bytes"] for event in reply["Body"]]
    assert len(parts) > 1
    assert len([json.loads(line) for line in b"".join(parts).splitlines()]) == len(rows)


@pytest.mark.parametrize("media", ["text/csv", "application/jsonlines"])
@pytest.mark.contract("B9.1", "B9.2")
def test_an_explainer_finds_a_score_for_each_record(client: Any, sample: Sample, media: str) -> None:
    """In batches of any size; a record that is refused costs no other its score."""
    whole = client.invoke_endpoint(
        **ENDPOINT, Body=sample.csv(), ContentType="text/csv", Accept="application/json"
    )
    answers = json.loads(whole["Body"].read())["predictions"]
    label = next(iter(answers[0]))
    expected = [answer[label] for answer in answers]
    where = 0 if media == "text/csv" else label

    def send(body: bytes, content_type: str, accept: str) -> tuple[int, str]:
        try:
            reply = client.invoke_endpoint(**ENDPOINT, Body=body, ContentType=content_type, Accept=accept)
        except ClientError as error:
            return error.response["OriginalStatusCode"], ""
        return 200, reply["Body"].read().decode()

    for largest in (1, 3, 1000):
        found = Explainer(send, media, where, largest=largest).scores(sample.rows)
        assert [_value(one) for one in found] == near([_value(one) for one in expected])
    bad = [[*row, "one too many", "two"] for row in sample.rows[:1]]
    found = Explainer(send, media, where).scores([*sample.rows, *bad])
    assert [_value(one) for one in found] == near([*(_value(one) for one in expected), None])


def _value(cell: Any) -> Any:
    """A cell of CSV as the value that it is in JSON."""
    try:
        return float(cell)
    except (TypeError, ValueError):
        return {"True": True, "False": False, "": None}.get(str(cell), cell)


@pytest.mark.contract("B5.2", "B5.6", "B5.7", "B5.11")
def test_target_models_are_loaded_when_they_are_asked(
    image: Image, trained: Training, sample: Sample, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("many")
    for name in MODELS:
        shutil.copytree(trained.model, root / "models" / name / "model")
    with (
        Container(image).serve(root, SAGEMAKER_MULTI_MODEL="true") as server,
        runtime(server.port or 0) as address,
    ):
        client = boto3.client("sagemaker-runtime", endpoint_url=address)
        answers = [
            client.invoke_endpoint(**ENDPOINT, Body=sample.csv(), ContentType="text/csv", TargetModel=name)[
                "Body"
            ].read()
            for name in MODELS * 2
        ]
        assert len(server.get("/models").json["models"]) == len(MODELS)
    assert len(answers[0].splitlines()) == sample.height
    assert len(set(answers)) == 1
