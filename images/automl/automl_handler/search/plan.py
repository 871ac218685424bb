"""What a search tries, in which order, by preset."""

from dataclasses import dataclass, field
from typing import Any

from ..learners.catboost import MANY, Cat
from ..learners.forest import Forest
from ..learners.learner import Fitted
from ..learners.lightgbm import Light
from ..learners.linear import Linear
from ..problem import Problem


@dataclass(frozen=True)
class Trial:
    """One learner with its settings; `share` is its part of the time, beside those of the trials after it."""

    title: str
    kind: type[Fitted]
    share: float
    settings: dict[str, Any] = field(default_factory=dict)
    tuned: int = 0
    """How many settings FLAML may try first."""


def plan(preset: str, problem: Problem, rows: int) -> list[Trial]:
    """CatBoost first, capped, so that a good model exists whatever follows."""
    # On small tables nothing beats it; with many labels it is slow, and what comes after is not.
    large = 8.0 if problem.classes <= MANY else 2.0
    # Without statistics of two categories together a tree takes half the time and is hardly worse.
    quick = {"iterations": 150 if preset == "fast" else 400, "max_ctr_complexity": 1}
    first = Trial("CatBoost", Cat, large, quick)
    light = Trial("LightGBM", Light, 1.0, {"trees": 150, "learning_rate": 0.1} if preset == "fast" else {})
    linear = Trial("Linear", Linear, 0.7)
    if preset == "fast":
        return [first, light, linear]
    trees = 60 if rows > 20_000 else 100
    # The larger leaves suit noisy targets, the smaller ones all others; which it is, the blend finds out.
    large_leaves = Trial("ExtraTrees", Forest, 1.0, {"trees": trees})
    small_leaves = Trial("ExtraTrees, leaves of a row", Forest, 1.0, {"trees": trees, "leaf": 1})
    forests = [large_leaves, small_leaves] if problem.classes <= 50 else []
    deep = Trial("CatBoost, 1,000 trees", Cat, 2.0, {"iterations": 1_000, "od_wait": 80})
    if preset == "balanced":
        return [first, light, linear, *forests, Trial("LightGBM by FLAML", Light, 3.0, tuned=40), deep]
    return [
        first,
        light,
        linear,
        *forests,
        Trial("LightGBM by FLAML", Light, 3.0, tuned=150),
        deep,
        Trial("CatBoost, shallow", Cat, 2.0, {"iterations": 2_000, "depth": 4, "od_wait": 100}),
        Trial("CatBoost, deep", Cat, 2.0, {"iterations": 1_000, "depth": 8, "od_wait": 60}),
        Trial("LightGBM, small leaves", Light, 1.0, {"trees": 3_000, "learning_rate": 0.02, "num_leaves": 8}),
        Trial("LightGBM by FLAML, again", Light, 3.0, tuned=300),
    ]
