"""Small tables for the tests, made by a rule so that there is something to find."""

from typing import Any

import numpy as np
import pandas as pd

from slipway import Column, Table
from slipway.table import match


def mixed(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """Numbers with gaps, categories, whole numbers that are names, a text, and targets of every kind."""
    random = np.random.default_rng(seed)
    size = random.normal(size=rows).round(3)
    shade = random.choice(["red", "green", "blue"], rows)
    shop = random.integers(1, 6, rows)
    words = random.choice(["good bright", "bad dull", "plain"], rows)
    signal = (
        1.6 * size
        + 1.2 * (shade == "red")
        + 0.8 * (shop == 3)
        + 1.5 * np.char.startswith(words.astype(str), "good")
    )
    noisy = signal + random.normal(scale=0.8, size=rows)
    table = pd.DataFrame(
        {
            "size": size,
            "shade": shade,
            "shop": shop,
            "words": words,
            "noise": random.normal(size=rows).round(3),
            "sold": (noisy > 1).astype(int),
            "grade": np.where(noisy < 0, "low", np.where(noisy < 2, "middle", "high")),
            "price": noisy.round(4),
            "basket": np.repeat(np.arange(rows // 8), 8)[:rows],
            "stars": np.clip(np.digitize(noisy, [0, 1.5, 3]), 0, 3),
            "day": random.permutation(rows),
            "weight": random.uniform(0.5, 2, rows).round(3),
        }
    )
    table.loc[random.choice(rows, rows // 10, replace=False), "size"] = np.nan
    table.loc[random.choice(rows, rows // 20, replace=False), "shade"] = None
    return table


FEATURES = ["size", "shade", "shop", "noise"]

ENGINES = ("catboost", "lightgbm", "xgboost")
TARGETS = {"binary": "sold", "multiclass": "grade", "regression": "price", "ranking": "stars"}
BETTER = {
    "binary": ("roc_auc", 0.8),
    "multiclass": ("accuracy", 0.55),
    "regression": ("r2", 0.4),
    "ranking": ("ndcg", 0.75),
}
FEW = {"n_estimators": 40, "features": FEATURES, "cat_features": ["shop"], "learning_rate": 0.2}


def settings(engine: str, problem: str, **more: Any) -> dict[str, Any]:
    given = {**FEW, "engine": engine, "target": TARGETS[problem], **more}
    if problem == "ranking":
        given["group"] = "basket"
    return given


def in_table(model: Any, rows: pd.DataFrame) -> Table:
    """Rows as a model gets them."""
    columns = [
        Column(name=column.name, kind="number" if column.role == "number" else "text")
        for column in model.booster.features.columns
    ]
    cells = [match.cells_of(_cells(rows[column.name]), column) for column in columns]
    return Table(columns, cells, len(rows))


def _cells(column: pd.Series) -> list[Any]:
    return [None if cell is None or cell != cell else cell for cell in column.tolist()]
