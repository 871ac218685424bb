"""What log, report and metrics say about leakage, duplicates, and a model that has learnt nothing."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from automl import report
from automl.automl_handler.features.columns import infer_columns
from automl.automl_handler.features.design import design
from automl.automl_handler.learners.prior import PriorModel
from automl.automl_handler.problem import Problem
from automl.automl_handler.search import checks, trials
from automl.automl_handler.search.clock import Clock
from automl.automl_handler.search.config import SearchConfig
from automl.automl_handler.search.plan import Trial
from automl.automl_handler.search.run import SearchResult, search
from automl.tests.conftest import RecordingWatcher, lay_out

from harness.places import Place
from slipway import Report

QUICK = SearchConfig(preset="fast", time_limit_s=60)


def table(rows: int = 300, seed: int = 0) -> pd.DataFrame:
    """`y` and `label` depend on `x` and `team`, with noise."""
    random = np.random.default_rng(seed)
    cells = pd.DataFrame({"x": random.normal(size=rows), "team": random.choice(list("abcd"), rows)})
    pull = cells["x"] + (cells["team"] == "a")
    return cells.assign(
        y=pull + random.normal(0, 0.5, rows),
        label=np.where(pull + random.normal(size=rows) > 0, "up", "down"),
    )


def noted(rows: pd.DataFrame, target: str, **settings: Any) -> tuple[SearchResult, str]:
    """A search that ends after its first learner, and its notes."""
    config = SearchConfig(**{**vars(QUICK), **settings})
    found = search(rows, target, config, RecordingWatcher(stop=True))
    return found, "\n".join(found.predictor.facts["notes"])


@pytest.mark.parametrize("target", ["y", "label"])
def test_a_column_that_alone_gives_the_target_is_named(target: str) -> None:
    rows = table().drop(columns="label" if target == "y" else "y")
    assert "leakage" not in noted(rows, target)[1]
    code = pd.factorize(rows[target])[0]
    copies = {
        "in_cents": 100 * (rows["y"] if target == "y" else code) + 7,
        "as_text": rows["y"].round(0).astype(str) + "!"
        if target == "y"
        else np.where(code == 0, "no", "yes"),
    }
    for name, cells in copies.items():
        _, said = noted(rows.assign(**{name: cells}), target)
        if name == "as_text" and target == "y":
            assert "leakage" not in said, "rounded, it is only a good column"
        else:
            assert f"possible leakage: column {name} alone predicts {target}" in said
            assert "ignore" in said
        assert "leakage" not in noted(rows.assign(**{name: cells}), target, ignore=(name,))[1]


def test_a_leak_among_many_columns_and_gaps_is_found() -> None:
    random = np.random.default_rng(2)
    rows = pd.DataFrame(random.normal(size=(600, 200)), columns=[f"c{place}" for place in range(200)])
    rows = rows.assign(y=random.uniform(size=600) - 0.5)
    rows["late"] = -2 * rows["y"]
    rows.loc[::2, "late"] = np.nan
    columns, _ = infer_columns(rows.drop(columns="y"))
    matrix, target = design(columns, rows), rows["y"].to_numpy()
    assert list(checks.leakage(columns, matrix, target, Problem("y", "regression"), 0)) == ["late"]
    signs = (target > 0).astype(float)
    assert list(checks.leakage(columns, matrix, signs, Problem("y", "binary", (0, 1)), 0)) == ["late"]


def test_rows_that_repeat_over_the_folds_are_counted() -> None:
    rows = table().drop(columns="label")
    assert "repeat" not in noted(rows, "y")[1]
    _, said = noted(pd.concat([rows, rows[:90]], ignore_index=True), "y")
    count, total = map(int, re.findall(r"(\d+) of (\d+) rows repeat another row", said)[0])
    assert total == 390
    assert 100 < count <= 180, "a copy in the same fold does no harm"
    few = pd.DataFrame({"a": [0, 1] * 60, "b": [0, 0, 1] * 40, "y": ["u", "v", "u", "u"] * 30})
    assert "repeat" not in noted(few, "y")[1], "there are only a few rows to have"


@pytest.mark.parametrize("target", ["y", "label"])
@pytest.mark.parametrize("cause", ["stopped at once", "the first learner fails"])
def test_a_learner_comes_before_the_end_of_time(
    target: str, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if cause == "the first learner fails":

        def broken(*given: Any, **settings: Any) -> Any:
            raise RuntimeError("not on this table")

        monkeypatch.setattr(_catboost(), "fit", broken)
    found, said = noted(table(400).drop(columns="label" if target == "y" else "y"), target)
    titles = [one.trial.title for one in found.trials]
    assert titles == ["Prior", "LightGBM" if "fails" in cause else "CatBoost"]
    assert "only a baseline" not in said
    assert found.predictor.facts["scores"]["skill"] > 0.1
    assert [member.title for member in found.predictor.members] == titles[1:]


def test_boosted_trees_do_not_stop_after_the_first_one_on_a_machine_that_comes_to_a_halt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Time seemed enough for many trees of a low learning rate, and is over when the first is there."""
    monkeypatch.setattr(Clock, "over", property(lambda clock: True))
    rows = table(400).drop(columns="y")
    found = search(rows, "label", SearchConfig(preset="fast", time_limit_s=60), RecordingWatcher())
    boosted = {one.trial.title: one.models for one in found.trials}
    assert all(model.model.tree_count_ >= 15 for model in boosted["CatBoost"])
    assert all(model.booster.num_trees() >= 15 for model in boosted["LightGBM"])


def _catboost() -> Any:
    from automl.automl_handler.learners.catboost import CatBoostModel

    return CatBoostModel


def test_a_model_that_knows_nothing_is_said_to_be_one() -> None:
    random = np.random.default_rng(1)
    rows = table().assign(label=random.choice(["up", "down"], 300)).drop(columns="y")
    found, said = noted(rows, "label")
    assert all(isinstance(model, PriorModel) for one in found.predictor.members for model in one.models)
    assert "the model is only a baseline: it predicts the same target for every row" in said
    assert "the columns seem to say nothing about it" in said
    assert found.predictor.facts["scores"]["skill"] == pytest.approx(0, abs=0.01)
    page = Report()
    report._leaderboard(page, found)
    assert "The model is only a baseline" in page.sections[0].text


def test_a_model_without_any_learner_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "plan", lambda *given: [Trial("none", _Broken, 1.0)])
    _, said = noted(table().drop(columns="y"), "label")
    assert "because no other learner could be fitted" in said


class _Broken(PriorModel):
    @classmethod
    def fit(cls, *given: Any, **settings: Any) -> Any:
        raise RuntimeError("not on this table")


@pytest.mark.only("inside")
def test_a_job_reads_amounts_and_says_what_it_saw(place: Place, tmp_path: Path) -> None:
    rows = table(240).drop(columns="label").rename(columns={"x": "A", "team": "a"})
    rows["y"] = [f"${value:,.2f}" for value in 5_000 + 1_000 * rows["y"]]
    rows["copy"] = rows["y"].str.replace("$", "", regex=False).str.replace(",", "", regex=False)
    training = place.train(lay_out(tmp_path, rows, target="y", time_limit_s=10))
    assert training.code == 0, training.log
    text = (training.root / "output/data/report.json").read_text()
    for said in ("predicted as a number in $", "possible leakage: column copy alone predicts y"):
        assert said in training.log
        assert said[1:] in text
    assert re.search(r"^metric skill=0\.\d+;$", training.log, re.MULTILINE)
    with place.serve(training.root) as server:
        body = rows[["a", "copy", "A"]].head(20).to_csv(index=False).encode()
        found = server.ask(body, "text/csv", "application/json").json["predictions"]
    assert [one["prediction"] for one in found] == pytest.approx(rows["copy"].head(20).astype(float), rel=0.3)
