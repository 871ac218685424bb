"""From a method and a path to what answers it."""

from collections.abc import Iterable
from typing import ClassVar, Protocol

from slipway.serving.answer import Answer, json_answer
from slipway.serving.endpoint import InferenceProtocol
from slipway.serving.oip import metadata
from slipway.serving.oip.errors import error
from slipway.serving.oip.v1 import Predict
from slipway.serving.oip.v2 import Infer
from slipway.serving.served import Served


class Route(InferenceProtocol, Protocol):
    """What is left to answer once method and path are known."""

    counts: ClassVar[bool]
    """Whether it is a request for answers, which metrics count."""

    def with_headers(self, headers: Iterable[tuple[bytes, bytes]]) -> InferenceProtocol:
        """The same, with what the request's headers say."""


Found = Answer | Route


def quick(name: str) -> dict[bytes, Route]:
    """The paths that requests of a few rows come on, for the short way."""
    return {f"/v2/models/{name}/infer".encode(): Infer(), f"/v1/models/{name}:predict".encode(): Predict()}


def find(app: Served, method: str, path: str) -> Found | None:
    """The answer, or what makes it of the body; None for a path that is none of these protocols'."""
    settings = app.settings
    if path == settings.vertex_health:
        return app.ping()
    if path == settings.vertex_predict:
        return Predict() if method == "POST" else not_allowed(method, path)
    version, *parts = path.split("/")[1:]
    if version not in {"v1", "v2"}:
        return None
    if version == "v2" and parts in ([], [""], ["health", "live"], ["health", "ready"]):
        return _server(app, method, path, parts[1:])
    if parts[:1] != ["models"]:
        return error(404, f"there is no {shown(path)}")
    name = app.endpoint.name if app.endpoint else settings.model_name
    if parts == ["models"]:
        return (
            json_answer(200, {"models": [name] if name else []})
            if method == "GET"
            else not_allowed(method, path)
        )
    return _v1(app, method, path, parts[1:]) if version == "v1" else _v2(app, method, path, parts[1:])


def _server(app: Served, method: str, path: str, health: list[str]) -> Answer:
    if method != "GET":
        return not_allowed(method, path)
    if not health:
        return metadata.server()
    if health == ["live"]:
        return json_answer(200, {"live": True})
    return _ready(app, live=True)  # which the specification asks for here, too


def _v1(app: Served, method: str, path: str, parts: list[str]) -> Found:
    """`NAME`, `NAME:predict` or `NAME:explain`."""
    name, _, verb = parts[0].partition(":")
    if wrong := _wrong_model(app, name):
        return wrong
    if len(parts) > 1 or verb not in {"", "predict", "explain"}:
        return error(404, f"there is no {shown(path)}")
    if method != ("POST" if verb else "GET"):
        return not_allowed(method, path)
    return Predict(verb == "explain") if verb else _ready(app, name=name)


def _v2(app: Served, method: str, path: str, parts: list[str]) -> Found:
    """`NAME[/versions/VERSION]`, then nothing, `ready` or `infer`."""
    name, *rest = parts
    if wrong := _wrong_model(app, name):
        return wrong
    assert app.endpoint is not None
    if rest[:1] == ["versions"] and len(rest) > 1:
        own = app.endpoint.manifest.version
        if rest[1] != own:
            return error(404, f"model {name} has no version {shown(rest[1])}; it has {own}")
        rest = rest[2:]
    match rest:
        case ["infer"]:
            return Infer() if method == "POST" else not_allowed(method, path)
        case [] | ["ready"] if method != "GET":
            return not_allowed(method, path)
        case []:
            return metadata.Metadata()
        case ["ready"]:
            return _ready(app, name=name)
    return error(404, f"there is no {shown(path)}")


def _ready(app: Served, **about: str | bool) -> Answer:
    """As /ping says it."""
    why = app.unready if app.endpoint else str(app.broken)
    return (
        json_answer(503, {**about, "ready": False, "error": why})
        if why
        else json_answer(200, {**about, "ready": True})
    )


def _wrong_model(app: Served, name: str) -> Answer | None:
    """Why the model of that name cannot be asked; None where it can."""
    if app.endpoint is None:
        return error(app.broken.status, str(app.broken))
    own = app.endpoint.name
    return None if name == own else error(404, f"there is no model {shown(name)}; this server has {own}")


def not_allowed(method: str, path: str) -> Answer:
    return error(405, f"{shown(path)} does not take {method[:20]}")


def shown(text: str) -> str:
    return text[:200].encode(errors="replace").decode()
