"""Fits the baseline engines with scikit-learn."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer
from sklearn.linear_model import BayesianRidge, Ridge

from ..features.cells import Floats, hidden
from ..features.columns import ColumnCodec
from ..features.encoding import ParsedColumns
from ..models.forest import Forest
from .engine import Baseline
from .grid import Grid
from .matrix_imputers import Chain, LinearModels, MatrixImputer, NearestNeighbours, Step

Name = Literal["mean", "median", "mode", "knn", "iterative", "missforest"]
NAMES: tuple[Name, ...] = ("mean", "median", "mode", "knn", "iterative", "missforest")
ROWS = {
    "knn": 5_000,
    "iterative": 20_000,
    "missforest": 10_000,
}  # a stored row costs time in every prediction, a tree in every fit
ROUNDS = {"iterative": 10, "missforest": 5}
TREES = 50


def fit_baseline(
    name: Name, columns: Sequence[ColumnCodec], read: ParsedColumns, seed: int, threads: int
) -> Baseline:
    """Learns the default values, and the matrix imputer of engines that have one."""
    default = {
        column.name: default_prediction(name, column, read[column.name])
        for column in columns
        if column.kind != "empty"
    }
    grid = Grid.fit(columns, read)
    matrix_imputer: MatrixImputer | None = None
    if name in ROWS and grid.columns:
        rows = grid.encode(read)
        if len(rows) > ROWS[name]:
            rows = rows[np.sort(np.random.default_rng(seed).permutation(len(rows))[: ROWS[name]])]
        matrix_imputer = NearestNeighbours(rows) if name == "knn" else chain(name, rows, grid, seed, threads)
    return Baseline(grid, default, matrix_imputer)


def chain(name: Name, rows: Floats, grid: Grid, seed: int, threads: int) -> Chain:
    """IterativeImputer over the numbers (with labels as observed features), then one step per category."""
    gap = np.isnan(rows)
    filled = np.where(gap, 0.0, rows)
    least, most = filled.min(0), filled.max(0)
    labels = [column.kind == "category" for column in grid.columns]
    numbers = np.array(
        [own[0] for own, label in zip(grid.parts(), labels, strict=True) if not label], np.int64
    )
    steps = []
    if len(numbers) and rows.shape[1] > 1:
        partly = filled.copy()
        partly[:, numbers] = rows[:, numbers]
        imputer = IterativeImputer(
            learner(name, 1, seed, threads),
            max_iter=ROUNDS[name],
            initial_strategy="constant",
            fill_value=0.0,
            min_value=least - 1e-9,  # equal bounds are refused
            max_value=most + 1e-9,
            keep_empty_features=True,
            random_state=seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the number of rounds is fixed
            filled = imputer.fit_transform(partly)
        for step in imputer.imputation_sequence_:
            steps.append(Step(np.array([step.feat_idx]), to_arrays(step.estimator, rows.shape[1] - 1)))
    for own, label in zip(grid.parts(), labels, strict=True):
        if label and rows.shape[1] > len(own):
            seen = ~gap[:, own[0]]
            inputs = np.delete(filled, own, axis=1)
            model = learner(name, len(own), seed, threads).fit(inputs[seen], rows[np.ix_(seen, own)])
            steps.append(Step(own, to_arrays(model, inputs.shape[1])))
    return Chain(steps, least, most)


def learner(name: Name, outputs: int, seed: int, threads: int) -> Any:
    """Bayesian ridge as in mice, or random forests as in MissForest (Stekhoven and Buehlmann 2012)."""
    if name == "iterative":
        return BayesianRidge() if outputs == 1 else Ridge()
    return RandomForestRegressor(
        TREES, min_samples_leaf=2, max_features=1 / 3, random_state=seed, n_jobs=threads
    )


def to_arrays(estimator: Any, inputs: int) -> LinearModels | Forest:
    """A scikit-learn model as arrays."""
    if isinstance(estimator, RandomForestRegressor):
        return Forest.of([tree.tree_ for tree in estimator.estimators_], inputs, None, estimator.n_outputs_)
    coef = np.asarray(estimator.coef_, float).reshape(-1, inputs).T
    return LinearModels(coef, np.atleast_1d(np.asarray(estimator.intercept_, float)))


def default_prediction(name: Name, column: ColumnCodec, read: Any) -> Floats:
    """Mean, median or most frequent number; the shares of the labels for all else."""
    if column.kind in ("number", "date"):
        seen = read[~np.isnan(read)]
        if not len(seen):
            return np.array(0.0)
        if name == "mode":
            values, counts = np.unique(seen, return_counts=True)
            return np.array(values[counts.argmax()])
        return np.array(np.median(seen) if name == "median" else seen.mean())
    codes = column.codes(read)
    counts = np.bincount(codes[codes >= 0], minlength=len(column.labels) + 1)[: len(column.labels)].astype(
        float
    )
    return np.asarray(counts / max(1.0, counts.sum()), dtype=float)


def without(read: ParsedColumns, rows: Mapping[str, Any]) -> dict[str, Any]:
    """The same cells with some rows of some columns hidden."""
    return {name: hidden(cells, rows[name]) if name in rows else cells for name, cells in read.items()}
