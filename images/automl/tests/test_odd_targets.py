"""Numeric targets far from zero, never below it, or too large; and dates."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from automl.automl_handler.errors import DataError
from automl.automl_handler.features.design import Design
from automl.automl_handler.interval import ConformalInterval
from automl.automl_handler.learners.catboost import CatBoostModel
from automl.automl_handler.learners.learner import Examples, Task
from automl.automl_handler.learners.lightgbm import LightGBMModel
from automl.automl_handler.problem import Problem
from automl.automl_handler.search.clock import Clock
from automl.automl_handler.search.config import SearchConfig
from automl.automl_handler.search.prepare import Prepared, prepare
from automl.automl_handler.search.run import SearchResult
from automl.tests.conftest import lay_out

from harness.places import Inside
from slipway.image import Image

ROWS = 300
SIZES = np.random.default_rng(3).normal(size=ROWS)


def prepared(target: Any) -> Prepared:
    return prepare(pd.DataFrame({"size": SIZES, "y": target}), "y", SearchConfig())


@pytest.mark.parametrize(("kind", "trees"), [(CatBoostModel, "iterations"), (LightGBMModel, "trees")])
@pytest.mark.parametrize("far", [4e9, -7e13])
def test_a_target_far_from_zero_is_learnt_as_one_near_it(
    kind: Any, trees: str, far: float, tmp_path: Path
) -> None:
    rows = Design(SIZES[:, None], np.empty((ROWS, 0), np.int32), ())
    task = Task(Problem("y", "regression"), Clock(3600), 0, 1)

    def fitted(target: Any) -> Any:
        examples = Examples(rows, target)
        return kind.fit(examples, examples, task, **{trees: 30})

    near, there = fitted(9 * SIZES), fitted(9 * SIZES + far)
    assert np.abs(there.predict(rows) - far - near.predict(rows)).max() < 1.5
    there.save(tmp_path)
    assert (kind.load(tmp_path, task.problem).predict(rows) == there.predict(rows)).all()


def test_a_target_that_was_never_negative_has_no_interval_below_zero(
    searched: dict[str, SearchResult],
) -> None:
    assert prepared(np.exp(SIZES)).problem.floor == 0
    assert prepared(SIZES).problem.floor is None
    widths = np.full((1, 401), 5.0)
    wide = ConformalInterval(np.empty(0), widths, widths, (ROWS,))
    predictor = replace(searched["regression"].predictor, interval=wide)
    assert predictor.problem.floor == 0
    found = predictor.answers(searched["regression"].rows[:2], np.array([[0.5], [20.0]]))
    assert found.low is not None
    assert found.low.tolist() == [0, 15]


def test_numbers_that_learners_cannot_hold_are_refused() -> None:
    with pytest.raises(DataError, match="expected numbers up to 3e38, got"):
        prepared(np.exp(SIZES) * 1e39)


def test_rows_left_out_with_their_class_are_not_said_to_lack_a_target() -> None:
    labels = np.where(SIZES > 0, "a", "b").astype(object)
    labels[:2] = ["once", None]
    notes = prepared(labels).notes
    assert "classes with a single row are left out: once" in notes
    assert "1 rows without a target are left out" in notes


def test_dates_are_no_target_unless_each_is_a_class(image: Image, tmp_path: Path) -> None:
    days = [f"2023-0{place % 9 + 1}-17" for place in range(ROWS)]
    done = Inside(image).train(lay_out(tmp_path, pd.DataFrame({"size": SIZES, "y": days}), target="y"))
    assert done.code != 0
    assert "its cells are dates" in done.failure
