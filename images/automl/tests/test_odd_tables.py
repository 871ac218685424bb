"""Tables out of the ordinary: each ends in a good model, or in one clear error."""

import re
import time

import numpy as np
import pandas as pd
import pytest
from automl.automl_handler.errors import DataError
from automl.automl_handler.learners.learner import Examples
from automl.automl_handler.search import run as search_module
from automl.automl_handler.search import throughput
from automl.automl_handler.search.config import SearchConfig
from automl.automl_handler.search.run import search
from automl.tests.conftest import RecordingWatcher

FAST = SearchConfig(preset="fast", time_limit_s=60)
RANDOM = np.random.default_rng(0)


def wide() -> pd.DataFrame:
    table = pd.DataFrame(RANDOM.normal(size=(60, 1_000)), columns=[f"c{place}" for place in range(1_000)])
    return table.assign(y=np.where(table["c0"] > 0, "a", "b"))


def many_labels() -> pd.DataFrame:
    place = np.repeat(np.arange(300), 3)
    return pd.DataFrame({"x": place + RANDOM.normal(0, 0.1, 900), "y": [f"label {one}" for one in place]})


def many_categories() -> pd.DataFrame:
    place = np.tile(np.arange(300), 3)
    return pd.DataFrame({"x": [f"city {one}" for one in place], "y": np.where(place % 3 == 0, 1, 0)})


def gap_alone() -> pd.DataFrame:
    cells = np.where(RANDOM.random(80) < 0.5, np.nan, 1.0)
    return pd.DataFrame({"x": cells, "empty": np.nan, "y": np.where(np.isnan(cells), "gone", "there")})


@pytest.mark.parametrize(
    ("table", "least"),
    [(wide, 0.6), (many_categories, 0.6), (gap_alone, 0.99)],
    ids=["1,000 columns", "300 categories", "an empty column, and gaps that tell"],
)
def test_odd_tables_end_in_a_good_model(table: object, least: float, watcher: RecordingWatcher) -> None:
    rows = table()  # type: ignore[operator]
    trained = search(rows, "y", SearchConfig(preset="fast", time_limit_s=8), watcher)
    right = trained.answers.argmax(1) == trained.target
    assert right.mean() > least


def test_300_labels_end_in_a_good_model(watcher: RecordingWatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", time.process_time)  # what others do on this machine is no matter
    trained = search(many_labels(), "y", SearchConfig(preset="fast", time_limit_s=40), watcher)
    top = np.argsort(-trained.answers, axis=1)[:, :10]
    assert (top == trained.target[:, None]).any(1).mean() > 0.3, "a guess would be right in 3 % of the rows"


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (pd.DataFrame({"x": [1], "y": [2]}), "the table has 1 row; expected at least 10"),
        (
            pd.DataFrame({"x": range(20), "y": ["a"] * 20}),
            "every row has 'a', so there is nothing to predict",
        ),
        (
            pd.DataFrame({"x": [None] * 20, "y": ["a", "b"] * 10}),
            "no column is left to learn y from: x is empty",
        ),
        (pd.DataFrame({"x": range(20), "y": ["a"] * 19 + ["b"]}), "y: b occurs in one row only"),
        (pd.DataFrame({"x": range(20), "y": [None] * 12 + [1, 2] * 4}), "8 rows have a value"),
        (pd.DataFrame({"x": range(40), "y": [f"t{n}" for n in range(40)]}), "expected labels that repeat"),
    ],
    ids=["one row", "one label", "nothing to learn from", "a label once", "few targets", "all differ"],
)
def test_tables_that_cannot_be_learnt_from_end_in_one_clear_error(table: pd.DataFrame, says: str) -> None:
    with pytest.raises(DataError, match=re.escape(says)):
        search(table, "y", FAST, RecordingWatcher())


def large(rows: int) -> pd.DataFrame:
    table = pd.DataFrame(RANDOM.normal(size=(rows, 20)), columns=[f"c{place}" for place in range(20)])
    return table.assign(y=table["c0"] + RANDOM.normal(size=rows))


def test_a_table_too_large_for_the_time_is_learnt_from_in_part_and_said_so(watcher: RecordingWatcher) -> None:
    trained = search(large(300_000), "y", SearchConfig(preset="fast", time_limit_s=6), watcher)
    facts = trained.predictor.facts
    assert facts["rows"] < 300_000
    assert f"learnt from {facts['rows']} of 300000 rows, drawn at random" in "\n".join(facts["notes"])
    assert f"regression, {facts['rows']} rows" in "\n".join(watcher.lines)


@pytest.mark.parametrize(
    ("second", "rows", "folds"),
    [(1.0, 10_000, 3), (0.058, 26_000, 2), (1e-9, 40_000, 2)],
    ids=["slow", "quick", "instantly"],
)
def test_rows_learnt_from_follow_the_measured_pace(
    second: float, rows: int, folds: int, watcher: RecordingWatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`second` is what a tree over the rows that are timed takes."""
    monkeypatch.setattr(throughput.CatBoostModel, "pace", lambda *given, **settings: second)
    watcher.stop = True
    found = search(large(40_000), "y", SearchConfig(preset="fast", time_limit_s=10), watcher)
    assert found.predictor.facts["rows"] <= 10_000, "no time is left, so no time is measured"
    watcher.stop = False
    monkeypatch.setattr(search_module, "run_trials", _learnt)
    with pytest.raises(_Learnt) as learnt:
        search(large(40_000), "y", SearchConfig(preset="fast", time_limit_s=10), watcher)
    assert learnt.value.rows == pytest.approx(rows, rel=0.3)
    assert learnt.value.folds == folds


class _Learnt(Exception):
    def __init__(self, rows: int, folds: int) -> None:
        self.rows, self.folds = rows, folds


def _learnt(examples: Examples, folds: np.ndarray, *rest: object) -> None:
    raise _Learnt(len(examples), int(folds.max()) + 1)
