"""Folds by groups and by time: what is held out together, and what scores then say."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from automl.automl_handler.errors import DataError
from automl.automl_handler.search.config import SearchConfig
from automl.automl_handler.search.folds import assign, split_by
from automl.automl_handler.search.run import search
from automl.tests.conftest import RecordingWatcher

RANDOM = np.random.default_rng(0)


def test_a_group_is_in_one_fold_and_folds_are_alike() -> None:
    groups = np.array([f"customer {place}" for place in RANDOM.integers(0, 60, 1_000)], object)
    groups[:20] = None
    target = (RANDOM.random(1_000) < 0.3).astype(float)
    folds = assign(target, 5, 0, split_by("groups", "customer", groups))
    table = pd.DataFrame({"group": groups, "fold": folds, "target": target})
    assert (table.groupby("group")["fold"].nunique() == 1).all()
    assert set(folds) == set(range(5))
    assert table.groupby("fold").size().between(150, 250).all()
    assert table.groupby("fold")["target"].mean().between(0.2, 0.4).all()
    assert table[table["group"].isna()]["fold"].nunique() > 1, "each without a group is one of its own"


def test_fewer_groups_than_folds_are_a_fold_each() -> None:
    groups = np.array(list("aabbcc") * 10, object)
    folds = assign(RANDOM.normal(size=60), 5, 0, split_by("groups", "g", groups))
    assert sorted(set(folds)) == [0, 1, 2]


@pytest.mark.parametrize("as_date", [False, True])
def test_folds_by_time_are_periods_of_about_as_many_rows(as_date: bool) -> None:
    days = RANDOM.permutation(np.repeat(np.arange(100), 7))
    dates = np.datetime64("2024-02-01", "s") + days.astype("timedelta64[D]")
    cells: Any = dates if as_date else days * 1.0
    folds = assign(RANDOM.normal(size=700), 5, 0, split_by("timestamp", "day", cells))
    table = pd.DataFrame({"day": days, "fold": folds}).sort_values("day")
    assert (np.diff(table["fold"]) >= 0).all()
    assert (table.groupby("day")["fold"].nunique() == 1).all()
    assert table.groupby("fold").size().tolist() == [140] * 5


@pytest.mark.parametrize(
    ("by", "cells", "says"),
    [
        ("groups", ["a", "a"], "groups: column c has the same value in every row"),
        ("timestamp", [1.0, None], "timestamp: column c must have a value in every row with a target"),
        ("timestamp", ["monday", "tuesday"], "timestamp: column c must hold numbers or dates"),
        ("timestamp", [3.0, 3.0], "timestamp: column c has the same value in every row"),
    ],
)
def test_what_cannot_be_held_out_together_is_told(by: Any, cells: list[Any], says: str) -> None:
    with pytest.raises(DataError, match=says):
        split_by(by, "c", np.array(cells, object))


def test_scores_by_groups_are_those_of_new_groups() -> None:
    """A feature gives the group away, whose level can be learnt of known groups alone."""
    group = RANDOM.integers(0, 40, 400)
    level = RANDOM.normal(size=40)
    table = pd.DataFrame(
        {
            "shop": [f"shop {place}" for place in group],
            "size": np.sin(37.0 * group),
            "y": level[group] + RANDOM.normal(0, 0.3, 400),
        }
    )

    def reached(**split: str) -> tuple[float, Any]:
        config = SearchConfig(preset="fast", time_limit_s=60, ignore=("shop",), **split)
        found = search(table, "y", config, RecordingWatcher())
        return found.predictor.facts["scores"]["r2"], found.predictor

    known, _ = reached()
    new, predictor = reached(groups="shop")
    assert known > 0.7
    assert new < 0.4
    assert predictor.reads == ["size"]
    assert "rows with the same shop are held out together: 40 groups" in predictor.facts["notes"]
