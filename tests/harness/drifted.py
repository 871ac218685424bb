"""A model's baseline, and what GET /drift answers to rows that are not like it."""

import json

import numpy as np
import pyarrow as pa

from slipway.drift.baseline import Baseline, counted, of_numbers, of_texts
from slipway.drift.measure import Drift
from slipway.table.schema import Column, Schema
from slipway.table.table import Table

COLUMNS = (
    Column(name="weight", kind="number"),
    Column(name="<b>kind</b>", kind="text"),
    Column(name="calm", kind="number"),
)
SCHEMA = Schema(columns=COLUMNS, table=COLUMNS)


def rows(count: int, shift: float = 0.0, share: float = 0.2, seed: int = 0) -> Table:
    """`share` of the texts are "a", `shift` is added to the weights."""
    random = np.random.default_rng(seed)
    kinds = np.where(random.random(count) < share, "a", "b & c").astype(object)
    cells = [random.normal(size=count) + shift, kinds, random.normal(size=count)]
    return Table(COLUMNS, cells, count)


def baseline() -> Baseline:
    table = rows(4000)
    kinds = pa.array(table.column("<b>kind</b>").tolist())
    return Baseline(
        columns=(
            of_numbers("weight", table.number("weight")),
            of_texts("<b>kind</b>", kinds),
            of_numbers("calm", table.number("calm")),
            of_numbers("answer", table.number("calm"), "answer"),
        )
    )


def answer(count: int = 2000, shift: float = 0.5, share: float = 0.6) -> bytes:
    """The body that a server gives; the scores are made up, as they need SciPy."""
    now, columns = rows(count, shift, share, seed=1), baseline().columns
    inputs = [Drift(one, counted(one, now).tolist(), 3.25, 0.1, None) for one in columns[:2]]
    calm = [Drift(columns[2], counted(columns[2], now).tolist(), 0.5, 0.001, 0.01)]
    answers = [Drift(columns[3], columns[3].count(now.number("calm")).tolist(), 0.25, 0.001, 0.01)]
    told = [one.told() for one in [*calm, *inputs, *answers]]
    return json.dumps({"rows": count, "false_alarms": 0.01, "columns": told}).encode()
