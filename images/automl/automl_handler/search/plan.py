"""The trials of a search, in order, by preset."""

from dataclasses import dataclass, field
from typing import Any

from ..learners.catboost import MANY, CatBoostModel
from ..learners.forest import ExtraTreesModel
from ..learners.learner import FittedModel
from ..learners.lightgbm import LightGBMModel
from ..learners.linear import LinearModel
from ..problem import Problem


@dataclass(frozen=True)
class Trial:
    """A learner and its settings; `share` is its share of the time, relative to the trials after it."""

    title: str
    kind: type[FittedModel]
    share: float
    settings: dict[str, Any] = field(default_factory=dict)
    tuned: int = 0
    """Number of settings that FLAML may try first; 0 for none."""


def plan(preset: str, problem: Problem, rows: int) -> list[Trial]:
    """CatBoost first, with a limited share of the time, so that a good model exists early."""
    # It is best on small tables; with many classes it is slow, and the others are not.
    large = 8.0 if problem.classes <= MANY else 2.0
    # Without statistics of pairs of categories a tree takes half the time and is hardly worse.
    quick = {"iterations": 150 if preset == "fast" else 400, "max_ctr_complexity": 1}
    first = Trial("CatBoost", CatBoostModel, large, quick)
    light = Trial(
        "LightGBM", LightGBMModel, 1.0, {"trees": 150, "learning_rate": 0.1} if preset == "fast" else {}
    )
    linear = Trial("Linear", LinearModel, 0.7)
    if preset == "fast":
        return [first, light, linear]
    trees = 60 if rows > 20_000 else 100
    # Larger leaves suit noisy targets, smaller ones all others; the blend decides.
    large_leaves = Trial("ExtraTrees", ExtraTreesModel, 1.0, {"trees": trees})
    small_leaves = Trial("ExtraTrees, leaves of a row", ExtraTreesModel, 1.0, {"trees": trees, "leaf": 1})
    forests = [large_leaves, small_leaves] if problem.classes <= 50 else []
    deep = Trial("CatBoost, 1,000 trees", CatBoostModel, 2.0, {"iterations": 1_000, "od_wait": 80})
    if preset == "balanced":
        return [
            first,
            light,
            linear,
            *forests,
            Trial("LightGBM by FLAML", LightGBMModel, 3.0, tuned=40),
            deep,
        ]
    return [
        first,
        light,
        linear,
        *forests,
        Trial("LightGBM by FLAML", LightGBMModel, 3.0, tuned=150),
        deep,
        Trial("CatBoost, shallow", CatBoostModel, 2.0, {"iterations": 2_000, "depth": 4, "od_wait": 100}),
        Trial("CatBoost, deep", CatBoostModel, 2.0, {"iterations": 1_000, "depth": 8, "od_wait": 60}),
        Trial(
            "LightGBM, small leaves",
            LightGBMModel,
            1.0,
            {"trees": 3_000, "learning_rate": 0.02, "num_leaves": 8},
        ),
        Trial("LightGBM by FLAML, again", LightGBMModel, 3.0, tuned=300),
    ]
