"""What a training job and a tuning job have in common: data, hyperparameters, machines."""

import argparse
import json
from pathlib import Path
from typing import Any

from slipway.describe import metric_regex
from slipway.image import Image

from .context import Context, pairs
from .errors import CommandError
from .plan import Upload, folder_uploads

_MOST_METRICS = 40  # metric definitions that SageMaker takes


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--role", help="name or ARN of the role that the job runs as; else $SLIPWAY_ROLE")
    parser.add_argument(
        "--data",
        help="s3://…, a file or folder of the first channel, or a folder of channels; else the sample",
    )
    parser.add_argument(
        "--channel",
        action="append",
        default=[],
        metavar="NAME=DATA",
        help="a channel's data, s3://… or here; may be repeated",
    )
    parser.add_argument(
        "--content-type", default="", help="of the data; told by the files' endings unless given"
    )
    parser.add_argument("--hyperparameters", type=Path, help="a JSON file")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="one hyperparameter")
    parser.add_argument(
        "--metric", action="append", default=[], help="a metric to follow in addition to the image's own"
    )
    parser.add_argument("--instance-type", help="image.toml's first for training unless given")
    parser.add_argument("--instance-count", type=int, default=1)
    parser.add_argument("--volume-gb", type=int, default=30)
    parser.add_argument("--max-run-s", type=int, default=86_400)
    parser.add_argument("--spot", action="store_true", help="on spot instances, with checkpoints")
    parser.add_argument("--max-wait-s", type=int, help="with --spot; twice --max-run-s unless given")
    parser.add_argument("--no-isolation", action="store_true", help="let the container reach a network")
    parser.add_argument("--subnet", action="append", default=[])
    parser.add_argument("--security-group", action="append", default=[])
    parser.add_argument("--kms-key", default="", help="encrypts volume and output")


def machines(context: Context, prefix: str, role: str, image_uri: str) -> dict[str, Any]:
    """The parameters of both APIs that say what runs where, and what it may do."""
    options, image, account = context.options, context.image, context.account
    found: dict[str, Any] = {
        "AlgorithmSpecification": {
            "TrainingImage": image_uri,
            "TrainingInputMode": "File",
            "MetricDefinitions": metrics(image, options.metric),
        },
        "RoleArn": role,
        "OutputDataConfig": {"S3OutputPath": account.output},
        "ResourceConfig": {
            "InstanceType": options.instance_type or image.instances.training[0],
            "InstanceCount": options.instance_count,
            "VolumeSizeInGB": options.volume_gb,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": options.max_run_s},
        "EnableNetworkIsolation": not options.no_isolation,
    }
    environment = pairs(options.environment, "environment")
    if environment:
        found["Environment"] = environment
    if options.kms_key:
        found["OutputDataConfig"]["KmsKeyId"] = options.kms_key
        found["ResourceConfig"]["VolumeKmsKeyId"] = options.kms_key
    if bool(options.subnet) != bool(options.security_group):
        raise CommandError("--subnet and --security-group go together")
    if options.subnet:
        found["VpcConfig"] = {"Subnets": options.subnet, "SecurityGroupIds": options.security_group}
    if options.spot:
        found["EnableManagedSpotTraining"] = True
        wait = options.max_wait_s or 2 * options.max_run_s
        found["StoppingCondition"]["MaxWaitTimeInSeconds"] = wait
        found["CheckpointConfig"] = {"S3Uri": f"s3://{account.bucket}/{prefix}/checkpoints"}
    return found


def metrics(image: Image, more: list[str]) -> list[dict[str, str]]:
    """Definitions of the metrics that image.toml declares by name, and of `more`, which may fit patterns."""
    unknown = [name for name in more if image.metric(name) is None]
    if unknown:
        raise CommandError(f"--metric: {image.name} declares no metric {unknown[0]}")
    wanted = list(dict.fromkeys([*more, *(name for name in image.metrics if "*" not in name)]))
    return [{"Name": name, "Regex": metric_regex(name)} for name in wanted[:_MOST_METRICS]]


def data(context: Context, prefix: str) -> tuple[list[Upload], list[dict[str, Any]]]:
    """The files to upload, and the InputDataConfig."""
    uploads: list[Upload] = []
    channels: list[dict[str, Any]] = []
    for name, source in sources(context).items():
        uri = str(source)
        if not uri.startswith("s3://"):
            place = f"{prefix}/input/{name}"
            uploads += folder_uploads(Path(source), context.account.bucket, place)
            uri = f"s3://{context.account.bucket}/{place}/"
        source_facts = {
            "S3DataType": "S3Prefix",
            "S3Uri": uri,
            "S3DataDistributionType": "FullyReplicated",
        }
        channel: dict[str, Any] = {"ChannelName": name, "DataSource": {"S3DataSource": source_facts}}
        if context.options.content_type:
            channel["ContentType"] = context.options.content_type
        channels.append(channel)
    return uploads, channels


def sources(context: Context) -> dict[str, str | Path]:
    """Where the data of each channel is: here, or s3://…"""
    options, image = context.options, context.image
    known = {label: name for name, facts in image.channels.items() for label in (name, *facts.aliases)}
    given = pairs(options.channel, "channel")
    unknown = [name for name in given if name not in known]
    if unknown:
        raise CommandError(
            f"--channel: {image.name} has no channel {unknown[0]}; it has {', '.join(image.channels)}"
        )
    first = next(name for name, facts in image.channels.items() if facts.required)
    found: dict[str, str | Path] = {}
    if options.data and options.data.startswith("s3://"):
        found[first] = options.data
    elif options.data or not given:
        found |= _channels(Path(options.data or image.folder / "sample"), known, first)
    found |= given
    if first not in {known[name] for name in found}:
        raise CommandError(f"the channel {first} has no data: give --data or --channel {first}=…")
    return found


def _channels(source: Path, known: dict[str, str], first: str) -> dict[str, Path]:
    """The folder of each channel, by its name; a source without any is the first required one."""
    folders = [entry for entry in source.iterdir() if entry.is_dir()] if source.is_dir() else []
    return {folder.name: folder for folder in sorted(folders) if folder.name in known} or {first: source}


def hyperparameters(context: Context) -> dict[str, str]:
    """Texts, as SageMaker wants them: what is no text is JSON."""
    options = context.options
    given: dict[str, Any] = {}
    sample = None if options.data or options.channel else context.image.folder / "sample/hyperparameters.json"
    path = options.hyperparameters or sample
    if path:
        try:
            given = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise CommandError(f"--hyperparameters: {path}: {error}") from None
        if not isinstance(given, dict):
            raise CommandError(f"--hyperparameters: {path} holds no JSON object")
    given |= pairs(options.set, "set")
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
