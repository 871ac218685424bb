"""`deploy`: an endpoint, real-time, serverless, asynchronous or multi-model."""

import argparse
from dataclasses import replace
from typing import Any

from . import model, progress
from .context import Context
from .errors import CommandError
from .jobs import Endpoint, Kind
from .plan import Plan, Request

_MEMORY_MB = range(1024, 6144 + 1, 1024)
_CONCURRENCY = range(1, 200 + 1)
_PERCENT = range(1, 100 + 1)
_TEXTS = {  # what data capture keeps as text; all others as base64
    "CsvContentTypes": ["text/csv"],
    "JsonContentTypes": ["application/json", "application/jsonlines"],
}
_SERVERLESS_ONLY = ("memory_mb", "concurrency")
_INSTANCE_ONLY = ("instance_type", "instance_count")


def arguments(parser: argparse.ArgumentParser) -> None:
    model.arguments(parser)
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--serverless", action="store_true", help="no instances of your own, paid by request")
    kinds.add_argument(
        "--async", dest="queued", action="store_true", help="requests and answers in S3, up to 1 GB"
    )
    kinds.add_argument("--multi-model", action="store_true", help="every model under an S3 prefix")
    parser.add_argument("--update", action="store_true", help="let an endpoint that exists serve this model")
    parser.add_argument("--instance-type", help="image.toml's first for hosting unless given")
    parser.add_argument("--instance-count", type=int, help="1 unless given")
    parser.add_argument(
        "--memory-mb", type=int, help="with --serverless: 1024, 2048, … 6144; 2048 unless given"
    )
    parser.add_argument("--concurrency", type=int, help="with --serverless: 1 to 200; 5 unless given")
    parser.add_argument(
        "--models", default="", help="with --multi-model: s3://…; all training jobs' unless given"
    )
    parser.add_argument("--output", default="", help="with --async: s3://… for the answers")
    parser.add_argument(
        "--capture", type=int, metavar="PERCENT", help="keep so many of the requests in S3, for `drift`"
    )
    parser.add_argument("--no-isolation", action="store_true", help="let the container reach a network")


def run(context: Context) -> None:
    options = context.options
    name = options.name or context.account.new_name(context.image.name)
    plan, endpoint = planned(context, name)
    if context.carry_out(plan) is None:
        return
    jobs = context.jobs
    jobs.endpoints = [one for one in jobs.endpoints if one.name != name] + [endpoint]
    context.keep()
    print(name)
    if options.wait:
        progress.endpoint(context, name)


def planned(context: Context, name: str) -> tuple[Plan, Endpoint]:
    """CreateModel, CreateEndpointConfig, CreateEndpoint or UpdateEndpoint; and the job file's entry."""
    options = context.options
    kind = _kind(options)
    _check(options, kind)
    chosen = _choose(context, kind)
    if options.update and not options.name:
        raise CommandError("--update: which endpoint? give its --name")
    # An endpoint keeps its name; each model and configuration that it ever had needs one of its own.
    part = context.account.new_name(name) if options.update else name
    isolated = kind != "serverless" and not options.no_isolation  # serverless knows no isolation
    requests = [
        model.create(context, part, chosen, isolated, many=kind == "multi-model"),
        Request(
            "sagemaker",
            "CreateEndpointConfig",
            _configuration(context, part, name, kind),
            Request("sagemaker", "DeleteEndpointConfig", {"EndpointConfigName": part}),
        ),
    ]
    target = {"EndpointName": name, "EndpointConfigName": part}
    if options.update:
        requests.append(Request("sagemaker", "UpdateEndpoint", target))
    else:
        requests.append(Request("sagemaker", "CreateEndpoint", {**target, "Tags": context.tags()}))
    models = chosen.artifact if kind == "multi-model" else ""
    endpoint = Endpoint(name=name, kind=kind, config=part, model=part, models=models)
    return Plan(chosen.image_uri, [], requests), endpoint


def _kind(options: argparse.Namespace) -> Kind:
    if options.serverless:
        return "serverless"
    if options.queued:
        return "async"
    return "multi-model" if options.multi_model else "real-time"


def _check(options: argparse.Namespace, kind: Kind) -> None:
    """What AWS would refuse only after minutes, or not at all."""
    away = _INSTANCE_ONLY if kind == "serverless" else _SERVERLESS_ONLY
    for option in away:
        if getattr(options, option) is not None:
            flag = option.replace("_", "-")
            wanted = "instances, and --serverless has none" if kind == "serverless" else "--serverless"
            raise CommandError(f"--{flag} is for {wanted}")
    if options.memory_mb is not None and options.memory_mb not in _MEMORY_MB:
        raise CommandError(f"--memory-mb: expected 1024 to 6144 in steps of 1024, got {options.memory_mb}")
    if options.concurrency is not None and options.concurrency not in _CONCURRENCY:
        raise CommandError(f"--concurrency: expected 1 to 200, got {options.concurrency}")
    if options.capture is not None:
        if kind != "real-time":
            raise CommandError("--capture is for real-time endpoints of one model")
        if options.capture not in _PERCENT:
            raise CommandError(f"--capture: expected 1 to 100, got {options.capture}")
    for option, of in (("models", "multi-model"), ("output", "async")):
        given = getattr(options, option)
        if given and kind != of:
            raise CommandError(f"--{option} is for --{of}")
        if given and not given.startswith("s3://"):
            raise CommandError(f"--{option}: expected s3://…, got {given}")


def _choose(context: Context, kind: Kind) -> model.Chosen:
    options, account = context.options, context.account
    if kind != "multi-model":
        return model.choose(context)
    if options.model_data:
        raise CommandError("--multi-model serves all models under --models, not one by --model-data")
    uri = options.image_uri or account.image_uri(context.image)
    latest = context.jobs.trainings[-1] if context.jobs.trainings else None
    role = account.role(options.role, latest.role if latest else "")
    prefix = (options.models or (latest.output if latest else account.output)).rstrip("/") + "/"
    return replace(model.Chosen(prefix, uri, role), training_job=latest.job if latest else "")


def _configuration(context: Context, part: str, endpoint: str, kind: Kind) -> dict[str, Any]:
    options = context.options
    variant: dict[str, Any] = {"VariantName": "AllTraffic", "ModelName": part}
    if kind == "serverless":
        variant["ServerlessConfig"] = {
            "MemorySizeInMB": options.memory_mb or 2048,
            "MaxConcurrency": options.concurrency or 5,
        }
    else:
        variant["InstanceType"] = options.instance_type or context.image.instances.hosting[0]
        variant["InitialInstanceCount"] = options.instance_count or 1
        variant["InitialVariantWeight"] = 1
    found: dict[str, Any] = {
        "EndpointConfigName": part,
        "ProductionVariants": [variant],
        "Tags": context.tags(),
    }
    if options.capture is not None:
        account = context.account
        found["DataCaptureConfig"] = {
            "EnableCapture": True,
            "InitialSamplingPercentage": options.capture,
            "DestinationS3Uri": f"s3://{account.bucket}/{account.prefix}/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": _TEXTS,
        }
    if kind == "async":
        account = context.account
        output = options.output or f"s3://{account.bucket}/{account.prefix}/{endpoint}"
        found["AsyncInferenceConfig"] = {
            "OutputConfig": {
                "S3OutputPath": f"{output.rstrip('/')}/answers",
                "S3FailurePath": f"{output.rstrip('/')}/failures",
            }
        }
    return found
