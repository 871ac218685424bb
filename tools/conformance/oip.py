"""The Open Inference Protocol (v2) by REST, as a client speaks it: requests, and what answers have to be.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import prod
from typing import Any

from .registry import Failed, NotApplicable
from .wire import Reply, Wire

LENGTH = "Inference-Header-Content-Length"
BINARY = "binary_tensor_data"
READY = "/v2/health/ready"
_PACKED = {  # as `struct` has them
    "BOOL": "?",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}
DATATYPES = (*_PACKED, "BF16", "BYTES")


@dataclass(frozen=True)
class Tensor:
    """An output: its cells in row-major order, None where one is missing."""

    datatype: str
    shape: tuple[int, ...]
    cells: tuple[Any, ...]


Outputs = dict[str, Tensor]


@dataclass(frozen=True)
class Client:
    """Speaks to one model of a server; `request` is what the caller gave to be sent."""

    wire: Wire
    model: str
    request: Mapping[str, Any] | None

    @property
    def path(self) -> str:
        return f"/v2/models/{self.model}"

    def get(self, path: str) -> Reply:
        return self.wire.send("GET", path)

    def infer(self, document: Any = None, path: str = "", binary: bytes | None = None) -> Reply:
        """Sends a document, the given request unless there is one; `binary` is tensor data behind it."""
        text = json.dumps(self.sent if document is None else document).encode()
        headers = {} if binary is None else {LENGTH: str(len(text))}
        return self.post(text + (binary or b""), headers, path)

    def post(self, body: bytes, headers: Mapping[str, str] | None = None, path: str = "") -> Reply:
        sent = {"Content-Type": "application/json", **(headers or {})}
        return self.wire.send("POST", f"{path or self.path}/infer", body, sent)

    @property
    def sent(self) -> dict[str, Any]:
        """The request to send. Raises NotApplicable where none was given."""
        if self.request is None:
            raise NotApplicable("no --payload was given")
        return dict(self.request)

    @property
    def inputs(self) -> list[dict[str, Any]]:
        return [dict(one) for one in self.sent["inputs"]]


def request(body: bytes) -> dict[str, Any]:
    """The request in a file. Raises ValueError where it is none."""
    found = json.loads(body)
    inputs = found.get("inputs") if isinstance(found, dict) else None
    if not (isinstance(inputs, list) and inputs and all(isinstance(one, dict) for one in inputs)):
        raise ValueError(
            '--payload: expected {"inputs": [{"name": …, "shape": …, "datatype": …, "data": …}]}'
        )
    for one in inputs:
        lacks = [name for name in ("name", "shape", "datatype", "data") if name not in one]
        if lacks:
            raise ValueError(f"--payload: the input {one.get('name')} lacks {', '.join(lacks)}")
    return dict(found)


def only_model(wire: Wire) -> str:
    """The name of the only model, from a list that the protocol does not ask for. Raises ValueError."""
    try:
        names = json.loads(wire.send("GET", "/v2/models").body)["models"]
    except (ValueError, KeyError, TypeError):
        names = None
    if not (isinstance(names, list) and len(names) == 1 and isinstance(names[0], str)):
        raise ValueError("--model-name is needed: the server does not list one model at /v2/models")
    return names[0]


def answered(reply: Reply) -> dict[str, Any]:
    """The JSON object of a reply with 200. Raises Failed."""
    if reply.status != 200:
        raise Failed(str(reply))
    return _object(reply, reply.body)


def _object(reply: Reply, body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Failed(f"no JSON object: {reply}")
    return found


def refused(reply: Reply) -> str:
    """What was seen of a request that should be refused. Raises Failed.

    The specification wants an error status, "typically 400", and a text under `error`.
    """
    if reply.status < 400:
        raise Failed(str(reply))
    if not isinstance(_object(reply, reply.body).get("error"), str):
        raise Failed(f'no text under "error": {reply}')
    return str(reply)


def outputs(reply: Reply) -> Outputs:
    """The outputs of an answer, by name. Raises Failed where it is none that the protocol knows."""
    if reply.status != 200:
        raise Failed(str(reply))
    length = reply.headers.get(LENGTH.lower(), str(len(reply.body)))
    if not length.isdigit() or int(length) > len(reply.body):
        raise Failed(f"{LENGTH} is {length}, the body has {len(reply.body)} bytes")
    document, rest = _object(reply, reply.body[: int(length)]), reply.body[int(length) :]
    found: Outputs = {}
    entries = document.get("outputs")
    if not isinstance(entries, list) or not entries:
        raise Failed(f"no outputs: {reply}")
    for one in entries:
        name, size = _name(one), (one.get("parameters") or {}).get("binary_data_size")
        if name in found:
            raise Failed(f"two outputs are called {name}")
        if size is None:
            cells = list(_flat(one.get("data")))
        else:
            cells, rest = unpacked(one["datatype"], rest[:size]), rest[size:]
        found[name] = _tensor(name, one, cells)
    if rest:
        raise Failed(f"{len(rest)} bytes follow the last output")
    return found


def _name(one: Any) -> str:
    """The name of an output or of a tensor in the metadata, whose datatype and shape are good."""
    if not isinstance(one, dict) or not isinstance(one.get("name"), str):
        raise Failed(f"a tensor has no name: {one}")
    if one.get("datatype") not in DATATYPES:
        raise Failed(f"{one['name']} has the datatype {one.get('datatype')}")
    shape = one.get("shape")
    if not isinstance(shape, list) or any(type(size) is not int for size in shape):
        raise Failed(f"{one['name']} has the shape {shape}")
    return str(one["name"])


def described(entries: Any) -> dict[str, Any]:
    """The tensors that metadata tell of, by name. Raises Failed."""
    if not isinstance(entries, list):
        raise Failed(f"no list of tensors: {entries}")
    return {_name(one): one for one in entries}


def _tensor(name: str, one: Mapping[str, Any], cells: Sequence[Any]) -> Tensor:
    datatype, shape = one["datatype"], tuple(one["shape"])
    if prod(shape) != len(cells):
        raise Failed(f"{name} has the shape {list(shape)} and {len(cells)} cells")
    wrong = [cell for cell in cells if cell is not None and not _fits(cell, datatype)]
    if wrong:
        raise Failed(f"{name} is {datatype} and has {wrong[0]!r}")
    return Tensor(datatype, shape, tuple(_plain(cell, datatype) for cell in cells))


def _flat(data: Any) -> Iterator[Any]:
    """The cells of data that may be nested."""
    if not isinstance(data, list):
        raise Failed(f"an output has no list under data: {str(data)[:40]}")
    if any(isinstance(one, list) for one in data):
        return chain.from_iterable(map(_flat, data))
    return iter(data)


def _fits(cell: Any, datatype: str) -> bool:
    if datatype == "BYTES":
        return isinstance(cell, str)
    if datatype == "BOOL":
        return isinstance(cell, bool)
    whole = type(cell) is int
    return whole or (type(cell) is float and datatype[:2] in {"FP", "BF"})


def _plain(cell: Any, datatype: str) -> Any:
    """A cell as it is however it was sent: a missing one is None, a float has its datatype's digits."""
    if cell is None or cell == "" or cell != cell:
        return None
    if datatype in {"FP16", "FP32", "FP64"}:
        kind = _PACKED[datatype]
        return struct.unpack(f"<{kind}", struct.pack(f"<{kind}", cell))[0]
    return cell


def packed(one: Mapping[str, Any]) -> bytes | None:
    """The data of an input as binary; None where a cell of it cannot be."""
    cells, datatype = list(_flat(one["data"])), one["datatype"]
    if datatype == "BYTES":
        texts = [("" if cell is None else str(cell)).encode() for cell in cells]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    if datatype.startswith("FP"):
        cells = [float("nan") if cell is None else cell for cell in cells]
    try:
        return struct.pack(f"<{len(cells)}{_PACKED[datatype]}", *cells)
    except (struct.error, KeyError):
        return None


def unpacked(datatype: str, data: bytes) -> list[Any]:
    """The cells of binary data. Raises Failed."""
    if datatype == "BYTES":
        return list(_texts(data))
    kind = _PACKED.get(datatype)
    if kind is None or len(data) % struct.calcsize(kind):
        raise Failed(f"{len(data)} bytes make no whole cells of {datatype}")
    return list(struct.unpack(f"<{len(data) // struct.calcsize(kind)}{kind}", data))


def _texts(data: bytes) -> Iterator[str]:
    at = 0
    while at < len(data):
        length = struct.unpack_from("<I", data, at)[0] if len(data) - at >= 4 else len(data)
        at += 4 + length
        if at > len(data):
            raise Failed("the texts of a BYTES output are longer than its data")
        yield data[at - length : at].decode(errors="replace")


def nested(one: Mapping[str, Any]) -> dict[str, Any]:
    """An input whose data are nested as its shape is."""
    cells: list[Any] = list(_flat(one["data"]))
    for size in reversed(one["shape"][1:]):
        cells = [cells[at : at + size] for at in range(0, len(cells), size)]
    return {**one, "data": cells}


def flat(one: Mapping[str, Any]) -> dict[str, Any]:
    """An input whose data are one list."""
    return {**one, "data": list(_flat(one["data"]))}
