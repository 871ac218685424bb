"""The Open Inference Protocol and KServe v1 give the answers that /invocations gives, for every image."""

import json
from typing import Any

import pytest

from harness import inference
from harness.places import Reply, Server
from harness.samples import Sample
from slipway.hyperparameters import names
from slipway.image import Image


def post(server: Server, path: str, document: Any) -> Reply:
    return server.send("POST", path, json.dumps(document).encode(), {"Content-Type": "application/json"})


@pytest.fixture(scope="session")
def metadata(server: Server, image: Image) -> dict[str, Any]:
    reply = server.get(f"/v2/models/{image.name}")
    assert reply.status == 200, reply.text
    found: dict[str, Any] = reply.json
    return found


def test_tensors_are_answered_as_any_other_format_is(
    server: Server, sample: Sample, image: Image, metadata: dict[str, Any]
) -> None:
    body = {"id": "7", "inputs": inference.inputs(sample, metadata)}
    reply = post(server, f"/v2/models/{image.name}/infer", body)
    assert inference.outputs(reply) == inference.columns(server, sample)
    assert (reply.json["id"], reply.json["model_name"]) == ("7", image.name)


def test_metadata_have_the_outputs_that_come(
    server: Server, sample: Sample, image: Image, metadata: dict[str, Any]
) -> None:
    reply = post(
        server, f"/v2/models/{image.name}/infer", {"inputs": inference.inputs(sample, metadata)}
    ).json
    assert [one["name"] for one in metadata["outputs"]] == [one["name"] for one in reply["outputs"]]
    for told, came in zip(metadata["outputs"], reply["outputs"], strict=True):
        assert told["datatype"] == came["datatype"], told["name"]
        assert len(told["shape"]) == len(came["shape"]), told["name"]


def test_an_output_that_is_asked_for_is_what_it_is_among_all(
    server: Server, sample: Sample, image: Image, metadata: dict[str, Any]
) -> None:
    path, inputs = f"/v2/models/{image.name}/infer", inference.inputs(sample, metadata)
    for one in post(server, path, {"inputs": inputs}).json["outputs"]:
        asked = post(server, path, {"inputs": inputs, "outputs": [{"name": one["name"]}]}).json["outputs"]
        assert asked == [one]


def test_instances_are_answered_with_predictions(
    server: Server, sample: Sample, image: Image, expected: Reply
) -> None:
    reply = post(server, f"/v1/models/{image.name}:predict", {"instances": sample.records})
    assert reply.status == 200, reply.text
    assert list(reply.json) == ["predictions"]
    assert reply.json["predictions"] == next(iter(expected.json.values()))


def test_instances_are_explained_where_the_image_explains(
    server: Server, sample: Sample, image: Image
) -> None:
    reply = post(server, f"/v1/models/{image.name}:explain", {"instances": sample.records})
    if "explain" in names(image.predictor().options):
        assert reply.status == 200, reply.text
        assert len(reply.json["explanations"]) == sample.height
    else:
        assert reply.status == 501


def test_the_server_lives_and_is_ready(server: Server, image: Image) -> None:
    for path in ("/v2", "/v2/health/live", "/v2/health/ready", f"/v2/models/{image.name}/ready"):
        assert server.get(path).status == 200


def test_what_is_wrong_is_told_in_the_protocols_form(server: Server, image: Image) -> None:
    for document in ({}, {"inputs": []}, {"inputs": [{"name": "nothing of yours"}]}):
        reply = post(server, f"/v2/models/{image.name}/infer", document)
        assert (reply.status, list(reply.json)) == (400, ["error"])
