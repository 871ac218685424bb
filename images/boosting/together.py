"""Training on several hosts, each of which reads and keeps its own rows."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from slipway import Channel, Job, Table, UserError

from . import steps
from .hyperparameters import Hyperparameters
from .peers import ALONE, Link, Together
from .report import evenly
from .steps import Fitted

_WORTH_BYTES = 50 << 20  # of the train channel's files, from which on hosts gain more than they wait
_LEAST_ROWS = 1_000  # of a host; fewer go to another
_SHOWN = 2_000  # test rows that the report explains


def chosen(channel: Channel, params: Hyperparameters, job: Job) -> bool:
    """Whether all hosts train; the log says why not. Before data are read, UserError for what cannot be.

    The first host alone trains on little data, as it gives the model of one host; with CatBoost; and on a
    pipe, or on replicated files of rows that belong together in groups, of which no host would have a whole.
    """
    count = len(job.cluster.hosts)
    if count == 1:
        return False
    why = _why_alone(channel, params)
    if not why:
        return True
    if params.hosts == "all":
        raise UserError(f"hosts: all cannot be, since {why}")
    job.progress(f"{job.hosts.current} trains alone, and the other hosts wait ({count - 1}): {why}")
    if channel.sharded and not channel.fits_memory:
        raise UserError(
            f"hosts: {why}, and the shards of all hosts would not fit the memory of the first; "
            "use engine=lightgbm or xgboost, a larger instance, or fewer rows"
        )
    return False


def _why_alone(channel: Channel, params: Hyperparameters) -> str:
    if params.engine == "catboost":
        return "catboost has no training over several hosts"
    if params.hosts == "first":
        return "hosts=first"
    if channel.size_bytes is None:
        return "hosts cannot share a pipe"
    if params.group and not channel.sharded:
        return (
            "groups must stay whole, and the files of the train channel are on all hosts; shard it by group"
        )
    if params.hosts == "auto" and channel.size_bytes < _WORTH_BYTES:
        return f"the train channel has less than {_WORTH_BYTES >> 20} MB"
    return ""


def fit(
    data: Mapping[str, Channel], parts: Sequence[Any], names: list[str], params: Hyperparameters, job: Job
) -> Fitted:
    """What `steps.fit` gives, on all hosts with rows; `parts` are the partitions of the train channel."""
    others = [name for name in ("validation", "test") if name in data]
    rows: list[Any] = job.cluster.align(
        parts, *(data[name].partitions() for name in others), least=_LEAST_ROWS
    )
    addresses = job.cluster.addresses(rows)
    job.progress(f"hosts that train: {', '.join(addresses)}; each reads and keeps its own rows")
    with _tracked(addresses) as link:
        found = list(
            job.cluster.map(
                _fit_part, rows, channels=["train", *others], names=names, params=params, job=job, link=link
            )
        )
    fitted = found[0]
    assert fitted is not None
    return fitted


@contextmanager
def _tracked(addresses: Mapping[str, str]) -> Iterator[Link]:
    """XGBoost's tracker, by which the hosts find one another."""
    from xgboost.tracker import RabitTracker

    first = next(iter(addresses.values()))
    tracker = RabitTracker(n_workers=len(addresses), host_ip=first, sortby="task")
    tracker.start()
    try:
        yield Link(tracker.worker_args(), addresses)
    except BaseException:
        del tracker.handle  # else its end would wait for hosts that will not come
        raise
    tracker.wait_for()
    tracker.free()


# This runs on each host, over the rows that it has.


def _fit_part(
    rows: tuple[Table | None, ...],
    channels: list[str],
    names: list[str],
    params: Hyperparameters,
    job: Job,
    link: Link,
) -> Fitted | None:
    assert rows[0] is not None
    none = rows[0].take(np.arange(0))  # of a channel of which this host has no rows
    read = {
        name: partial(_itself, none if table is None else table)
        for name, table in zip(channels, rows, strict=True)
    }
    with Together(link, job.hosts.current) as peers:
        fitted = steps.fit(read, names, params, job, peers)
    return None if peers.rank else _brief(fitted)


def _itself(table: Table) -> Table:
    return table


def _brief(fitted: Fitted) -> Fitted:
    """As it is sent between processes: with a sample of this host's test rows, for the report."""
    result = fitted.result
    test = result.test
    monitor = replace(result.monitor, peers=ALONE)
    trainer = replace(fitted.trainer, peers=ALONE)
    result = replace(result, test=test.take(evenly(len(test), _SHOWN)).copied(), monitor=monitor)
    return replace(fitted, result=result, trainer=trainer)
