"""The Compose file of `make manifests` run; the clients of Triton and KServe against the container."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from harness import inference
from harness.conformance import conformance
from harness.moto_aws import IMAGE
from harness.places import REPOSITORY, Container, Server, docker, free_port, http
from harness.samples import Sample
from harness.snippets import python
from slipway.hyperparameters import names
from slipway.image import Image
from tools.client import pings
from tools.manifests import files
from tools.process import wait_until

KSERVE = REPOSITORY / ".slipway/envs/kserve/bin/python"


@pytest.fixture(scope="module")
def composed(image: Image, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service of compose.yaml over a trained model, once it is ready."""
    container = Container(image)
    training = container.train_sample(sample.lay_out(tmp_path_factory.mktemp("kubernetes")))
    assert training.code == 0, training.log
    folder, port = tmp_path_factory.mktemp("compose"), free_port()
    text = files.written(image)["compose.yaml"].replace(
        f"slipway/{image.name}:{image.version}", container.tag
    )
    (folder / "compose.yaml").write_text(text)
    project = f"slipway-test-{image.name}-{port}"
    command = ["docker", "compose", "--project-name", project, "--file", str(folder / "compose.yaml")]
    environ = {**os.environ, "MODEL": str(training.model), "PORT": str(port)}
    try:
        _run([*command, "up", "--detach"], environ)
        server = Server(http(port), lambda: _run([*command, "logs"], environ), port=port)
        server.container = docker("ps", "--quiet", "--filter", f"label=com.docker.compose.project={project}")
        ready = "/v2/health/ready"  # the probe that the manifests have
        wait_until(lambda: pings(port, ready), f"a 200 on {ready}", server.log)
        yield server
    finally:
        subprocess.run([*command, "down"], env=environ, capture_output=True, check=False)


def _run(command: list[str], environ: dict[str, str]) -> str:
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def client(composed: Server) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(f"127.0.0.1:{composed.port}") as found:
        yield found


def tensors(client: InferenceServerClient, image: Image, sample: Sample, binary: bool) -> list[InferInput]:
    found = []
    for one in inference.inputs(sample, client.get_model_metadata(image.name)):
        cells, datatype = one["data"], one["datatype"]
        if datatype == "BYTES":
            values: Any = np.array(["" if cell is None else cell for cell in cells], dtype=object)
        else:
            datatype = "BOOL" if datatype == "BOOL" else "FP64"  # the one that holds a gap, too
            kind = bool if datatype == "BOOL" else np.float64
            values = np.array([np.nan if cell is None else cell for cell in cells], dtype=kind)
        tensor = InferInput(one["name"], one["shape"], datatype)
        if not binary and datatype == "FP64" and np.isnan(values).any():
            pytest.skip("Triton's client writes NaN into JSON as no number")
        tensor.set_data_from_numpy(values, binary_data=binary)
        found.append(tensor)
    return found


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_triton_s_client_gets_what_invocations_gives(
    composed: Server, client: InferenceServerClient, image: Image, sample: Sample, binary: bool
) -> None:
    expected = inference.columns(composed, sample)
    wanted = [InferRequestedOutput(name, binary_data=binary) for name in expected]
    result = client.infer(image.name, tensors(client, image, sample, binary), outputs=wanted, request_id="7")
    assert result.get_response()["id"] == "7"
    for name, cells in expected.items():
        given = result.as_numpy(name).tolist()
        given = [cell.decode() if isinstance(cell, bytes) else cell for cell in given]
        assert [None if cell == "None" else inference.plain(cell) for cell in given] == cells, name


def test_triton_s_client_finds_server_and_model(client: InferenceServerClient, image: Image) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(image.name)
    assert client.is_model_ready(image.name, image.version)
    assert not client.is_model_ready("nothing")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]


def test_triton_s_client_reads_our_errors(client: InferenceServerClient, image: Image) -> None:
    tensor = InferInput("nothing_of_yours", [1], "FP64")
    tensor.set_data_from_numpy(np.zeros(1))
    with pytest.raises(InferenceServerException, match="nothing_of_yours"):
        client.infer(image.name, [tensor])


@pytest.fixture(scope="module")
def kserve(composed: Server, image: Image, sample: Sample) -> dict[str, Any]:
    """What KServe's client gets."""
    metadata = composed.get(f"/v2/models/{image.name}").json
    question = {
        "url": f"http://127.0.0.1:{composed.port}",
        "model": image.name,
        "inputs": inference.inputs(sample, metadata),
        "instances": sample.records,
        "explains": "explain" in names(image.predictor().options),
    }
    found: dict[str, Any] = with_kserve("kserve_client.py", question)
    return found


def with_kserve(script: str, given: Any) -> Any:
    """What a script beside this one says to `given`, in the environment that has KServe's package."""
    assert KSERVE.exists(), "run `make .slipway/envs/kserve/.stamp`"
    command = [str(KSERVE), str(Path(__file__).with_name(script))]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_kserve_s_client_finds_server_and_model(kserve: dict[str, Any]) -> None:
    assert kserve["live"] == [True, True]
    assert kserve["ready"] == [True, True, True]


def test_kserve_s_client_reads_our_errors(kserve: dict[str, Any]) -> None:
    assert "nothing_of_yours" in kserve["refused"]
    assert "400 Bad Request" in kserve["refused"]


@pytest.mark.parametrize("kind", ["json", "binary"])
def test_kserve_s_client_gets_what_invocations_gives(
    composed: Server, kserve: dict[str, Any], sample: Sample, kind: str
) -> None:
    given = kserve["inferred"][kind]
    found = {
        name: [None if cell == "None" else inference.plain(cell) for cell in cells]
        for name, cells in given.items()
    }
    assert found == inference.columns(composed, sample)


def test_kserve_s_client_predicts_and_explains(
    composed: Server, kserve: dict[str, Any], sample: Sample
) -> None:
    body = json.dumps({"instances": sample.records}).encode()
    expected = composed.ask(body, "application/json", "application/json").json
    assert kserve["predicted"] == {"predictions": next(iter(expected.values()))}
    if "explained" in kserve:
        assert len(kserve["explained"]["explanations"]) == sample.height


def test_kserve_s_models_take_the_manifests(image: Image) -> None:
    texts = files.written(image, "registry.example/team", "s3://models/one/model.tar.gz")
    made = [yaml.safe_load(texts[name]) for name in ("serving-runtime.yaml", "inference-service.yaml")]
    assert with_kserve("kserve_models.py", made) == []
    made[0]["spec"]["containers"][0]["imagePull"] = "Always"
    made[0]["spec"]["supportedModelFormats"][0]["versoin"] = "1"
    made[0]["spec"]["volumes"][0].pop("name")
    made[1]["spec"]["predictor"]["minReplicas"] = "1"
    assert sorted(with_kserve("kserve_models.py", made)) == [
        "InferenceService.spec.predictor.minReplicas: expected int, got '1'",
        "ServingRuntime.spec.containers[0]: V1Container has no imagePull",
        "ServingRuntime.spec.supportedModelFormats[0]: V1alpha1SupportedModelFormat has no versoin",
        "ServingRuntime.spec.volumes[0]: 1 validation error for V1Volume",
    ]


def test_the_conformance_tool_finds_nothing(
    composed: Server, image: Image, sample: Sample, tmp_path: Path
) -> None:
    metadata = composed.get(f"/v2/models/{image.name}").json
    (tmp_path / "request.json").write_text(json.dumps({"inputs": inference.inputs(sample, metadata)}))
    address, payload = f"http://127.0.0.1:{composed.port}", str(tmp_path / "request.json")
    told = conformance(address, "--protocol", "oip", "--payload", payload)
    assert told.code == 0, told.output + told.errors


def test_the_documents_curl_lines_work(composed: Server, image: Image) -> None:
    """Those of the image's README, and those of the page on Kubernetes that are for this image."""
    texts = [(image.folder / "README.md").read_text(), (REPOSITORY / "docs/kubernetes.md").read_text()]
    lines = [line.strip() for text in texts for line in text.splitlines() if line.startswith("    curl ")]
    lines = [line for line in lines if "/models/" not in line or f"/models/{image.name}" in line]
    assert len(lines) >= 3
    for line in lines:
        command = shlex.split(line.replace(":8080", f":{composed.port}"))
        answer = _run([*command, "--silent", "--fail-with-body", "--noproxy", "*"], dict(os.environ))
        assert "error" not in json.loads(answer), (line, answer)


def test_the_documents_python_runs_as_printed(composed: Server, image: Image) -> None:
    """What the page on Kubernetes has for this image, each block with the client that it imports."""
    blocks = [one for one in python("kubernetes.md") if f'"{image.name}"' in one]
    assert len(blocks) == (2 if image.name == IMAGE.name else 0)
    for block in blocks:
        program = str(KSERVE) if "import InferenceRESTClient" in block else sys.executable
        block = block.replace("localhost:8080", f"127.0.0.1:{composed.port}")
        _run([program, "-c", block], {**os.environ, "NO_PROXY": "*"})


def test_the_container_ends_in_time_and_well(composed: Server) -> None:
    """Last, as nothing is served after it: what Kubernetes sends at the end of a pod."""
    docker("stop", "--time", "30", composed.container)
    assert docker("inspect", "--format", "{{.State.ExitCode}}", composed.container) == "0"
