"""AutoML training: MindsDB's CREATE MODEL on the train channel, with the engine of this image."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pandas import Series

import slipway
from slipway import Channel, Job, UserError

from . import report
from .automl_handler import scores
from .automl_handler.errors import DataError, listed
from .hyperparameters import Hyperparameters
from .predictor import Model, cells_of

if TYPE_CHECKING:
    from pandas import DataFrame

    from .automl_handler.predictor import Predictor
    from .automl_handler.search.hosts import Crew

_REPORT = 0.05  # share of the time limit reserved for the report and for saving
_REPORT_S = (2.0, 15.0)  # at least, at most


def fit(data: Mapping[str, Channel], params: Hyperparameters, job: Job) -> Model:
    """Runs the search and writes the report. Raises UserError for unusable data or settings."""
    started = time.monotonic()
    train = data["train"]
    names = train.names
    if params.target not in names:  # MindsDB would accept one that differs in case
        hint = (
            ""
            if train.named
            else "; if the first line is a header, set the content type text/csv;header=present"
        )
        raise UserError(f"target {params.target}: no such column; the table has {listed(names, 40)}{hint}")
    if params.problem_type in {"binary", "multiclass"}:
        train.declare("label", [params.target])
    others = [data[name] for name in ("validation", "test") if name in data]
    for channel in others:  # mistakes in them must not surface after an hour's search
        _target(channel, params.target)
    if params.problem_type == "auto" and train.kinds[params.target] == "time":
        raise UserError(
            f"target {params.target}: its cells are dates; write how far they are from another, as a number, "
            "or set problem_type=multiclass to predict each as a class"
        )
    table = _frame(train, params)
    dates = {
        column.name: {"order": column.times.order, "wall": column.times.wall}
        for column in train.table.columns
        if column.times is not None
    }
    temporary = tempfile.TemporaryDirectory(prefix="automl-model-")
    storage = Path(temporary.name, "storage")
    from .mindsdb_compat import mindsdb  # takes some seconds, which mistakes need not wait for

    engine = mindsdb()
    after = min(_REPORT_S[1], max(_REPORT_S[0], _REPORT * params.time_limit_s))
    ends = started + params.time_limit_s - after
    try:
        result = engine.train(
            table, params.target, _using(params, job), job, storage, ends, dates, _crew(job)
        )
    except DataError as error:
        raise UserError(str(error)) from None
    predictor = result.predictor
    for note in predictor.facts["notes"]:
        job.progress(note)
    job.log_metrics(**predictor.facts["scores"])
    for channel in others:
        job.log_metrics(**_scored(predictor, channel))
    with job.report.forgiving():
        report.write(job.report, result, params.time_limit_s - (time.monotonic() - started))
    return Model.of(storage, temporary)


def _frame(channel: Channel, params: Hyperparameters) -> "DataFrame":
    """The table to learn from; columns that are not used, and may not be readable, are empty."""
    from pandas import DataFrame

    table = channel.table
    others = {name for name in (params.target, params.sample_weight, params.groups) if name}
    features = set(params.features or table.names) - {*params.ignore, *others}
    read = [name for name in table.names if name in features]
    if lists := [name for name in read if table.kinds[name] == "list"]:
        raise UserError(
            f"columns {listed(lists)} hold lists; expected numbers or texts (or name the columns in ignore)"
        )
    cells = {**dict.fromkeys(table.names), **_cells(channel, read)}
    for name in others & set(table.names):
        cells[name] = table.column(name)
    if params.timestamp and params.timestamp in table.names:
        cells |= _cells(channel, [params.timestamp])
    return DataFrame(cells, index=range(len(table)), copy=False)


def _cells(channel: Channel, names: Sequence[str]) -> dict[str, Any]:
    """Columns as the engine reads them. Raises UserError for an invalid cell."""
    table = channel.table
    if refused := next(filter(None, map(table.refused, names)), None):
        raise refused
    try:
        return cells_of(table, names)
    except UserError as error:
        raise error.within(f"channel {channel.name}, counted over all files") from None


def _crew(job: Job) -> "Crew | None":
    """The hosts that share the search, if there are several."""
    if len(job.cluster.hosts) == 1:
        return None
    from .automl_handler.search import fold
    from .automl_handler.search.hosts import Crew

    return Crew(
        job.cluster.hosts, job.cluster.cores, lambda: job.free_bytes, partial(job.cluster.dispatch, fold.fit)
    )


def _using(params: Hyperparameters, job: Job) -> dict[str, Any]:
    """The hyperparameters for MindsDB's USING; of those of the shared layer only `kinds` is still needed."""
    applied = set(slipway.Hyperparameters.model_fields) - {"kinds"}
    return {**params.model_dump(mode="json", exclude={"target", *applied}), "threads": job.cpus}


def _target(channel: Channel, target: str) -> Series:
    if target not in channel.table:
        raise UserError(f"channel {channel.name}: missing columns {target}")
    return Series(channel.table.column(target))


def _scored(predictor: "Predictor", channel: Channel) -> dict[str, float]:
    """Metrics on a channel that was not used for training."""
    problem = predictor.problem
    if absent := [name for name in predictor.reads if name not in channel.table]:
        raise UserError(f"channel {channel.name}: missing columns {listed(absent)}")
    target = problem.encode(_target(channel, problem.target))
    known = ~np.isnan(target)
    if not known.any():
        raise UserError(
            f"channel {channel.name}: no row has a value of {problem.target} that the model knows"
        )
    rows = predictor.design(_cells(channel, predictor.reads))[known]
    found = scores.summary(problem, target[known], predictor.blend(rows))
    return {f"{channel.name}:{name}": value for name, value in found.items()}
