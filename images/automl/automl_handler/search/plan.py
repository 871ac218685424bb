"""The trials of a search, in order, by preset."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..learners.catboost import MANY, CatBoostModel
from ..learners.forest import ExtraTreesModel
from ..learners.in_logs import InLogsModel
from ..learners.learner import FittedModel
from ..learners.lightgbm import LightGBMModel
from ..learners.linear import LinearModel
from ..learners.network import NetworkModel
from ..problem import Problem

SEVERAL = 8
"""Classes from which on the quick learners come first."""


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
    """The trials in order; of a skewed target in logarithms, or not, and one the other way.

    The other way costs little, and where both are of use the blend takes both.
    """
    trials = _trials(preset, problem, rows)
    if problem.logs is None:
        return trials
    if not problem.logs:
        place = next(place for place, one in enumerate(trials) if one.kind is LinearModel)
        return [*trials[: place + 1], _in_logs(trials[place]), *trials[place + 1 :]]
    return [one if one.title == LightGBMModel.name else _in_logs(one) for one in trials]


def slowest(trials: Sequence[Trial]) -> Trial:
    """The trial that takes the longest for a row, which bounds the rows that there is time for."""
    return next(one for one in trials if one.kind is CatBoostModel)


def _in_logs(trial: Trial) -> Trial:
    settings = {**trial.settings, "learner": trial.kind.name}
    return replace(trial, title=f"{trial.title}, in logs", kind=InLogsModel, settings=settings)


def _trials(preset: str, problem: Problem, rows: int) -> list[Trial]:
    """CatBoost first, with a limited share of the time, so that a good model exists early.

    With several classes boosted trees, which grow values for each, are slower and no better than what is done
    in a fraction of the time, so they come last.
    """
    several = problem.classes >= SEVERAL
    # Without statistics of pairs of categories a tree takes half the time and is hardly worse.
    quick = {"iterations": 150 if preset == "fast" else 400, "max_ctr_complexity": 1}
    boosted = [
        Trial("CatBoost", CatBoostModel, 2.0 if problem.classes > MANY else 8.0, quick),
        Trial(
            "LightGBM", LightGBMModel, 1.0, {"trees": 150, "learning_rate": 0.1} if preset == "fast" else {}
        ),
    ]
    linear = Trial("Linear", LinearModel, 0.7)
    if preset == "fast":
        return [linear, *boosted[::-1]] if several else [*boosted, linear]
    trees = 60 if rows > 20_000 else 100
    # Larger leaves suit noisy targets, smaller ones all others; the blend decides.
    large_leaves = Trial("ExtraTrees", ExtraTreesModel, 1.0, {"trees": trees})
    small_leaves = Trial("ExtraTrees, leaves of a row", ExtraTreesModel, 1.0, {"trees": trees, "leaf": 1})
    forests = [large_leaves, small_leaves] if problem.classes <= 50 else []
    smooth = [linear, *forests, Trial("Network", NetworkModel, 1.5)]
    begun = [*smooth, *boosted[::-1]] if several else [*boosted, *smooth]
    deep = Trial("CatBoost, 1,000 trees", CatBoostModel, 2.0, {"iterations": 1_000, "od_wait": 80})
    if preset == "balanced":
        return [*begun, Trial("LightGBM by FLAML", LightGBMModel, 3.0, tuned=40), deep]
    return [
        *begun,
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
