"""Forecasts chunks of series on all cores of the job's hosts; memory is bounded by the chunks in progress."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from slipway import Job

from ..models import members

Task = TypeVar("Task")
Result = TypeVar("Result")


def mapped(
    job: Job, work: Callable[..., Result], tasks: Sequence[Task], stop: Callable[[], bool], **given: Any
) -> Iterator[Result]:
    """What `work` makes of each task, in their order, until `stop` returns true; `given` are its other
    arguments.
    """
    if len(job.cluster.hosts) == 1 and not stop():
        members.library()  # before the first task tells how long all take, and before processes are forked
    return job.cluster.map(work, tasks, stop=stop, **given)
