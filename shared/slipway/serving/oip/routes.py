"""These protocols and Vertex AI's routes on a server of one model."""

from dataclasses import dataclass

from slipway.serving.answer import Answer, json_answer
from slipway.serving.oip import paths
from slipway.serving.oip.errors import error
from slipway.serving.oip.paths import Route
from slipway.serving.oip.v1 import Predict
from slipway.serving.oip.v2 import Infer
from slipway.serving.served import Served

Found = Answer | Route


def quick(name: str) -> dict[bytes, Route]:
    """The paths that requests of a few rows come on, for the short way."""
    return {f"/v2/models/{name}/infer".encode(): Infer(), f"/v1/models/{name}:predict".encode(): Predict()}


def find(app: Served, method: str, path: str) -> Found | None:
    """The answer, or what makes it of the body; None for a path that is none of these protocols'."""
    parts = path.split("/")[1:]
    if path == app.settings.vertex_health:
        return app.ping()
    if path == app.settings.vertex_predict:
        return Predict() if method == "POST" else paths.not_allowed(method, parts)
    if not parts or parts[0] not in paths.VERSIONS:
        return None
    found = paths.find(_Own(app), method, parts)
    return found if isinstance(found, Answer) else found[1]


@dataclass(frozen=True, slots=True)
class _Own(paths.Models):
    """The model that is served, loaded or not."""

    app: Served

    @property
    def names(self) -> list[str]:
        name = self.app.endpoint.name if self.app.endpoint else self.app.settings.model_name
        return [name] if name else []

    def missing(self, name: str) -> Answer | None:
        if self.app.endpoint is None:
            return error(self.app.broken.status, str(self.app.broken))
        own = self.app.endpoint.name
        if name == own:
            return None
        return error(404, f"there is no model {paths.shown(name)}; this server has {own}")

    def version(self, name: str) -> str:
        assert self.app.endpoint is not None
        return self.app.endpoint.manifest.version

    def ready(self, **about: str | bool) -> Answer:
        """As /ping says it."""
        why = self.app.unready if self.app.endpoint else str(self.app.broken)
        return (
            json_answer(503, {**about, "ready": False, "error": why})
            if why
            else json_answer(200, {**about, "ready": True})
        )
