"""What an image promises on a multi-model endpoint (contract rows B5), wherever it runs as processes."""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness import inference
from harness.places import Place, Reply, Server, Training
from harness.samples import Sample

NAMES = ["a", "b", "a name / with a slash, % and ü"]


@dataclass
class Models:
    """A multi-model server, and a folder with a model for each of NAMES."""

    server: Server
    root: Path

    def url(self, name: str) -> str:
        base = Path("/opt/ml") if self.server.container else self.root
        return str(base / "models" / str(NAMES.index(name)) / "model")

    def load(self, name: str, url: str = "") -> Reply:
        body = json.dumps({"model_name": name, "url": url or self.url(name)}).encode()
        return self.server.send("POST", "/models", body, {"Content-Type": "application/json"})

    def unload(self, name: str) -> Reply:
        return self.server.send("DELETE", f"/models/{quote(name, safe='')}", b"", {})

    def ask(self, name: str, sample: Sample, **headers: str) -> Reply:
        sent = {"Content-Type": "text/csv", "Accept": "application/json", **headers}
        return self.server.send("POST", f"/models/{quote(name, safe='')}/invoke", sample.csv(), sent)

    def listed(self, query: str = "") -> list[str]:
        return [one["modelName"] for one in self.server.get("/models" + query).json["models"]]


@pytest.fixture(scope="module")
def models(place: Place, trained: Training, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    root = tmp_path_factory.mktemp("many")
    for number in range(len(NAMES)):
        shutil.copytree(trained.model, root / "models" / str(number) / "model")
    with place.serve(root, SAGEMAKER_MULTI_MODEL="true") as server:
        yield Models(server, root)


@pytest.mark.only("local", "container")
@pytest.mark.contract("B5.2", "B5.3", "B5.4", "B5.5", "B5.6", "B5.7", "B5.8", "B5.9")
def test_models_come_and_go(models: Models, sample: Sample, expected: Reply) -> None:
    assert models.server.get("/ping").status == 200, "with no model loaded"
    assert models.server.get("/models").json == {"models": []}
    assert models.ask("a", sample).status == 404
    for name in NAMES:
        reply = models.load(name)
        assert (reply.status, reply.json) == (200, {"status": "Workers scaled"}), reply.text
    assert models.load("a").status == 409
    assert sorted(models.listed()) == sorted(NAMES)
    assert len(models.listed("?limit=2")) == 2
    assert models.server.get("/models?limit=2").json["nextPageToken"]
    for name in NAMES:
        told = models.server.get(f"/models/{quote(name, safe='')}")
        assert told.json == {"modelName": name, "modelUrl": models.url(name)}
        assert models.ask(name, sample).json == expected.json
    for name in NAMES:
        reply = models.unload(name)
        assert (reply.status, reply.json) == (200, {"status": f'Model "{name}" unregistered'})
        assert models.unload(name).status == 404
        assert models.ask(name, sample).json["message"] == f"Model not found: {name}"
    assert models.listed() == []


@pytest.mark.only("local", "container")
def test_models_are_asked_by_the_open_inference_protocol(models: Models, sample: Sample) -> None:
    name = NAMES[-1]
    path = f"/v2/models/{quote(name, safe='')}"
    assert models.server.get("/v2/health/ready").status == 200
    assert models.server.get(path).status == 404
    assert models.load(name).status == 200
    try:
        assert models.server.get("/v2/models").json == {"models": [name]}
        assert models.server.get(f"{path}/ready").json == {"name": name, "ready": True}
        metadata = models.server.get(path).json
        body = json.dumps({"inputs": inference.inputs(sample, metadata)}).encode()
        reply = models.server.send("POST", f"{path}/infer", body, {"Content-Type": "application/json"})
        answers = models.ask(name, sample, Accept="application/x-parquet")
        assert reply.json["model_name"] == metadata["name"] == name
        assert inference.outputs(reply) == inference.parquet(answers)
    finally:
        models.unload(name)


@pytest.mark.only("local", "container")
@pytest.mark.contract("B5.11")
def test_many_come_at_once_while_others_are_asked(models: Models, sample: Sample, expected: Reply) -> None:
    assert models.load("a").status == 200
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(models.ask, "a", sample) for _ in range(8)]
        loads = [threads.submit(models.load, "b") for _ in range(4)]
        assert sorted(load.result().status for load in loads) == [200, 409, 409, 409]
        assert [reply.result().json for reply in asked] == [expected.json] * 8
    assert [models.unload(name).status for name in ("a", "b")] == [200, 200]


@pytest.mark.only("local", "container")
def test_what_is_no_model_is_refused_and_leaves_nothing(models: Models, sample: Sample) -> None:
    reply = models.load("broken", models.url("a") + "/nowhere")
    assert reply.status == 500
    assert "no model" in reply.json["message"]
    for body in (b"", b"{}", b'{"model_name": "a"}', b"[1]", b'{"model_name": 1, "url": 2}'):
        assert models.server.send("POST", "/models", body, {}).status == 400
    assert models.listed() == []
    assert models.server.get("/models?limit=many").status == 400
    assert (
        models.server.send("POST", "/invocations", sample.csv(), {"Content-Type": "text/csv"}).status == 404
    )
    assert models.load("a").status == 200
    assert models.ask("a", sample, **{"Content-Type": "nonsense"}).status == 415
    assert models.unload("a").status == 200


@pytest.mark.shared
@pytest.mark.only("local")
@pytest.mark.contract("B2.7", "B5.6")
def test_a_model_keeps_its_own_options(models: Models, sample: Sample, expected: Reply) -> None:
    """Options.json beside a model holds for that model alone."""
    own = models.root / "models/1/model/options.json"
    own.write_text('{"on_error": "record"}')
    try:
        assert [models.load(name).status for name in ("a", "b")] == [200, 200]
        assert models.ask("a", sample).json == expected.json
        assert models.ask("b", sample).json["predictions"][0]["error"] is None
        asked = models.ask("b", sample, **{"X-Amzn-SageMaker-Custom-Attributes": "on_error=fail"})
        assert asked.json == expected.json, "a request goes before it"
    finally:
        own.unlink()
        assert [models.unload(name).status for name in ("a", "b")] == [200, 200]


@pytest.mark.only("local", "container")
@pytest.mark.contract("B5.6", "B7.1")
def test_a_models_long_answer_comes_in_pieces(models: Models, sample: Sample) -> None:
    """And the next request is answered after it."""
    assert models.load("a").status == 200
    body = sample.csv(rows=sample.rows * (3000 // sample.height))
    sent = {"Content-Type": "text/csv", "X-Amzn-SageMaker-Custom-Attributes": "stream=true"}
    reply = models.server.send("POST", "/models/a/invoke", body, sent)
    assert reply.headers["Transfer-Encoding"] == "chunked"
    assert len(reply.body.splitlines()) == sample.height * (3000 // sample.height)
    assert models.ask("a", sample).status == 200
    assert models.unload("a").status == 200


@pytest.mark.contract("B2.16")
@pytest.mark.only("local", "container")
def test_each_models_requests_are_counted_by_its_name(models: Models, sample: Sample) -> None:
    """Those of models that are not there, which callers may name as they like, are told together."""
    assert [models.load(name).status for name in NAMES] == [200] * 3
    before = samples(models.server.get("/metrics").text)
    for number, name in enumerate(NAMES, start=1):
        for _ in range(number):
            assert models.ask(name, sample).status == 200
    for name in ("no-such-model", "nor this"):
        sent = {"Content-Type": "text/csv"}
        path = f"/models/{quote(name)}/invoke"
        assert models.server.send("POST", path, sample.csv(), sent).status == 404
    text = models.server.get("/metrics").text
    assert "such" not in text
    found = samples(text)
    rows = {
        key[1]: value - before.get(key, 0) for key, value in found.items() if key[0] == "slipway_rows_total"
    }
    assert rows == {"other": 0, **{name: sample.height * n for n, name in enumerate(NAMES, start=1)}}
    key = ("slipway_errors_total", "other", "ModelNotFoundException")
    assert found[key] - before.get(key, 0) == 2
    assert all(found["slipway_model_load_seconds", name] > 0 for name in NAMES)
    drift = models.server.get("/drift").json["models"]
    assert sorted(one["modelName"] for one in drift) == sorted(NAMES)
    one = models.server.get(f"/models/{quote(NAMES[0])}/drift").json
    assert one["columns"], "what training kept of its rows"
    assert ("slipway_drift_window_rows", NAMES[0]) in found
    assert [models.unload(name).status for name in NAMES] == [200] * 3
    after = samples(models.server.get("/metrics").text)
    assert ("slipway_model_load_seconds", "a") not in after
    assert after["slipway_rows_total", "a"] == found["slipway_rows_total", "a"], "what was counted stays"


@pytest.mark.shared
@pytest.mark.only("local")
def test_only_so_many_models_have_metrics_of_their_own(place: Place, models: Models, sample: Sample) -> None:
    with place.serve(models.root, SAGEMAKER_MULTI_MODEL="true", SLIPWAY_METRICS_MODELS="1") as server:
        bounded = Models(server, models.root)
        for name in NAMES:
            assert bounded.load(name).status == 200
            assert bounded.ask(name, sample).status == 200
        found = samples(server.get("/metrics").text)
    counted = {key[1]: value for key, value in found.items() if key[0] == "model_invocations_total"}
    assert counted == {"a": 1, "other": 2}


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Samples by their name, and what their labels say: the model first."""
    families = text_string_to_metric_families(text)
    every = (sample for family in families for sample in family.samples)
    found = {}
    for one in every:
        labels = dict(one.labels)
        names = (labels.pop("model"), *labels.values()) if "model" in labels else tuple(labels.values())
        found[(one.name, *names)] = one.value
    return found
