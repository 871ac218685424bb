"""What there is under `/v1` and `/v2`, whichever models a server has."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Protocol

from slipway.serving.answer import Answer, json_answer
from slipway.serving.asgi import Headers, invocation_headers
from slipway.serving.endpoint import InferenceProtocol
from slipway.serving.oip import metadata
from slipway.serving.oip.errors import error
from slipway.serving.oip.v1 import Predict
from slipway.serving.oip.v2 import Infer

VERSIONS = ("v1", "v2")
PREFIXES = tuple(f"/{version}/" for version in VERSIONS)


class Route(InferenceProtocol, Protocol):
    """What is left to answer once method and path are known."""

    counts: ClassVar[bool]
    """Whether it is a request for answers, which metrics count."""

    def with_headers(self, headers: Iterable[tuple[bytes, bytes]]) -> InferenceProtocol:
        """The same, with what the request's headers say."""


Found = Answer | tuple[str, Route]
"""The answer; or the name of a model, and how it is asked."""


class Models(Protocol):
    """The models of a server."""

    @property
    def names(self) -> list[str]:
        """What they are called."""

    def missing(self, name: str) -> Answer | None:
        """Why the model of that name cannot be asked; None where it can."""

    def version(self, name: str) -> str:
        """Of a model that can be asked."""

    def ready(self, **about: str | bool) -> Answer:
        """Whether those that can be asked are ready, with what else is told `about` it."""


def find(models: Models, method: str, path: Sequence[str]) -> Found:
    """What answers `path`, given as its parts."""
    match path:
        case ["v2"] | ["v2", ""]:
            return _told(method, path, metadata.server())
        case ["v2", "health", "live"]:
            return _told(method, path, json_answer(200, {"live": True}))
        case ["v2", "health", "ready"]:  # which the specification asks `live` for here, too
            return _told(method, path, models.ready(live=True))
        case [_, "models"]:
            return _told(method, path, json_answer(200, {"models": models.names}))
        case ["v1", "models", called]:
            return _v1(models, method, path, called)
        case ["v2", "models", name, *rest]:
            return _v2(models, method, path, name, rest)
    return _nothing(path)


def asked(headers: Headers, route: Route | None) -> tuple[Any, ...]:
    """What an endpoint has to know of a request besides its body."""
    heard = invocation_headers(headers)
    return heard if route is None else (*heard, route.with_headers(headers))


def _v1(models: Models, method: str, path: Sequence[str], called: str) -> Found:
    """`NAME`, `NAME:predict` or `NAME:explain`; a name may have colons, too."""
    name, _, verb = called.rpartition(":")
    if verb not in {"predict", "explain"}:
        name, verb = called, ""
    if missing := models.missing(name):
        return missing
    if not verb:
        return _told(method, path, models.ready(name=name))
    return (name, Predict(verb == "explain")) if method == "POST" else not_allowed(method, path)


def _v2(models: Models, method: str, path: Sequence[str], name: str, rest: Sequence[str]) -> Found:
    """`NAME[/versions/VERSION]`, then nothing, `ready` or `infer`."""
    if missing := models.missing(name):
        return missing
    if rest[:1] == ["versions"] and len(rest) > 1:
        own = models.version(name)
        if rest[1] != own:
            return error(404, f"model {shown(name)} has no version {shown(rest[1])}; it has {own}")
        rest = rest[2:]
    match rest:
        case ["infer"]:
            return (name, Infer()) if method == "POST" else not_allowed(method, path)
        case ["ready"]:
            return _told(method, path, models.ready(name=name))
        case []:
            return (name, metadata.Metadata()) if method == "GET" else not_allowed(method, path)
    return _nothing(path)


def _told(method: str, path: Sequence[str], answer: Answer) -> Answer:
    return answer if method == "GET" else not_allowed(method, path)


def not_allowed(method: str, path: Sequence[str]) -> Answer:
    return error(405, f"{shown(_joined(path))} does not take {method[:20]}")


def _nothing(path: Sequence[str]) -> Answer:
    return error(404, f"there is no {shown(_joined(path))}")


def _joined(path: Sequence[str]) -> str:
    return "/" + "/".join(path)


def shown(text: str) -> str:
    return text[:200].encode(errors="replace").decode()
