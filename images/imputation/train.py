"""Imputation training: a model for every column to fill, judged on cells that it did not see."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import comparison
import engine
import numpy as np
import pages
from cells import gaps
from datawig_fill import DataWig
from kept import Kept
from pydantic import AliasChoices, BeforeValidator, Field
from quality import held_out, summary, suspects

import slipway
from predictor import Model
from slipway import Channel, Job, Table, Tunable, UserError

if TYPE_CHECKING:
    from imputer import Imputer

EVERY = "*"
THREADED = 5_000  # rows from which on threads gain more than they lose in waiting for one another


# Hyperparameters that mean nothing to another engine.
OF_DATAWIG = ("num_epochs", "batch_size", "hpo")


def _trials(given: object) -> object:
    """`hpo` was a switch first."""
    return {"true": 8, "false": 0}.get(str(given).lower(), given)


class Hyperparameters(slipway.Hyperparameters):
    """What a user may set."""

    columns: Annotated[tuple[str, ...], Field(validation_alias=AliasChoices("columns", "label_column"))] = ()
    """The columns to fill: those that have gaps when empty, every column when it is *."""
    features: Annotated[
        tuple[str, ...], Field(validation_alias=AliasChoices("features", "feature_columns"))
    ] = ()
    """The columns to fill them from, and no others; every other column of the row when empty."""
    engine: Annotated[
        Literal["auto", "datawig", "mean", "median", "mode", "knn", "iterative", "missforest"], Tunable()
    ] = "auto"
    """How to fill: auto takes what does best on hidden cells, datawig is DataWig, the others are plain."""
    preset: Literal["fast", "balanced", "best"] = "balanced"
    """How much of time and memory to spend on quality: rows learnt from, learners tried, their sizes."""
    time_limit_s: Annotated[int, Field(ge=1, le=432_000)] | None = None
    """Seconds that training may take, by and large; a column without time left gets its usual value."""
    precision_threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    """Leave a cell empty when cells as sure were right less often than this; requests may change it."""
    tolerance: Annotated[float, Field(ge=0, le=100)] = 0.0
    """How far off a number or date may be and still be right, in standard deviations; 0 leaves none empty."""
    compare: bool = False
    """Report the plain engines beside the chosen one, on hidden cells of a sample; it may take long."""
    num_epochs: Annotated[int, Field(ge=1, le=10_000), Tunable("Logarithmic")] = 100
    """How often datawig goes through the rows at most; it stops when three times nothing is gained."""
    batch_size: Annotated[int, Field(ge=1, le=100_000), Tunable("Logarithmic")] = 128
    """How many rows datawig learns from at once."""
    hpo: Annotated[int, Field(ge=0, le=8), BeforeValidator(_trials)] = 0
    """How many settings of datawig to try, of which the best is kept; true tries all eight."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """Fixes every random choice: the same data and seed give the same model."""


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
    choices = engine.Choices(
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

    imputer = engine.fit(table, targets, choices, told, job.should_stop, Kept(job, table))
    if isinstance(imputer.engine, DataWig):
        imputer.engine.tell(job.output)
    job.report(**summary(imputer, table, params.precision_threshold, params.tolerance))
    if "test" in data:
        job.report(**_test_scores(imputer, data["test"], params))
    found = None
    if params.compare and not late():
        job.progress("compare=true: the plain engines fill hidden cells of a sample, too")
        found = comparison.compare(table, targets, choices, late)
    pages.write(job.page, table, height, imputer, found, params)
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
        chosen = np.sort(np.argsort(keys, kind="stable")[: engine.ROWS[params.preset]])
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
    unknown = [name for name in params.columns if name not in names]
    if unknown:
        raise UserError(f"columns: no column {unknown[0]} in the train channel; it has {', '.join(names)}")
    return list(dict.fromkeys(params.columns)) or [name for name in holed if name in names] or names


def _reads(table: Table, targets: list[str], params: Hyperparameters) -> list[str]:
    """The columns to read, in the table's order. Raises UserError for one that is not there."""
    names = list(table.names)
    unknown = [name for name in params.features if name not in names]
    if unknown:
        raise UserError(f"features: no column {unknown[0]} in the train channel; it has {', '.join(names)}")
    asked = {*(params.features or names), *targets}
    return [name for name in names if name in asked]


def _test_scores(imputer: "Imputer", test: Channel, params: Hyperparameters) -> dict[str, float]:
    """How well the test channel's own cells are filled, each column hidden as a whole in its turn."""
    table = test.table
    absent = [column.name for column in imputer.columns if column.name not in table]
    if absent:
        raise UserError(f"channel test: missing columns {', '.join(absent)}")
    return held_out(imputer, table, params.precision_threshold)
