"""XGBoost training. Interrupted runs resume from the trees in the checkpoint."""

import base64
from typing import Any

import numpy as np

from slipway.kit.imports import lean

from ..boosters import XGBoost, dmatrix
from ..data import Data
from .eval_metrics import is_higher_better
from .monitor import Monitor
from .run import Run

with lean():
    import xgboost

_CHECKPOINT = ".xgboost.json"


def fit(run: Run) -> XGBoost:
    """Trains trees, and keeps the best number of them."""
    monitor = run.monitor
    trees = monitor.resume(_CHECKPOINT)
    model = None if trees is None else xgboost.Booster(model_file=bytearray(base64.b64decode(trees)))
    n_trees = model.num_boosted_rounds() if model else 0
    if model is None or (n_trees < run.n_trees and not monitor.should_end(n_trees)):
        train = _dmatrix(run, run.train)
        evals = [
            (train, "train"),
            *([(_dmatrix(run, run.validation), "validation")] if run.validation is not None else []),
        ]
        model = xgboost.train(
            _params(run),
            train,
            num_boost_round=run.n_trees - n_trees,
            evals=evals,
            verbose_eval=False,
            callbacks=[_Callback(monitor)],
            xgb_model=model,
        )
    if run.validation is not None and 0 <= monitor.best_iteration < model.num_boosted_rounds() - 1:
        model = model[: monitor.best_iteration + 1]
    return XGBoost(model, run.features)


def _params(run: Run) -> dict[str, Any]:
    fixed: dict[str, Any] = {"nthread": run.threads, "verbosity": 0}
    if run.target.problem == "multiclass":
        fixed["num_class"] = len(run.target.classes)
    found = run.engine_params(**fixed)
    if "monotone_constraints" in found and isinstance(found["monotone_constraints"], list):
        found["monotone_constraints"] = tuple(found["monotone_constraints"])
    return found


def _dmatrix(run: Run, data: Data) -> Any:
    weights, groups = data.weights, data.groups if run.target.problem == "ranking" else None
    if groups is not None:
        groups = np.unique(groups, return_inverse=True)[1]  # XGBoost keeps 32 bits
        if weights is not None:  # XGBoost weights groups, not their rows
            weights = np.bincount(groups, weights) / np.bincount(groups)
    matrix = run.features.matrix(data.features)
    return dmatrix(matrix, run.features, label=data.target, weight=weights, qid=groups, nthread=run.threads)


class _Callback(xgboost.callback.TrainingCallback):
    """XGBoost's callback."""

    def __init__(self, monitor: Monitor) -> None:
        super().__init__()
        self.monitor = monitor

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        scores: dict[str, float] = {}
        for rows, curves in evals_log.items():
            name, curve = list(curves.items())[-1]
            scores[rows] = float(curve[-1])
            self.monitor.metric = name
        self.monitor.record(scores, is_higher_better("xgboost", self.monitor.metric))
        end = self.monitor.should_end(int(model.num_boosted_rounds()))
        self.monitor.save_trees(_CHECKPOINT, lambda: base64.b64encode(model.save_raw("ubj")).decode())
        return end
