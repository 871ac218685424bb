"""`train`: data and configuration to S3, and a training job over them."""

import argparse

from . import estimate, job, progress
from .context import Context
from .jobs import Training
from .plan import Plan, Request


def arguments(parser: argparse.ArgumentParser) -> None:
    job.arguments(parser)
    parser.add_argument(
        "--anyway", action="store_true", help="start a job that does not fit its instance's memory, too"
    )


def run(context: Context) -> None:
    options, account = context.options, context.account
    name = options.name or account.new_name(context.image.name)
    plan, training = planned(context, name)
    found = estimate.estimated(context)
    plan.estimate = found.printed() if found else None
    if context.carry_out(plan) is None:
        return
    context.jobs.trainings.append(training)
    context.keep()
    print(name)
    if options.wait:
        progress.training(context, name)


def planned(context: Context, name: str) -> tuple[Plan, Training]:
    """Uploads, then CreateTrainingJob; and what the job file is to know of it."""
    options, account = context.options, context.account
    prefix = f"{account.prefix}/{name}"
    role = account.role(options.role)
    uri = options.image_uri or account.image_uri(context.image)
    uploads, channels = job.data(context, prefix)
    parameters = {
        "TrainingJobName": name,
        **job.machines(context, prefix, role, uri),
        "HyperParameters": job.hyperparameters(context),
        "InputDataConfig": channels,
        "Tags": context.tags(),
    }
    training = Training(job=name, role=role, image_uri=uri, output=account.output)
    return Plan(uri, uploads, [Request("sagemaker", "CreateTrainingJob", parameters)]), training
