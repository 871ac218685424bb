"""The Open Inference Protocol and KServe v1 on a multi-model endpoint, by the names that models are given."""

import asyncio

import numpy as np
import orjson
import pytest

from slipway.manifest import Manifest
from slipway.serving.multimodel import MultiModelApp
from unit.model import Adder
from unit.test_multimodel import sent

NAME = "a name: with / and ü"
QUOTED = "a%20name%3A%20with%20%2F%20and%20%C3%BC"
INFER = {
    "inputs": [
        {"name": "y", "shape": [1], "datatype": "FP64", "data": [2]},
        {"name": "x", "shape": [1], "datatype": "FP64", "data": [1]},
    ]
}


@pytest.fixture
def app(settings_of, tmp_path, schema):
    """An application with the model loaded under two names."""
    stored = tmp_path / "model"
    stored.mkdir()
    Adder().save(stored)
    Manifest.stamp(stored, image="adder", version="1.2.3", reads=schema, hyperparameters={}, metrics={})
    found = MultiModelApp(settings_of(MAX_CONTENT_LENGTH="100000"))
    found.warm()
    for name in ("one", NAME):
        assert found._models.load(name, str(stored)).status == 200
    yield found
    for name in ("one", NAME):
        found._models.unload(name)


def call(app, path, method="GET", document=None):
    body = document if isinstance(document, bytes) else orjson.dumps(document) if document else b""
    status, answer = asyncio.run(sent(app, method, path, body))
    return status, orjson.loads(answer)


def test_the_server_tells_of_its_models(app):
    for path, document in (
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"live": True, "ready": True}),
        ("/v2/models", {"models": ["one", NAME]}),
        ("/v1/models", {"models": ["one", NAME]}),
        (f"/v2/models/{QUOTED}/ready", {"name": NAME, "ready": True}),
        (f"/v2/models/{QUOTED}/versions/1.2.3/ready", {"name": NAME, "ready": True}),
        (f"/v1/models/{QUOTED}", {"name": NAME, "ready": True}),
    ):
        assert call(app, path) == (200, document), path
    assert call(app, "/v2")[1]["extensions"] == ["binary_tensor_data"]


def test_a_model_is_described_and_asked_by_its_name(app):
    for version in ("", "/versions/1.2.3"):
        status, found = call(app, f"/v2/models/{QUOTED}{version}")
        assert (status, found["name"], found["versions"]) == (200, NAME, ["1.2.3"])
        assert [one["name"] for one in found["inputs"]] == ["x", "y"]
        status, found = call(app, f"/v2/models/{QUOTED}{version}/infer", "POST", INFER)
        assert (status, found["model_name"], found["outputs"][0]["data"]) == (200, NAME, [3.0])
    body = {"instances": [[1, 2]], "parameters": {"times": 2}}
    expected = {"predictions": [{"sum": 6.0, "half": 3.0}]}
    assert call(app, f"/v1/models/{QUOTED}:predict", "POST", body) == (200, expected)
    assert call(app, f"/v1/models/{QUOTED}:explain", "POST", body)[0] == 501


def test_binary_tensors_come_with_their_header(app):
    data = np.array([1.0, 2.0]).tobytes()
    tensor = {"name": "m", "shape": [1, 2], "datatype": "FP64", "parameters": {"binary_data_size": 16}}
    head = orjson.dumps({"inputs": [tensor]})
    headers = [(b"inference-header-content-length", str(len(head)).encode())]
    status, answer = asyncio.run(sent(app, "POST", "/v2/models/one/infer", head + data, headers))
    assert (status, orjson.loads(answer)["outputs"][0]["data"]) == (200, [3.0])


def test_what_there_is_not_is_refused_in_the_protocols_form(app):
    for method, path, status in (
        ("GET", "/v2/models/two", 404),
        ("GET", "/v2/models/two/ready", 404),
        ("POST", "/v2/models/two/infer", 404),
        ("POST", "/v1/models/two:predict", 404),
        ("GET", "/v2/models/one/versions/9", 404),
        ("POST", "/v2/models/one/versions/9/infer", 404),
        ("GET", "/v2/models/one/config", 404),
        ("POST", "/v2/repository/index", 404),
        ("GET", "/v1", 404),
        ("POST", "/v2/models/one", 405),
        ("GET", "/v2/models/one/infer", 405),
        ("GET", "/v1/models/one:predict", 405),
        ("POST", "/v1/models/one", 405),
        ("POST", "/v2", 405),
        ("POST", "/v2/models/one/infer", 400),
    ):
        found, document = call(app, path, method, {"inputs": []} if method == "POST" else None)
        assert (found, list(document)) == (status, ["error"]), path
    status, document = call(app, "/v2/models/one/infer", "POST", b"[" * 100_001)
    assert (status, list(document)) == (413, ["error"])


def test_what_asks_for_no_answers_is_not_counted(app):
    call(app, "/v2/models/one")
    assert "model_invocations_total 0" in app.metrics.answer().body.decode()
    call(app, "/v2/models/one/infer", "POST", INFER)
    assert "model_invocations_total 1" in app.metrics.answer().body.decode()
