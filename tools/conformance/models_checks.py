"""Checks of multi-model endpoints, for images whose label says that they can."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote

from .registry import Failed, check
from .request_checks import answered, rows
from .stage import Server, Stage
from .wire import Reply

ODD = " / with a slash, % and ü"


class Models:
    """A multi-model server."""

    def __init__(self, server: Server, stage: Stage) -> None:
        self.server, self._stage = server, stage
        name = stage.subject.target_model
        self.names = [name, name + ODD]

    def load(self, name: str, url: str = "") -> Reply:
        url = url or f"/opt/ml/models/{self.names.index(name)}/model"
        body = json.dumps({"model_name": name, "url": url}).encode()
        timeout = self._stage.subject.timeout
        return self._send("POST", "/models", body, {"Content-Type": "application/json"}, timeout)

    def listed(self) -> list[str]:
        return [one["modelName"] for one in json.loads(self._send("GET", "/models").body)["models"]]

    def ask(self, name: str) -> Reply:
        payload, accept = self._stage.payload, self._stage.subject.accept
        headers = {"Content-Type": payload.media_type, "X-Amzn-SageMaker-Target-Model": name}
        headers |= {"Accept": accept} if accept else {}
        return self._send("POST", self._path(name) + "/invoke", payload.body, headers)

    def told(self, name: str) -> Reply:
        return self._send("GET", self._path(name))

    def unload(self, name: str) -> Reply:
        return self._send("DELETE", self._path(name))

    def _path(self, name: str) -> str:
        return f"/models/{quote(name, safe='')}"

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Reply:
        return self.server.wire.send(method, path, body, headers, timeout)


@contextmanager
def models(stage: Stage) -> Iterator[Models]:
    """A server with /opt/ml/models read-only, two models on it, none loaded."""
    with stage.serving({"SAGEMAKER_MULTI_MODEL": "true"}, mount=stage.models) as server:
        yield Models(server, stage)


def status(reply: Reply, expected: int, what: str) -> None:
    if reply.status != expected:
        raise Failed(f"{what}: {reply}")


@check("B5.8", "models", "serve with no model loaded", "200 on /ping, an empty list, 404 for any model")
def no_model_is_loaded(stage: Stage) -> str:
    with models(stage) as many:
        if listed := many.listed():
            raise Failed(f"it lists {listed}")
        status(many.told("unheard-of"), 404, "GET of an unknown model (B5.4)")
        status(many.unload("unheard-of"), 404, "DELETE of an unknown model (B5.5)")
        status(many.ask("unheard-of"), 404, "invoke of an unknown model (B5.6)")
    return "200, an empty list, 404"


@check("B5.2", "models", "load a model, ask it, load it again, unload it", "200, 200, 409, 200, then 404")
def a_model_comes_and_goes(stage: Stage) -> str:
    with models(stage) as many:
        name = many.names[0]
        status(many.load(name), 200, "load")
        answered(many.ask(name), rows(stage))
        status(many.load(name), 409, "load again")
        if many.listed() != [name]:
            raise Failed(f"it lists {many.listed()} (B5.3)")
        told = many.told(name)
        status(told, 200, "GET of the model (B5.4)")
        if json.loads(told.body).get("modelName") != name:
            raise Failed(f"GET of the model (B5.4): {told}")
        status(many.unload(name), 200, "unload (B5.5)")
        status(many.ask(name), 404, "invoke after it (B5.6)")
    return "200, 200, 409, 200, then 404"


@check("B5.7", "models", "load two, one with a name that has to be URL-encoded", "both answer")
def names_are_encoded(stage: Stage) -> str:
    with models(stage) as many:
        for name in many.names:
            status(many.load(name), 200, f"load {name}")
        for name in many.names:
            answered(many.ask(name), rows(stage))
        if sorted(many.listed()) != sorted(many.names):
            raise Failed(f"it lists {many.listed()} (B5.3)")
    return "both answer"


@check(
    "B5.2",
    "models",
    "load a folder that is not there",
    "4xx or 5xx, and nothing loaded",
)
def a_broken_model_is_refused(stage: Stage) -> str:
    with models(stage) as many:
        reply = many.load(many.names[0], "/opt/ml/models/nowhere/model")
        if reply.status < 400 or many.listed():
            raise Failed(f"{reply}; it lists {many.listed()}")
    return str(reply)
