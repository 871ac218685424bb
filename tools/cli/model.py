"""The model that a transform or an endpoint runs: which one, and the call that makes it."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .context import Context, pairs
from .errors import CommandError
from .jobs import Training
from .plan import Request


@dataclass(frozen=True)
class Chosen:
    """What a model is made of."""

    artifact: str
    """A model.tar.gz; of a multi-model endpoint the prefix that its models are under."""
    image_uri: str
    role: str
    training_job: str = ""
    """Empty where the artifact was given."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--training-job", default="", help="the latest of the job file unless given")
    parser.add_argument("--model-data", default="", help="a model.tar.gz in S3 instead of a training job's")
    parser.add_argument("--role", help="name or ARN of the role; the training job's unless given")


def choose(context: Context) -> Chosen:
    """By the options: an artifact that is named, or that of a training job, which must have ended well."""
    options, account = context.options, context.account
    uri = options.image_uri or account.image_uri(context.image)
    if options.model_data:
        latest = context.jobs.trainings[-1].role if context.jobs.trainings else ""
        return Chosen(options.model_data, uri, account.role(options.role, latest))
    training = context.jobs.training(options.training_job)
    place = artifact(context, training)
    role = account.role(options.role, training.role)
    return Chosen(place, options.image_uri or training.image_uri, role, training.job)


def artifact(context: Context, training: Training) -> str:
    """The model.tar.gz of a training job, as `finished`; in a dry run where it will be."""
    return training.artifact if context.options.dry_run else artifact_of(finished(context, training.job))


def finished(context: Context, job: str) -> Mapping[str, Any]:
    """What DescribeTrainingJob answers. Raises CommandError where the job has left no model, or none yet."""
    facts: Mapping[str, Any] = context.client("sagemaker").describe_training_job(TrainingJobName=job)
    status = facts["TrainingJobStatus"]
    if status not in {"Completed", "Stopped"}:
        way_out = f"`slipway status {context.image.name} --wait` tells when it is done"
        raise CommandError(f"{job} is {status}: {facts.get('FailureReason', way_out)}")
    return facts


def artifact_of(facts: Mapping[str, Any]) -> str:
    """The model.tar.gz of a job that `finished` tells of."""
    return str(facts["ModelArtifacts"]["S3ModelArtifacts"])


def create(context: Context, name: str, chosen: Chosen, isolated: bool, many: bool = False) -> Request:
    """CreateModel; `many` models for a multi-model endpoint."""
    container: dict[str, Any] = {
        "Image": chosen.image_uri,
        "Mode": "MultiModel" if many else "SingleModel",
        "ModelDataUrl": chosen.artifact,
        "Environment": pairs(context.options.environment, "environment"),
    }
    parameters = {
        "ModelName": name,
        "PrimaryContainer": container,
        "ExecutionRoleArn": chosen.role,
        "EnableNetworkIsolation": isolated,
        "Tags": context.tags(),
    }
    undo = Request("sagemaker", "DeleteModel", {"ModelName": name})
    return Request("sagemaker", "CreateModel", parameters, undo)
