"""Engines and problems: what is answered is what the engine itself says."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from boosting.tests.tables import BETTER, ENGINES, TARGETS, in_table, settings


@pytest.fixture(scope="module")
def fitted(fit: Callable[..., Any], table: pd.DataFrame) -> Callable[[str, str], Any]:
    made: dict[tuple[str, str], Any] = {}

    def one(engine: str, problem: str) -> Any:
        if (engine, problem) not in made:
            metric = BETTER[problem][0]
            made[engine, problem] = fit(table, **settings(engine, problem, metrics=[metric]))
        return made[engine, problem]

    return one


@pytest.mark.parametrize("problem", TARGETS)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_learns_every_problem_and_answers_the_same_once_loaded(
    engine: str, problem: str, fitted: Any, ask: Any, table: pd.DataFrame, tmp_path: Any
) -> None:
    done = fitted(engine, problem)
    metric, least = BETTER[problem]
    assert done.metrics[metric] > least
    done.model.save(tmp_path)
    loaded = type(done.model).load(tmp_path)
    rows = table.head(50)
    everything = ["predicted_label", "probabilities", "score", "raw_scores", "leaves", "shap"]
    once, again = (ask(model, rows, outputs=everything) for model in (done.model, loaded))
    for name, column in once.items():
        assert str(column.tolist()) == str(again[name].tolist()), name
    assert json.loads((tmp_path / "metrics.json").read_text()) == done.metrics
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", done.model.booster.suffix}


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("engine", ENGINES)
def test_answers_are_the_engines_own(
    engine: str, problem: str, fitted: Any, ask: Any, table: pd.DataFrame
) -> None:
    model = fitted(engine, problem).model
    booster, rows = model.booster, table.head(60)
    data = booster.data(in_table(model, rows))
    if engine == "catboost":
        kind = "RawFormulaVal" if problem == "regression" else "Probability"
        own = np.asarray(booster.model.predict(data, prediction_type=kind))
    elif engine == "lightgbm":
        own = booster.model.predict(data)
    else:
        import xgboost
        from boosting.boosters import dmatrix

        own = booster.model.predict(dmatrix(data, booster.features))
        assert xgboost.__version__
    said = ask(model, rows, outputs=["score", "probabilities", "predicted_label"])
    if problem == "regression":
        assert said["score"] == pytest.approx(own, rel=1e-6)
        return
    own = own if own.ndim == 2 else np.column_stack([1 - own, own])
    assert np.array(said["probabilities"].tolist()) == pytest.approx(own, abs=1e-6)
    names = np.array(model.target.classes)
    assert said["predicted_label"].tolist() == names[own.argmax(axis=1)].tolist()


@pytest.mark.parametrize("engine", ENGINES)
def test_shap_values_sum_to_the_raw_score(engine: str, fitted: Any, ask: Any, table: pd.DataFrame) -> None:
    for problem in ("binary", "multiclass", "regression"):
        model = fitted(engine, problem).model
        said = ask(model, table.head(30), outputs=["shap", "raw_scores", "predicted_label"])
        total = sum(column for name, column in said.items() if name.startswith("shap_"))
        raw = np.array(said["raw_scores"].tolist())
        if problem == "multiclass":
            classes = list(model.target.classes)
            raw = raw[np.arange(30), [classes.index(name) for name in said["predicted_label"]]]
        else:
            raw = raw[:, -1]
        assert total == pytest.approx(raw, abs=1e-4)


@pytest.mark.parametrize("engine", ENGINES)
def test_leaves_are_one_a_tree(engine: str, fitted: Any, ask: Any, table: pd.DataFrame) -> None:
    model = fitted(engine, "binary").model
    leaves = ask(model, table.head(7), outputs=["leaves"])["leaves"]
    assert {len(row) for row in leaves} == {model.booster.trees}


@pytest.mark.contract("B8.9")
def test_outputs_that_mean_nothing_for_a_problem_are_empty(
    fitted: Any, ask: Any, table: pd.DataFrame
) -> None:
    rows = table.head(3)
    numbers = ask(
        fitted("xgboost", "regression").model,
        rows,
        outputs=["predicted_label", "probability", "predicted_score", "score"],
    )
    assert np.isnan(numbers["predicted_label"]).all()
    assert np.isnan(numbers["probability"]).all()
    assert numbers["predicted_score"].tolist() == numbers["score"].tolist()
    classes = ask(fitted("xgboost", "multiclass").model, rows, outputs=["predicted_score", "labels", "score"])
    assert np.isnan(classes["predicted_score"]).all()
    assert classes["labels"].tolist() == [["high", "low", "middle"]] * 3
    assert set(classes["score"]) <= {0.0, 1.0, 2.0}


def test_the_usual_answer_is_label_and_probability_and_labels_alone_on_demand(
    fitted: Any, ask: Any, table: pd.DataFrame
) -> None:
    model, rows = fitted("catboost", "binary").model, table.head(20)
    said = ask(model, rows)
    assert list(said) == ["predicted_label", "probability"]
    assert said["predicted_label"].dtype.kind == "i"
    assert said["predicted_label"].tolist() == (said["probability"] >= 0.5).astype(int).tolist()
    assert list(ask(model, rows, labels=True)) == ["predicted_label"]
    never = ask(model, rows, threshold=1.0)
    assert set(never["predicted_label"]) == {0}


@pytest.mark.parametrize("engine", ENGINES)
def test_unseen_categories_and_gaps_lose_no_row(
    engine: str, fitted: Any, ask: Any, table: pd.DataFrame
) -> None:
    rows = pd.DataFrame(
        {"size": [np.nan, 0.5], "shade": [None, "violet"], "shop": [77, 3], "noise": [0.0, np.nan]}
    )
    said = ask(fitted(engine, "binary").model, rows)
    assert np.isfinite(said["probability"]).all()
