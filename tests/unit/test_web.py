"""The Flask application: the same answers over plain WSGI, and the routes that are not hot."""

import pytest

from slipway import machine
from slipway.serving.app import App
from slipway.serving.endpoint import Endpoint
from slipway.serving.web import batch, create_app
from slipway.settings import Settings


@pytest.fixture
def client(model, manifest):
    def made(loaded=True, **environ):
        app = App(Settings.read(environ))
        if loaded:
            app.endpoint = Endpoint(model, manifest, app.settings)
        return create_app(app).test_client()

    return made


def test_both_hot_routes_answer_as_the_asgi_application_does(client):
    found = client()
    assert [found.get("/ping").status_code, found.post("/ping").status_code] == [200, 200]
    answer = found.post(
        "/invocations",
        data=b"1,2\n",
        content_type="text/csv; charset=utf-8",
        headers={"Accept": "application/jsonlines"},
    )
    assert (answer.status_code, answer.data) == (200, b'{"sum":3.0,"half":1.5}\n')
    assert answer.content_type == "application/jsonlines"


@pytest.mark.contract("B2.5", "B4.2")
def test_before_the_model_is_loaded_all_but_the_batch_parameters_are_503(client):
    found = client(loaded=False)
    answers = [found.get("/ping"), found.post("/invocations", data=b"1,2"), found.get("/")]
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert found.get("/execution-parameters").status_code == 200


@pytest.mark.contract("B2.13")
def test_a_body_over_the_limit_is_refused_as_json(client):
    answer = client(MAX_CONTENT_LENGTH="5").post("/invocations", data=b"1,2\n3,4\n", content_type="text/csv")
    assert (answer.status_code, answer.json["type"]) == (413, "PayloadTooLarge")


@pytest.mark.parametrize(
    ("cpus", "environ", "concurrent", "payload"),
    [
        (2, {}, 2, 6),
        (64, {}, 64, 1),
        (200, {}, 100, 1),
        (8, {"MODEL_SERVER_WORKERS": "20"}, 20, 5),
        (2, {"SAGEMAKER_MAX_PAYLOAD_IN_MB": "50"}, 2, 50),
        (2, {"MAX_CONTENT_LENGTH": str(2 << 20)}, 2, 2),
        (2, {"MAX_CONTENT_LENGTH": str((3 << 20) - 1)}, 2, 2),
        (2, {"MAX_CONTENT_LENGTH": str(15 << 20)}, 2, 15),
        (2, {"MAX_CONTENT_LENGTH": str(1 << 30)}, 2, 20),
        (10, {"MAX_CONTENT_LENGTH": str(1 << 30)}, 10, 10),
    ],
)
@pytest.mark.contract("B4.2", "B4.3", "B4.14")
def test_a_batch_transform_is_told_a_request_a_worker(
    client, monkeypatch, cpus, environ, concurrent, payload
):
    """Their product is at most 100 MB."""
    monkeypatch.setattr(machine, "cpus", lambda: cpus)
    monkeypatch.setattr(machine, "memory_bytes", lambda: 1 << 40)
    found = client(**environ).get("/execution-parameters").json
    assert found == {
        "MaxConcurrentTransforms": concurrent,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": payload,
    }
    assert concurrent * payload <= 100


def test_the_index_says_which_model_is_served(client):
    found = client().get("/").json
    assert found["image"] == "adder 1.2.3"
    assert found["columns"] == [
        {"name": "x", "kind": "number", "optional": False, "aliases": []},
        {"name": "y", "kind": "number", "optional": False, "aliases": []},
    ]
    assert "text/csv" in found["content_types"]


def test_a_method_that_is_not_allowed_names_those_that_are(client):
    answer = client().get("/invocations")
    assert (answer.status_code, answer.json["message"]) == (405, "GET /invocations: Method Not Allowed")
    assert "POST" in answer.headers["Allow"]


def test_a_batch_sends_records_one_by_one_where_no_megabyte_is_taken():
    """The platform counts in megabytes, and takes 0 for no limit."""
    facts = batch(Settings.read({"MAX_CONTENT_LENGTH": "1000"}), 1)
    assert (facts["BatchStrategy"], facts["MaxPayloadInMB"]) == ("SINGLE_RECORD", 1)
