"""Whether a request fits AWS's API, by the service model that botocore brings, in full and offline.

botocore itself looks only at types, unknown and required names, and lower bounds; upper bounds, patterns,
enumerations and unions it leaves to AWS. Here they are checked too:

    for problem in aws_shapes.problems("CreateAlgorithm", request):
        print(problem)  # AlgorithmName: expected at most 63 characters, got 70
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
import regex
from botocore.model import ServiceModel, Shape
from botocore.utils import parse_to_aware_datetime

_SHOWN = 60  # characters of a value that a message repeats
_CHOICES = 8  # of an enumeration that a message repeats
_NUMBERS = {"integer", "long", "float", "double"}
# Characters beyond U+FFFF, as the patterns write them, for Java: by pairs of surrogates.
_SURROGATES = re.compile(r"\\uD800\\uDC00-\\uDBFF\\uDFFF", re.IGNORECASE)


@dataclass(frozen=True)
class Problem:
    """One thing that the service would refuse."""

    path: str
    """Where it is: TrainingSpecification.TrainingChannels[0].Name; empty for the request itself."""
    kind: str
    """What is broken: type, required, unknown, min, max, pattern, enum or union."""
    expected: str
    came: str

    def __str__(self) -> str:
        return f"{self.path or 'the request'}: expected {self.expected}, got {self.came}"


def problems(operation: str, parameters: Mapping[str, Any], service: str = "sagemaker") -> list[Problem]:
    """Everything in a request that its operation (such as CreateAlgorithm) does not take; empty if fine.

    Raises botocore.model.OperationNotFoundError for an operation that the service does not have.
    """
    shape = model(service).operation_model(operation).input_shape
    if shape is None:
        return [Problem(name, "unknown", "no parameters", _shown(parameters[name])) for name in parameters]
    return list(_walk(shape, parameters, ""))


def value_problems(shape: str, value: Any, service: str = "sagemaker") -> list[Problem]:
    """The same of one value and the shape of that name: such as TrainingInstanceType and ml.m5.large."""
    return list(_walk(model(service).shape_for(shape), value, shape))


def limit(shape: str, bound: str = "max", service: str = "sagemaker") -> int:
    """The `min` or `max` of a shape: characters of a string, items of a list or map, or a number itself."""
    return int(model(service).shape_for(shape).metadata[bound])


def choices(shape: str, service: str = "sagemaker") -> list[str]:
    """The values that an enumeration has."""
    return list(model(service).shape_for(shape).metadata["enum"])


@cache
def model(service: str = "sagemaker") -> ServiceModel:
    """The service's model, as botocore of this environment brings it."""
    return botocore.session.get_session().get_service_model(service)


def _walk(shape: Shape, value: Any, path: str) -> Iterator[Problem]:
    kind = shape.type_name
    wanted, fits = _TYPES[kind]
    if not fits(value):
        yield Problem(path, "type", wanted, f"{type(value).__name__} {_shown(value)}")
        return
    yield from _bounds(shape, value, path)
    if kind == "structure":
        yield from _structure(shape, value, path)
    elif kind == "list":
        for place, one in enumerate(value):
            yield from _walk(shape.member, one, f"{path}[{place}]")
    elif kind == "map":
        for name, one in value.items():
            yield from _walk(shape.key, name, f"{path}[{_shown(name)}] (the key)")
            yield from _walk(shape.value, one, f"{path}[{_shown(name)}]")
    elif kind == "string":
        yield from _text(shape, value, path)


def _structure(shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[Problem]:
    for name in shape.metadata.get("required", []):
        if name not in value:
            yield Problem(_under(path, name), "required", "a value", "none")
    if shape.metadata.get("union") and len(value) != 1:
        yield Problem(path, "union", f"exactly one of {_some(shape.members)}", _some(value) or "none")
    for name, one in value.items():
        if name in shape.members:
            yield from _walk(shape.members[name], one, _under(path, name))
        else:
            yield Problem(_under(path, name), "unknown", f"one of {_some(shape.members)}", name)


def _bounds(shape: Shape, value: Any, path: str) -> Iterator[Problem]:
    kind = shape.type_name
    if kind in _NUMBERS:
        size, unit = value, ""
    elif kind in {"string", "blob", "list", "map"}:
        size = len(value)
        unit = {"string": " characters", "blob": " bytes", "list": " items", "map": " entries"}[kind]
    else:
        return
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield Problem(path, "min", f"at least {low}{unit}", f"{size}")
    if high is not None and size > high:
        yield Problem(path, "max", f"at most {high}{unit}", f"{size}")


def _text(shape: Shape, value: str, path: str) -> Iterator[Problem]:
    enum, pattern = shape.metadata.get("enum"), shape.metadata.get("pattern")
    if enum and value not in enum:
        yield Problem(path, "enum", f"one of {_some(enum)}", _shown(value))
    if pattern and not compiled(pattern).fullmatch(value):
        yield Problem(path, "pattern", f"a match of {pattern}", _shown(value))


@cache
def compiled(pattern: str) -> "regex.Pattern[str]":
    """A pattern of a service model; they are Java's, which has classes as \\p{L} that `re` has not."""
    return regex.compile(_SURROGATES.sub(r"\\U00010000-\\U0010FFFF", pattern))


def _is_time(value: Any) -> bool:
    try:
        parse_to_aware_datetime(value)
    except (ValueError, TypeError, AttributeError):
        return False
    return not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


# What a value of each type must be, in words and as a check.
_TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "structure": ("an object", lambda value: isinstance(value, Mapping)),
    "map": ("an object", lambda value: isinstance(value, Mapping)),
    "list": ("a list", lambda value: isinstance(value, Sequence) and not isinstance(value, str | bytes)),
    "string": ("a text", lambda value: isinstance(value, str)),
    "integer": ("a whole number", _is_whole),
    "long": ("a whole number", _is_whole),
    "float": ("a number", _is_number),
    "double": ("a number", _is_number),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "timestamp": ("a time", _is_time),
    "blob": ("bytes", lambda value: isinstance(value, bytes | bytearray | str)),
}


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _some(names: Sequence[str] | Mapping[str, Any]) -> str:
    known = list(names)
    return ", ".join(known[:_CHOICES]) + (
        f" and {len(known) - _CHOICES} more" if len(known) > _CHOICES else ""
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
