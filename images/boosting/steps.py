"""From tables to evaluated trees: the steps that every host takes, be it one or several."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slipway import Job, Table, listed

from . import configuration, fitting, splits
from . import data as tables
from .features import Features, Role
from .fitting import FitResult, Trainer
from .hyperparameters import Hyperparameters
from .peers import ALONE, Peers


@dataclass
class Fitted:
    """What training leaves."""

    result: FitResult
    trainer: Trainer
    n_rows: int
    """Rows with a target in the train channel, of all hosts."""


def fit(
    read: Mapping[str, Callable[[], Table]],
    names: list[str],
    params: Hyperparameters,
    job: Job,
    peers: Peers = ALONE,
) -> Fitted:
    """Trains on the train channel, evaluates on held-out rows or the test channel.

    `read` gives the tables by channel, which are those of this host. Raises UserError.
    """
    table = read["train"]()
    train, target, without_target = tables.prepare(table, "train", names, params, None, peers)
    n_rows, without_target = peers.count(len(train)), peers.count(without_target)
    tables.check_groups(train, params, peers)
    params = params.model_copy(update={"problem": target.problem})
    configuration.check_eval_metric(params)
    roles: dict[str, Role] = dict(zip(names, tables.roles(params, table.kinds, names), strict=True))
    features = Features.fit(train.features, roles, params.engine != "catboost", peers)
    trainer = fitting.trainer(features, target, params, job, peers)
    trainer.params = params = params.model_copy(update={"metrics": tuple(trainer.metrics)})
    _log(params, job)
    if far := tables.far_from_zero(table, names, params):
        job.progress(
            f"columns {listed(far)}: {params.engine} keeps 7 digits of a number, which does not tell their "
            "values apart; subtract a constant from each"
        )
    if without_target:
        job.progress(f"{without_target} rows without {params.target} are left out")
    for name in target.singletons(train.target, peers):
        job.progress(f"class {name} has one row, which can be used for training or evaluation, not both")
    validation = None
    if "validation" in read:
        validation = tables.prepare(read["validation"](), "validation", names, params, target, peers)[0]
    if params.folds:
        result = trainer.cross_validate(tables.concatenate([train, validation]) if validation else train)
        return Fitted(result, trainer, n_rows)
    if "test" in read:
        test = tables.prepare(read["test"](), "test", names, params, target, peers)[0]
    else:
        kept, held_out = splits.hold_out(
            train.split_keys(params, target), len(train), params.test_size, params.seed, "evaluation", peers
        )
        train, test = train.take(kept), train.take(held_out)
    return Fitted(trainer.fit_holdout(train, validation, test), trainer, n_rows)


def resolved(params: Hyperparameters) -> dict[str, Any]:
    """The configuration as it is kept with the model."""
    return params.model_dump(mode="json", exclude={"config"})


def _log(params: Hyperparameters, job: Job) -> None:
    """Logs the configuration, without empty values."""
    empty: tuple[Any, ...] = (None, "", [], {})
    shown = {name: value for name, value in resolved(params).items() if value not in empty}
    job.progress(f"configuration: {json.dumps(shown, ensure_ascii=False)}")
