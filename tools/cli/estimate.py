"""What a training job takes, before anything is made: rows, bytes, memory, instances that fit, how long."""

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from slipway.errors import UserError
from slipway.image import Cost
from slipway.training.size import readable

from . import data, instances, job
from .context import Context
from .errors import AWS_ERRORS, CommandError, told
from .facts import facts

_GIB, _MB = 1 << 30, 1 << 20
_SHARE = 0.9  # of an instance's memory that a container may take
_EFFICIENCY = 0.5  # of further CPUs, as libraries use them
_CLASSES = ((300, "minutes"), (3600, "less than an hour"), (6 * 3600, "hours"), (24 * 3600, "most of a day"))
_LONGER = "more than a day"
_SUGGESTED = 4  # instance types that a refusal names


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Of the main channel; what is not known is None."""

    rows: int
    columns: int
    bytes: int
    table_bytes: int
    memory_bytes: int | None = None
    instance_type: str
    fits: bool | None = None
    in_pieces: bool = False
    """Whether it is trained on in pieces or by a sample, as its table does not fit the memory."""
    instance_types_that_fit: tuple[str, ...] = ()
    duration: str | None = None

    def printed(self) -> Mapping[str, Any]:
        return asdict(self)

    def line(self) -> str:
        """The same for a reader."""
        parts = [f"about {self.rows:,} rows of {self.columns} columns, {readable(self.bytes)}"]
        if self.memory_bytes is None:
            return f"{parts[0]}; what training takes was not measured for this image"
        need = f"training takes about {readable(self.memory_bytes)} of memory"
        if self.fits is None:
            need += f"; the memory of {self.instance_type} is not known here"
        elif self.in_pieces:
            need += f"; more than {self.instance_type} has, so in pieces or by a sample"
        elif self.fits:
            need += f", which fits {self.instance_type}"
        return f"{parts[0]}; {need}; it takes {self.duration}, without starting the instance"


def estimated(context: Context) -> Estimate | None:
    """Of the job that the options describe. None, and said, where the data cannot be looked at.

    Raises CommandError for a job that cannot fit its instance, unless --anyway is given.
    """
    try:
        found = _estimated(context)
    except UserError as error:
        context.say(f"not estimated: {error}")  # as training will, but in the job's log
        return None
    except AWS_ERRORS as error:
        context.say(f"not estimated: {told(error, {})}")
        return None
    context.say(found.line())
    if found.fits is False and not context.options.anyway:
        raise CommandError(_refusal(found))
    return found


def _estimated(context: Context) -> Estimate:
    options, image = context.options, context.image
    main = next(name for name, one in image.channels.items() if one.kind == "table")
    sources = job.sources(context)
    source = next(one for name, one in sources.items() if name in (main, *image.channels[main].aliases))
    channel = data.channel(main, source, options.content_type, lambda: context.client("s3"))
    rows, table_bytes = channel.estimated_rows or 0, channel.memory_bytes or 0
    name = options.instance_type or image.instances.training[0]
    cost, instance = image.cost, instances.known(name)
    data_alone = Estimate(
        rows=rows,
        columns=len(channel.names),
        bytes=channel.size_bytes or 0,
        table_bytes=table_bytes,
        instance_type=name,
    )
    if cost is None:
        return data_alone
    need = int(cost.memory_mb * _MB + cost.memory_factor * table_bytes)
    whole = instance is not None and need <= _SHARE * instance.memory_gib * _GIB
    fitting = instances.larger(need / _SHARE / _GIB, image.instances.training)
    return replace(
        data_alone,
        memory_bytes=need,
        fits=None if instance is None else whole or cost.beyond_memory,
        in_pieces=instance is not None and cost.beyond_memory and not whole,
        instance_types_that_fit=tuple(one.name for one in fitting),
        duration=_duration(context, cost, rows * data_alone.columns, instance),
    )


def _duration(context: Context, cost: Cost, cells: int, instance: instances.Instance | None) -> str:
    """The class of how long training takes, with the image's defaults; a class, as no more can be known."""
    cpus = 1 + _EFFICIENCY * ((instance.cpus if instance else 2) - 1)
    seconds = (cost.cpu_s + cost.cpu_s_per_million_cells * cells / 1e6) / cpus
    if cost.time_limit:
        given: Any = job.hyperparameters(context).get(cost.time_limit)
        if given is None:
            every = facts(context.image.name)["hyperparameters"]
            given = next(one["default"] for one in every if one["name"] == cost.time_limit)
        with contextlib.suppress(TypeError, ValueError):  # the job will say so
            seconds = min(seconds, float(given))
    return next((name for most, name in _CLASSES if seconds < most), _LONGER)


def _refusal(found: Estimate) -> str:
    fitting = ", ".join(found.instance_types_that_fit[:_SUGGESTED]) or "none that is known here"
    return (
        f"the job cannot fit {found.instance_type}: training about {found.rows:,} rows of {found.columns} "
        f"columns takes about {readable(found.memory_bytes or 0)} of memory. These fit: {fitting}. "
        "--anyway starts it all the same"
    )
