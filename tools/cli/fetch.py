"""`fetch`: what jobs left in S3, on this machine: model, report and metrics, answers."""

import argparse
import json
from pathlib import Path
from typing import Any

from .. import ROOT
from .context import Context
from .errors import CommandError
from .model import artifact
from .s3 import download, exists, listed, split_uri, unpacked


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--training-job", default="", help="the latest of the job file unless given")
    parser.add_argument("--to", type=Path, help="a folder; .slipway/fetched/<training job> unless given")


def run(context: Context) -> None:
    """Downloads model/ and output/ unpacked, transforms/<job>/ as they are; prints the files."""
    options = context.options
    training = context.jobs.training(options.training_job)
    folder = options.to or ROOT / ".slipway/fetched" / training.job
    model = artifact(context, training)
    packed = {model: folder / "model", beside(model): folder / "output"}
    plain = {
        f"{one.output}/": folder / "transforms" / one.job
        for one in context.jobs.transforms
        if one.training_job == training.job
    }
    if options.dry_run:
        downloads = [{"from": uri, "to": str(place)} for uri, place in {**packed, **plain}.items()]
        print(json.dumps({"downloads": downloads}, indent=2))
        return
    s3 = context.client("s3")
    found = unpacked(s3, model, packed[model])
    if exists(s3, beside(model)):
        found += unpacked(s3, beside(model), packed[beside(model)])
    for uri, place in plain.items():
        found += _all(s3, uri, place)
    for file in found:
        print(file)


def beside(artifact: str) -> str:
    """Where SageMaker puts what a job left in /opt/ml/output/data."""
    return artifact.rpartition("/")[0] + "/output.tar.gz"


def _all(s3: Any, uri: str, folder: Path) -> list[Path]:
    bucket, prefix = split_uri(uri)
    found = []
    for key, _ in listed(s3, uri):
        path = folder / key.removeprefix(prefix)
        if not path.resolve().is_relative_to(folder.resolve()):
            raise CommandError(f"{uri} holds an object outside of it: {key}")
        path.parent.mkdir(parents=True, exist_ok=True)
        download(s3, f"s3://{bucket}/{key}", path)
        found.append(path)
    return found
