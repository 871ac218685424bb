"""`delete`: an endpoint, its configuration and its models; the models of transforms, too, with --all."""

import argparse
import contextlib
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from .context import TAG, Context
from .errors import CommandError
from .plan import Plan, Request


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--endpoint", default="", help="the latest of the job file unless given")
    parser.add_argument("--all", action="store_true", help="every endpoint and model that the job file knows")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(context: Context) -> None:
    options, jobs = context.options, context.jobs
    if options.all:
        names = [one.name for one in jobs.endpoints]
        models = [one.job for one in jobs.transforms]
    else:
        known = options.endpoint in {one.name for one in jobs.endpoints}
        names = [options.endpoint if options.endpoint and not known else jobs.endpoint(options.endpoint).name]
        models = []
    requests = _known(context, names, models) if options.dry_run else _found(context, names, models)
    plan = Plan(requests=requests)
    if not options.dry_run:
        what = [
            f"{one.operation.removeprefix('Delete')} {next(iter(one.parameters.values()))}"
            for one in requests
        ]
        if not what:
            context.say("nothing of it is there any more")
        elif not options.yes and not _sure(what):
            raise CommandError("nothing was deleted")
    if context.carry_out(plan) is None:
        return
    jobs.endpoints = [one for one in jobs.endpoints if one.name not in names]
    context.keep()
    for request in requests:
        print(*request.parameters.values())


def _known(context: Context, names: list[str], models: list[str]) -> list[Request]:
    """By the job file alone, for a dry run."""
    found = []
    for endpoint in (context.jobs.endpoint(name) for name in names):
        found += [
            _delete("Endpoint", endpoint.name),
            _delete("EndpointConfig", endpoint.config),
            _delete("Model", endpoint.model),
        ]
    return found + [_delete("Model", name) for name in models]


def _found(context: Context, names: list[str], models: list[str]) -> list[Request]:
    """What is there, and ours. Raises CommandError for an endpoint that is there, and not ours."""
    sagemaker = context.client("sagemaker")
    requests = []
    for name in names:
        endpoint = _there(sagemaker.describe_endpoint, EndpointName=name)
        if endpoint is None:
            continue
        if not _ours(context, endpoint["EndpointArn"]):
            raise CommandError(
                f"the endpoint {name} has no tag {TAG}={context.image.name}: it was not made here, "
                "so it is not deleted here"
            )
        requests.append(_delete("Endpoint", name))
        config = _there(sagemaker.describe_endpoint_config, EndpointConfigName=endpoint["EndpointConfigName"])
        if config and _ours(context, config["EndpointConfigArn"]):
            requests.append(_delete("EndpointConfig", config["EndpointConfigName"]))
            models += [variant["ModelName"] for variant in config["ProductionVariants"]]
    for name in dict.fromkeys(models):
        model = _there(sagemaker.describe_model, ModelName=name)
        if model and _ours(context, model["ModelArn"]):
            requests.append(_delete("Model", name))
    return requests


def _ours(context: Context, arn: str) -> bool:
    tags = context.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]
    return {"Key": TAG, "Value": context.image.name} in tags


def _there(look: Callable[..., Any], **name: str) -> Any:
    """What a describe call answers, None where there is no such thing."""
    try:
        return look(**name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationException" and "ould not find" in str(error):
            return None
        raise


def _delete(what: str, name: str) -> Request:
    return Request("sagemaker", f"Delete{what}", {f"{what}Name": name})


def _sure(what: list[str]) -> bool:
    with contextlib.suppress(EOFError):
        return input(f"Delete {', '.join(what)}? [y/N] ").strip().lower() in {"y", "yes"}
    return False
