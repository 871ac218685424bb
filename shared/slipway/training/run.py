"""`train`: from the platform's files to a model folder, a report, and an exit code."""

import sys
import time
import traceback
from pathlib import Path

from slipway import failure
from slipway.errors import PlatformError, listed
from slipway.image import Image
from slipway.log import log
from slipway.manifest import Manifest
from slipway.model import Model
from slipway.paths import Paths
from slipway.schema import Column, Schema
from slipway.settings import Settings
from slipway.training import channels, config
from slipway.training.channel import Channel
from slipway.training.job import Job

FAILED = 255  # what the containers before this one exited with


def train(settings: Settings) -> int:
    """Runs one training job; returns the exit code, having told the platform why when it is not 0."""
    try:
        _train(settings.paths, Image.read(settings.algorithm))
    except Exception as error:  # whatever fit raises must reach the failure file
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
    trainer = image.trainer()
    params = trainer.Hyperparameters.read(config.hyperparameters(paths))
    with channels.opened(hosts, given, paths) as (data, client):
        if not hosts.is_leader:
            return
        job = Job(image, paths, params, hosts, client)
        job.stop_on_signals()
        log(
            "train",
            f"{image.name} {image.version} on "
            + listed([f"{name} ({one.source})" for name, one in data.items()]),
        )
        model = trainer.fit(data, params, job)
        reads = _schema(model, {name: data[name] for name in data if image.channels[name].kind == "table"})
    manifest = save(
        model,
        paths.model,
        image=image.name,
        version=image.version,
        reads=reads,
        hyperparameters=params.model_dump(mode="json"),
        metrics=job.metrics,
    )
    try:
        report = f"the report is {job.page.write(job.output, image.title, manifest)}"
    except Exception as error:  # the model is there, and worth more than a page about it
        traceback.print_exc()
        report = f"the report could not be written ({failure.explained(error, paths)[0]})"
    log("train", f"done in {time.monotonic() - started:.1f} s; the model is in {paths.model}, {report}")


def save(model: Model, folder: Path, **facts: object) -> Manifest:
    """Saves `model` and its manifest into `folder`, which may exist. Raises PlatformError where it cannot."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        model.save(folder)
        return Manifest.stamp(folder, **facts)
    except OSError as error:
        raise PlatformError(f"the model cannot be written to {folder}: {error.strerror}") from None


def _schema(model: Model, data: dict[str, Channel]) -> Schema:
    """The columns that the model reads, with what the training data held in them."""
    learnt = set(model.columns) - set(model.own)
    channel = next(channel for channel in data.values() if learnt <= set(channel.kinds))
    kinds = {**channel.kinds, **model.own}
    return Schema(
        columns=tuple(
            Column(
                name=name,
                kind=kinds[name],
                optional=name in model.optional,
                aliases=tuple(alias for alias, column in model.aliases.items() if column == name),
            )
            for name in model.columns
        ),
        table=tuple(channel.kinds),
        named=channel.named or bool(model.own),
        short=tuple(tuple(some) for some in model.short),
    )
