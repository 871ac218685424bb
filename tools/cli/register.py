"""`register`: a trained model into the model registry, with its card and its metrics."""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from slipway.training.cards.write import CARD, QUALITY, STATISTICS

from . import card
from .context import Context, pairs
from .facts import facts
from .fetch import beside
from .jobs import Training
from .model import artifact_of, finished
from .plan import Plan, Request, Upload
from .s3 import exists, small_files, split_uri

_LONGEST = 1024  # characters of a description
_MOST_BYTES = 1 << 20  # of a file
# What ModelMetrics calls the files that a job leaves.
_METRICS = {QUALITY: "ModelQuality", STATISTICS: "ModelDataQuality"}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--training-job", default="", help="the latest of the job file unless given")
    parser.add_argument("--group", default="", help="the model package group; slipway-<image> unless given")
    parser.add_argument("--description", default="", help="of the version; image.toml's summary unless given")
    parser.add_argument(
        "--approve", action="store_true", help="approved at once; waits for approval unless given"
    )


def run(context: Context) -> None:
    """Prints the ARN of the new version."""
    training = context.jobs.training(context.options.training_job)
    if context.options.dry_run:
        context.say("a dry run does not read the job's output.tar.gz: the card is not shown")
        left = {name: Path(name) for name in _METRICS}
        context.carry_out(planned(context, training, training.artifact, {}, left))
        return
    job = finished(context, training.job)
    artifact = artifact_of(job)
    with tempfile.TemporaryDirectory() as folder:
        left = _left(context, artifact, Path(folder))
        content = card.of_package(left[CARD], job) if CARD in left else {}
        plan = planned(context, training, artifact, content, left)
        answers = context.carry_out(plan) or []
    print(answers[-1]["ModelPackageArn"])


def planned(
    context: Context, training: Training, artifact: str, content: dict[str, Any], left: dict[str, Path]
) -> Plan:
    """The group where it is missing, the metrics' files, and CreateModelPackage."""
    options, image = context.options, context.image
    uri = options.image_uri or training.image_uri
    group = options.group or f"slipway-{image.name}"
    bucket, prefix = split_uri(training.output)
    place = f"{prefix}/{training.job}/registry".lstrip("/")
    uploads = [Upload(left[name], bucket, f"{place}/{name}") for name in _METRICS if name in left]
    described = facts(image.name)
    container = {"Image": uri, "ModelDataUrl": artifact}
    if environment := pairs(options.environment, "environment"):
        container |= {"Environment": environment}
    parameters: dict[str, Any] = {
        "ModelPackageGroupName": group,
        "ModelPackageDescription": options.description or image.summary[:_LONGEST],
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedTransformInstanceTypes": list(image.instances.transform),
            "SupportedRealtimeInferenceInstanceTypes": list(image.instances.hosting),
            "SupportedContentTypes": described["content_types"],
            "SupportedResponseMIMETypes": described["accept"],
        },
        "ModelApprovalStatus": "Approved" if options.approve else "PendingManualApproval",
    }
    metrics = {
        _METRICS[Path(one.key).name]: {"Statistics": {"ContentType": "application/json", "S3Uri": one.uri}}
        for one in uploads
    }
    if metrics:
        parameters["ModelMetrics"] = metrics
    if content:
        # One line: the API's pattern knows no line breaks.
        text = json.dumps(content, ensure_ascii=False)
        parameters["ModelCard"] = {"ModelCardContent": text, "ModelCardStatus": "Draft"}
    requests = [Request("sagemaker", "CreateModelPackage", parameters)]
    if options.dry_run or not _is_there(context, group):
        # A version takes its group's tags, and may have none of its own.
        made = {"ModelPackageGroupName": group, "ModelPackageGroupDescription": image.summary[:_LONGEST]}
        requests.insert(0, Request("sagemaker", "CreateModelPackageGroup", {**made, "Tags": context.tags()}))
    return Plan(uri, uploads, requests)


def _left(context: Context, artifact: str, folder: Path) -> dict[str, Path]:
    """The card and the metrics' files that the job left, by name, in `folder`."""
    s3, packed = context.client("s3"), beside(artifact)
    names = [CARD, *_METRICS]
    found = small_files(s3, packed, folder, names, _MOST_BYTES) if exists(s3, packed) else {}
    if missing := [name for name in names if name not in found]:
        context.say(f"registered without {', '.join(missing)}: {packed} has none")
    return found


def _is_there(context: Context, group: str) -> bool:
    try:
        context.client("sagemaker").describe_model_package_group(ModelPackageGroupName=group)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"ValidationException", "ValidationError", "ResourceNotFound"}:
            return False
        raise
    return True
