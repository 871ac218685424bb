"""XGBoost at training; interrupted runs go on from the trees that were kept."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

from ..boosters import XGBoost, dmatrix
from ..data import Data
from .progress import Watch
from .run import Run, own

_KEPT = ".xgboost.json"
_HIGHER = (
    "auc",
    "aucpr",
    "pre",
    "map",
    "ndcg",
    "interval-regression-accuracy",
)  # as its EarlyStopping has it


def fit(run: Run) -> XGBoost:
    """Grows trees, and cuts them back to the best number."""
    watch = run.watch
    model = _resumed(watch)
    done = model.num_boosted_rounds() if model else 0
    if model is None or (done < run.trees and not watch.over(done)):
        train = _pool(run, run.train)
        evals = [(train, "train"), *([(_pool(run, run.stop), "validation")] if run.stop else [])]
        model = xgboost.train(
            _settings(run),
            train,
            num_boost_round=run.trees - done,
            evals=evals,
            verbose_eval=False,
            callbacks=[_Eyes(watch)],
            xgb_model=model,
        )
    if run.stop and 0 <= watch.best < model.num_boosted_rounds() - 1:
        model = model[: watch.best + 1]
    return XGBoost(model, run.features)


def _settings(run: Run) -> dict[str, Any]:
    own: dict[str, Any] = {"nthread": run.threads, "verbosity": 0}
    if run.outcome.problem == "multiclass":
        own["num_class"] = len(run.outcome.classes)
    found = run.settings(**own)
    if "monotone_constraints" in found and isinstance(found["monotone_constraints"], list):
        found["monotone_constraints"] = tuple(found["monotone_constraints"])
    return found


def _pool(run: Run, data: Data) -> Any:
    weights, groups = data.weights, data.groups if run.outcome.problem == "ranking" else None
    if groups is not None:
        groups = np.unique(groups, return_inverse=True)[1]  # it holds 32 bits of them
        if weights is not None:  # it weighs groups, not rows of them
            weights = np.bincount(groups, weights) / np.bincount(groups)
    matrix = run.features.matrix(data.features)
    return dmatrix(matrix, run.features, label=data.target, weight=weights, qid=groups, nthread=run.threads)


def _resumed(watch: Watch) -> Any:
    """The trees of an interrupted run, and with them its curves."""
    path = watch.kept(_KEPT)
    if path is None:
        return None
    state = json.loads(path.read_text())
    watch.curves, watch.best = state["curves"], state["best"]
    return xgboost.Booster(model_file=bytearray(base64.b64decode(state["model"])))


class _Eyes(xgboost.callback.TrainingCallback):
    """XGBoost's callback."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        scores: dict[str, float] = {}
        for part, measured in evals_log.items():
            name, curve = list(measured.items())[-1]
            scores[part] = float(curve[-1])
            self.watch.metric = name
        self.watch.saw(scores, higher=self.watch.metric.partition("@")[0].rstrip("-") in _HIGHER)
        over = self.watch.over(int(model.num_boosted_rounds()))
        self.watch.keep(_KEPT, lambda path: self._write(path, model))
        return over

    def _write(self, path: Path, model: Any) -> None:
        state = {
            "curves": own(self.watch.curves),
            "best": self.watch.best,
            "model": base64.b64encode(model.save_raw("ubj")).decode(),
        }
        path.write_text(json.dumps(state))
