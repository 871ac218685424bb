"""The same protocols on a multi-model endpoint: models have the names under which they were loaded."""

from collections.abc import Mapping, Sequence

from slipway.serving.answer import Answer, json_answer
from slipway.serving.oip import metadata
from slipway.serving.oip.errors import error
from slipway.serving.oip.routes import Route, not_allowed, shown
from slipway.serving.oip.v1 import Predict
from slipway.serving.oip.v2 import Infer

VERSIONS = ("v1", "v2")
PREFIXES = tuple(f"/{version}/" for version in VERSIONS)

Found = Answer | tuple[str, Route]
"""The answer; or a model that is loaded, and how it is asked."""


def find(method: str, path: Sequence[str], loaded: Mapping[str, str]) -> Found:
    """What answers `path`, its parts unquoted; `loaded` are the models' versions by their names."""
    match path:
        case ["v2"] | ["v2", ""]:
            return _told(method, path, metadata.server())
        case ["v2", "health", "live"]:
            return _told(method, path, json_answer(200, {"live": True}))
        case ["v2", "health", "ready"]:
            return _told(method, path, json_answer(200, {"live": True, "ready": True}))
        case [_, "models"]:
            return _told(method, path, json_answer(200, {"models": list(loaded)}))
        case ["v1", "models", called]:
            return _v1(method, path, called, loaded)
        case ["v2", "models", name, *rest]:
            return _v2(method, path, name, rest, loaded)
    return _nothing(path)


def _v1(method: str, path: Sequence[str], called: str, loaded: Mapping[str, str]) -> Found:
    """`NAME`, `NAME:predict` or `NAME:explain`; a name may have colons, too."""
    name, _, verb = called.rpartition(":")
    if verb not in {"predict", "explain"}:
        name, verb = called, ""
    if name not in loaded:
        return _unknown(name)
    if not verb:
        return _told(method, path, _ready(name))
    return (name, Predict(verb == "explain")) if method == "POST" else not_allowed(method, _joined(path))


def _v2(method: str, path: Sequence[str], name: str, rest: Sequence[str], loaded: Mapping[str, str]) -> Found:
    """`NAME[/versions/VERSION]`, then nothing, `ready` or `infer`."""
    if name not in loaded:
        return _unknown(name)
    match rest:
        case ["versions", version, *rest] if version != loaded[name]:
            return error(404, f"model {shown(name)} has no version {shown(version)}; it has {loaded[name]}")
        case ["versions", _, *further]:
            rest = further
    match rest:
        case ["infer"]:
            return (name, Infer()) if method == "POST" else not_allowed(method, _joined(path))
        case ["ready"]:
            return _told(method, path, _ready(name))
        case []:
            return (name, metadata.Metadata()) if method == "GET" else not_allowed(method, _joined(path))
    return _nothing(path)


def _told(method: str, path: Sequence[str], answer: Answer) -> Answer:
    return answer if method == "GET" else not_allowed(method, _joined(path))


def _ready(name: str) -> Answer:
    return json_answer(200, {"name": name, "ready": True})


def _unknown(name: str) -> Answer:
    return error(404, f"model {shown(name)} is not loaded")


def _nothing(path: Sequence[str]) -> Answer:
    return error(404, f"there is no {shown(_joined(path))}")


def _joined(path: Sequence[str]) -> str:
    return "/" + "/".join(path)
