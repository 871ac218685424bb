"""Checks of the notebooks: run on this machine against an AWS that is played, call by call."""

import json
import re
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from .. import aws_shapes
from .notebook import source
from .product import KINDS, Listing
from .rehearsal import Call, Stage, rehearse

Found = Iterator[tuple[str, str]]
# Two accounts in two regions, of which the second is one to opt into: the notebook must not care.
_STAGES = (("eu-west-1", "111122223333"), ("ap-southeast-5", "123456789012"))
_SERVED = (
    *("CreateModel", "CreateEndpointConfig", "CreateEndpoint", "InvokeEndpoint", "CreateTransformJob"),
    *("DeleteEndpoint", "DeleteEndpointConfig", "DeleteModel"),
)
STEPS = {
    "algorithm": ("CreateTrainingJob", "CreateHyperParameterTuningJob", "CreateModelPackage", *_SERVED),
    "model-package": _SERVED,
}
_REGION = re.compile(
    r"\b(?:us|eu|ap|sa|ca|me|af|il|mx|cn)(?:-gov|-iso[a-z]?)?-(?:north|south|east|west|central)[a-z]*-\d\b"
)
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_ISOLATED = ("CreateTrainingJob", "CreateModel", "CreateHyperParameterTuningJob")


def whole_flow(listing: Listing) -> Found:
    """It runs; every step is there, in order; each call is one that AWS takes; and it names no place."""
    if "C2.8" not in listing.texts["algorithm"] or "C2.8" not in listing.texts["model-package"]:
        yield "a link to the notebook", "none"
    for kind in KINDS:
        text = source(listing.notebooks[kind])
        for found in [*_REGION.findall(text), *_ACCOUNT.findall(text)]:
            yield f"{kind}: no region and no account in the code", found
        for region, account in _STAGES:
            calls, cause = _calls(listing, kind, region, account)
            if cause:
                yield f"{kind}: a notebook that runs in {region}", cause
                continue
            operations = [call.operation for call in calls]
            for step in STEPS[kind]:
                if step not in operations:
                    yield f"{kind}: the step {step}", "none"
            if (order := [one for one in operations if one in STEPS[kind]]) and not _in_order(order, kind):
                yield f"{kind}: the order {', '.join(STEPS[kind])}", ", ".join(dict.fromkeys(order))
            yield from _accepted(kind, calls)
            yield from _at_home(kind, calls, region, account)


def isolated(listing: Listing) -> Found:
    for kind in KINDS:
        for call in _calls(listing, kind, *_STAGES[0])[0]:
            if call.operation in _ISOLATED:
                job = call.parameters.get("TrainingJobDefinition", call.parameters)
                if job.get("EnableNetworkIsolation") is not True:
                    yield (
                        f"{kind}: {call.operation} with EnableNetworkIsolation",
                        f"{job.get('EnableNetworkIsolation')}",
                    )


def plain_endpoints(listing: Listing) -> Found:
    for kind in KINDS:
        for call in _calls(listing, kind, *_STAGES[0])[0]:
            if call.operation == "CreateEndpointConfig":
                text = json.dumps(call.parameters)
                for name in ("ServerlessConfig", "AsyncInferenceConfig"):
                    if name in text:
                        yield f"{kind}: an endpoint on instances that answers at once", name


def spot(listing: Listing) -> Found:
    jobs: list[tuple[str, Any]] = [
        ("the validation", one["TrainingJobDefinition"])
        for one in listing.requests["algorithm"]
        .get("ValidationSpecification", {})
        .get("ValidationProfiles", [])
        if "TrainingJobDefinition" in one
    ]
    for call in _calls(listing, "algorithm", *_STAGES[0])[0]:
        if call.operation in _ISOLATED:
            jobs.append((call.operation, call.parameters.get("TrainingJobDefinition", call.parameters)))
    for name, job in jobs:
        seconds = job.get("StoppingCondition", {}).get("MaxWaitTimeInSeconds")
        if seconds not in (None, 3600):
            yield f"{name}: MaxWaitTimeInSeconds of 3600, or none", f"{seconds}"


def _calls(listing: Listing, kind: str, region: str, account: str) -> tuple[list[Call], str]:
    """What the notebook calls; and why it broke off, if it did."""
    outcome = listing.product.outcome
    answers = [((one.content_type, one.accept), one.answer) for one in (*outcome.real_time, outcome.batch)]
    code, samples = source(listing.notebooks[kind]), tuple(listing.samples.items())
    return _rehearsed(code, samples, region, account, tuple(answers), outcome.batch.answer)


@lru_cache(maxsize=64)  # several rules look at the same calls
def _rehearsed(
    code: str,
    samples: tuple[tuple[str, bytes], ...],
    region: str,
    account: str,
    answers: tuple[tuple[tuple[str, str], bytes], ...],
    batch: bytes,
) -> tuple[list[Call], str]:
    stage = Stage(region, account, dict(answers), batch)
    with tempfile.TemporaryDirectory() as folder:
        for path, content in samples:
            place = Path(folder, "samples", path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        try:
            return rehearse(code, Path(folder), stage), ""
        except Exception as error:  # whatever a broken notebook raises is the finding
            return stage.calls, f"{type(error).__name__}: {error}"


def _in_order(order: list[str], kind: str) -> bool:
    first = [order.index(step) for step in STEPS[kind] if step in order]
    return first == sorted(first)


def _accepted(kind: str, calls: list[Call]) -> Found:
    for call in calls:
        for problem in aws_shapes.problems(call.operation, call.parameters, call.service):
            yield f"{kind}: {call.operation}.{problem.path}: {problem.expected}", problem.came


def _at_home(kind: str, calls: list[Call], region: str, account: str) -> Found:
    for call in calls:
        if call.operation in {"InvokeEndpoint", "PutObject"}:
            continue
        text = json.dumps(call.parameters)
        for found in {*_REGION.findall(text)} - {region} | {*_ACCOUNT.findall(text)} - {account}:
            yield f"{kind}: {call.operation} in {region} of {account}", found
