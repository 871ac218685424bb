"""Checks of the texts: every required item, and the sizes that the Marketplace's form takes."""

import csv
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from .outcome import JSON
from .product import KINDS, Listing

Found = Iterator[tuple[str, str]]
# The headings that a listing of each kind must have, by rule.
BOTH: dict[str, tuple[str, ...]] = {
    "C2.1": ("What it does", "For each content type", "Use cases"),
    "C2.4": (
        *("Input, real time", "Columns of the sample", "Input, batch", "Limits of input"),
        "Samples of input",
    ),
    "C2.5": ("Output, real time", "Columns of the answer", "Output, batch", "Samples of output"),
    "C2.6": ("Example with the AWS CLI", "Example with boto3"),
    "C2.8": ("Notebook",),
    "C2.9": (
        *("Usage instructions", "Input parameters", "Custom attributes", "Output parameters"),
        "Recommended instance types",
    ),
    "C2.10": ("Pricing",),
}
REQUIRED: dict[str, dict[str, tuple[str, ...]]] = {
    "algorithm": {
        **BOTH,
        "C2.3": ("Algorithm category",),
        "C2.7": (
            *("What training needs", "Samples of training", "Example of training", "Hyperparameters"),
            *("Metrics", "What is supported"),
        ),
        "C2.11": ("Tuning",),
    },
    "model-package": {
        **BOTH,
        "C2.2": (*("What the model was trained on", "Known limits", "Validation", "Latency and throughput"),),
    },
}
# The most characters that a field takes; of a list, each of its texts.
LENGTHS = {
    "Information.ProductTitle": 72,
    "Information.ShortDescription": 1000,
    "Information.LongDescription": 5000,
    "Information.Highlights": 500,
    "Information.SearchKeywords": 50,
    "Version.VersionTitle": 255,
    "Version.ReleaseNotes": 30_000,
    "DeliveryOption.UsageInstructions": 10_000,
    "DeliveryOption.SampleNotebookUrl": 2000,
    "DeliveryOption.RepositoryUrl": 2000,
    "DeliveryOption.InputProperties.Description": 10_000,
    "DeliveryOption.InputProperties.Limitations": 1000,
    "DeliveryOption.OutputProperties.Description": 10_000,
}
COUNTS = {
    "Information.Highlights": (1, 3),
    "Information.SearchKeywords": (1, 15),
    "DeliveryOption.InputProperties.Parameters": (0, 24),
    "DeliveryOption.InputProperties.SageMakerCustomAttributes": (0, 24),
    "DeliveryOption.OutputProperties.Parameters": (1, 24),
}
PARAMETER = {"Name": 100, "Description": 1000, "Constraints": 1500}
_URL = re.compile(r"https://(www\.)?github\.com/[-\w.]+/[-\w.]+(/[-\w@+./]*)?")
_CLASSES = 20  # a column of more different values is taken for numbers
_INSTANCES = {
    "Training": "training",
    "RealtimeInference": "hosting",
    "BatchTransform": "transform",
}


def items(number: str) -> Callable[[Listing], Found]:
    """The check that every item of a rule is there and says something."""

    def check(listing: Listing) -> Found:
        for kind in KINDS:
            found = listing.texts[kind].get(number, {})
            for heading in REQUIRED[kind].get(number, ()):
                if not found.get(heading, "").strip(" \n-|"):
                    yield f"{kind}: {heading}", "nothing"

    return check


def inputs(listing: Listing) -> Found:
    yield from items("C2.4")(listing)
    yield from _samples(listing, ("request.csv", "request.json", "batch.csv"))
    yield from _a_sample_for_each_class(listing)


def outputs(listing: Listing) -> Found:
    yield from items("C2.5")(listing)
    yield from _samples(listing, ("request.csv.out.json", "request.json.out.json", "batch.csv.out"))
    outcome = listing.product.outcome
    for one in outcome.real_time:
        if one.accept == JSON and one.answer != outcome.real_time[0].answer:
            yield f"the same answers to {one.name}.{one.suffix}", one.answer.decode()[:200]
    for fields in listing.catalog.values():
        for column in fields["DeliveryOption"]["OutputProperties"]["Parameters"]:
            if not column["Description"].strip():
                yield f"[answers] in image.toml to say what {column['Name']} is", "nothing"


def training(listing: Listing) -> Found:
    yield from items("C2.7")(listing)
    found = listing.texts["algorithm"].get("C2.7", {})
    for one in listing.product.facts["hyperparameters"]:
        if f"`{one['name']}`" not in found.get("Hyperparameters", ""):
            yield f"hyperparameter {one['name']} among those described", "nothing"
    for word in ("tuning", "Distributed", "GPU", "Pipe"):
        if word not in found.get("What is supported", ""):
            yield f"whether {word} is supported", "nothing"
    for channel in listing.product.channels:
        if not any(path.startswith(f"train/{channel}/") for path in listing.samples):
            yield f"samples of the channel {channel}", "none"


def form(listing: Listing) -> Found:
    yield from items("C2.9")(listing)
    for kind, fields in listing.catalog.items():
        for path, most in LENGTHS.items():
            found = _at(fields, path)
            for text in found if isinstance(found, list) else [found]:
                if not text or not text.strip():
                    yield f"{kind}: {path}", "nothing"
                elif len(text) > most:
                    yield f"{kind}: {path} of at most {most} characters", f"{len(text)}"
        for path, (low, high) in COUNTS.items():
            found = _at(fields, path)
            if not low <= len(found) <= high:
                yield f"{kind}: {low} to {high} of {path}", f"{len(found)}"
            for one in found:
                yield from _parameter(kind, path, one)
        for name in ("SampleNotebookUrl", "RepositoryUrl"):
            if not _URL.fullmatch(fields["DeliveryOption"][name]):
                yield f"{kind}: {name} on https://github.com", fields["DeliveryOption"][name]
        yield from _recommended(listing, kind)


def pricing(listing: Listing) -> Found:
    yield from items("C2.10")(listing)
    facts = listing.product.facts["listing"]
    days = facts["trial_days"]
    if facts["pricing"] == "free" and days:
        yield "no trial of what is free", f"{days} days"
    if facts["pricing"] != "free" and days and not 5 <= days <= 31:
        yield "a trial of 5 to 31 days", f"{days}"


def _parameter(kind: str, path: str, one: Any) -> Found:
    if isinstance(one, str):
        return
    for name, most in PARAMETER.items():
        if name in one and not 1 <= len(one[name]) <= most:
            yield f"{kind}: {path}: {name} of 1 to {most} characters", f"{len(one[name])}"
    if not re.match(r"^[ -~]+$", one["Name"]):
        yield f"{kind}: {path}: a name in ASCII", one["Name"]


def _recommended(listing: Listing, kind: str) -> Found:
    found = _at(listing.catalog[kind], "DeliveryOption.RecommendedInstanceTypes")
    wanted = [name for name in _INSTANCES if name != "Training" or kind == "algorithm"]
    for name in wanted:
        supported = listing.product.facts["instances"][_INSTANCES[name]]
        if found.get(name) not in supported:
            yield f"{kind}: {name} one of {', '.join(supported)}", f"{found.get(name)}"


def _samples(listing: Listing, paths: tuple[str, ...]) -> Found:
    for path in paths:
        if not listing.samples.get(path, b"").strip():
            yield f"samples/{path}", "nothing"


def _a_sample_for_each_class(listing: Listing) -> Found:
    """Of more than two classes, every one of the sample's training is among the sample's answers."""
    target = listing.product.outcome.manifest["hyperparameters"].get("target")
    first = listing.product.outcome.real_time[0]
    if not target or first.accept != JSON:
        return
    answers = next(iter(json.loads(first.answer).values()))
    labels = {
        str(answer[name])
        for answer in answers
        for name in ("prediction", "predicted_label")
        if name in answer
    }
    for channel in listing.product.channels:
        for path in listing.product.files(channel):
            if path.suffix == ".csv":
                rows = list(csv.DictReader(path.read_text().splitlines()))
                known = {row[target] for row in rows if row.get(target)}
                if 2 < len(known) <= _CLASSES and labels & known and known - labels:
                    yield f"a request answered with {', '.join(sorted(known - labels))}", ", ".join(labels)


def _at(fields: Any, path: str) -> Any:
    for part in path.split("."):
        fields = fields.get(part, {}) if isinstance(fields, dict) else {}
    return fields
