"""The tables of the benchmark: scikit-learn's, and a data folder's; each in folds, the same for all."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.model_selection import KFold, StratifiedKFold

# Target and kind of the tables that a folder may hold, as NAME.csv.gz or NAME.train.csv.gz, NAME.test.csv.gz.
KNOWN = {  # an empty target is the last column of a table without names
    "pima": ("Class", "binary"),
    "credit_g": ("risk", "binary"),
    "adult": ("income", "binary"),
    "mammography": ("", "binary"),
    "phoneme": ("", "binary"),
    "winequality": ("quality", "multiclass"),
    "abalone": ("rings", "regression"),
}
SKLEARN = {
    "breast_cancer": (datasets.load_breast_cancer, "binary"),
    "digits": (datasets.load_digits, "multiclass"),
    "diabetes": (datasets.load_diabetes, "regression"),
}

_HELD = 5_000  # rows: the more, the less is noise


@dataclass(frozen=True)
class Table:
    """`rows` has the column `target`, of texts unless it is a number to predict."""

    name: str
    kind: str
    rows: pd.DataFrame

    @property
    def labels(self) -> list[str]:
        return [] if self.kind == "regression" else sorted(self.rows["target"].unique())

    def folds(self, count: int, most: int) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """The first `count` of four folds: at most `most` rows to learn from, and others to answer."""
        if self.kind == "regression":
            parts = KFold(4, shuffle=True, random_state=0).split(self.rows)
        else:
            parts = StratifiedKFold(4, shuffle=True, random_state=0).split(self.rows, self.rows["target"])
        for _, (learn, held) in zip(range(count), parts, strict=False):
            yield self._part(learn, most), self._part(held, _HELD)

    def _part(self, places: Any, most: int) -> pd.DataFrame:
        """At most `most` of the rows at `places`, drawn at random."""
        return self.rows.iloc[places].sample(frac=1, random_state=0)[:most].reset_index(drop=True)


def tables(folder: Path) -> Iterator[Table]:
    """scikit-learn's, then those that `folder` has."""
    for name, (load, kind) in SKLEARN.items():
        found = load(as_frame=True)
        yield _table(name, kind, found.data.assign(target=found.target))
    for name, (target, kind) in KNOWN.items():
        paths = sorted(folder.glob(f"{name}.csv.gz")) or sorted(folder.glob(f"{name}.t*.csv.gz"))
        if not paths:
            print(f"{name}: not in {folder}, left out")
            continue
        named = {"header": 0 if target else None}
        rows = pd.concat([pd.read_csv(path, **named) for path in paths], ignore_index=True)
        yield _table(name, kind, rows.rename(columns={target or rows.columns[-1]: "target"}))


def _table(name: str, kind: str, rows: pd.DataFrame) -> Table:
    rows.columns = [str(column) for column in rows]
    text = rows["target"].astype(float) if kind == "regression" else "is " + rows["target"].astype(str)
    return Table(name, kind, rows.assign(target=np.asarray(text)).replace({"?": None}))
