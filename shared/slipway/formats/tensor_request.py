"""A request of the Open Inference Protocol, parsed: named inputs, each of a datatype and a shape.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slipway.errors import UserError, listed, shown
from slipway.formats import json_rows
from slipway.formats.base import Reading, count
from slipway.formats.tensor_types import DATATYPES, Cells, from_bytes, from_json, is_nested

LARGE = 1 << 15  # bytes; below it orjson is as quick as simdjson
_MOST = 1 << 40  # rows or columns, beyond which even their product would mean nothing
_CONTENT_TYPES = ("np", "pd", "str", "datetime")  # MLServer's; of a table only that it is one matters


@dataclass(slots=True)  # a frozen one takes four times as long to make
class Tensor:
    """An input: `shape` is [rows] or [rows, columns], `cells` are in its order, row by row."""

    name: str
    shape: Sequence[int]
    width: int
    datatype: str
    cells: Cells


@dataclass(slots=True)  # a frozen one takes four times as long to make
class WantedOutput:
    """An output that the request names."""

    name: str
    binary: bool | None = None


@dataclass(slots=True)  # a frozen one takes four times as long to make
class InferRequest:
    """A request, parsed but not read."""

    inputs: Sequence[Mapping[str, Any]]
    binary: memoryview
    id: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[WantedOutput, ...] = ()

    @classmethod
    def parse(cls, body: bytes, header: int | None = None) -> "InferRequest":
        """`header` is how many bytes of the body are JSON, where binary tensors follow.

        Raises UserError where it is no such request.
        """
        if header is not None and not 0 < header <= len(body):
            raise UserError(f"Inference-Header-Content-Length is {header}; the body has {len(body)} bytes")
        text = body if header is None else body[:header]
        document = _document(text)
        if not isinstance(document, dict) or not isinstance(document.get("inputs"), list):
            raise UserError('expected {"inputs": [{"name": …, "shape": …, "datatype": …, "data": …}]}')
        found = document.get("id", "")
        if not isinstance(found, str):
            raise UserError(f'"id" is a text, got {shown(found)}')
        if not all(isinstance(one, dict) for one in document["inputs"]):
            raise UserError('an entry of "inputs" is no object')
        return cls(
            document["inputs"],
            memoryview(body)[len(text) :],
            found,
            _parameters(document),
            _outputs(document.get("outputs", [])),
        )

    @property
    def pandas(self) -> bool:
        """Whether the request is a data frame, as MLServer's codec writes one."""
        return self.parameters.get("content_type") == "pd"

    def tensors(self, reading: Reading) -> list[Tensor]:
        """The inputs. Raises UserError for one that is none, PayloadTooLarge for one over the limits."""
        found, at = [], 0
        for one in self.inputs:
            name, shape, datatype = _head(one)
            parameters = _parameters(one, "input", name) if "parameters" in one else {}
            width = shape[1] if len(shape) > 1 else 1
            reading.budget.check(shape[0], width, len(self.binary))
            size = parameters.get("binary_data_size")
            if size is None:
                if "data" not in one:
                    raise UserError(f'input {shown(name)} has neither "data" nor "binary_data_size"')
                cells = from_json(_array(one["data"], name), datatype, shape, name)
            else:
                if type(size) is not int or not 0 <= size <= len(self.binary) - at:
                    raise UserError(
                        f"input {shown(name)}: binary_data_size is {shown(size)}; "
                        f"{len(self.binary) - at} bytes are left of the body"
                    )
                cells = from_bytes(bytes(self.binary[at : at + size]), datatype, shape[0] * width, name)
                at += size
            found.append(Tensor(name, shape, width, datatype, cells))
        if at != len(self.binary):
            raise UserError(f"{len(self.binary) - at} bytes follow the last input")
        return found


def _document(text: bytes) -> Any:
    """The JSON; of a large one the inputs' `data` stay simdjson's: numbers need not become Python objects."""
    if len(text) >= LARGE:
        import simdjson  # most requests are small

        try:
            parsed: Any = simdjson.Parser().parse(text)
            found = _lazy(parsed, simdjson.Object, simdjson.Array)
        except (ValueError, RuntimeError, MemoryError):
            found = None  # orjson says what is wrong, and takes NaN
        # A buffer of numbers does not tell how deep they lay, so no array may lie in a row of data.
        if found is not None and count(text, b"[") == _arrays(found, simdjson.Array):
            return {**found, "inputs": [_plain(one) for one in found["inputs"]]}
    return json_rows.parsed(text)


def _lazy(parsed: Any, objects: Any, arrays: Any) -> dict[str, Any] | None:
    """Request and inputs as dicts of what simdjson has; None where it is no request."""
    if not isinstance(parsed, objects) or not isinstance(parsed.get("inputs"), arrays):
        return None
    inputs = [{name: one[name] for name in one} for one in parsed["inputs"] if isinstance(one, objects)]
    rest = {name: _python(parsed[name]) for name in parsed if name != "inputs"}
    return {**rest, "inputs": inputs} if len(inputs) == len(parsed["inputs"]) else None


def _arrays(found: Mapping[str, Any], arrays: Any) -> int:
    """How many arrays there are but for those that lie too deep: inputs, outputs, an input's and its rows."""
    values = [value for one in found["inputs"] for value in one.values()]
    rows = sum(len(one["data"]) for one in found["inputs"] if is_nested(one.get("data")))
    inner = sum(isinstance(value, arrays) for value in values) + rows
    return 1 + isinstance(found.get("outputs"), list) + inner


def _plain(one: Mapping[str, Any]) -> dict[str, Any]:
    """An input, all but its `data` Python's."""
    return {name: value if name == "data" else _python(value) for name, value in one.items()}


def _python(value: Any) -> Any:
    convert = getattr(value, "as_dict", None) or getattr(value, "as_list", None)
    return convert() if convert else value


def _array(data: Any, name: str) -> Any:
    if isinstance(data, list) or hasattr(data, "as_buffer"):
        return data
    raise UserError(f'input {shown(name)}: "data" is an array, got {shown(data)}')


def _head(one: Mapping[str, Any]) -> tuple[str, Sequence[int], str]:
    """Name, shape and datatype of an input."""
    name, shape, datatype = one.get("name"), one.get("shape"), one.get("datatype")
    if not isinstance(name, str) or not name:
        raise UserError(f'an input\'s "name" is a text, got {shown(name)}')
    if not isinstance(shape, list) or len(shape) not in {1, 2} or not _are_sizes(*shape):
        said = str(shape)[:60] if isinstance(shape, list) else shown(shape)
        raise UserError(f"input {shown(name)}: expected the shape [rows] or [rows, columns], got {said}")
    if datatype not in DATATYPES:
        raise UserError(
            f"input {shown(name)}: expected one of {listed(DATATYPES, 20)}; got {shown(datatype)}"
        )
    return name, shape, str(datatype)


def _are_sizes(rows: Any, columns: Any = 1) -> bool:
    return type(rows) is type(columns) is int and 0 <= rows < _MOST and 0 < columns < _MOST


def _parameters(one: Mapping[str, Any], kind: str = "the request", name: str = "") -> Mapping[str, Any]:
    """The parameters of a request, an input or an output, where MLServer says its content type."""
    found = one.get("parameters") or {}
    whose = f"{kind} {shown(name)}" if name else kind
    if not isinstance(found, dict):
        raise UserError(f'"parameters" of {whose} is an object, got {shown(found)}')
    content_type = found.get("content_type", "np")
    if content_type not in _CONTENT_TYPES:
        expected = ", ".join(_CONTENT_TYPES)
        raise UserError(f"content_type of {whose}: expected one of {expected}; got {shown(content_type)}")
    return found


def _outputs(entries: Any) -> tuple[WantedOutput, ...]:
    good = isinstance(entries, list) and all(
        isinstance(one, dict) and isinstance(one.get("name"), str) for one in entries
    )
    if not good:
        raise UserError('"outputs" is a list of {"name": …}')
    found = []
    for one in entries:
        binary = _parameters(one, "output", one["name"]).get("binary_data")
        found.append(WantedOutput(one["name"], binary if isinstance(binary, bool) else None))
    return tuple(found)
