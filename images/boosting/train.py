"""Boosting training: one configuration, one engine, and metrics on rows that nothing else has seen."""

import json
from collections.abc import Mapping
from typing import Any

from slipway import Channel, Job

from . import configuration, fitting, report, splits
from . import data as tables
from .features import Features
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
    params, names = tables.resolve_columns(channel, params)
    train, target, without_target = tables.prepare(channel, names, params, None)
    n_rows = len(train)
    params = params.model_copy(update={"problem": target.problem})
    configuration.check_eval_metric(params)
    roles = dict(zip(names, tables.roles(params, channel.table.kinds, names), strict=True))
    features = Features.fit(train.features, roles, params.engine != "catboost")
    trainer = fitting.trainer(features, target, params, job)
    trainer.params = params = params.model_copy(update={"metrics": tuple(trainer.metrics)})
    _log(params, job)
    if without_target:
        job.progress(f"{without_target} rows without {params.target} are left out")
    for name in target.singletons(train.target):
        job.progress(f"class {name} has one row, which can be used for training or evaluation, not both")
    validation = None
    if "validation" in data:
        validation = tables.prepare(data["validation"], names, params, target)[0]
    if params.folds:
        result = trainer.cross_validate(tables.concatenate([train, validation]) if validation else train)
    else:
        if "test" in data:
            test = tables.prepare(data["test"], names, params, target)[0]
        else:
            kept, held_out = splits.hold_out(
                train.split_keys(params, target), len(train), params.test_size, params.seed, "evaluation"
            )
            train, test = train.take(kept), train.take(held_out)
        result = trainer.fit_holdout(train, validation, test)
    job.log_metrics(**result.metrics)
    resolved = _resolved(trainer.params)
    model = Model(result.booster, target, result.threshold, resolved, result.metrics)
    (job.output / "metrics.json").write_text(json.dumps(result.metrics, indent=2) + "\n")
    (job.output / "configuration.json").write_text(json.dumps(resolved, indent=2, ensure_ascii=False) + "\n")
    with job.report.forgiving():
        report.write(job.report, result, trainer, n_rows)
    return model


def _resolved(params: Hyperparameters) -> dict[str, Any]:
    return params.model_dump(mode="json", exclude={"config"})


def _log(params: Hyperparameters, job: Job) -> None:
    """Logs the configuration, without empty values."""
    empty: tuple[Any, ...] = (None, "", [], {})
    shown = {name: value for name, value in _resolved(params).items() if value not in empty}
    job.progress(f"configuration: {json.dumps(shown, ensure_ascii=False)}")
