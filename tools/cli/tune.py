"""`tune`: a tuning job over the hyperparameters that the image calls tunable."""

import argparse

from . import job, progress, ranges
from .context import Context
from .facts import facts
from .jobs import Tuning
from .plan import Plan, Request

_LONGEST_NAME = 32


def arguments(parser: argparse.ArgumentParser) -> None:
    job.arguments(parser)
    parser.add_argument("--objective", default="", help="a metric; the first of image.toml unless given")
    parser.add_argument(
        "--range",
        action="append",
        default=[],
        metavar="NAME[=LOW:HIGH|A,B]",
        help="what to search; every tunable hyperparameter that is not set unless given",
    )
    parser.add_argument("--max-jobs", type=int, default=20)
    parser.add_argument("--parallel", type=int, default=2, help="jobs at a time")
    parser.add_argument("--strategy", choices=["Bayesian", "Random", "Hyperband", "Grid"], default="Bayesian")
    parser.add_argument("--no-early-stopping", action="store_true", help="let bad jobs run to their end")


def run(context: Context) -> None:
    options = context.options
    name = options.name or context.account.new_name(context.image.name, _LONGEST_NAME)
    plan, tuning = planned(context, name)
    if context.carry_out(plan) is None:
        return
    context.jobs.tunings.append(tuning)
    context.keep()
    print(name)
    if options.wait:
        progress.tuning(context, tuning)


def planned(context: Context, name: str) -> tuple[Plan, Tuning]:
    """Uploads, then CreateHyperParameterTuningJob; and what the job file is to know of it."""
    options, account = context.options, context.account
    described = facts(context.image.name)
    prefix = f"{account.prefix}/{name}"
    role = account.role(options.role)
    uri = options.image_uri or account.image_uri(context.image)
    uploads, channels = job.data(context, prefix)
    fixed = job.hyperparameters(context)
    searched = ranges.chosen(described, options.range, fixed)
    names = {one["Name"] for kind in searched.values() for one in kind}
    labels = {
        label: one["name"] for one in described["hyperparameters"] for label in [one["name"], *one["aliases"]]
    }
    machines = job.machines(context, prefix, role, uri)
    goal = ranges.objective(described, options.objective)
    limits = {"MaxNumberOfTrainingJobs": options.max_jobs, "MaxParallelTrainingJobs": options.parallel}
    # Hyperband stops jobs by itself, and takes no other stopping besides it.
    stops = not options.no_early_stopping and options.strategy not in {"Hyperband", "Grid"}
    config = {
        "Strategy": options.strategy,
        "HyperParameterTuningJobObjective": goal,
        "ResourceLimits": limits,
        "ParameterRanges": searched,
        "TrainingJobEarlyStoppingType": "Auto" if stops else "Off",
    }
    if options.strategy == "Grid":
        del limits["MaxNumberOfTrainingJobs"]  # the grid says how many
    parameters = {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": config,
        "TrainingJobDefinition": {
            **machines,
            "StaticHyperParameters": {
                key: value for key, value in fixed.items() if labels.get(key, key) not in names
            },
            "InputDataConfig": channels,
        },
        "Tags": context.tags(),
    }
    tuning = Tuning(job=name, role=role, image_uri=uri, output=account.output)
    return Plan(uri, uploads, [Request("sagemaker", "CreateHyperParameterTuningJob", parameters)]), tuning
