"""Checks of what CreateAlgorithm says of training: hyperparameters, metrics, channels."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .hyperparameters import fits
from .product import Listing

Found = Iterator[tuple[str, str]]
_MOST = {"hyperparameters": 100, "channels": 8}


def tuning(listing: Listing) -> Found:
    facts = listing.product.facts["listing"]
    known = {one["Name"]: one for one in hyperparameters_of(listing) if one.get("IsTunable")}
    if not known:
        yield "a hyperparameter that can be tuned", "none"
    if not facts["tuning"]:
        yield "[listing] tuning in image.toml", "nothing"
    for name, ends in facts["tuning"].items():
        if name not in known:
            yield f"tuning of one of {', '.join(known) or 'none'}", name
        elif wrong := [one for one in ends if not within(_text(one), known[name])]:
            yield f"{name} within its own range", ", ".join(map(str, wrong))
    if facts["objective"] not in listing.product.outcome.metrics:
        yield f"an objective among {', '.join(listing.product.outcome.metrics)}", facts["objective"]


def hyperparameters(listing: Listing) -> Found:
    found = hyperparameters_of(listing)
    if len(found) > _MOST["hyperparameters"]:
        yield f"at most {_MOST['hyperparameters']}", f"{len(found)}"
    names = [one.get("Name", "") for one in found]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name} once", f"{names.count(name)} times"
    for one in found:
        if not one.get("Description", "").strip():
            yield f"{one.get('Name')} with a description", "none"


def ranges(listing: Listing) -> Found:
    for one in hyperparameters_of(listing):
        for kind, span in one.get("Range", {}).items():
            if not kind.startswith(one["Type"]):
                yield f"{one['Name']}: a range of {one['Type']}", kind
            values = span.get("Values") or [span.get("MinValue"), span.get("MaxValue")]
            if wrong := [value for value in values if not isinstance(value, str)]:
                yield f"{one['Name']}: ends as texts", f"{wrong[0]!r}"
            elif "Values" not in span and not _number(values[0]) <= _number(values[1]):
                yield f"{one['Name']}: from low to high", " to ".join(values)


def defaults(listing: Listing) -> Found:
    for one in hyperparameters_of(listing):
        if "DefaultValue" not in one:
            continue
        if one.get("IsRequired"):
            yield f"{one['Name']}: required, or with a default", "both"
        if one["Type"] != "FreeText" and "Range" in one and not within(one["DefaultValue"], one):
            yield f"{one['Name']}: a default within {json.dumps(one['Range'])}", str(one["DefaultValue"])


def tunable(listing: Listing) -> Found:
    for one in hyperparameters_of(listing):
        if one.get("IsTunable") and (one["Type"] == "FreeText" or not one.get("Range")):
            yield f"{one['Name']}: a range, as it can be tuned", one["Type"]


def metrics(listing: Listing) -> Found:
    """Each definition finds its own line; and every number that training told is found in its log."""
    definitions = training_of(listing).get("MetricDefinitions", [])
    regexes = {one["Name"]: one["Regex"] for one in definitions}
    if not definitions:
        yield "metric definitions", "none"
    for name, regex in regexes.items():
        found = re.search(regex, f"metric {name}=-1.5e-07;")
        if not found or found.re.groups != 1 or found[1] != "-1.5e-07":
            yield f"{name}: a group that is the number of `metric {name}=-1.5e-07;`", regex
    for name, value in listing.product.outcome.metrics.items():
        told = re.findall(regexes.get(name, r"(?!)"), listing.product.outcome.log)
        if not told or not abs(_number(told[-1]) - value) <= 1e-6 * max(1.0, abs(value)):
            yield f"{name} = {value:.6g} in the log of the sample's training", f"{told[-1:] or 'nothing'}"


def objectives(listing: Listing) -> Found:
    defined = {one["Name"] for one in training_of(listing).get("MetricDefinitions", [])}
    found = training_of(listing).get("SupportedTuningJobObjectiveMetrics", [])
    if not found:
        yield "a metric to tune by", "none"
    for one in found:
        if one["MetricName"] not in defined:
            yield "an objective that is defined", one["MetricName"]


def channels(listing: Listing) -> Found:
    found, facts = training_of(listing).get("TrainingChannels", []), listing.product.facts
    if not 1 <= len(found) <= _MOST["channels"]:
        yield f"1 to {_MOST['channels']} channels", f"{len(found)}"
    if not any(one.get("IsRequired") for one in found):
        yield "a channel that is required", "none"
    for one in found:
        types = one.get("SupportedContentTypes")
        known = facts["channels"].get(one["Name"], {}).get("content_types") or facts["content_types"]
        if not types or set(types) - set(known):
            yield f"channel {one['Name']}: content types among {', '.join(known)}", f"{types or 'none'}"
        if "File" not in one.get("SupportedInputModes", []):
            yield f"channel {one['Name']}: mode File among others", f"{one.get('SupportedInputModes')}"


def training_of(listing: Listing) -> Mapping[str, Any]:
    found: Mapping[str, Any] = listing.requests["algorithm"].get("TrainingSpecification", {})
    return found


def hyperparameters_of(listing: Listing) -> list[Mapping[str, Any]]:
    return list(training_of(listing).get("SupportedHyperParameters", []))


def within(value: Any, specification: Mapping[str, Any]) -> bool:
    try:
        return isinstance(value, str) and fits(value, specification)
    except (KeyError, ValueError, TypeError):
        return False  # the range itself is broken, which is another rule's to tell


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
