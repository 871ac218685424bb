"""`train`: from the platform's files to a model folder, a report, and an exit code."""

import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from slipway import failure
from slipway.errors import PlatformError, UserError, listed
from slipway.image import Image
from slipway.log import log
from slipway.manifest import Manifest
from slipway.model import Model
from slipway.paths import Paths
from slipway.settings import Settings
from slipway.stopping import FAILED
from slipway.table.options import DataOptions
from slipway.table.schema import Column, Schema
from slipway.table.table import Table
from slipway.training import channels, config, data_section, drift
from slipway.training.cards import write as cards
from slipway.training.channel import Channel
from slipway.training.hosts import standby
from slipway.training.job import Job


def train(settings: Settings) -> int:
    """Runs one training job; returns the exit code, having told the platform why when it is not 0."""
    try:
        _train(settings.paths, Image.read(settings.algorithm))
    except BaseException as error:  # whatever fit raises must reach the failure file, SystemExit too
        cause, puzzling = failure.explained(error, settings.paths)
        if puzzling:
            traceback.print_exc()
        log("train", f"failed: {' '.join(cause.split())}")
        sys.stdout.flush()
        failure.write(settings.paths, cause)
        return FAILED
    return 0


def _train(paths: Paths, image: Image) -> None:
    started = time.monotonic()
    hosts = config.hosts(paths)
    given = config.channels(paths, image)
    params = image.hyperparameters().read(config.hyperparameters(paths))
    options = DataOptions(params.kinds, params.dates, params.missing)
    with channels.opened(hosts, given, paths, options, image) as (data, cluster):
        if not hosts.is_leader:
            standby.leave_last()
            return
        job = Job(image, paths, params, hosts, cluster)
        job.stop_on_signals()
        log(
            "train",
            f"{image.name} {image.version} on "
            + listed([f"{name} ({one.source})" for name, one in data.items()]),
        )
        here = [name for name, facts in image.channels.items() if name in data and facts.kind == "table"]
        _check_kinds(params.kinds, [data[name] for name in here])
        model = image.trainer().fit(data, params, job)
        tables = {name: data[name] for name in here}
        reads = schema_of(model, tables)
        with job.report.forgiving():
            data_section.add(job.report, tables)
        seen = next(iter(tables.values())).read_table
        manifest = save(
            model,
            paths.model,
            seen,
            reads,
            image=image.name,
            version=image.version,
            hyperparameters=params.model_dump(mode="json"),
            metrics=job.metrics,
        )
        report = _written("report", lambda: job.report.write(job.output, image.title, manifest), paths)
        card = _written(
            "model card", lambda: cards.write(job.output, image, manifest, model.task, seen), paths
        )
        log(
            "train",
            f"done in {time.monotonic() - started:.1f} s; the model is in {paths.model}, {report}, {card}",
        )


def _written(what: str, write: Callable[[], Path], paths: Paths) -> str:
    """Where it is, or why it is not: the model is there, and worth more than a page about it."""
    try:
        return f"the {what} is {write()}"
    except Exception as error:
        traceback.print_exc()
        return f"the {what} could not be written ({failure.explained(error, paths)[0]})"


def _check_kinds(kinds: Mapping[str, str], channels: Iterable[Channel]) -> None:
    """Raises UserError where the hyperparameter kinds names a column that no channel has."""
    if not kinds:
        return
    names = list(dict.fromkeys(name for channel in channels for name in channel.names))
    unknown = [name for name in kinds if name not in names]
    if unknown:
        raise UserError(f"kinds: no column {listed(unknown)}; the channels have {listed(names, 20)}")


def save(model: Model, folder: Path, table: Table | None, reads: Schema, **facts: object) -> Manifest:
    """Saves `model`, what its training table was like, and the manifest into `folder`, which may exist.

    Raises PlatformError where it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        model.save(folder)
        drift.save(table, model, reads, folder)
        return Manifest.stamp(folder, reads=reads, **facts)
    except OSError as error:
        raise PlatformError(f"the model cannot be written to {folder}: {error.strerror}") from None


def schema_of(model: Model, data: dict[str, Channel]) -> Schema:
    """The columns that the model reads, with what the training data held in them, and all of the table's."""
    learnt = {column.name for column in model.columns if column.kind is None}
    channel = next((one for one in data.values() if learnt <= set(one.names)), None)
    if channel is None:
        raise ValueError(f"no channel has the columns {sorted(learnt)} that the model reads")
    known = {column.name: column for column in channel.columns}
    others = dict.fromkeys(name for one in data.values() if one is not channel for name in one.names)
    return Schema(
        columns=tuple(_merged(column, known.get(column.name)) for column in model.columns),
        table=channel.columns,
        others=tuple(name for name in others if name not in known),
        named=channel.named or any(column.name not in known for column in model.columns),
        layouts=tuple(tuple(some) for some in model.layouts),
    )


def _merged(column: Column, known: Column | None) -> Column:
    """A model's column with what the table knows of it; what the model says itself goes before."""
    if known is None or (column.kind is not None and column.kind != known.kind):
        return column
    said = column.model_dump(exclude_defaults=True)
    return known.model_copy(update={**said, "aliases": column.aliases, "times": column.times or known.times})
