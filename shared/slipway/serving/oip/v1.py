"""KServe v1, which Vertex AI has, too: {"instances": […]} is answered by {"predictions": […]}."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from slipway.errors import UserError, shown
from slipway.formats import json
from slipway.media import MediaType
from slipway.serving.answer import Answer
from slipway.serving.endpoint import Endpoint, Request
from slipway.serving.oip.errors import formed
from slipway.table.arrow import Array

_MEDIA = MediaType("application/json")


class Instances(json.JSON):
    """The document that v1 has: rows in `instances`, options in Vertex AI's `parameters`."""

    def parsed(self, body: bytes) -> Any:
        """The document as /invocations has it. Raises UserError where it has no `instances`."""
        document = super().parsed(body)
        if not isinstance(document, dict) or not isinstance(document.get("instances"), list):
            raise UserError('expected {"instances": [row, …]}')
        parameters = document.pop("parameters", None) or {}
        if not isinstance(parameters, dict):
            raise UserError(f'"parameters" is an object of options, got {shown(parameters)}')
        return {**document, "configuration": {**json.configuration(document), **parameters}}


class Named(json.JSON):
    """Answers under the name that v1 has for them, whatever the model calls them."""

    def __init__(self, name: str) -> None:
        self._name = name

    def write(self, columns: Mapping[str, Array], media: MediaType, envelope: str = "predictions") -> bytes:
        return super().write(columns, media, self._name)


@dataclass(frozen=True, slots=True)
class Predict:
    """`POST /v1/models/NAME:predict`, or `:explain`, which is answered by {"explanations": […]}."""

    counts: ClassVar = True
    explain: bool = False

    def with_headers(self, headers: Iterable[tuple[bytes, bytes]]) -> "Predict":
        """The same: no header matters."""
        return self

    def request(self, endpoint: Endpoint, body: bytes) -> Request:
        if not body.lstrip().startswith(b"{"):
            raise UserError('expected {"instances": [row, …]}')
        read, given = endpoint.source(body, _INSTANCES, _MEDIA)
        if not self.explain:
            return read, given, _PREDICTIONS, _MEDIA
        if "explain" not in endpoint.known_options:
            error = UserError(f"the image {endpoint.manifest.image} has no explanations; ask for :predict")
            error.status = 501
            raise error
        return read, {**given, "explain": True}, _EXPLANATIONS, _MEDIA

    def form(self, answer: Answer) -> Answer:
        return formed(answer)


_INSTANCES, _PREDICTIONS, _EXPLANATIONS = Instances(), Named("predictions"), Named("explanations")
