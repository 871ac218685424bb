"""A manifest as awkward as one can be, for what is derived of it."""

from pathlib import Path
from typing import Any

from slipway.image import Image
from slipway.manifest import Manifest
from slipway.table.schema import Column, Schema
from slipway.training.cards.facts import Facts

LONG = 'an "odd" name | with *marks* <b> ' * 40


def facts(folder: Path, task: str = "binary classification", **given: Any) -> Facts:
    """Of a model with hundreds of columns, metrics and hyperparameters, whose names are long and odd."""
    (folder / "image.toml").write_text(_IMAGE)
    columns = tuple(Column(name=f"{number} {LONG}", kind="number") for number in range(300))
    manifest = Manifest(
        image=folder.name,
        version="1.2.3",
        created="2026-11-28T12:00:00+00:00",
        python="3.11.2",
        libraries={},
        schema=Schema(columns=columns, table=columns),
        hyperparameters={"empty": "", "none": None, "list": [LONG] * 9}
        | {f"h{number}": "ä\n" * 300 for number in range(150)},
        metrics={"test:loss": 0.25, "validation:loss": 0.5, "loss": 1e-12, "odd:loss": 3.0}
        | {f"loss@{number}": float(number) for number in range(100)},
        files={},
    )
    return Facts(Image.read(folder), manifest, **{"task": task, "rows": 7, **given})


_IMAGE = f"""
title = "A title"
version = "1.2.3"
summary = "It is a summary: of one line."
license = "Apache-2.0"
row_rule = "One row in, one out."

[channels.train]
description = "Rows."

[metrics."*loss*"]
description = "How bad it is."
direction = "Minimize"

[listing]
category = "x"
use_cases = ['''{"Uses. " * 900}''']
highlights = []
keywords = []
training_data = "x"
limits = ["Too small for | much.", '''{"Limits. " * 900}''']
sample_data = "x"
objective = "loss"
tuning = {{}}

[instances]
training = ["ml.m5.large"]
hosting = ["ml.m5.large"]
transform = ["ml.m5.large"]
"""
