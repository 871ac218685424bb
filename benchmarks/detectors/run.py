"""Scores the rows of sets with one detector, in the environment that has it.

    python -m benchmarks.detectors.run METHOD FOLDER SEED…

Each file of FOLDER is a set; FOLDER/METHOD.json gets scores and CPU seconds.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Array = Any
Scorer = Callable[[Array], Array]  # scores of some rows, by their places
REPEATED = 50  # answers to one row


def ours(columns: dict[str, list[Any]], seed: int) -> Callable[[], Scorer]:
    """The image, without its report; the tables are read before."""
    from isolation.encoding import Encoding
    from isolation.forest import IsolationTrees
    from isolation.options import Options
    from isolation.predictor import Model
    from isolation.train import threshold

    from slipway import Channel

    with tempfile.TemporaryDirectory() as folder:
        lines = [
            ",".join(columns),
            *(",".join(map(_text, row)) for row in zip(*columns.values(), strict=True)),
        ]
        Path(folder, "rows.csv").write_text("\n".join(lines) + "\n")
        table = Channel("train", Path(folder)).table

    def fit() -> Scorer:
        encoding, _ = Encoding.fit(table)
        matrix = encoding.matrix(table)
        trees = IsolationTrees.fit(matrix, 100, 256, seed)
        model = Model(encoding, trees, threshold(trees.scores(matrix), "auto"))
        own = table.select(model.names)
        return lambda places: model.predict(own.take(places), Options()).columns["score"]

    return fit


def sklearn(columns: dict[str, list[Any]], seed: int) -> Callable[[], Scorer]:
    """IsolationForest with its defaults: medians for missing cells, categories one-hot."""
    from sklearn.ensemble import IsolationForest

    rows = _one_hot(columns)

    def fit() -> Scorer:
        model = IsolationForest(random_state=seed).fit(rows)
        return lambda places: -model.score_samples(rows[places])

    return fit


def isotree(columns: dict[str, list[Any]], seed: int, **given: Any) -> Callable[[], Scorer]:
    """isotree with its defaults, which reads categories and missing cells itself."""
    from isotree import IsolationForest

    rows, texts = _codes(columns)

    def fit() -> Scorer:
        categories = {"categ_cols": texts} if texts else {}
        model = IsolationForest(random_seed=seed, nthreads=1, **categories, **given).fit(rows)
        return lambda places: model.predict(rows[places])

    return fit


def isotree256(columns: dict[str, list[Any]], seed: int) -> Callable[[], Scorer]:
    """isotree with 100 trees of 256 rows that split one column at a time, as the others do."""
    return isotree(columns, seed, ndim=1, ntrees=100, sample_size=256)


def rrcf(columns: dict[str, list[Any]], seed: int, trees: int = 50) -> Callable[[], Scorer]:
    """A random cut forest: the collusive displacement of a row that is put into each tree and taken out."""
    from rrcf import RCTree

    rows = _one_hot(columns)

    def fit() -> Scorer:
        random = np.random.RandomState(seed)
        size = min(256, len(rows))
        forest = [
            RCTree(rows[random.choice(len(rows), size, replace=False)], random_state=random)
            for _ in range(trees)
        ]

        def score(places: Array) -> Array:
            found = np.zeros(len(places))
            for tree in forest:
                for number, place in enumerate(places):
                    tree.insert_point(rows[place], index="asked")
                    found[number] += tree.codisp("asked")
                    tree.forget_point("asked")
            return found / len(forest)

        return score

    return fit


METHODS = {one.__name__: one for one in (ours, sklearn, isotree, isotree256, rrcf)}


def measure(method: str, columns: dict[str, list[Any]], asked: Array, seed: int) -> dict[str, Any]:
    """Scores of the rows `asked`, and CPU seconds of training, of answering them, and of one row."""
    fit = METHODS[method](columns, seed)
    begun = time.process_time()
    score = fit()
    fitted = time.process_time()
    scores = score(asked)
    done = time.process_time()
    times = 1 if method == "rrcf" else REPEATED
    for place in np.resize(asked, times):
        score(np.array([place]))
    one = (time.process_time() - done) / times
    return {"scores": scores.tolist(), "fit": fitted - begun, "score": done - fitted, "one": one}


def _text(cell: Any) -> str:
    return "" if cell is None else repr(cell) if isinstance(cell, float) else str(cell)


def _is_text(cells: list[Any]) -> bool:
    return any(isinstance(cell, str) for cell in cells)


def _codes(columns: dict[str, list[Any]]) -> tuple[Array, list[int]]:
    """Numbers as they are, texts as codes; NaN where missing. And the places of texts."""
    texts = [place for place, cells in enumerate(columns.values()) if _is_text(cells)]
    found = []
    for cells in columns.values():
        if _is_text(cells):
            code = {name: float(place) for place, name in enumerate(sorted({cell for cell in cells if cell}))}
            cells = [None if cell is None else code[cell] for cell in cells]
        found.append(np.array(cells, float))
    return np.column_stack(found), texts


def _one_hot(columns: dict[str, list[Any]]) -> Array:
    """Numbers with medians where missing, and a column per category; all of standard deviation 1."""
    codes, texts = _codes(columns)
    found = []
    for place, cells in enumerate(codes.T):
        if place in texts:
            found += [np.where(cells == code, 1.0, 0.0) for code in np.unique(cells[~np.isnan(cells)])]
        else:
            found.append(np.where(np.isnan(cells), np.nanmedian(cells), cells))
    rows = np.column_stack(found)
    return (rows - rows.mean(0)) / np.where(rows.std(0) > 0, rows.std(0), 1)


if __name__ == "__main__":
    chosen, folder = sys.argv[1], Path(sys.argv[2])
    results: dict[str, list[Any]] = {}
    for path in sorted(folder.glob("*.set")):
        given = json.loads(path.read_text())
        places = np.array(given["asked"])
        results[path.stem] = [measure(chosen, given["columns"], places, int(seed)) for seed in sys.argv[3:]]
        print(f"{chosen} {path.stem}", file=sys.stderr, flush=True)
    (folder / f"{chosen}.json").write_text(json.dumps(results))
