"""Tables with known anomalies: a rare class among others, as ODDS makes them, and generated ones.

ODDS (Rayana 2016, https://odds.cs.stonybrook.edu): the rows of one class are reduced to a few, which are
then the anomalies.
"""

import csv
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Array = Any
MOST = 10_000  # rows of a set


def names() -> list[str]:
    return [*_BUNDLED, *_FILES, *_GENERATED]


def make(name: str, data: Path, seed: int) -> tuple[dict[str, list[Any]], Array]:
    """Columns by name, of numbers or texts, None where missing; and 1 for each anomaly, else 0."""
    random = np.random.default_rng([seed, *name.encode()])
    if name in _GENERATED:
        return _GENERATED[name](random)
    if name in _BUNDLED:
        loader, rare, share = _BUNDLED[name]
        from sklearn import datasets

        found = getattr(datasets, loader)()
        columns = {f"x{place}": list(cells) for place, cells in enumerate(found.data.T.tolist())}
        return _reduced(columns, np.isin(found.target, rare), share, random)
    files, target, rare_of, share = _FILES[name]
    columns = _read([data / "tables" / f"{file}.csv.gz" for file in files])
    labels = columns.pop(target or list(columns)[-1])
    return _reduced(columns, np.array([rare_of(label) for label in labels]), share, random)


_BUNDLED: dict[str, tuple[str, list[int], float]] = {
    "cancer": ("load_breast_cancer", [0], 0.05),  # ODDS: wbc
    "wine": ("load_wine", [0], 0.07),
    "digits": ("load_digits", [0], 0.03),  # ODDS: optdigits
    "iris": ("load_iris", [2], 0.05),
}
_FILES: dict[str, tuple[list[str], str, Callable[[Any], bool], float]] = {
    "mammography": (["mammography"], "", lambda label: "1" in str(label) and "-" not in str(label), 1),
    "pima": (["pima.train", "pima.test"], "Class", lambda label: label == "positive", 1),
    "phoneme": (["phoneme"], "", lambda label: label == 1, 0.05),
    "abalone": (["abalone.train", "abalone.test"], "rings", lambda label: label <= 3 or label >= 21, 1),
    "winequality": (
        ["winequality.train", "winequality.test"],
        "quality",
        lambda label: label in {"q3", "q9"},
        1,
    ),
    "adult*": (["adult.train"], "income", lambda label: label == "high", 0.03),
    "credit_g*": (["credit_g.train", "credit_g.test"], "risk", lambda label: label == "bad", 0.05),
}


def _read(paths: list[Path]) -> dict[str, list[Any]]:
    rows: list[list[str]] = []
    for path in paths:
        with gzip.open(path, "rt") as file:
            header, *more = list(csv.reader(file))
        numeric = all(cell[:1] in "-0123456789'" for cell in header)  # no header
        rows += [header, *more] if numeric else more
    names = [f"x{place}" for place in range(len(header))] if numeric else header
    return {name: _typed(list(cells)) for name, cells in zip(names, zip(*rows, strict=True), strict=True)}


def _typed(cells: list[str]) -> list[Any]:
    try:
        return [None if cell in {"", "?", "NA"} else float(cell) for cell in cells]
    except ValueError:
        return [None if cell in {"", "?"} else cell for cell in cells]


def _reduced(
    columns: dict[str, list[Any]], rare: Array, share: float, random: np.random.Generator
) -> tuple[dict[str, list[Any]], Array]:
    """At most `MOST` rows, of which at most `share` are rare."""
    normal, odd = (random.permutation(np.flatnonzero(rare == which)) for which in (False, True))
    if share < 1:
        odd = odd[: max(5, round(share * len(normal)))]
    scale = min(1.0, MOST / (len(normal) + len(odd)))
    places = np.sort(
        np.concatenate([normal[: int(scale * len(normal))], odd[: int(np.ceil(scale * len(odd)))]])
    )
    return {name: [cells[place] for place in places] for name, cells in columns.items()}, rare[places] * 1


def _clusters(random: np.random.Generator) -> tuple[dict[str, list[Any]], Array]:
    """Three groups in six columns; anomalies spread evenly over their range."""
    centres = random.normal(size=(3, 6)) * 4
    rows = centres[random.integers(3, size=2000)] + random.normal(size=(2000, 6))
    truth = np.zeros(2000, int)
    truth[:40] = 1
    rows[:40] = random.uniform(rows.min(0), rows.max(0), size=(40, 6))
    return _numbers(rows), truth


def _one_column(random: np.random.Generator) -> tuple[dict[str, list[Any]], Array]:
    """Twenty columns, of which a different one is far off in each anomaly."""
    rows = random.normal(size=(2000, 20))
    rows[np.arange(40), random.integers(20, size=40)] += random.choice([-1, 1], 40) * random.uniform(5, 8, 40)
    return _numbers(rows), (np.arange(2000) < 40) * 1


def _skewed(random: np.random.Generator) -> tuple[dict[str, list[Any]], Array]:
    """Columns with long tails, in units from 1e-3 to 1e6 and far from zero; anomalies beyond the tails."""
    rows = np.exp(random.normal(size=(2000, 6)))
    rows[:40, :3] *= random.uniform(4, 9, size=(40, 3))
    return _numbers(rows * 10.0 ** np.array([-3, 0, 2, 4, 6, 0]) + [0, 0, 1e6, 0, 0, 1e9]), (
        np.arange(2000) < 40
    ) * 1


def _categories(random: np.random.Generator) -> tuple[dict[str, list[Any]], Array]:
    """Texts, booleans and numbers; anomalies have rare categories, or missing cells where none else has."""
    kinds = random.choice([f"k{place}" for place in range(8)], 2000, p=np.arange(8, 0, -1) / 36).tolist()
    place = random.choice(["north", "south", "east"], 2000).tolist()
    size = random.normal(size=2000).round(3).tolist()
    on = random.choice(["true", "false"], 2000, p=[0.7, 0.3]).tolist()
    truth = (np.arange(2000) < 40) * 1
    for row in range(40):
        if row % 2:
            kinds[row] = f"rare{row % 7}"
        else:
            place[row], size[row] = "nowhere" if row % 4 else None, float(random.normal() * 3)
    return {"kind": kinds, "place": place, "size": size, "on": on}, truth


def _numbers(rows: Array) -> dict[str, list[Any]]:
    return {f"x{place}": cells for place, cells in enumerate(rows.T.tolist())}


_GENERATED: dict[str, Callable[[np.random.Generator], tuple[dict[str, list[Any]], Array]]] = {
    "clusters": _clusters,
    "one-column": _one_column,
    "skewed": _skewed,
    "categories*": _categories,
}
