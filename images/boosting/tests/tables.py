"""Small tables for the tests, made by a rule so that there is something to find."""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from slipway import Column, Table, numbers


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
    cells = [
        numbers(_cells(rows[column.name]), column.name)
        if column.kind == "number"
        else np.array([*map(_text, _cells(rows[column.name])), None], dtype=object)[:-1]
        for column in columns
    ]
    return Table(columns, cells, len(rows))


def _text(cell: Any) -> str | None:
    """As a category is called."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return None if cell is None else str(cell)


def _cells(column: pd.Series) -> list[Any]:
    return [None if cell is None or cell != cell else cell for cell in column.tolist()]


ROWS = 240


def noise(rows: int = ROWS) -> Any:
    return np.random.default_rng(7).normal(size=rows).round(3)


def parquet(table: pd.DataFrame) -> bytes:
    body = io.BytesIO()
    table.to_parquet(body, index=False)
    return body.getvalue()


def excel(table: pd.DataFrame) -> bytes:
    import openpyxl  # of the tests' requirements

    book = openpyxl.Workbook()
    book.active.append(list(table))
    for row in table.astype(object).to_numpy().tolist():
        book.active.append([None if cell is None or cell != cell else cell for cell in row])
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [
        {name: getattr(cell, "item", lambda cell=cell: cell)() for name, cell in row.items()} for row in rows
    ]


# How a table is stored, and how a request may come, with the same cells.
STORED: Mapping[str, Callable[[pd.DataFrame], tuple[str, bytes]]] = {
    "csv": lambda table: ("rows.csv", table.to_csv(index=False).encode()),
    "json": lambda table: ("rows.jsonl", "".join(json.dumps(row) + "\n" for row in records(table)).encode()),
    "parquet": lambda table: ("rows.parquet", parquet(table)),
    "excel": lambda table: ("rows.xlsx", excel(table)),
}
REQUESTS: Mapping[str, Callable[[pd.DataFrame], tuple[bytes, str]]] = {
    "csv": lambda table: (table.to_csv(index=False).encode(), "text/csv"),
    "json": lambda table: (json.dumps({"instances": records(table)}).encode(), "application/json"),
    "parquet": lambda table: (parquet(table), "application/x-parquet"),
    "excel": lambda table: (excel(table), "application/vnd.ms-excel"),
}
