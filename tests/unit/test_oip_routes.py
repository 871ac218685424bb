"""The routes of the Open Inference Protocol, KServe v1 and Vertex AI, over ASGI and over WSGI alike."""

import asyncio
import json

import numpy as np
import pytest

from slipway.serving.app import App
from slipway.serving.endpoint import Endpoint
from slipway.serving.oip import metadata
from slipway.serving.web import create_app
from slipway.settings import Settings
from unit.model import Adder, Options
from unit.test_app import ask
from unit.worker import Echo
from unit.worker import endpoint as endpoint_of

INFER = {
    "inputs": [
        {"name": "x", "shape": [1], "datatype": "FP64", "data": [1]},
        {"name": "y", "shape": [1], "datatype": "FP64", "data": [2]},
    ]
}
VERTEX = {"AIP_HEALTH_ROUTE": "/v1/endpoints/7", "AIP_PREDICT_ROUTE": "/v1/endpoints/7:predict"}


class Explaining(Adder):
    """Says how much each cell moved the sum, where it is asked to."""

    class options(Options):  # noqa: N801
        """What a request may choose."""

        explain: bool = False
        """Add contributions."""

    def predict(self, table, options):
        found = super().predict(table, options)
        if options.explain:
            found.columns = {**found.columns, "contributions": table.matrix}
        return found


@pytest.fixture(params=["asgi", "wsgi"])
def call(request, manifest):
    """Sends one request; status and document."""

    def made(path, method="GET", body=b"", model=None, unready="", **environ):
        app = App(Settings.read(environ))
        app.unready = unready
        app.endpoint = model and Endpoint(model, manifest, app.settings)
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        if request.param == "asgi":
            status, headers, answer = asyncio.run(ask(app, path, method, (body,)))
            media_type = headers[b"content-type"].decode()
        else:
            found = create_app(app).test_client().open(path, method=method, data=body)
            status, answer, media_type = found.status_code, found.data, found.content_type
        if not answer:
            return status, None
        assert media_type == "application/json"
        return status, json.loads(answer)

    return made


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/v2", {"name": "slipway", "version": "0.1.0", "extensions": ["binary_tensor_data"]}),
        ("/v2/", {"name": "slipway", "version": "0.1.0", "extensions": ["binary_tensor_data"]}),
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"live": True, "ready": True}),
        ("/v2/models", {"models": ["adder"]}),
        ("/v2/models/adder/ready", {"name": "adder", "ready": True}),
        ("/v2/models/adder/versions/1.2.3/ready", {"name": "adder", "ready": True}),
        ("/v1/models", {"models": ["adder"]}),
        ("/v1/models/adder", {"name": "adder", "ready": True}),
    ],
)
def test_what_the_server_says_of_itself(call, path, document):
    assert call(path, model=Adder()) == (200, document)


@pytest.mark.parametrize("path", ["/v2/models/adder", "/v2/models/adder/versions/1.2.3"])
def test_metadata_tell_a_client_what_to_send_and_what_it_gets(call, path):
    numbers = {"datatype": "FP64", "shape": [-1]}
    assert call(path, model=Adder()) == (
        200,
        {
            "name": "adder",
            "versions": ["1.2.3"],
            "platform": "slipway_adder",
            "inputs": [{"name": name, **numbers, "parameters": {"kind": "number"}} for name in "xy"],
            "outputs": [{"name": "sum", **numbers}, {"name": "half", **numbers}],
        },
    )


def test_metadata_have_the_kinds_of_the_schema():
    found = json.loads(metadata.Metadata().request(endpoint_of(Echo()), b"").body)
    kinds = {"code": "BYTES", "ok": "BOOL", "n": "INT64", "x": "FP64"}
    assert {one["name"]: one["datatype"] for one in found["inputs"]} == kinds
    assert [one["name"] for one in found["outputs"]] == list(kinds)


@pytest.mark.parametrize("path", ["/v2/models/adder/infer", "/v2/models/adder/versions/1.2.3/infer"])
def test_infer_answers(call, path):
    status, document = call(path, "POST", INFER, Adder())
    assert status == 200
    assert document["outputs"][0]["data"] == [3.0]


def test_the_name_may_be_given(call):
    environ = {"SLIPWAY_MODEL_NAME": "sums"}
    assert call("/v2/models/sums/infer", "POST", INFER, Adder(), **environ)[1]["model_name"] == "sums"
    status, document = call("/v2/models/adder/infer", "POST", INFER, Adder(), **environ)
    assert (status, document) == (404, {"error": "there is no model adder; this server has sums"})


def test_a_name_may_have_colons(call):
    environ = {"SLIPWAY_MODEL_NAME": "sums:2"}
    body = {"instances": [[1, 2]]}
    assert call("/v1/models/sums:2", model=Adder(), **environ) == (200, {"name": "sums:2", "ready": True})
    status, document = call("/v1/models/sums:2:predict", "POST", body, Adder(), **environ)
    assert (status, document["predictions"][0]["sum"]) == (200, 3.0)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v2", 405),
        ("POST", "/v2/health/live", 405),
        ("GET", "/v2/models/adder/infer", 405),
        ("POST", "/v2/models/adder", 405),
        ("POST", "/v2/models/adder/ready", 405),
        ("POST", "/v2/models", 405),
        ("GET", "/v1/models/adder:predict", 405),
        ("POST", "/v1/models/adder", 405),
        ("GET", "/v2/models/other", 404),
        ("GET", "/v2/models/adder/config", 404),
        ("GET", "/v2/models/adder/versions/9/ready", 404),
        ("POST", "/v2/models/adder/versions/9/infer", 404),
        ("GET", "/v2/models/adder/versions", 404),
        ("GET", "/v2/nothing", 404),
        ("POST", "/v1/models/adder:classify", 404),
        ("POST", "/v1/models/other:predict", 404),
        ("GET", "/v1", 404),
    ],
)
def test_what_there_is_not_is_refused_in_the_protocols_form(call, method, path, status):
    found, document = call(path, method, b"", Adder())
    assert (found, list(document)) == (status, ["error"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/models/adder"),
        ("GET", "/v2/models/adder/ready"),
        ("POST", "/v2/models/adder/infer"),
        ("POST", "/v1/models/adder:predict"),
        ("GET", "/v1/models/adder"),
    ],
)
def test_before_the_model_is_loaded_the_server_lives_and_is_not_ready(call, method, path):
    assert call("/v2/health/live")[0] == 200
    unready = {"live": True, "ready": False, "error": "the model is being loaded"}
    assert call("/v2/health/ready") == (503, unready)
    assert call(path, method, INFER) == (503, {"error": "the model is being loaded"})


@pytest.mark.parametrize(
    "rows", [[[1, 2], [3, 4]], [{"y": 2, "x": 1}, {"x": 3, "y": 4}], [{"features": [1, 2]}]]
)
def test_v1_answers_instances_with_predictions(call, rows):
    status, document = call("/v1/models/adder:predict", "POST", {"instances": rows}, Adder())
    assert (status, list(document)) == (200, ["predictions"])
    assert document["predictions"][0] == {"sum": 3.0, "half": 1.5}
    assert len(document["predictions"]) == len(rows)


def test_v1_takes_options_as_parameters(call):
    body = {"instances": [[1, 2]], "parameters": {"times": 2}}
    assert call("/v1/models/adder:predict", "POST", body, Adder())[1]["predictions"][0]["sum"] == 6.0
    status, document = call("/v1/models/adder:predict", "POST", {**body, "parameters": {"tmies": 2}}, Adder())
    assert status == 400
    assert "tmies" in document["error"]


@pytest.mark.parametrize(
    "body",
    [b"", b"[[1, 2]]", b"[" + b"[1, 2]," * 9000 + b"[1, 2]]", b'{"rows": []}', b'{"instances": 1}', b"{"],
)
def test_v1_takes_nothing_but_instances(call, body):
    status, document = call("/v1/models/adder:predict", "POST", body, Adder())
    assert (status, list(document)) == (400, ["error"])


def test_v1_answers_many_numbers_as_few(call):
    rows = np.arange(20_000).reshape(-1, 2).tolist()
    status, document = call("/v1/models/adder:predict", "POST", {"instances": rows}, Adder())
    assert status == 200
    assert [one["sum"] for one in document["predictions"]] == [sum(row) for row in rows]


def test_v1_names_row_and_column_of_what_is_wrong(call):
    body = {"instances": [{"x": 1, "y": 2}, {"x": "a", "y": 2}]}
    status, document = call("/v1/models/adder:predict", "POST", body, Adder())
    assert status == 400
    assert document["error"].startswith('row 2, column "x": expected a number')


def test_v1_explains_where_the_model_does(call):
    body = {"instances": [[1, 2]]}
    status, document = call("/v1/models/adder:explain", "POST", body, Explaining())
    assert (status, list(document)) == (200, ["explanations"])
    assert document["explanations"][0]["contributions"] == [1.0, 2.0]
    status, document = call("/v1/models/adder:explain", "POST", body, Adder())
    assert (status, list(document)) == (501, ["error"])


def test_vertex_ai_names_its_routes(call):
    body = {"instances": [[1, 2]], "parameters": {"times": 3}}
    assert call(VERTEX["AIP_HEALTH_ROUTE"], model=Adder(), **VERTEX) == (200, None)
    assert call(VERTEX["AIP_HEALTH_ROUTE"], **VERTEX)[0] == 503
    found = call(VERTEX["AIP_PREDICT_ROUTE"], "POST", body, Adder(), **VERTEX)
    assert found == (200, {"predictions": [{"sum": 9.0, "half": 4.5}]})
    assert call("/v2/health/ready", model=Adder(), **VERTEX)[0] == 200


def test_a_body_over_the_limit_is_refused_in_the_protocols_form(call):
    status, document = call("/v2/models/adder/infer", "POST", INFER, Adder(), MAX_CONTENT_LENGTH="20")
    assert (status, list(document)) == (413, ["error"])


@pytest.mark.parametrize("path", ["/v2/health/ready", "/v2/models/adder/ready", "/v1/models/adder"])
def test_a_model_that_cannot_be_readied_is_not_ready_on_any_path(call, path):
    status, document = call(path, model=Adder(), unready="it is cold")
    assert (status, document["ready"], document["error"]) == (503, False, "it is cold")
