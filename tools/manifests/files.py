"""The files that `make manifests` writes, derived from image.toml."""

import yaml

from slipway.image import Image
from tools.manifests.container import (
    DRAIN_S,
    GRACE_S,
    MODEL,
    POD_SECURITY,
    PORT,
    SCRAPED,
    SCRATCH,
    USER,
    Document,
    container,
)

_MOST = 4  # replicas
_BUSY = 70  # percent of the requested CPUs, from which on there are more replicas


def written(image: Image, registry: str = "", model: str = "") -> dict[str, str]:
    """File name: its text."""
    tag = f"{registry.rstrip('/')}/" if registry else ""
    tag += f"slipway/{image.name}:{image.version}"
    found = {
        "serving-runtime.yaml": [serving_runtime(image, tag)],
        "inference-service.yaml": [
            inference_service(image, model or f"s3://bucket/{image.name}/model.tar.gz")
        ],
        "deployment.yaml": [claim(image), deployment(image, tag), service(image), autoscaler(image)],
        "compose.yaml": [compose(image, tag)],
    }
    return {
        name: yaml.safe_dump_all(documents, sort_keys=False, width=110) for name, documents in found.items()
    }


def serving_runtime(image: Image, tag: str) -> Document:
    """KServe: how a model of this image is served. KServe fills in {{.Name}}."""
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ServingRuntime",
        "metadata": {"name": f"slipway-{image.name}", "labels": _labels(image)},
        "spec": {
            "annotations": SCRAPED,
            "supportedModelFormats": [{"name": f"slipway-{image.name}", "version": "1", "autoSelect": True}],
            "protocolVersions": ["v1", "v2"],
            "containers": [container("kserve-container", tag, "{{.Name}}")],
            "volumes": [SCRATCH],
        },
    }


def inference_service(image: Image, model: str) -> Document:
    """KServe: one model, fetched by its storage initializer, which unpacks a model.tar.gz."""
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": image.name, "labels": _labels(image)},
        "spec": {
            "predictor": {
                "minReplicas": 1,
                "maxReplicas": _MOST,
                "terminationGracePeriodSeconds": GRACE_S + DRAIN_S,
                "securityContext": POD_SECURITY,
                "model": {
                    "modelFormat": {"name": f"slipway-{image.name}"},
                    "runtime": f"slipway-{image.name}",
                    "protocolVersion": "v2",
                    "storageUri": model,
                },
            }
        },
    }


def claim(image: Image) -> Document:
    """The volume that holds the unpacked model."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": f"{image.name}-model", "labels": _labels(image)},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }


def deployment(image: Image, tag: str) -> Document:
    """Without KServe: pods that serve the model of the claim."""
    mount = {"name": "model", "mountPath": MODEL, "readOnly": True}
    volume = {
        "name": "model",
        "persistentVolumeClaim": {"claimName": f"{image.name}-model", "readOnly": True},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": image.name, "labels": _labels(image)},
        "spec": {
            "selector": {"matchLabels": _selector(image)},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {"labels": _labels(image), "annotations": SCRAPED},
                "spec": {
                    "automountServiceAccountToken": False,
                    "terminationGracePeriodSeconds": GRACE_S + DRAIN_S,
                    "securityContext": POD_SECURITY,
                    "containers": [container(image.name, tag, image.name, [mount])],
                    "volumes": [SCRATCH, volume],
                },
            },
        },
    }


def service(image: Image) -> Document:
    """One name for the pods."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": image.name, "labels": _labels(image)},
        "spec": {
            "selector": _selector(image),
            "ports": [{"name": "http", "port": 80, "targetPort": PORT, "protocol": "TCP"}],
        },
    }


def autoscaler(image: Image) -> Document:
    """More pods where their CPUs are busy."""
    target = {"type": "Utilization", "averageUtilization": _BUSY}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": image.name, "labels": _labels(image)},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": image.name},
            "minReplicas": 1,
            "maxReplicas": _MOST,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }


def compose(image: Image, tag: str) -> Document:
    """Docker Compose: the same container on one machine, over a folder with an unpacked model."""
    ready = f"import urllib.request as u; u.urlopen('http://localhost:{PORT}/v2/health/ready', timeout=5)"
    return {
        "services": {
            image.name: {
                "image": tag,
                "command": ["serve", f"--model_name={image.name}", f"--model_dir={MODEL}"],
                "ports": ["127.0.0.1:${PORT:-8080}:" + str(PORT)],
                "volumes": ["${MODEL:?the folder of a trained model}:" + f"{MODEL}:ro"],
                "user": f"{USER}:0",
                "read_only": True,
                "tmpfs": ["/tmp"],
                "cap_drop": ["ALL"],
                "security_opt": ["no-new-privileges:true"],
                "stop_grace_period": f"{GRACE_S}s",
                "healthcheck": {
                    "test": ["CMD", "python3", "-c", ready],
                    "interval": "5s",
                    "timeout": "10s",
                    "start_period": "10m",
                },
            }
        }
    }


def _selector(image: Image) -> dict[str, str]:
    return {"app.kubernetes.io/name": image.name}


def _labels(image: Image) -> dict[str, str]:
    return {
        **_selector(image),
        "app.kubernetes.io/version": image.version,
        "app.kubernetes.io/part-of": "slipway",
    }
