"""What training leaves for the watch over drift: counts of its rows, and of the answers to some of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from slipway.drift.answers import as_numbers, as_texts
from slipway.drift.baseline import COLUMNS, FILE, Baseline, ColumnBaseline, gaps_alone, of_numbers, of_texts
from slipway.log import log, log_exception
from slipway.model import Model
from slipway.table.schema import Column, Schema
from slipway.table.table import Table

_ANSWERED = 2000  # training rows that are answered, for what answers look like


def save(table: Table | None, model: Model, reads: Schema, folder: Path) -> None:
    """Writes the baseline beside the model. That it cannot be made is said, and costs no job its model."""
    if table is None:
        log("train", "no baseline of drift: the rows were not read as one table")
        return
    try:
        columns = tuple(columns_of(table, model, reads.columns))
        (folder / FILE).write_text(Baseline(columns=columns).model_dump_json() + "\n")
    except OSError:
        raise
    except Exception as error:
        log_exception("train", "no baseline of drift could be made", error)


def columns_of(table: Table, model: Model, columns: Sequence[Column]) -> list[ColumnBaseline]:
    """What is kept of the training table's columns, and of the answers to some of its rows."""
    some = _sample(table, model)
    grouped = some is not None and model.groups(some) is not None
    found = _inputs(table, columns, grouped)
    if some is None or grouped:
        return found
    return found + _answers(some, model)[: COLUMNS - len(found)]


def _sample(table: Table, model: Model) -> Table | None:
    """Some of the rows as requests have them; None where the table lacks a column that requests need."""
    names = [column.name for column in model.columns]
    if not all(name in table and not table.refused(name) for name in names):
        return None
    places = np.unique(np.linspace(0, len(table) - 1, min(len(table), _ANSWERED)).astype(np.int64))
    return table.select(names).take(places)


def _inputs(table: Table, columns: Sequence[Column], grouped: bool) -> list[ColumnBaseline]:
    """Of keys of groups no value is named: a group may be a person, however many rows it has."""
    there = [one for one in columns if one.name in table and table.refused(one.name) is None]
    watched = [one for one in there if one.kind != "list" and one.kind == table.kinds[one.name]]
    if len(watched) > COLUMNS:
        log("train", f"drift is watched in the first {COLUMNS} of {len(watched)} columns")
    found = []
    for column in watched[:COLUMNS]:
        if column.numeric:
            found.append(of_numbers(column.name, table.number(column.name)))
        elif column.kind == "time" or (grouped and column.role == "key"):
            found.append(gaps_alone(column.name, table.arrow(column.name)))
        else:
            found.append(of_texts(column.name, table.arrow(column.name)))
    return found


def _answers(some: Table, model: Model) -> list[ColumnBaseline]:
    """Of models that answer each row by itself, and need no more than its columns."""
    options = type(model).options()
    if model.keeps(options):
        return []
    found = []
    for name, values in model.predict(some, options).columns.items():
        if (numbers := as_numbers(values)) is not None:
            found.append(of_numbers(name, numbers, "answer"))
        elif (texts := as_texts(values)) is not None:
            found.append(of_texts(name, texts, "answer"))
    return found
