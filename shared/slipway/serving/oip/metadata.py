"""What a server of the Open Inference Protocol says of its model, by the model's own schema."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from slipway import __version__
from slipway.formats.tensor_answers import tensor
from slipway.serving.answer import Answer, json_answer
from slipway.serving.endpoint import Endpoint
from slipway.serving.oip.errors import formed
from slipway.table.schema import Column

_DATATYPES = {"number": "FP64", "integer": "INT64", "boolean": "BOOL", "list": "FP64"}


def server(name: str = "slipway") -> Answer:
    """What the server is."""
    return json_answer(200, {"name": name, "version": __version__, "extensions": ["binary_tensor_data"]})


@dataclass(frozen=True, slots=True)
class Metadata:
    """`GET /v2/models/NAME`: inputs and outputs, columns of any number of rows."""

    counts: ClassVar = False

    def with_headers(self, headers: Iterable[tuple[bytes, bytes]]) -> "Metadata":
        """The same: no header matters."""
        return self

    def request(self, endpoint: Endpoint, body: bytes) -> Answer:
        manifest = endpoint.manifest
        return json_answer(
            200,
            {
                "name": endpoint.name,
                "versions": [manifest.version],
                "platform": f"slipway_{manifest.image}",
                "inputs": [_input(column) for column in manifest.reads.columns],
                "outputs": [
                    {"name": name, "datatype": datatypes(endpoint)[name], "shape": [-1, *cells.shape[1:]]}
                    for name, cells in endpoint.outputs.items()
                ],
            },
        )

    def form(self, answer: Answer) -> Answer:
        return formed(answer)


def _input(column: Column) -> dict[str, Any]:
    lists = column.lists or column.kind == "list"
    parameters: dict[str, Any] = {"kind": column.kind or "text"}
    if column.optional:
        parameters["optional"] = True
    return {
        "name": column.name,
        "datatype": "FP64" if lists else _DATATYPES.get(column.kind or "text", "BYTES"),
        "shape": [-1, -1] if lists else [-1],
        "parameters": parameters,
    }


@lru_cache(1)  # a process has one
def datatypes(endpoint: Endpoint) -> Mapping[str, str]:
    """The datatypes of the outputs, as far as an answer to no rows can tell them."""
    known = {column.name: column for column in endpoint.manifest.reads.columns}
    return {
        # Numbers that are given back with gaps; other objects are texts.
        name: "FP64" if cells.dtype == object and _is_number(known.get(name)) else tensor(cells)[0]
        for name, cells in endpoint.outputs.items()
    }


def _is_number(column: Column | None) -> bool:
    return column is not None and column.kind in {"number", "integer"}
