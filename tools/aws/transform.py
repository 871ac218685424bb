"""`transform`: a model of a trained job, and a batch transform with it."""

import argparse
from pathlib import Path
from typing import Any

from account import Account
from jobs import Jobs, Transform, pairs
from plan import Call, Plan, folder_uploads

from slipway.image import Image


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--training-job", default="", help="the latest of the job file unless given")
    parser.add_argument(
        "--data", type=Path, help="a file or folder of rows; the sample's request.csv unless given"
    )
    parser.add_argument("--content-type", default="text/csv")
    parser.add_argument("--accept", default="text/csv")
    parser.add_argument("--split", choices=["Line", "None"], default="Line")
    parser.add_argument("--strategy", choices=["MultiRecord", "SingleRecord"], default="MultiRecord")
    parser.add_argument("--max-payload-mb", type=int, default=6)
    parser.add_argument("--max-concurrent", type=int, default=0, help="0: what the container says")
    parser.add_argument(
        "--input-filter", default="", help="JSONPath, $[:-1] say to leave out the last column"
    )
    parser.add_argument("--output-filter", default="")
    parser.add_argument("--join", choices=["Input", "None"], default="None")
    parser.add_argument("--instance-type", help="image.toml's first for transforms unless given")
    parser.add_argument("--instance-count", type=int, default=1)
    parser.add_argument("--no-isolation", action="store_true", help="let the container reach a network")


def plan(options: argparse.Namespace, image: Image, account: Account, jobs: Jobs, artifact: str) -> Plan:
    """Uploads, then CreateModel and CreateTransformJob; the job is added to `jobs`."""
    training = jobs.training(options.training_job)
    name = options.name or account.job_name(f"{image.name}-transform")
    prefix = f"{account.prefix}/{name}"
    output = f"s3://{account.bucket}/{prefix}/output"
    tags = [{"Key": key, "Value": value} for key, value in pairs(options.tag, "tag").items()]
    model: dict[str, Any] = {
        "ModelName": name,
        "PrimaryContainer": {
            "Image": options.image_uri or training.image_uri,
            "ModelDataUrl": artifact,
            "Environment": pairs(options.environment, "environment"),
        },
        "ExecutionRoleArn": training.role,
        "EnableNetworkIsolation": not options.no_isolation,
        "Tags": tags,
    }
    job: dict[str, Any] = {
        "TransformJobName": name,
        "ModelName": name,
        "MaxPayloadInMB": options.max_payload_mb,
        "BatchStrategy": options.strategy,
        "TransformInput": {
            "DataSource": {
                "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{account.bucket}/{prefix}/input/"}
            },
            "ContentType": options.content_type,
            "SplitType": options.split,
        },
        "TransformOutput": {
            "S3OutputPath": output,
            "Accept": options.accept,
            "AssembleWith": "Line" if options.split == "Line" else "None",
        },
        "TransformResources": {
            "InstanceType": options.instance_type or image.instances.transform[0],
            "InstanceCount": options.instance_count,
        },
        "Tags": tags,
    }
    if options.max_concurrent:
        job["MaxConcurrentTransforms"] = options.max_concurrent
    processing = {"InputFilter": options.input_filter, "OutputFilter": options.output_filter}
    processing = {key: value for key, value in processing.items() if value}
    if processing or options.join != "None":
        job["DataProcessing"] = {**processing, "JoinSource": options.join}
    source = options.data or image.folder / "sample/request.csv"
    jobs.transforms.append(Transform(job=name, training_job=training.job, output=output))
    return Plan(
        folder_uploads(source, account.bucket, f"{prefix}/input"),
        [Call("create_model", model), Call("create_transform_job", job)],
    )
