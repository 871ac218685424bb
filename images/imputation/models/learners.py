"""Trains the learners of a column. Their settings were chosen on public and generated tables."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.linear_model import BayesianRidge, LogisticRegression, Ridge, RidgeClassifier
from sklearn.multiclass import OneVsRestClassifier

from ..features.design import Design
from .fitted_learners import Boost, Fitted, Linear
from .forest import Forest

Preset = Literal["fast", "balanced", "best"]
# Without and with text: TF-IDF rows are short vectors and want little shrinkage.
LOGISTIC_C = {False: 1.0, True: 20.0}
RIDGE_ALPHA = 0.5
# Small boosted trees over all labels: 1,200 larger ones took three times as long and were no better.
LABEL_TREES = 500
TRIED = 60  # features a split (or a tree) looks at, in a wide table
IMPOSSIBLE = -30.0  # the score of a label that no training row has
# Rows up to which ridge is solved by the products of rows with rows, which all folds share: on long texts
# this takes half the time of a solver over terms.
GRAM_ROWS = 3_000
LARGEST = float(np.finfo(np.float32).max)  # what scikit-learn's trees take
SHARP = 8.0  # scales one-hot ridge scores, between 0 and 1, so that their softmax is close to probabilities


@dataclass(frozen=True)
class Task:
    """What to learn: `labels` is their number, 0 for numbers; answers are standardised values or codes."""

    labels: int
    seed: int
    preset: Preset
    threads: int
    trial: bool = False  # fitted out of fold only, where half the trees are enough


Learner = Callable[[Design, NDArray[Any], Task], Fitted]


def fit_linear(design: Design, answers: NDArray[Any], task: Task) -> Linear:
    """Bayesian ridge (dense) or ridge (sparse) for numbers, logistic regression for categories."""
    matrix, seed = design.linear, task.seed
    if not task.labels:
        dense = isinstance(matrix, np.ndarray)
        ridge: Any = BayesianRidge() if dense else Ridge(solver="sparse_cg", tol=1e-3, random_state=seed)
        ridge.fit(matrix, answers)
        return Linear(ridge.coef_.reshape(-1, 1).astype(np.float32), np.array([ridge.intercept_]), False)
    c = LOGISTIC_C[design.textual]
    if design.textual:  # one against the rest in the dual: a tenth of the time of one softmax, and no worse
        logistic = LogisticRegression(
            C=c, solver="liblinear", dual=True, tol=1e-2, max_iter=100, random_state=seed
        )
        return labelled(OneVsRestClassifier(logistic), matrix, answers, task.labels, 1.0)
    return labelled(LogisticRegression(C=c, tol=1e-3), matrix, answers, task.labels, 1.0)


def fit_ridge(design: Design, answers: NDArray[Any], task: Task) -> Linear:
    """Ridge on label indicators: with text and many labels often better than logistic regression."""
    if len(answers) <= GRAM_ROWS:
        present = np.unique(answers)
        wanted = np.where(answers[:, None] == present, SHARP, -SHARP)
        mean = wanted.mean(0)
        system = design.gram + RIDGE_ALPHA * np.eye(len(answers), dtype=np.float32)
        dual = solve(system, (wanted - mean).astype(np.float32), assume_a="pos", overwrite_a=True)
        coef = np.zeros((design.linear.shape[1], task.labels), np.float32)
        intercept = np.full(task.labels, IMPOSSIBLE)
        coef[:, present], intercept[present] = design.linear.T @ dual, mean
        return Linear(coef, intercept, True)
    ridge = RidgeClassifier(RIDGE_ALPHA, solver="sparse_cg", tol=1e-2, random_state=task.seed)
    return labelled(ridge, design.linear, answers, task.labels, SHARP)


def labelled(classifier: Any, matrix: Any, answers: NDArray[Any], labels: int, sharp: float) -> Linear:
    """Fits a linear classifier; coefficients for all labels, also those that no row has."""
    present = np.unique(answers)
    coef = np.zeros((matrix.shape[1], labels), np.float32)
    intercept = np.full(labels, IMPOSSIBLE)
    if len(present) == 1:
        intercept[present] = 0.0
        return Linear(coef, intercept, True)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", UserWarning
        )  # the number of iterations is fixed, and the result is scored out of fold
        classifier.fit(matrix, answers)
    parts = getattr(classifier, "estimators_", [classifier])
    own = np.vstack([part.coef_ for part in parts]) * sharp
    start = np.concatenate([np.atleast_1d(part.intercept_) for part in parts]) * sharp
    if len(present) == 2:
        coef[:, present[1]], intercept[present] = own[0], [0.0, start[0]]
    else:
        coef[:, present], intercept[present] = own.T, start
    return Linear(coef, intercept, True)


def fit_boost(design: Design, answers: NDArray[Any], task: Task) -> Boost:
    """LightGBM with a fixed number of small trees: early stopping would bias its out-of-fold score."""
    rounds = {"fast": 60, "balanced": 100 if len(answers) <= 2000 else 150, "best": 300}[task.preset]
    objective = {0: "regression", 2: "binary"}.get(task.labels, "multiclass")
    if task.labels > 2:
        rounds = int(np.clip(LABEL_TREES / task.labels, 20, rounds))
    params = {
        "objective": objective,
        "learning_rate": 0.05 if rounds in (100, 150) else 0.03 if rounds == 300 else 5 / rounds,
        "num_leaves": 15 if len(answers) <= 2000 or task.labels > 2 else 31,
        "min_data_in_leaf": int(np.clip(len(answers) / 50, 3, 20)),
        "feature_fraction": min(0.7, TRIED / len(design.keep)),
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 1.0,
        "max_bin": 255,
        "seed": task.seed,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": task.threads,
        "verbosity": -1,
        **({"num_class": task.labels} if task.labels > 2 else {}),
    }
    booster = lightgbm.train(params, lightgbm.Dataset(design.trees, answers, params=params), rounds)
    return Boost(booster.model_to_string())


def fit_forest(design: Design, answers: NDArray[Any], task: Task) -> Forest:
    """Extremely randomised trees with a few rows per leaf: as accurate, and a third of the size."""
    size = {"fast": 50, "balanced": 100, "best": 300}[task.preset] // (2 if task.trial else 1)
    features = np.clip(design.trees, -LARGEST, LARGEST).astype(np.float32)
    settings: dict[str, Any] = {"n_estimators": size, "random_state": task.seed, "n_jobs": task.threads}
    if task.labels:
        forest: Any = ExtraTreesClassifier(min_samples_leaf=2, max_features="sqrt", **settings)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", UserWarning
            )  # many labels for few rows: the result is scored out of fold
            forest.fit(features, answers)
        return Forest.of(trees_of(forest), features.shape[1], forest.classes_.astype(int), task.labels)
    forest = ExtraTreesRegressor(
        min_samples_leaf=3, max_features=min(1.0, TRIED / features.shape[1]), **settings
    ).fit(features, answers)
    return Forest.of(trees_of(forest), features.shape[1], None, 1)


def trees_of(forest: Any) -> list[Any]:
    """The bare trees of a scikit-learn forest."""
    return [member.tree_ for member in forest.estimators_]


LEARNERS: dict[str, Learner] = {
    "linear": fit_linear,
    "ridge": fit_ridge,
    "boost": fit_boost,
    "forest": fit_forest,
}
