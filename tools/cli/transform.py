"""`transform`: a batch transform with the model of a training job."""

import argparse
from pathlib import Path
from typing import Any

from . import model, progress
from .context import Context
from .jobs import Transform
from .plan import Plan, Request, folder_uploads


def arguments(parser: argparse.ArgumentParser) -> None:
    model.arguments(parser)
    parser.add_argument(
        "--data", help="s3://…, or a file or folder of rows; the sample's request.csv unless given"
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


def run(context: Context) -> None:
    options = context.options
    name = options.name or context.account.new_name(f"{context.image.name}-transform")
    plan, transform = planned(context, name)
    if context.carry_out(plan) is None:
        return
    context.jobs.transforms.append(transform)
    context.keep()
    print(name)
    if options.wait:
        progress.transform(context, name)


def planned(context: Context, name: str) -> tuple[Plan, Transform]:
    """Uploads, then CreateModel and CreateTransformJob; and what the job file is to know of it."""
    options, account = context.options, context.account
    prefix = f"{account.prefix}/{name}"
    output = f"s3://{account.bucket}/{prefix}/output"
    source = options.data or context.image.folder / "sample/request.csv"
    uploads, uri = [], str(source)
    if not uri.startswith("s3://"):
        uploads = folder_uploads(Path(source), account.bucket, f"{prefix}/input")
        uri = f"s3://{account.bucket}/{prefix}/input/"
    chosen = model.choose(context)
    made = model.create(context, name, chosen, isolated=not options.no_isolation)
    parameters: dict[str, Any] = {
        "TransformJobName": name,
        "ModelName": name,
        "MaxPayloadInMB": options.max_payload_mb,
        "BatchStrategy": options.strategy,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
            "ContentType": options.content_type,
            "SplitType": options.split,
        },
        "TransformOutput": {
            "S3OutputPath": output,
            "Accept": options.accept,
            "AssembleWith": "Line" if options.split == "Line" else "None",
        },
        "TransformResources": {
            "InstanceType": options.instance_type or context.image.instances.transform[0],
            "InstanceCount": options.instance_count,
        },
        "Tags": context.tags(),
    }
    if options.max_concurrent:
        parameters["MaxConcurrentTransforms"] = options.max_concurrent
    processing = {"InputFilter": options.input_filter, "OutputFilter": options.output_filter}
    processing = {key: value for key, value in processing.items() if value}
    if processing or options.join != "None":
        parameters["DataProcessing"] = {**processing, "JoinSource": options.join}
    transform = Transform(job=name, training_job=chosen.training_job, output=output)
    requests = [made, Request("sagemaker", "CreateTransformJob", parameters)]
    return Plan(chosen.image_uri, uploads, requests), transform
