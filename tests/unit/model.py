"""A model that adds: small enough to see what it answers, and the same as an image's files."""

import time
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

import slipway
from slipway import Answers, Column, Table

IMAGE_TOML = """
title = "Adder"
version = "1.2.3"
summary = "Adds."
license = "Apache-2.0"
row_rule = "One row in, one sum out."

[channels.train]
description = "What to add."
aliases = ["training"]

[channels.test]
description = "More of it."
required = false

[metrics.loss]
description = "How bad it is."
direction = "Minimize"

[instances]
training = ["ml.m5.large"]
hosting = ["ml.m5.large"]
transform = ["ml.m5.large"]
"""

PREDICTOR = "from unit.model import Adder as Model\n"

HYPERPARAMETERS = '''
from typing import Annotated

from pydantic import Field

import slipway


class Hyperparameters(slipway.Hyperparameters):
    """What may be set."""

    k: Annotated[int, Field(ge=1, le=9), slipway.Tunable()] = 3
    """How many."""
    fail: str = ""
    """How to go wrong."""
'''

TRAIN = '''
import time

import slipway

from .predictor import Model


def fit(data, params, job):
    """Learns nothing."""
    if params.fail == "user":
        raise slipway.UserError("the data\\nare bad")
    if params.fail == "ours":
        raise ValueError("secret cell 4711")
    if params.fail == "memory":
        raise MemoryError
    while params.fail == "late" and not job.should_stop():
        time.sleep(0.05)
    if params.fail == "lost":
        parts = data["train"].partitions()
        job.progress("waiting for a host to be lost")
        list(job.cluster.map(wait, parts))
    if params.fail == "long":
        raise slipway.UserError("x" * 5000)
    job.log_metrics(loss=float(len(data["train"].table)))
    job.report.add("What came", table=data["train"].table.frame())
    return Model()


def wait(table):
    """Works for a long time, and in the end looks at the rows."""
    time.sleep(300)
    return len(table)
'''


class Options(slipway.Options):
    """What a request may choose."""

    times: int = 1
    """What to multiply the sum with."""
    fault: str = ""
    """How to go wrong."""


class Adder(slipway.Model):
    """Adds the cells of a row."""

    options: ClassVar = Options

    def __init__(self) -> None:
        self.columns = [Column(name="x"), Column(name="y")]

    def predict(self, table: Table, options: Options) -> Answers:
        total = table.matrix.sum(axis=1) * options.times
        faults: dict[str, Any] = {
            "drops a row": {"sum": total[1:]},
            "answers with a list": {"sum": total.tolist()},
            "answers nothing": {},
        }
        if options.fault.startswith("sleeps"):
            time.sleep(0.5 if options.fault == "sleeps a little" else 5)
        if options.fault == "raises":
            raise ValueError(f"secret cell {4000 + 711}")
        return Answers(
            faults.get(options.fault, {"sum": total, "half": total / 2}),
            extra={"total": total.sum()} if options.fault == "tells the total" else None,
        )

    def save(self, folder: Path) -> None:
        np.save(folder / "nothing.npy", np.zeros(3))

    @classmethod
    def load(cls, folder: Path) -> Self:
        np.load(folder / "nothing.npy", allow_pickle=False)
        return cls()


FILES = {
    "__init__.py": "",
    "image.toml": IMAGE_TOML,
    "hyperparameters.py": HYPERPARAMETERS,
    "predictor.py": PREDICTOR,
    "train.py": TRAIN,
}
"""The image's folder: its files by name."""
