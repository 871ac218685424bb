"""LightGBM training. Interrupted runs resume from the trees in the checkpoint."""

import logging
from typing import Any

import numpy as np

from slipway.kit.imports import lean

from ..boosters import LightGBM
from ..data import Data
from .run import Run, group_sizes

with lean():
    import lightgbm

_CHECKPOINT = ".lightgbm.json"
_WIDE = 100
_BINNED = 50_000  # rows of all hosts by which bins are found, which each of them gets and sorts

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
        machines = monitor.peers.machines()
        train = _dataset(run, run.train, _binned(run) if machines else None)
        sets = {"train": train}
        if run.validation is not None and len(run.validation):
            sets["validation"] = _dataset(run, run.validation, train)
        model = lightgbm.train(
            {**_params(run), **machines},
            train,
            num_boost_round=run.n_trees - n_trees,
            valid_sets=list(sets.values()),
            valid_names=list(sets),
            init_model=start,
            callbacks=[_Callback(run)],
        )
        if machines:
            model.free_network()
    else:
        model = start
    best = monitor.best_iteration + 1 if run.validation is not None and monitor.best_iteration >= 0 else -1
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


def _binned(run: Run) -> Any:
    """Rows of all hosts by which bins are found, the same on each; else one host's rows would do for all."""
    peers, data = run.monitor.peers, run.train
    count = min(len(data), -(-_BINNED * len(data) // peers.count(len(data))))
    places = np.random.default_rng(run.params.seed).permutation(len(data))[:count]
    rows = np.concatenate(peers.gather(run.features.matrix(data.features.take(np.sort(places)))))
    # Which features can be split is for all rows to tell.
    params = {**_params(run), "feature_pre_filter": False}
    categories = run.features.positions("category")
    return lightgbm.Dataset(rows, categorical_feature=categories, params=params).construct()


def _weight(run: Run, data: Data) -> float:
    """What a mean over the rows, or in ranking over the groups, counts beside those of other hosts."""
    if run.target.problem == "ranking":
        assert data.groups is not None
        return float(len(np.unique(data.groups)))
    return float(len(data) if data.weights is None else data.weights.sum())


class _Callback:
    """LightGBM's callback."""

    order = 30
    before_iteration = False

    def __init__(self, run: Run) -> None:
        self.monitor = run.monitor
        self._metric = run.metric.partition("@")[0]
        self._weights = {"train": _weight(run, run.train)}
        if run.validation is not None:
            self._weights["validation"] = _weight(run, run.validation)

    def __call__(self, env: Any) -> None:
        found = [entry for entry in env.evaluation_result_list if entry[1].partition("@")[0] == self._metric]
        found = found or env.evaluation_result_list
        scores: dict[str, float] = {}
        for rows, name, score, *_ in found:
            if rows not in scores:  # the first of several depths
                scores[rows] = float(score)
                self.monitor.metric = name
        if self.monitor.peers.size > 1:
            scores = self._over_hosts(scores)
        self.monitor.record(scores, bool(found and found[0][3]))
        end = self.monitor.should_end(env.iteration + 1)
        self.monitor.save_trees(_CHECKPOINT, lambda: env.model.model_to_string(num_iteration=-1))
        if end:
            raise lightgbm.callback.EarlyStopException(self.monitor.best_iteration, [])

    def _over_hosts(self, scores: dict[str, float]) -> dict[str, float]:
        """The means of the hosts' scores, which LightGBM computes on each host's rows alone."""
        power = 2 if self.monitor.metric == "rmse" else 1
        local = [(scores.get(name, 0.0) ** power * weight, weight) for name, weight in self._weights.items()]
        sums = self.monitor.peers.sum(np.array(local))
        means = (sums[:, 0] / np.maximum(sums[:, 1], 1e-300)) ** (1 / power)
        return dict(zip(self._weights, means.tolist(), strict=True))
