"""`train`: data and configuration to S3, and a training job over them."""

import argparse
import json
from pathlib import Path
from typing import Any

from account import Account
from jobs import Jobs, Training, pairs
from plan import AwsError, Call, Plan, folder_uploads

from slipway.describe import metric_regex
from slipway.image import Image

_MOST_METRICS = 40  # metric definitions that SageMaker takes


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--role", required=True, help="the ARN of the role that the job runs as")
    parser.add_argument(
        "--data", type=Path, help="a folder of channels, or of one; the image's sample unless given"
    )
    parser.add_argument("--hyperparameters", type=Path, help="a JSON file")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="one hyperparameter")
    parser.add_argument(
        "--metric", action="append", default=[], help="a metric to follow beside the image's own"
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


def plan(options: argparse.Namespace, image: Image, account: Account, jobs: Jobs) -> Plan:
    """Uploads, then CreateTrainingJob; the job is added to `jobs`."""
    name = options.name or account.job_name(image.name)
    prefix = f"{account.prefix}/{name}"
    uri = options.image_uri or account.image_uri(image)
    channels = _channels(options.data or image.folder / "sample", image)
    made = Plan()
    for channel, folder in channels.items():
        made.uploads += folder_uploads(folder, account.bucket, f"{prefix}/input/{channel}")
    parameters: dict[str, Any] = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": uri,
            "TrainingInputMode": "File",
            "MetricDefinitions": metrics(image, options.metric),
        },
        "RoleArn": options.role,
        "HyperParameters": _hyperparameters(options),
        "InputDataConfig": [_channel(channel, account.bucket, prefix) for channel in channels],
        "OutputDataConfig": {"S3OutputPath": f"s3://{account.bucket}/{account.prefix}"},
        "ResourceConfig": {
            "InstanceType": options.instance_type or image.instances.training[0],
            "InstanceCount": options.instance_count,
            "VolumeSizeInGB": options.volume_gb,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": options.max_run_s},
        "EnableNetworkIsolation": not options.no_isolation,
        "Tags": [{"Key": key, "Value": value} for key, value in pairs(options.tag, "tag").items()],
    }
    environment = pairs(options.environment, "environment")
    if environment:
        parameters["Environment"] = environment
    if options.kms_key:
        parameters["OutputDataConfig"]["KmsKeyId"] = options.kms_key
        parameters["ResourceConfig"]["VolumeKmsKeyId"] = options.kms_key
    if bool(options.subnet) != bool(options.security_group):
        raise AwsError("--subnet and --security-group go together")
    if options.subnet:
        parameters["VpcConfig"] = {"Subnets": options.subnet, "SecurityGroupIds": options.security_group}
    if options.spot:
        parameters["EnableManagedSpotTraining"] = True
        wait = options.max_wait_s or 2 * options.max_run_s
        parameters["StoppingCondition"]["MaxWaitTimeInSeconds"] = wait
        parameters["CheckpointConfig"] = {"S3Uri": f"s3://{account.bucket}/{prefix}/checkpoints"}
    made.calls.append(Call("create_training_job", parameters))
    jobs.trainings.append(Training(job=name, role=options.role, image_uri=uri))
    return made


def metrics(image: Image, more: list[str]) -> list[dict[str, str]]:
    """Definitions of the metrics that image.toml declares by name, and of `more`, which may fit patterns."""
    unknown = [name for name in more if image.metric(name) is None]
    if unknown:
        raise AwsError(f"--metric: {image.name} declares no metric {unknown[0]}")
    wanted = list(dict.fromkeys([*more, *(name for name in image.metrics if "*" not in name)]))
    return [{"Name": name, "Regex": metric_regex(name)} for name in wanted[:_MOST_METRICS]]


def _channels(source: Path, image: Image) -> dict[str, Path]:
    """The folder of each channel, by its name; a source without any is the first required one."""
    known = {label: name for name, facts in image.channels.items() for label in (name, *facts.aliases)}
    folders = [entry for entry in source.iterdir() if entry.is_dir()] if source.is_dir() else []
    found = {folder.name: folder for folder in sorted(folders) if folder.name in known}
    if found:
        return found
    return {next(name for name, facts in image.channels.items() if facts.required): source}


def _hyperparameters(options: argparse.Namespace) -> dict[str, str]:
    """Texts, as SageMaker wants them: what is no text is JSON."""
    given: dict[str, Any] = {}
    path = options.hyperparameters or (None if options.data else options.sample / "hyperparameters.json")
    if path:
        try:
            given = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise AwsError(f"--hyperparameters: {path}: {error}") from None
        if not isinstance(given, dict):
            raise AwsError(f"--hyperparameters: {path} holds no JSON object")
    given |= pairs(options.set, "set")
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}


def _channel(name: str, bucket: str, prefix: str) -> dict[str, Any]:
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": f"s3://{bucket}/{prefix}/input/{name}/",
        "S3DataDistributionType": "FullyReplicated",
    }
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}
