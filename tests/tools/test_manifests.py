"""The manifests that `make manifests` writes, held to the schemas that Kubernetes publishes.

No light package carries a schema of KServe's resources: their pods are held to Kubernetes' schema, and the
members beside them to the lists below, from kserve 0.21's Python models.
"""

from collections.abc import Callable
from typing import Any

import kubernetes_validate
import pytest
import yaml

from harness.places import REPOSITORY
from slipway.image import Image
from tools.manifests import files
from tools.manifests.__main__ import main

IMAGES = sorted(path.parent.name for path in REPOSITORY.glob("images/*/image.toml"))
VERSIONS = ("1.33", "1.37")
RUNTIME = {
    *(
        "affinity",
        "annotations",
        "containers",
        "disabled",
        "hostIPC",
        "imagePullSecrets",
        "labels",
        "multiModel",
    ),
    *("nodeSelector", "protocolVersions", "resourceClaims", "schedulerName", "supportedModelFormats"),
    *("tolerations", "volumes", "workerSpec"),
}
MODEL_FORMAT = {"autoSelect", "name", "priority", "version"}
MODEL = {"modelFormat", "protocolVersion", "runtime", "runtimeVersion", "storage", "storageUri"}
PREDICTOR = {"autoScaling", "maxReplicas", "minReplicas", "model", "scaleMetric", "scaleTarget", "timeout"}


@pytest.fixture(params=IMAGES)
def made(request: pytest.FixtureRequest) -> Callable[..., dict[str, list[Any]]]:
    """The documents of each file."""
    image = Image.read(REPOSITORY / "images" / request.param)
    found = files.written(image, "registry.example/team", "s3://models/one/model.tar.gz")
    assert not any("&id" in text for text in found.values()), "an anchor, which nobody wants to read"
    return {name: list(yaml.safe_load_all(text)) for name, text in found.items()}


def pod(spec: dict[str, Any], annotations: dict[str, str]) -> dict[str, Any]:
    metadata = {"name": "pod", "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_deployment_and_what_goes_with_it_are_what_kubernetes_takes(made, version):
    kinds = [document["kind"] for document in made["deployment.yaml"]]
    assert kinds == ["PersistentVolumeClaim", "Deployment", "Service", "HorizontalPodAutoscaler"]
    for document in made["deployment.yaml"]:
        kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
def test_kserves_resources_are_made_of_what_kubernetes_takes(made, version):
    (runtime,), (service,) = made["serving-runtime.yaml"], made["inference-service.yaml"]
    assert (runtime["apiVersion"], runtime["kind"]) == ("serving.kserve.io/v1alpha1", "ServingRuntime")
    assert (service["apiVersion"], service["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
    spec, predictor = runtime["spec"], service["spec"]["predictor"]
    assert spec.keys() <= RUNTIME
    assert all(one.keys() <= MODEL_FORMAT for one in spec["supportedModelFormats"])
    assert service["spec"].keys() == {"predictor"}
    assert predictor["model"].keys() <= MODEL
    rest = {name: value for name, value in predictor.items() if name not in PREDICTOR}
    joined = {"containers": spec["containers"], "volumes": spec["volumes"], **rest}
    kubernetes_validate.validate(pod(joined, spec["annotations"]), version, strict=True)
    assert spec["containers"][0]["name"] == "kserve-container", "the one that KServe looks for"
    assert "--model_name={{.Name}}" in spec["containers"][0]["args"]


def test_the_service_names_a_format_and_a_runtime_that_there_are(made):
    (runtime,), (service,) = made["serving-runtime.yaml"], made["inference-service.yaml"]
    model = service["spec"]["predictor"]["model"]
    assert model["runtime"] == runtime["metadata"]["name"]
    assert model["modelFormat"]["name"] in {one["name"] for one in runtime["spec"]["supportedModelFormats"]}
    assert model["protocolVersion"] in runtime["spec"]["protocolVersions"]
    assert model["storageUri"] == "s3://models/one/model.tar.gz"


def test_every_pod_is_locked_down_and_ends_in_time(made):
    _, deployment, service, scaler = made["deployment.yaml"]
    template = deployment["spec"]["template"]
    for spec, annotations in [
        (template["spec"], template["metadata"]["annotations"]),
        (made["serving-runtime.yaml"][0]["spec"], made["serving-runtime.yaml"][0]["spec"]["annotations"]),
    ]:
        (container,) = spec["containers"]
        assert container["image"].startswith("registry.example/team/slipway/")
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"]
        assert context["runAsNonRoot"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert {mount["mountPath"] for mount in container["volumeMounts"]} >= {"/tmp"}
        assert annotations["prometheus.io/path"] == "/metrics"
        assert annotations["prometheus.io/port"] == str(container["ports"][0]["containerPort"])
        paths = {container[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe")}
        assert paths == {"/v2/health/ready"}
        assert container["livenessProbe"]["httpGet"]["path"] == "/v2/health/live"
    assert template["spec"]["terminationGracePeriodSeconds"] > 30
    assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
    assert deployment["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    assert scaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]


def test_the_command_writes_the_files_and_says_what_is_an_example(tmp_path, capsys):
    assert main(["--image", IMAGES[0], "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "storageUri in inference-service.yaml" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["serving-runtime.yaml", "inference-service.yaml", "deployment.yaml", "compose.yaml"]
    )
    assert main(["--image", "nothing", "--out", str(tmp_path)]) == 1
