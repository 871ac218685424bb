"""Train on SageMaker, transform batches, fetch what came: `make sagemaker IMG=name ARGS="train --role …"`.

Names of jobs go from one command to the next in a file, .slipway/jobs/<image>.json. With --dry-run the calls
are printed and not made. Credentials come from the environment, as for every AWS tool.
"""

import argparse
import sys
import tarfile
from pathlib import Path
from typing import Any

import boto3
import fetch
import training
import transform
from account import Account
from botocore.exceptions import BotoCoreError, ClientError, WaiterError
from jobs import Jobs
from plan import AwsError, Plan

from slipway.image import Image

ROOT = Path(__file__).resolve().parents[2]


def run(options: argparse.Namespace, session: Any) -> int:
    """One command. Raises AwsError, one line, where it cannot be done."""
    image = Image.read(ROOT / "images" / options.image)
    options.sample = image.folder / "sample"
    account = Account(options, session)
    path = options.job_file or ROOT / ".slipway/jobs" / f"{image.name}.json"
    jobs = Jobs.read(path, image.name, account.region)
    sagemaker = session.client("sagemaker", region_name=account.region)
    if options.command == "fetch":
        folder = options.to or ROOT / ".slipway/fetched" / jobs.training(options.training_job).job
        for file in fetch.fetch(sagemaker, session.client("s3"), jobs, options.training_job, folder):
            print(file)
        return 0
    if options.command == "train":
        plan = training.plan(options, image, account, jobs)
        name, waiter, key = jobs.trainings[-1].job, "training_job_completed_or_stopped", "TrainingJobName"
    else:
        plan = transform.plan(options, image, account, jobs, _artifact(options, sagemaker, jobs))
        name, waiter, key = jobs.transforms[-1].job, "transform_job_completed_or_stopped", "TransformJobName"
    if options.dry_run:
        print(plan.printed())
        return 0
    _carry_out(plan, session, jobs, path)
    print(name)
    if options.wait:
        _wait(sagemaker, waiter, {key: name})
    return 0


def _carry_out(plan: Plan, session: Any, jobs: Jobs, path: Path) -> None:
    plan.carry_out(session)
    jobs.write(path)


def _artifact(options: argparse.Namespace, sagemaker: Any, jobs: Jobs) -> str:
    """Where the training job's model is; in a dry run of a job that is not done, where it will be told."""
    if options.model_data:
        return str(options.model_data)
    facts = sagemaker.describe_training_job(TrainingJobName=jobs.training(options.training_job).job)
    if facts["TrainingJobStatus"] not in {"Completed", "Stopped"}:
        reason = facts.get("FailureReason", "wait until it is done")
        raise AwsError(f"{facts['TrainingJobName']} is {facts['TrainingJobStatus']}: {reason}")
    return str(facts["ModelArtifacts"]["S3ModelArtifacts"])


def _wait(sagemaker: Any, waiter: str, name: dict[str, str]) -> None:
    try:
        sagemaker.get_waiter(waiter).wait(**name, WaiterConfig={"Delay": 30, "MaxAttempts": 20_000})
    except WaiterError as error:
        reason = (error.last_response or {}).get("FailureReason", str(error))
        raise AwsError(f"{next(iter(name.values()))} failed: {reason}") from None


def parse(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sagemaker", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in (("train", training), ("transform", transform), ("fetch", fetch)):
        one = commands.add_parser(name, help=(module.__doc__ or "").partition(": ")[2])
        one.add_argument("--image", required=True)
        one.add_argument("--region", help="that of the environment unless given")
        one.add_argument("--job-file", type=Path, help=".slipway/jobs/<image>.json unless given")
        one.add_argument("--bucket", help="sagemaker-<region>-<account> unless given")
        one.add_argument("--prefix", default="slipway", help="what keys in the bucket start with")
        one.add_argument("--account", help="the account's number, asked of AWS unless given")
        module.arguments(one)
        if name == "fetch":
            continue
        one.add_argument("--name", help="the job's name; image and time unless given")
        one.add_argument("--image-uri", help="the image in ECR; where `make push` puts it unless given")
        one.add_argument("--tag", action="append", default=[], metavar="KEY=VALUE")
        one.add_argument("--environment", action="append", default=[], metavar="NAME=VALUE")
        one.add_argument("--wait", action="store_true", help="until the job has ended")
        one.add_argument("--dry-run", action="store_true", help="print the calls, make none")
        if name == "transform":
            one.add_argument(
                "--model-data", default="", help="a model.tar.gz in S3 instead of the training job's"
            )
    return parser.parse_args(given)


def main() -> int:
    options = parse()
    try:
        return run(options, boto3.Session(region_name=options.region))
    except (AwsError, ValueError, OSError, tarfile.TarError, BotoCoreError, ClientError) as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
