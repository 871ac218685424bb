"""Training: one model per column to fill, scored on cells that it did not see."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from slipway import Channel, Job, Table
from slipway.kit.columns import require

from . import fitting, report, tasks
from .checkpoint import ColumnCheckpoint
from .datawig.fill import DataWig
from .evaluation import comparison
from .evaluation.quality import summary, suspicious_labels, test_metrics
from .features.cells import gaps
from .hyperparameters import Hyperparameters
from .predictor import Model

if TYPE_CHECKING:
    from .imputer import Imputer

EVERY = "*"
THREADED = 5_000  # rows above which multithreading pays off


def fit(data: Mapping[str, Channel], params: Hyperparameters, job: Job) -> Model:
    """Fits the imputer, and logs and reports its scores on hidden cells.

    Raises UserError if `columns` or `features` names a column that is not in the table.
    """
    train = data["train"]
    table, with_gaps, height = _table(train, params)
    lists = [name for name in table.names if table.kinds[name] == "list"]
    if lists:
        job.progress(f"columns of lists are ignored: {', '.join(lists)}")
        table = table.select([name for name in table.names if name not in lists])
    targets = _targets(table, with_gaps, params)
    reads = _reads(table, targets, params)
    table = table.select(reads)
    for name, word in suspicious_labels(table, targets):
        job.progress(f'column {name} has the label "{word}"; if it means a missing cell, name it in missing')
    settings = tasks.FitSettings(
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

    def log_column(name: str, quality: dict[str, Any], done: int, todo: int) -> None:
        score = f"{quality['metric']} {quality['score']:.4g}"
        which = (
            f"{quality['alike']} hidden cells like the missing ones" if "alike" in quality else "hidden cells"
        )
        job.progress(f"column {done} of {todo}, {name}: {score} on {which}")

    ends = time.monotonic() + settings.time_limit_s

    def out_of_time() -> bool:
        return job.should_stop() or time.monotonic() > ends

    if settings.engine != "auto" and len(job.hosts.all) > 1:
        job.progress(f"engine={settings.engine} learns on the first host alone, and the others wait")
    imputer = fitting.fit(
        table, targets, settings, log_column, job.should_stop, ColumnCheckpoint(job, table), job
    )
    if isinstance(imputer.engine, DataWig):
        imputer.engine.write_metrics(job.output)
    job.log_metrics(**summary(imputer, table, params.precision_threshold, params.tolerance))
    if "test" in data:
        job.log_metrics(**_test_scores(imputer, data["test"], params))
    found = None
    if params.compare and not out_of_time():
        job.progress("compare=true: the baseline engines fill the hidden cells of a sample")
        found = comparison.compare(table, targets, settings, out_of_time)
    with job.report.forgiving():
        report.write(job.report, table, height, imputer, found, params)
    return Model(imputer, reads, params.precision_threshold, params.tolerance)


def _table(train: Channel, params: Hyperparameters) -> tuple[Table, list[str], int]:
    """The table (a sample if it does not fit in memory), its columns with missing cells, its row count."""
    if train.fits_memory:
        return train.table, _with_gaps(train.table), len(train.table)
    random, sample, keys = np.random.default_rng(params.seed), train.head.take(np.arange(0)), np.empty(0)
    with_gaps: dict[str, None] = {}
    height = 0
    for piece in train.batches():
        height += len(piece)
        with_gaps |= dict.fromkeys(_with_gaps(piece))
        keys = np.concatenate([keys, random.random(len(piece))])
        both = Table.concatenated(piece.columns, [sample, piece] if len(sample) else [piece])
        chosen = np.sort(np.argsort(keys, kind="stable")[: fitting.ROWS[params.preset]])
        keys, sample = keys[chosen], both.take(chosen)
    return sample, list(with_gaps), height


def _with_gaps(table: Table) -> list[str]:
    """The columns with missing cells; a column that cannot be parsed is left out."""
    return [name for name in table.names if table.refused(name) is None and gaps(table, name).any()]


def _targets(table: Table, with_gaps: list[str], params: Hyperparameters) -> list[str]:
    """The columns to fill. Raises UserError for one that is not in the table."""
    names = list(table.names)
    if params.columns == (EVERY,):
        return names
    require(params.columns, names, setting="columns")
    return list(dict.fromkeys(params.columns)) or [name for name in with_gaps if name in names] or names


def _reads(table: Table, targets: list[str], params: Hyperparameters) -> list[str]:
    """The columns to read, in table order. Raises UserError for one that is not in the table."""
    names = list(table.names)
    require(params.features, names, setting="features")
    wanted = {*(params.features or names), *targets}
    return [name for name in names if name in wanted]


def _test_scores(imputer: "Imputer", test: Channel, params: Hyperparameters) -> dict[str, float]:
    """Scores on the test channel, with each column hidden in turn."""
    table = test.table
    require([column.name for column in imputer.columns], table.names, channel="test")
    return test_metrics(imputer, table, params.precision_threshold)
