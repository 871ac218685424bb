"""LightGBM: histogram gradient boosting, tuned by FLAML. Saved in its text format."""

import re
import warnings
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from slipway.kit.imports import lean

from ..features.design import Design
from ..problem import Problem
from ..search.clock import Clock
from ..types import Floats
from .catboost import MANY
from .learner import MIN_TREES, Examples, FittedModel, Task, both, origin_of

_FILE = "model.txt"
_RANGES = re.compile(r"^feature_infos=.*$", re.MULTILINE)


class LightGBMModel(FittedModel):
    """A LightGBM booster."""

    name: ClassVar = "LightGBM"

    def __init__(self, booster: Any, problem: Problem) -> None:
        self.booster = booster
        self.problem = problem

    @classmethod
    def fit(cls, train: Examples, held: Examples, task: Task, **settings: Any) -> Self:
        """Adds trees until the validation loss stops falling or time is over, but at least 20."""
        with lean():
            import lightgbm as lgb

        problem, rows = task.problem, train.rows
        origin = origin_of(train.target, problem)
        train, held = train.minus(origin), held.minus(origin)
        wide = rows.numbers.shape[1]
        params = {
            "objective": problem.kind,
            "num_class": problem.classes if problem.kind == "multiclass" else 1,
            "learning_rate": 0.05,
            "num_leaves": 31,
            "min_data_in_leaf": max(2, min(20, len(rows) // 10)),
            "feature_fraction": 0.8,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "seed": task.seed,
            "num_threads": task.threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
            **settings,
        }
        trees = int(params.pop("trees", 500))
        # At the end it writes its trees as text and reads them: with many classes that takes as long again.
        growing = task.clock.share(0.5) if problem.classes > MANY else task.clock
        made = lgb.Dataset(
            rows.joined,
            train.target,
            weight=train.weights,
            categorical_feature=list(range(wide, wide + len(rows.sizes))),
            params={"verbosity": -1, "max_cat_threshold": 32},
            free_raw_data=True,
        )
        booster = lgb.train(
            params,
            made,
            trees,
            valid_sets=[lgb.Dataset(held.rows.joined, held.target, reference=made)],
            callbacks=[lgb.early_stopping(30, verbose=False), _alarm(growing)],
        )
        if origin:
            _raise(booster, origin)
        return cls(booster, problem)

    def predict(self, rows: Design) -> Floats:
        raw = np.asarray(self.booster.predict(rows.joined, num_threads=1))
        if self.problem.is_regression:
            return raw.reshape(-1, 1)
        return both(raw) if self.problem.kind == "binary" else raw

    def save(self, folder: Path) -> None:
        # The text has the minimum and maximum of each column, which no tree needs.
        text = self.booster.model_to_string(num_iteration=self.booster.best_iteration)
        ranges = " ".join(["none"] * self.booster.num_feature())
        (folder / _FILE).write_text(_RANGES.sub(f"feature_infos={ranges}", text))

    @classmethod
    def load(cls, folder: Path, problem: Problem) -> Self:
        with lean():
            import lightgbm as lgb

        return cls(lgb.Booster(model_str=(folder / _FILE).read_text()), problem)


def _raise(booster: Any, origin: float) -> None:
    """Adds `origin` to all predictions, in the first tree, whose values have 64 bits."""
    first = booster.dump_model(num_iteration=1)["tree_info"][:1]
    for leaf in range(first[0]["num_leaves"] if first else 0):
        booster.set_leaf_output(0, leaf, booster.get_leaf_output(0, leaf) + origin)


def _alarm(clock: Clock) -> Any:
    """Ends training when time is over, after at least MIN_TREES trees."""
    from lightgbm.callback import EarlyStopException

    def check(env: Any) -> None:
        if env.iteration >= MIN_TREES and clock.over:
            raise EarlyStopException(env.iteration, env.evaluation_result_list)

    return check


def search(train: Examples, held: Examples, task: Task, loss: Any, trials: int) -> dict[str, Any]:
    """The settings with the lowest validation `loss` that FLAML's CFO finds in `trials` trials.

    Search space and start are those of FLAML's LightGBM learner: Wang et al. 2021, https://arxiv.org/abs/1911.04706
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about parts of FLAML that are not installed
        import flaml.tune
        from flaml.tune.searcher.blendsearch import CFO

    tune: Any = flaml.tune
    largest = max(8, min(2_048, len(train) // 4))
    space = {
        "num_leaves": tune.lograndint(4, largest),
        "min_data_in_leaf": tune.lograndint(2, max(3, min(128, len(train) // 5))),
        "learning_rate": tune.loguniform(1 / 128, 0.3),
        "feature_fraction": tune.uniform(0.2, 1.0),
        "lambda_l1": tune.loguniform(1 / 1024, 1024),
        "lambda_l2": tune.loguniform(1 / 1024, 1024),
        "max_bin": tune.lograndint(15, 1_023),
    }
    start = {
        "num_leaves": min(31, largest),
        "min_data_in_leaf": max(2, min(20, len(train) // 10)),
        "learning_rate": 0.1,
        "feature_fraction": 1.0,
        "lambda_l1": 1 / 1024,
        "lambda_l2": 1.0,
        "max_bin": 255,
    }

    def tried(config: dict[str, Any]) -> dict[str, float]:
        model = LightGBMModel.fit(train, held, task, **config)
        return {"loss": float(loss(held.target, model.predict(held.rows)))}

    found = tune.run(
        tried,
        search_alg=CFO(
            metric="loss",
            mode="min",
            space=space,
            points_to_evaluate=[start],
            seed=task.seed,
            low_cost_partial_config={"num_leaves": 4},
        ),
        metric="loss",
        mode="min",
        num_samples=trials,
        time_budget_s=max(0.1, task.clock.left),
        verbose=0,
        use_ray=False,
    )
    return dict(found.best_config)
