"""Boosting training: one configuration, an engine, and metrics of rows that nothing else has seen."""

import json
from collections.abc import Mapping
from typing import Any

from slipway import Channel, Job

from . import configuration, fitting, report, splits
from . import data as tables
from .features import Features
from .hyperparameters import Hyperparameters
from .predictor import Model

__all__ = ["Hyperparameters", "fit"]


def fit(data: Mapping[str, Channel], params: Hyperparameters, job: Job) -> Model:
    """Learns the target, measures on rows held out, and reports."""
    document = configuration.read(data["config"].text) if "config" in data else {}
    params = configuration.resolve(params, document)
    train = data["train"]
    params, names = tables.columns(train, params)
    rest, outcome, unknown = tables.prepare(train, names, params, None)
    height = len(rest)
    params = params.model_copy(update={"problem": outcome.problem})
    roles = dict(zip(names, tables.roles(params, train.table.kinds, names), strict=True))
    features = Features.learnt(rest.features, roles, params.engine != "catboost")
    learner = fitting.learner(features, outcome, params, job)
    params = params.model_copy(update={"metrics": tuple(learner.measures)})
    resolved = _told(params, job)
    if unknown:
        job.progress(f"{unknown} rows have no {params.target}, and teach nothing")
    for name in outcome.alone(rest.target):
        job.progress(f"class {name} has one row, which is either learnt or measured, never both")
    stop = tables.prepare(data["validation"], names, params, outcome)[0] if "validation" in data else None
    if params.folds:
        whole = fitting.join([rest, stop]) if stop else rest
        learnt = learner.in_folds(whole)
    else:
        if "test" in data:
            test = tables.prepare(data["test"], names, params, outcome)[0]
        else:
            kept, out = splits.hold_out(
                rest.parted(params, outcome), len(rest), params.test_size, params.seed, "measuring"
            )
            rest, test = rest.take(kept), rest.take(out)
        learnt = learner.once(rest, stop, test)
    job.report(**learnt.metrics)
    model = Model(learnt.booster, outcome, learnt.threshold, resolved, learnt.metrics)
    (job.output / "metrics.json").write_text(json.dumps(learnt.metrics, indent=2) + "\n")
    (job.output / "configuration.json").write_text(json.dumps(resolved, indent=2, ensure_ascii=False) + "\n")
    report.write(job.page, learnt, features, params, height)
    return model


def _told(params: Hyperparameters, job: Job) -> dict[str, Any]:
    """What is configured, printed and returned, without what was left as it is."""
    resolved = params.model_dump(mode="json", exclude={"config"})
    empty: tuple[Any, ...] = (None, "", [], {})
    shown = {name: value for name, value in resolved.items() if value not in empty}
    job.progress(f"configuration: {json.dumps(shown, ensure_ascii=False)}")
    return resolved
