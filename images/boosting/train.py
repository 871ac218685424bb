"""Boosting training: one configuration, one engine, and metrics on rows that nothing else has seen."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from slipway import Channel, Job, Table

from . import configuration, report, steps, together
from . import data as tables
from .hyperparameters import Hyperparameters
from .metrics import registry
from .predictor import Model

__all__ = ["Hyperparameters", "fit"]


def fit(data: Mapping[str, Channel], params: Hyperparameters, job: Job) -> Model:
    """Trains on the train channel, evaluates on held-out rows or the test channel, and writes the report.

    Raises UserError, before the tables are read if the configuration alone is wrong.
    """
    document = configuration.read(data["config"].text) if "config" in data else {}
    params = configuration.resolve(params, document, job.progress)
    if params.problem != "auto":
        registry.select(params.metrics, params.problem)
        if params.threshold_metric:
            registry.metric(params.threshold_metric, params.problem, "threshold_metric")
    channel = data["train"]
    fitted = (
        _fit_together(data, params, job)
        if together.chosen(channel, params, job)
        else _fit_alone(data, params, job)
    )
    result, trainer = fitted.result, fitted.trainer
    target = trainer.target
    job.log_metrics(**result.metrics)
    resolved = steps.resolved(trainer.params)
    model = Model(result.booster, target, result.threshold, resolved, result.metrics)
    (job.output / "metrics.json").write_text(json.dumps(result.metrics, indent=2) + "\n")
    (job.output / "configuration.json").write_text(json.dumps(resolved, indent=2, ensure_ascii=False) + "\n")
    with job.report.forgiving():
        report.write(job.report, result, trainer, fitted.n_rows)
    return model


def _fit_alone(data: Mapping[str, Channel], params: Hyperparameters, job: Job) -> steps.Fitted:
    channel = data["train"]
    params, names = tables.resolve_columns(channel, params, lambda: channel.table.kinds)
    read = {name: partial(_table, one) for name, one in data.items() if name != "config"}
    return steps.fit(read, names, params, job)


def _fit_together(data: Mapping[str, Channel], params: Hyperparameters, job: Job) -> steps.Fitted:
    channel = data["train"]
    parts: list[Any] = []

    def read() -> Mapping[str, str]:
        parts.extend(channel.partitions())
        return channel.kinds

    params, names = tables.resolve_columns(channel, params, read)
    return together.fit(data, parts, names, params, job)


def _table(channel: Channel) -> Table:
    return channel.table
