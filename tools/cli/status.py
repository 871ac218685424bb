"""`status`: what was started for an image, and how it stands; --wait follows the latest to its end."""

import argparse
from typing import Any

from botocore.exceptions import ClientError

from . import progress
from .context import Context
from .errors import CommandError
from .plan import Plan, Request


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", default="", help="a job or endpoint; all of the job file unless given")


# What the job file knows of a kind: the call that describes one, and how it is followed.
_LOOKS = {
    "training": ("DescribeTrainingJob", "TrainingJobName", "TrainingJobStatus"),
    "tuning": (
        "DescribeHyperParameterTuningJob",
        "HyperParameterTuningJobName",
        "HyperParameterTuningJobStatus",
    ),
    "transform": ("DescribeTransformJob", "TransformJobName", "TransformJobStatus"),
    "endpoint": ("DescribeEndpoint", "EndpointName", "EndpointStatus"),
}


def run(context: Context) -> None:
    jobs, options = context.jobs, context.options
    started = [
        *(("training", one.job) for one in jobs.trainings),
        *(("tuning", one.job) for one in jobs.tunings),
        *(("transform", one.job) for one in jobs.transforms),
        *(("endpoint", one.name) for one in jobs.endpoints),
    ]
    wanted = [(kind, name) for kind, name in started if options.name in ("", name)]
    if not wanted:
        raise CommandError(f"the job file knows no {options.name or 'job'} of {context.image.name}")
    if options.wait and options.name == "":
        wanted = [max(wanted, key=lambda one: _time(one[1]))]
    requests = [Request("sagemaker", _LOOKS[kind][0], {_LOOKS[kind][1]: name}) for kind, name in wanted]
    if options.dry_run:
        context.carry_out(Plan(requests=requests))
        return
    for (kind, name), request in zip(wanted, requests, strict=True):
        if options.wait:
            _follow(context, kind, name)
        else:
            print(f"{kind:<10} {name:<44} {_line(context, kind, request)}")


def _line(context: Context, kind: str, request: Request) -> str:
    try:
        facts = request.send(context.client)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"ValidationException", "ResourceNotFound"}:
            return "is not there any more"
        raise
    status = str(facts[_LOOKS[kind][2]])
    if kind == "tuning":
        job = next(one for one in context.jobs.tunings if one.job == request.parameters[_LOOKS[kind][1]])
        if status in {"Completed", "Stopped"}:
            progress.adopt_best(context, job, facts)
        return f"{status}: {progress.tuning_line(facts)}"
    metrics: list[dict[str, Any]] = facts.get("FinalMetricDataList", [])
    told = "  ".join(f"{one['MetricName']}={one['Value']:g}" for one in metrics)
    reason = " ".join(str(facts.get("FailureReason", "")).split())
    return "  ".join(part for part in (status, told, reason) if part)


def _follow(context: Context, kind: str, name: str) -> None:
    if kind == "tuning":
        progress.tuning(context, next(one for one in context.jobs.tunings if one.job == name))
    else:
        {"training": progress.training, "transform": progress.transform, "endpoint": progress.endpoint}[kind](
            context, name
        )


def _time(name: str) -> str:
    """What names end in that the commands gave: when; a name that was given sorts first."""
    return "-".join(name.rsplit("-", 3)[-3:]) if name.count("-") >= 3 else ""
