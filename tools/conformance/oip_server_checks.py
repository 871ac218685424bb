"""Checks of the Open Inference Protocol: what a server says of itself and of its model."""

from typing import Any

from . import oip
from .oip import Client, answered, outputs, refused
from .oip_checks import ERROR, UNHEARD, plain, same, shown, summed
from .registry import Failed, NotApplicable, check
from .stage import Stage

# The specification has {"live": …} for the server's readiness, too; "ready" is what it means.
_HEALTH = {"/v2/health/live": ("live",), oip.READY: ("live", "ready"), "{}/ready": ("ready",)}


def _ok(client: Client, path: str) -> str:
    reply = client.get(path)
    if reply.status != 200:
        raise Failed(f"{path}: {reply}")
    return "200"


# ---- the server ----
@check("V1.1", "oip", "GET /v2/health/live", "200")
def it_lives(stage: Stage) -> str:
    return _ok(stage.client, "/v2/health/live")


@check("V1.2", "oip", "GET /v2/health/ready", "200")
def it_is_ready(stage: Stage) -> str:
    return _ok(stage.client, oip.READY)


@check("V1.3", "oip", "GET /v2", "name and version as texts, extensions as a list of texts")
def it_tells_what_it_is(stage: Stage) -> str:
    found = answered(stage.client.get("/v2"))
    texts = [found.get("name"), found.get("version")]
    extensions = found.get("extensions")
    if not isinstance(extensions, list) or not all(isinstance(one, str) for one in [*texts, *extensions]):
        raise Failed(str(found))
    return f"{found['name']} {found['version']}, extensions: {', '.join(extensions) or 'none'}"


@check("V1.4", "oip", "look at the bodies of V1.1, V1.2 and V2.1", "live, ready and name, as specified")
def health_is_told(stage: Stage) -> str:
    client, said = stage.client, []
    for path, names in _HEALTH.items():
        found = answered(client.get(path.format(client.path)))
        if not any(found.get(name) is True for name in names):
            raise Failed(f"{path.format(client.path)}: {found}")
        said.append(str(found))
    if found.get("name") != client.model:
        raise Failed(f"the name is {found.get('name')}")
    return ", ".join(said)


# ---- the model ----
@check("V2.1", "oip", "GET /v2/models/NAME/ready", "200")
def the_model_is_ready(stage: Stage) -> str:
    return _ok(stage.client, f"{stage.client.path}/ready")


@check("V2.2", "oip", "GET /v2/models/NAME", "name, platform, inputs and outputs, with datatypes and shapes")
def the_model_is_described(stage: Stage) -> str:
    found = _metadata(stage.client)
    if found.get("name") != stage.client.model or not isinstance(found.get("platform"), str):
        raise Failed(f"name {found.get('name')}, platform {found.get('platform')}")
    told = [oip.described(found.get(kind)) for kind in ("inputs", "outputs")]
    return f"{len(told[0])} inputs, {len(told[1])} outputs"


@check("V2.3", "oip", "use the versions that the metadata name", "200 for each, and the same outputs")
def versions_are_served(stage: Stage) -> str:
    client = stage.client
    versions = _metadata(client).get("versions") or []
    if not versions:
        raise NotApplicable("the metadata name none")
    expected = plain(client)
    for version in versions:
        path = f"{client.path}/versions/{version}"
        for each in (path, f"{path}/ready"):
            _ok(client, each)
        same(outputs(client.infer(path=path)), expected)
    return ", ".join(map(str, versions))


@check("V2.4", "oip", "GET a model that is not there, and its readiness", f"{ERROR}; an error status")
def an_unknown_model_is_not_there(stage: Stage) -> str:
    seen = refused(stage.client.get(UNHEARD))
    ready = stage.client.get(f"{UNHEARD}/ready")
    if ready.status < 400:
        raise Failed(f"ready: {ready}")
    return seen


@check("V2.5", "oip", "GET a version that is not there", ERROR)
def an_unknown_version_is_not_there(stage: Stage) -> str:
    return refused(stage.client.get(f"{stage.client.path}/versions/unheard-of"))


@check("V2.6", "oip", "compare the answer with the metadata", "the names, datatypes and shapes told")
def outputs_are_as_described(stage: Stage) -> str:
    told = oip.described(_metadata(stage.client).get("outputs"))
    if not told:
        raise NotApplicable("the metadata tell of no outputs")
    found = plain(stage.client)
    for name, one in found.items():
        if name not in told:
            raise Failed(f"the metadata have no {name}")
        expected = told[name]
        fits = len(one.shape) == len(expected["shape"]) and all(
            size in {-1, own} for size, own in zip(expected["shape"], one.shape, strict=True)
        )
        if expected["datatype"] != one.datatype or not fits:
            raise Failed(f"{name}: told {expected['datatype']} {expected['shape']}, came {shown(one)}")
    return summed(found)


def _metadata(client: Client) -> dict[str, Any]:
    return answered(client.get(client.path))
