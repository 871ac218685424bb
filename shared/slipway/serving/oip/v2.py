"""Open Inference Protocol: `infer`."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from slipway.errors import UserError, shown
from slipway.formats.tensor_answers import BINARY_LENGTH, TensorAnswers
from slipway.formats.tensor_request import InferRequest
from slipway.formats.tensors import read
from slipway.media import MediaType
from slipway.serving.answer import Answer
from slipway.serving.endpoint import Endpoint, Request
from slipway.serving.oip.errors import formed
from slipway.serving.oip.metadata import datatypes

_BINARY_LENGTH = BINARY_LENGTH.lower().encode()
_JSON = MediaType("application/json")


@dataclass(frozen=True, slots=True)
class Infer:
    """`POST /v2/models/NAME/infer`. `header` is how long the JSON is, where binary tensors follow it."""

    counts: ClassVar = True
    header: str | None = None
    encoding: str = "identity"

    def with_headers(self, headers: Iterable[tuple[bytes, bytes]]) -> "Infer":
        """The same, with what the request's headers say."""
        found = self
        for name, value in headers:
            if name == _BINARY_LENGTH:
                found = replace(found, header=value.decode("latin-1"))
            elif name == b"content-encoding":
                found = replace(found, encoding=value.decode("latin-1"))
        return found

    def request(self, endpoint: Endpoint, body: bytes) -> Request:
        if self.encoding != "identity":
            raise UserError(f"Content-Encoding is {shown(self.encoding)}; send the body unpacked")
        request = InferRequest.parse(body, self._length())
        options = {
            name: value for name, value in request.parameters.items() if name in endpoint.known_options
        }
        wanted = [one.name for one in request.outputs]
        # A model may offer more than it usually gives; what it gives is the same, asked for or not.
        if "outputs" in endpoint.known_options and not endpoint.outputs.keys() >= set(wanted):
            options = {"outputs": wanted, **options}
        writer = TensorAnswers(request, endpoint.name, endpoint.manifest.version, datatypes(endpoint))
        return lambda reading: read(request, reading), options, writer, _JSON

    def form(self, answer: Answer) -> Answer:
        return formed(answer)

    def _length(self) -> int | None:
        if self.header is None:
            return None
        if not (self.header.isascii() and self.header.isdigit() and len(self.header) < 16):
            raise UserError(f"{BINARY_LENGTH}: expected a number of bytes, got {shown(self.header)}")
        return int(self.header)
