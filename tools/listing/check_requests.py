"""Checks of both requests against the service model and the results on the sample."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .. import aws_shapes
from . import calls
from .check_training import hyperparameters_of, training_of, within
from .outcome import FAULT
from .place import REGIONS
from .product import KINDS, Listing

Found = Iterator[tuple[str, str]]
_REAL_TIME_BYTES, _BATCH_MB = 25_000_000, 100
_MOST_VARIABLES = 16


def images(listing: Listing) -> Found:
    expected = listing.product.image
    training = training_of(listing).get("TrainingImage")
    if training != expected:
        yield f"TrainingImage {expected}", f"{training}"
    for kind in KINDS:
        for one in _containers(listing, kind) or [{}]:
            if one.get("Image") != expected:
                yield f"{kind}: a container of {expected}", f"{one.get('Image')}"


def places(listing: Listing) -> Found:
    place = listing.product.place
    if place.region not in REGIONS:
        yield f"a region of {', '.join(REGIONS)}", place.region
    for kind in KINDS:
        text = json.dumps(listing.requests[kind])
        for account, region in re.findall(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.", text):
            if (account, region) != (place.account, place.region):
                yield f"{kind}: ECR of {place.account} in {place.region}", f"{account} in {region}"
        for account in re.findall(r"arn:aws[a-z-]*:iam::(\d{12}):", text):
            if account != place.account:
                yield f"{kind}: a role of {place.account}", account


def payloads(listing: Listing) -> Found:
    outcome = listing.product.outcome
    for one in outcome.real_time:
        if len(one.request) > _REAL_TIME_BYTES:
            yield f"a request of at most {_REAL_TIME_BYTES} bytes", f"{len(one.request)}"
    for kind in KINDS:
        megabytes = _transform(listing, kind).get("MaxPayloadInMB", 0)
        if megabytes > _BATCH_MB:
            yield f"{kind}: MaxPayloadInMB of at most {_BATCH_MB}", f"{megabytes}"


def metering(listing: Listing) -> Found:
    outcome, metered = listing.product.outcome, listing.product.facts["metered"]
    for one in (*outcome.real_time, outcome.batch):
        header = {name.lower(): text for name, text in one.headers.items()}.get("x-amzn-inference-metering")
        units = json.loads(header)["ConsumedUnits"] if header else None
        if units != (outcome.rows if metered else None):
            yield (
                f"{f'{outcome.rows} units' if metered else 'no metering'} of {outcome.rows} rows",
                f"{header or 'no header'}",
            )


def logs(listing: Listing) -> Found:
    outcome = listing.product.outcome
    for line in (*outcome.log.splitlines(), *outcome.served.splitlines()):
        if FAULT.search(line):
            yield "logs of training and serving without warnings", line.strip()[:200]


def own_model(listing: Listing) -> Found:
    product = listing.product
    made = (product.outcome.manifest["image"], product.outcome.manifest["version"])
    if made != (product.name, product.facts["version"]):
        yield f"a model of {product.name} {product.facts['version']}", " ".join(made)
    if "SourceAlgorithmSpecification" in listing.requests["model-package"]:
        yield "a model package of an image", "one of an algorithm"
    uri = product.place.s3(product.name, calls.MODEL)
    for one in _containers(listing, "model-package"):
        if one.get("ModelDataUrl") != uri:
            yield f"ModelDataUrl {uri}", f"{one.get('ModelDataUrl')}"


def algorithm_shape(listing: Listing) -> Found:
    yield from _shape("CreateAlgorithm", listing.requests["algorithm"])


def package_shape(listing: Listing) -> Found:
    request = listing.requests["model-package"]
    yield from _shape("CreateModelPackage", request)
    if not request.get("ModelPackageName"):
        yield "ModelPackageName", "none"
    if "ModelPackageGroupName" in request:
        yield (
            "no ModelPackageGroupName: versioned packages cannot be listed",
            request["ModelPackageGroupName"],
        )


def instances(listing: Listing) -> Found:
    for kind in KINDS:
        for name in ("SupportedTransformInstanceTypes", "SupportedRealtimeInferenceInstanceTypes"):
            if not listing.requests[kind]["InferenceSpecification"].get(name):
                yield f"{kind}: {name}", "none"
    if not training_of(listing).get("SupportedTrainingInstanceTypes"):
        yield "SupportedTrainingInstanceTypes", "none"


def content_types(listing: Listing) -> Found:
    facts = listing.product.facts
    for kind in KINDS:
        found = listing.requests[kind]["InferenceSpecification"]
        for name, known in (
            ("SupportedContentTypes", facts["content_types"]),
            ("SupportedResponseMIMETypes", facts["accept"]),
        ):
            if not found.get(name) or list(found[name]) != list(known):
                yield f"{kind}: {name} {', '.join(known)}", f"{found.get(name)}"


def profile(listing: Listing) -> Found:
    known = {one["Name"]: one for one in hyperparameters_of(listing)}
    taken = {one["Name"]: one for one in training_of(listing).get("TrainingChannels", [])}
    for one in _profiles(listing, "algorithm"):
        job = one.get("TrainingJobDefinition", {})
        given = job.get("HyperParameters", {})
        for name, value in given.items():
            if name not in known:
                yield "hyperparameters that the algorithm has", name
            elif not within(value, known[name]):
                yield f"{name} within {json.dumps(known[name].get('Range'))}", str(value)
        for name in [name for name, one in known.items() if one.get("IsRequired") and name not in given]:
            yield f"the required hyperparameter {name}", "none"
        inputs = {one["ChannelName"]: one for one in job.get("InputDataConfig", [])}
        for name in [name for name, one in taken.items() if one.get("IsRequired") and name not in inputs]:
            yield f"the required channel {name}", "none"
        for name, given in inputs.items():
            types = taken.get(name, {}).get("SupportedContentTypes", [])
            if given.get("ContentType") not in types:
                yield (
                    f"channel {name} of {', '.join(types) or 'the algorithm'}",
                    f"{given.get('ContentType')}",
                )
        if job.get("ResourceConfig", {}).get("InstanceType") not in training_of(listing).get(
            "SupportedTrainingInstanceTypes", []
        ):
            yield "an instance type that is supported", f"{job.get('ResourceConfig')}"


def certified(listing: Listing) -> Found:
    for kind in KINDS:
        if listing.requests[kind].get("CertifyForMarketplace") is not True:
            yield f"{kind}: CertifyForMarketplace", f"{listing.requests[kind].get('CertifyForMarketplace')}"
        if len(_profiles(listing, kind)) != 1:
            yield f"{kind}: exactly one validation profile", f"{len(_profiles(listing, kind))}"


def validation(listing: Listing) -> Found:
    for one in _profiles(listing, "algorithm"):
        if "TrainingJobDefinition" not in one:
            yield "a profile with a training job", "none"
    for kind in KINDS:
        if not _transform(listing, kind):
            yield f"{kind}: a profile with a batch transform", "none"
    outcome = listing.product.outcome
    answered = len(outcome.batch.answer.splitlines())
    if answered != outcome.rows or len(outcome.batch.request.splitlines()) != outcome.rows:
        yield f"{outcome.rows} lines of answers", f"{answered}"


def transform(listing: Listing) -> Found:
    facts = listing.product.facts
    for kind in KINDS:
        job = _transform(listing, kind)
        sent, back = job.get("TransformInput", {}), job.get("TransformOutput", {})
        for name, expected, came in (
            ("SplitType", "Line", sent.get("SplitType")),
            ("CompressionType", "None", sent.get("CompressionType")),
            ("ContentType", listing.product.outcome.batch.content_type, sent.get("ContentType")),
            ("Accept", listing.product.outcome.batch.accept, back.get("Accept")),
            ("AssembleWith", "Line", back.get("AssembleWith")),
            ("MaxPayloadInMB", 6, job.get("MaxPayloadInMB")),
            ("MaxConcurrentTransforms", 1, job.get("MaxConcurrentTransforms")),
        ):
            if came != expected:
                yield f"{kind}: {name} {expected}", f"{came}"
        if len(job.get("Environment", {})) > _MOST_VARIABLES:
            yield f"{kind}: at most {_MOST_VARIABLES} variables", f"{len(job['Environment'])}"
        used = job.get("TransformResources", {}).get("InstanceType")
        if used not in facts["instances"]["transform"]:
            yield f"{kind}: an instance type that is supported", f"{used}"


def _shape(operation: str, request: Mapping[str, Any]) -> Found:
    for one in aws_shapes.problems(operation, request):
        yield f"{one.path}: {one.expected}", one.came


def _containers(listing: Listing, kind: str) -> list[Mapping[str, Any]]:
    return list(listing.requests[kind]["InferenceSpecification"].get("Containers", []))


def _profiles(listing: Listing, kind: str) -> list[Mapping[str, Any]]:
    return list(listing.requests[kind].get("ValidationSpecification", {}).get("ValidationProfiles", []))


def _transform(listing: Listing, kind: str) -> Mapping[str, Any]:
    profiles = _profiles(listing, kind)
    found: Mapping[str, Any] = profiles[0].get("TransformJobDefinition", {}) if profiles else {}
    return found
