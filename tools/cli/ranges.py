"""What a tuning job searches: ranges from an image's hyperparameters, the objective from its metrics."""

from collections.abc import Iterable, Mapping
from typing import Any

from .errors import CommandError

Range = dict[str, Any]
KINDS = ("IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges")


def declared(facts: Mapping[str, Any]) -> dict[str, tuple[str, Range]]:
    """Of each tunable hyperparameter: which of `KINDS` its range is of, and the range in the API's words."""
    found = {}
    for one in facts["hyperparameters"]:
        made = _range(one["name"], one["values"]) if one["tunable"] else None
        if made is not None:
            found[one["name"]] = made
    return found


def chosen(facts: Mapping[str, Any], wanted: Iterable[str], fixed: Iterable[str]) -> dict[str, list[Range]]:
    """ParameterRanges of the texts in `wanted`: a name alone has its declared range; name=1:10 and name=a,b
    have their own. Without any, all that is tunable and not `fixed`.

    Raises CommandError where a name is unknown or a range is none.
    """
    known = declared(facts)
    labels = {label: one for one in facts["hyperparameters"] for label in (one["name"], *one["aliases"])}
    held = {labels[label]["name"] for label in fixed if label in labels}
    texts = list(wanted) or [name for name in known if name not in held]
    found: dict[str, list[Range]] = {kind: [] for kind in KINDS}
    for text in texts:
        label, equals, given = text.partition("=")
        if label not in labels:
            raise CommandError(
                f"--range: {facts['name']} has no hyperparameter {label}; tunable: {', '.join(known)}"
            )
        name = labels[label]["name"]
        if equals:
            kind, made = _given(name, given, labels[label]["values"])
        elif name in known:
            kind, made = known[name]
        else:
            raise CommandError(f"--range: {name} has no range of its own; give {name}=low:high or {name}=a,b")
        found[kind].append(made)
    if not any(found.values()):
        set_all = f"as {', '.join(known)} is set" if known else f"as {facts['name']} calls nothing tunable"
        raise CommandError(f"nothing is left to tune, {set_all}; name with --range what to search")
    return {kind: ranges for kind, ranges in found.items() if ranges}


def objective(facts: Mapping[str, Any], wanted: str) -> dict[str, str]:
    """The metric to tune for, image.toml's first unless `wanted`, and its direction."""
    metrics = {name: one for name, one in facts["metrics"].items() if "*" not in name}
    name = wanted or next(iter(metrics), "")
    if name not in metrics:
        raise CommandError(
            f"--objective: {facts['name']} declares no metric {name}; it has {', '.join(metrics)}"
        )
    return {"Type": metrics[name]["direction"], "MetricName": name}


def _range(name: str, schema: Mapping[str, Any]) -> tuple[str, Range] | None:
    """The range of a JSON schema; of a union that of the first member that has one."""
    for inner in schema.get("anyOf", []):
        made = _range(name, inner)
        if made is not None:
            return made
    if schema.get("type") in {"integer", "number"} and {"minimum", "maximum"} <= schema.keys():
        return _numbers(name, schema["type"] == "integer", schema["minimum"], schema["maximum"])
    choices = [True, False] if schema.get("type") == "boolean" else schema.get("enum", [])
    if len(choices) > 1:
        return KINDS[2], {"Name": name, "Values": [_text(choice) for choice in choices]}
    return None


def _given(name: str, text: str, schema: Mapping[str, Any]) -> tuple[str, Range]:
    low, colon, high = text.partition(":")
    if not colon:
        return KINDS[2], {"Name": name, "Values": text.split(",")}
    try:
        ends = float(low), float(high)
    except ValueError:
        raise CommandError(f"--range: {name}: expected low:high, got {text}") from None
    if ends[0] > ends[1]:
        raise CommandError(f"--range: {name}: {low} is more than {high}")
    whole = any(one.get("type") == "integer" for one in [schema, *schema.get("anyOf", [])])
    return _numbers(name, whole, low, high)


def _numbers(name: str, whole: bool, low: Any, high: Any) -> tuple[str, Range]:
    ends = {"MinValue": str(low), "MaxValue": str(high)}
    return KINDS[0] if whole else KINDS[1], {"Name": name, **ends, "ScalingType": "Auto"}


def _text(choice: Any) -> str:
    return str(choice).lower() if isinstance(choice, bool) else str(choice)
