"""Hyperparameters as CreateAlgorithm takes them, from the JSON schemas that an image tells."""

import json
from collections.abc import Mapping
from typing import Any

_DESCRIPTION = 1024  # characters that SageMaker takes
_TYPES = {"integer": "Integer", "number": "Continuous"}


def specification(one: Mapping[str, Any]) -> dict[str, Any]:
    """HyperParameterSpecification of one hyperparameter as `describe` tells it.

    SageMaker knows whole numbers and numbers between two ends, categories, and free text. What is one of
    several kinds, as a number or "auto", is the one that can be tuned, and the other is what comes when it is
    left out; a range with an open end is free text, which the image checks itself.
    """
    schema, others = _main(one["values"], one["tunable"])
    kind, span = _range(schema)
    found: dict[str, Any] = {
        "Name": one["name"],
        "Description": _description(one, others),
        "Type": kind,
        "IsTunable": bool(one["tunable"]),
        "IsRequired": bool(one["required"]),
    }
    if span:
        found["Range"] = span
    default = one["default"]
    if not one["required"] and default is not None and default not in ("", [], {}) and default not in others:
        found["DefaultValue"] = text(default)
    return found


def text(value: Any) -> str:
    """A value as the platform passes it: lists, objects and truth as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def fits(value: str, specification: Mapping[str, Any]) -> bool:
    """Whether SageMaker would take `value` for this hyperparameter."""
    kind, span = specification["Type"], specification.get("Range", {})
    if kind == "FreeText":
        return True
    if kind == "Categorical":
        return value in span["CategoricalParameterRangeSpecification"]["Values"]
    ends = span[f"{kind}ParameterRangeSpecification"]
    try:
        number = int(value) if kind == "Integer" else float(value)
    except ValueError:
        return False
    return float(ends["MinValue"]) <= number <= float(ends["MaxValue"])


def _main(schema: Mapping[str, Any], tunable: bool) -> tuple[Mapping[str, Any], list[Any]]:
    """The member of a union that is published, and the fixed values of those that are not."""
    members = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    if all(_choices(one) for one in members):
        return {"enum": [value for one in members for value in _choices(one)]}, []
    if len(members) == 1:
        return members[0], []
    if not tunable:
        return {}, []
    main = next(one for one in members if one.get("type") in _TYPES)
    return main, [value for one in members if one is not main for value in _choices(one)]


def _choices(schema: Mapping[str, Any]) -> list[Any]:
    if schema.get("type") == "boolean":
        return [True, False]
    return list(schema["enum"]) if "enum" in schema else [schema["const"]] if "const" in schema else []


def _range(schema: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Type and Range of a schema without unions."""
    choices = _choices(schema)
    if choices:
        values = [text(value) for value in choices]
        return "Categorical", {"CategoricalParameterRangeSpecification": {"Values": values}}
    kind = _TYPES.get(schema.get("type", ""))
    if kind and {"minimum", "maximum"} <= schema.keys():
        ends = {"MinValue": text(schema["minimum"]), "MaxValue": text(schema["maximum"])}
        return kind, {f"{kind}ParameterRangeSpecification": ends}
    return "FreeText", {}


def _description(one: Mapping[str, Any], others: list[Any]) -> str:
    said = str(one["description"])
    if others and one["default"] in others:
        said += f" Left out, it is {text(one['default'])}."
    return said[:_DESCRIPTION]
