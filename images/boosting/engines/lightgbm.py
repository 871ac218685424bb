"""LightGBM training. Interrupted runs resume from the trees in the checkpoint."""

import logging
from typing import Any

import lightgbm

from ..boosters import LightGBM
from ..data import Data
from .monitor import Monitor
from .run import Run, group_sizes

_CHECKPOINT = ".lightgbm.json"
_WIDE = 100

_quiet = logging.getLogger("lightgbm")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False
lightgbm.register_logger(_quiet)


def fit(run: Run) -> LightGBM:
    """Trains trees, and keeps the best number of them."""
    monitor = run.monitor
    trees = monitor.resume(_CHECKPOINT)
    start = None if trees is None else lightgbm.Booster(model_str=trees)
    n_trees = start.current_iteration() if start else 0
    if start is None or (n_trees < run.n_trees and not monitor.should_end(n_trees)):
        train = _dataset(run, run.train)
        sets = {"train": train}
        if run.validation:
            sets["validation"] = _dataset(run, run.validation, train)
        model = lightgbm.train(
            _params(run),
            train,
            num_boost_round=run.n_trees - n_trees,
            valid_sets=list(sets.values()),
            valid_names=list(sets),
            init_model=start,
            callbacks=[_Callback(monitor, run.metric)],
        )
    else:
        model = start
    best = monitor.best_iteration + 1 if run.validation and monitor.best_iteration >= 0 else -1
    text = model.model_to_string(num_iteration=best)
    return LightGBM(lightgbm.Booster(params={"num_threads": 1}, model_str=text), run.features)


def _params(run: Run) -> dict[str, Any]:
    fixed: dict[str, Any] = {
        "num_threads": run.threads,
        "verbosity": -1,
        "deterministic": True,
        # Otherwise LightGBM times both and takes the faster one, which may differ the next time.
        "force_col_wise" if len(run.features.columns) > _WIDE else "force_row_wise": True,
    }
    if run.target.problem == "multiclass":
        fixed["num_class"] = len(run.target.classes)
    if run.params.subsample is not None:
        fixed["bagging_freq"] = 1
    return run.engine_params(**fixed)


def _dataset(run: Run, data: Data, reference: Any = None) -> Any:
    return lightgbm.Dataset(
        run.features.matrix(data.features),
        label=data.target,
        weight=data.weights,
        group=group_sizes(data.groups)
        if run.target.problem == "ranking" and data.groups is not None
        else None,
        categorical_feature=run.features.positions("category"),
        reference=reference,
        params={"verbosity": -1},
    )


class _Callback:
    """LightGBM's callback."""

    order = 30
    before_iteration = False

    def __init__(self, monitor: Monitor, metric: str) -> None:
        self.monitor = monitor
        self._metric = metric.partition("@")[0]

    def __call__(self, env: Any) -> None:
        found = [entry for entry in env.evaluation_result_list if entry[1].partition("@")[0] == self._metric]
        found = found or env.evaluation_result_list
        scores: dict[str, float] = {}
        for rows, name, score, *_ in found:
            if rows not in scores:  # the first of several depths
                scores[rows] = float(score)
                self.monitor.metric = name
        self.monitor.record(scores, bool(found and found[0][3]))
        end = self.monitor.should_end(env.iteration + 1)
        self.monitor.save_trees(_CHECKPOINT, lambda: env.model.model_to_string(num_iteration=-1))
        if end:
            raise lightgbm.callback.EarlyStopException(self.monitor.best_iteration, [])
