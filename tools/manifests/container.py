"""The container, as Kubernetes has it: the same in a Deployment and in KServe's runtime."""

from collections.abc import Sequence
from typing import Any

Document = dict[str, Any]

PORT = 8080
USER = 10001  # the image's own; any other works, too
MODEL = "/mnt/models"
GRACE_S = 30  # that the server takes at most to finish what it has begun
DRAIN_S = 5  # until no new connection is sent to a pod that ends
SCRAPED = {
    "prometheus.io/scrape": "true",
    "prometheus.io/port": str(PORT),
    "prometheus.io/path": "/metrics",
}
# A worker per CPU of the limit; memory for two of a model of some hundred megabytes.
RESOURCES = {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "2", "memory": "4Gi"}}
POD_SECURITY = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": 0,
    "fsGroup": USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}
SCRATCH = {"name": "tmp", "emptyDir": {}}  # all that the server writes to


def container(name: str, image: str, model_name: str, mounts: Sequence[Document] = ()) -> Document:
    """A container that serves the model in MODEL."""
    return {
        "name": name,
        "image": image,
        "args": ["serve", f"--model_name={model_name}", f"--model_dir={MODEL}", f"--http_port={PORT}"],
        "ports": [{"containerPort": PORT, "protocol": "TCP"}],
        "resources": RESOURCES,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
        # A model may take minutes to load; it is live from the first second, and ready after.
        "startupProbe": _probe("ready", periodSeconds=5, failureThreshold=120),
        "livenessProbe": _probe("live", periodSeconds=10, failureThreshold=3, timeoutSeconds=5),
        "readinessProbe": _probe("ready", periodSeconds=5, failureThreshold=2, timeoutSeconds=5),
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", str(DRAIN_S)]}}},
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, *mounts],
    }


def _probe(health: str, **timing: int) -> Document:
    return {"httpGet": {"path": f"/v2/health/{health}", "port": PORT}, **timing}
