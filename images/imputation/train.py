"""Imputation training: a model for every column to fill, judged on cells that it did not see."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from slipway import Channel, Job, Table, UserError
from slipway.kit.columns import require

from . import fitting, report
from .checkpoint import Kept
from .datawig.fill import DataWig
from .evaluation import comparison
from .evaluation.quality import held_out, summary, suspects
from .features.cells import gaps
from .hyperparameters import Hyperparameters
from .predictor import Model

if TYPE_CHECKING:
    from .imputer import Imputer

EVERY = "*"
THREADED = 5_000  # rows from which on threads gain more than they lose in waiting for one another


# Hyperparameters that mean nothing to another engine.
OF_DATAWIG = ("num_epochs", "batch_size", "hpo")


def fit(data: Mapping[str, Channel], params: Hyperparameters, job: Job) -> Model:
    """Learns to fill the columns, and reports how well hidden cells were filled."""
    idle = [name for name in OF_DATAWIG if name in params.model_fields_set and params.engine != "datawig"]
    if idle:
        raise UserError(
            f"hyperparameter {idle[0]} is for engine=datawig alone, but engine is {params.engine}"
        )
    train = data["train"]
    table, holed, height = _table(train, params)
    lists = [name for name in table.names if table.kinds[name] == "list"]
    if lists:
        job.progress(f"columns of lists are not read: {', '.join(lists)}")
        table = table.select([name for name in table.names if name not in lists])
    targets = _targets(table, holed, params)
    reads = _reads(table, targets, params)
    table = table.select(reads)
    for name, word in suspects(table, targets):
        job.progress(f'column {name} has the label "{word}"; if that means a gap, name it in missing')
    choices = fitting.Choices(
        engine=params.engine,
        preset=params.preset,
        time_limit_s=float("inf") if params.time_limit_s is None else params.time_limit_s,
        seed=params.seed,
        threads=job.cpus if len(table) > THREADED else 1,
        num_epochs=params.num_epochs,
        batch_size=params.batch_size,
        hpo=params.hpo,
        features=params.features,
    )

    def told(name: str, quality: dict[str, Any], done: int, todo: int) -> None:
        score = f"{quality['metric']} {quality['score']:.4g}"
        job.progress(f"column {done} of {todo}, {name}: {score} on hidden cells")

    ends = time.monotonic() + choices.time_limit_s

    def late() -> bool:
        return job.should_stop() or time.monotonic() > ends

    imputer = fitting.fit(table, targets, choices, told, job.should_stop, Kept(job, table))
    if isinstance(imputer.engine, DataWig):
        imputer.engine.tell(job.output)
    job.report(**summary(imputer, table, params.precision_threshold, params.tolerance))
    if "test" in data:
        job.report(**_test_scores(imputer, data["test"], params))
    found = None
    if params.compare and not late():
        job.progress("compare=true: the plain engines fill hidden cells of a sample, too")
        found = comparison.compare(table, targets, choices, late)
    report.write(job.page, table, height, imputer, found, params)
    return Model(imputer, reads, params.precision_threshold, params.tolerance)


def _table(train: Channel, params: Hyperparameters) -> tuple[Table, list[str], int]:
    """The table, or of one too large for memory a random part; the columns that have gaps; how many rows."""
    if train.fits_memory:
        return train.table, _holed(train.table), len(train.table)
    random, kept, keys = np.random.default_rng(params.seed), train.head.take(np.arange(0)), np.empty(0)
    holed: dict[str, None] = {}
    height = 0
    for piece in train.batches():
        height += len(piece)
        holed |= dict.fromkeys(_holed(piece))
        keys = np.concatenate([keys, random.random(len(piece))])
        both = Table.concatenated(piece.columns, [kept, piece] if len(kept) else [piece])
        chosen = np.sort(np.argsort(keys, kind="stable")[: fitting.ROWS[params.preset]])
        keys, kept = keys[chosen], both.take(chosen)
    return kept, list(holed), height


def _holed(table: Table) -> list[str]:
    """The columns that have gaps; of one that cannot be read nobody knows."""
    return [name for name in table.names if table.refused(name) is None and gaps(table, name).any()]


def _targets(table: Table, holed: list[str], params: Hyperparameters) -> list[str]:
    """The columns to fill. Raises UserError for one that is not there."""
    names = list(table.names)
    if params.columns == (EVERY,):
        return names
    require(params.columns, names, setting="columns")
    return list(dict.fromkeys(params.columns)) or [name for name in holed if name in names] or names


def _reads(table: Table, targets: list[str], params: Hyperparameters) -> list[str]:
    """The columns to read, in the table's order. Raises UserError for one that is not there."""
    names = list(table.names)
    require(params.features, names, setting="features")
    asked = {*(params.features or names), *targets}
    return [name for name in names if name in asked]


def _test_scores(imputer: "Imputer", test: Channel, params: Hyperparameters) -> dict[str, float]:
    """How well the test channel's own cells are filled, each column hidden as a whole in its turn."""
    table = test.table
    require([column.name for column in imputer.columns], table.names, channel="test")
    return held_out(imputer, table, params.precision_threshold)
