"""Waiting for what was started: its status when that changes, its log as it comes, its end."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from .context import Context
from .errors import CommandError
from .jobs import Training, Tuning
from .logs import Log

POLL_S = 10
_LAST_LINES = 20
_ENDED = {"Completed", "Stopped", "Failed", "InService", "OutOfService", "RollingBackFailed"}
_GOOD = {"Completed", "Stopped", "InService"}

Facts = Mapping[str, Any]


def training(context: Context, name: str) -> None:
    """Until the training job has ended; then its metrics. Raises CommandError where it failed."""
    log = Log(context.client("logs"), "/aws/sagemaker/TrainingJobs", f"{name}/")

    def look() -> Facts:
        return context.client("sagemaker").describe_training_job(TrainingJobName=name)  # type: ignore[no-any-return]

    facts = _follow(context, name, look, "TrainingJobStatus", "SecondaryStatus", log)
    for metric in facts.get("FinalMetricDataList", []):
        context.say(f"{metric['MetricName']}={metric['Value']:g}")


def transform(context: Context, name: str) -> None:
    """Until the batch transform has ended. Raises CommandError where it failed."""
    log = Log(context.client("logs"), "/aws/sagemaker/TransformJobs", f"{name}/")

    def look() -> Facts:
        return context.client("sagemaker").describe_transform_job(TransformJobName=name)  # type: ignore[no-any-return]

    _follow(context, name, look, "TransformJobStatus", "TransformJobStatus", log)


def endpoint(context: Context, name: str) -> None:
    """Until the endpoint answers; where it does not come up, the end of its log and CommandError."""

    def look() -> Facts:
        return context.client("sagemaker").describe_endpoint(EndpointName=name)  # type: ignore[no-any-return]

    try:
        _follow(context, name, look, "EndpointStatus", "EndpointStatus", None)
    except CommandError:
        log = Log(context.client("logs"), f"/aws/sagemaker/Endpoints/{name}")
        for line in list(log.new_lines())[-_LAST_LINES:]:
            context.say(line)
        raise


def tuning(context: Context, job: Tuning) -> None:
    """Until the tuning job has ended; its best training job becomes the latest of the job file."""
    last = {"said": ""}

    def look() -> Facts:
        facts = describe_tuning(context, job.job)
        told = tuning_line(facts)
        if told != last["said"]:
            context.say(told)
            last["said"] = told
        return facts

    status = "HyperParameterTuningJobStatus"
    adopt_best(context, job, _follow(context, job.job, look, status, status, None))


def describe_tuning(context: Context, name: str) -> Facts:
    return context.client("sagemaker").describe_hyper_parameter_tuning_job(  # type: ignore[no-any-return]
        HyperParameterTuningJobName=name
    )


def tuning_line(facts: Facts) -> str:
    """How many jobs there are, and the best so far."""
    counts = facts.get("TrainingJobStatusCounters", {})
    failed = counts.get("NonRetryableError", 0) + counts.get("RetryableError", 0)
    told = f"{counts.get('Completed', 0)} done, {counts.get('InProgress', 0)} under way, {failed} failed"
    best = facts.get("BestTrainingJob") or {}
    metric = best.get("FinalHyperParameterTuningJobObjectiveMetric")
    if metric:
        tuned = " ".join(f"{name}={value}" for name, value in sorted(best["TunedHyperParameters"].items()))
        told += f"; best {metric['MetricName']}={metric['Value']:g}, {tuned}"
    return told


def adopt_best(context: Context, job: Tuning, facts: Facts) -> None:
    """Makes the best training job of a tuning job the latest of the job file."""
    best = (facts.get("BestTrainingJob") or {}).get("TrainingJobName", "")
    jobs = context.jobs
    if best and best not in {one.job for one in jobs.trainings}:
        jobs.trainings.append(Training(job=best, role=job.role, image_uri=job.image_uri, output=job.output))
        context.keep()
        context.say(f"the best, {best}, is what deploy, transform and fetch take now")


def _follow(
    context: Context, name: str, look: Callable[[], Facts], status: str, shown: str, log: Log | None
) -> Facts:
    """Looks until the status is one of an end; tells each change, and each new line of the log."""
    said = ""
    while True:
        facts = look()
        if facts.get(shown) != said:
            said = str(facts.get(shown))
            context.say(f"{name}: {said}")
        for line in log.new_lines() if log else ():
            context.say(line)
        if facts[status] in _ENDED:
            break
        time.sleep(POLL_S)
    if facts[status] not in _GOOD:
        reason = " ".join(str(facts.get("FailureReason", "no reason is given")).split())
        raise CommandError(f"{name} is {facts[status]}: {reason}")
    return facts
