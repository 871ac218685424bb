"""What is true of boosted trees alone: engines, problems, answers, parts, and that nothing is added to the engine."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from specimen import FEATURES, MODEL

from slipway import UserError

ENGINES = ("catboost", "lightgbm", "xgboost")
TARGETS = {"binary": "sold", "multiclass": "grade", "regression": "price", "ranking": "stars"}
BETTER = {"binary": ("roc_auc", 0.8), "multiclass": ("accuracy", 0.55), "regression": ("r2", 0.4), "ranking": ("ndcg", 0.75)}  # fmt: skip
FEW = {"n_estimators": 40, "features": FEATURES, "cat_features": ["shop"], "learning_rate": 0.2}


def settings(engine: str, problem: str, **more: Any) -> dict[str, Any]:
    given = {**FEW, "engine": engine, "target": TARGETS[problem], **more}
    if problem == "ranking":
        given["group"] = "basket"
    return given


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
    loaded = MODEL.load(tmp_path)
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
    data = booster.data(rows[model.columns])
    if engine == "catboost":
        kind = "RawFormulaVal" if problem == "regression" else "Probability"
        own = np.asarray(booster.model.predict(data, prediction_type=kind))
    elif engine == "lightgbm":
        own = booster.model.predict(data)
    else:
        import xgboost
        from boosters import dmatrix

        own = booster.model.predict(dmatrix(data, booster.features))
        assert xgboost.__version__
    said = ask(model, rows, outputs=["score", "probabilities", "predicted_label"])
    if problem == "regression":
        assert said["score"] == pytest.approx(own, rel=1e-6)
        return
    own = own if own.ndim == 2 else np.column_stack([1 - own, own])
    assert np.array(said["probabilities"].tolist()) == pytest.approx(own, abs=1e-6)
    names = np.array(model.outcome.classes)
    assert said["predicted_label"].tolist() == names[own.argmax(axis=1)].tolist()


@pytest.mark.parametrize("engine", ENGINES)
def test_shap_values_sum_to_the_raw_score(engine: str, fitted: Any, ask: Any, table: pd.DataFrame) -> None:
    for problem in ("binary", "multiclass", "regression"):
        model = fitted(engine, problem).model
        said = ask(model, table.head(30), outputs=["shap", "raw_scores", "predicted_label"])
        total = sum(column for name, column in said.items() if name.startswith("shap_"))
        raw = np.array(said["raw_scores"].tolist())
        if problem == "multiclass":
            classes = list(model.outcome.classes)
            raw = raw[np.arange(30), [classes.index(name) for name in said["predicted_label"]]]
        else:
            raw = raw[:, -1]
        assert total == pytest.approx(raw, abs=1e-4)


@pytest.mark.parametrize("engine", ENGINES)
def test_leaves_are_one_a_tree(engine: str, fitted: Any, ask: Any, table: pd.DataFrame) -> None:
    model = fitted(engine, "binary").model
    leaves = ask(model, table.head(7), outputs=["leaves"])["leaves"]
    assert {len(row) for row in leaves} == {model.booster.trees}


def test_outputs_that_mean_nothing_for_a_problem_are_empty(
    fitted: Any, ask: Any, table: pd.DataFrame
) -> None:
    """B8.9."""
    rows = table.head(3)
    numbers = ask(fitted("xgboost", "regression").model, rows, outputs=["predicted_label", "probability", "predicted_score", "score"])  # fmt: skip
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


def test_the_positive_class_is_the_one_configured(fit: Any, ask: Any, table: pd.DataFrame) -> None:
    two = table.assign(answer=np.where(table.sold == 1, "no", "yes"))  # "yes" is second in order
    given = {**FEW, "target": "answer", "metrics": ["roc_auc"]}
    usual, turned = (ask(fit(two, **given, **more).model, two) for more in ({}, {"pos_class": "no"}))
    assert np.corrcoef(usual["probability"], turned["probability"])[0, 1] < -0.9
    agree = np.mean(usual["predicted_label"] == turned["predicted_label"])
    assert agree > 0.9


@pytest.mark.parametrize("engine", ENGINES)
def test_unseen_categories_and_gaps_lose_no_row(
    engine: str, fitted: Any, ask: Any, table: pd.DataFrame
) -> None:
    rows = pd.DataFrame(
        {"size": [np.nan, 0.5], "shade": [None, "violet"], "shop": [77, 3], "noise": [0.0, np.nan]}
    )
    said = ask(fitted(engine, "binary").model, rows)
    assert np.isfinite(said["probability"]).all()


def test_the_rows_of_three_uses_are_disjoint(fit: Any, table: pd.DataFrame, monkeypatch: Any) -> None:
    import learn

    seen: dict[str, Any] = {}
    grow, ask = learn.Learner._grow, learn.Learner.ask

    def _grow(self: Any, name: str, rest: Any, stop: Any, trees: int, rounds: int) -> Any:
        seen["learnt"], seen["stop"] = set(rest.table.noise_id), set(stop.table.noise_id)
        return grow(self, name, rest, stop, trees, rounds)

    def _ask(self: Any, booster: Any, data: Any, threshold: float) -> Any:
        seen.setdefault("measured", set()).update(data.table.noise_id)
        return ask(self, booster, data, threshold)

    monkeypatch.setattr(learn.Learner, "_grow", _grow)
    monkeypatch.setattr(learn.Learner, "ask", _ask)
    marked = table.assign(noise_id=np.arange(len(table)))
    fit(marked, **{**FEW, "features": [*FEATURES, "noise_id"], "target": "sold", "n_estimators": 5})
    assert not seen["learnt"] & seen["stop"]
    assert not seen["measured"] & (seen["learnt"] | seen["stop"])
    assert len(seen["learnt"] | seen["stop"] | seen["measured"]) == len(table)


def test_channels_of_their_own_are_used_whole(fit: Any, table: pd.DataFrame, capsys: Any) -> None:
    parts = {"train": table[:250], "validation": table[250:320], "test": table[320:]}
    done = fit(parts, **settings("lightgbm", "binary"))
    assert "trees of 250 rows" in capsys.readouterr().err
    thresholds = next(section for section in done.job.page.sections if section.title == "Thresholds").table
    assert thresholds["called positive"].max() <= 80


def test_early_stopping_stops_and_cuts_back_to_the_best(fit: Any, table: pd.DataFrame) -> None:
    for engine in ENGINES:
        more = {"n_estimators": 400, "learning_rate": 0.5, "early_stopping_rounds": 5}
        done = fit(table, **settings(engine, "binary", **more))
        assert 1 <= done.model.booster.trees < 100
        whole = fit(table, **settings(engine, "binary", n_estimators=30, early_stopping_rounds=0))
        assert whole.model.booster.trees == 30


@pytest.mark.parametrize("engine", ENGINES)
def test_folds_measure_each_row_once_and_learn_from_all(engine: str, fit: Any, table: pd.DataFrame) -> None:
    done = fit(table, **settings(engine, "binary", folds=3, n_estimators=15, metrics=["roc_auc", "accuracy"]))
    means = next(section for section in done.job.page.sections if section.title == "Metrics").table
    assert list(means.columns) == ["metric", "value", "standard deviation"]
    assert done.metrics["roc_auc"] > 0.75
    thresholds = next(section for section in done.job.page.sections if section.title == "Thresholds").table
    assert thresholds["called positive"].max() <= len(table)


def test_refit_learns_from_all_rows_with_the_same_number_of_trees(
    fit: Any, ask: Any, table: pd.DataFrame
) -> None:
    once, again = (fit(table, **settings("lightgbm", "binary", refit=refit)) for refit in (False, True))
    assert once.metrics == again.metrics
    assert once.model.booster.trees == again.model.booster.trees
    assert ask(once.model, table)["probability"].tolist() != ask(again.model, table)["probability"].tolist()


def test_a_threshold_is_chosen_by_a_metric_and_kept(
    fit: Any, ask: Any, table: pd.DataFrame, tmp_path: Any
) -> None:
    rare = table.assign(rare=(table.price > 2.3).astype(int))
    given = settings("catboost", "binary", target="rare", metrics=["recall", "f1"])
    plain, chosen = fit(rare, **given), fit(rare, **given, threshold_metric="f1")
    assert plain.model.threshold == 0.5
    assert chosen.model.threshold != 0.5
    assert chosen.metrics["f1"] > plain.metrics["f1"] - 0.05
    chosen.model.save(tmp_path)
    said = ask(MODEL.load(tmp_path), rare)
    assert (
        said["predicted_label"].tolist()
        == (said["probability"] >= chosen.model.threshold).astype(int).tolist()
    )


def test_monotone_constraints_hold(fit: Any, ask: Any, table: pd.DataFrame) -> None:
    for engine in ENGINES:
        given = settings(engine, "regression", monotone_constraints={"size": -1}, cat_features=[])
        given["features"] = ["size", "shop", "noise"]
        model = fit(table, **given).model
        line = pd.DataFrame({"size": np.linspace(-2, 2, 50), "shop": 3, "noise": 0.0})
        assert (np.diff(ask(model, line)["score"]) <= 1e-6).all(), engine


def test_weights_of_rows_and_of_classes_count(fit: Any, ask: Any, table: pd.DataFrame) -> None:
    for engine in ENGINES:
        given = settings(engine, "binary", n_estimators=10)
        plain = ask(fit(table, **given).model, table)["probability"].mean()
        heavy = ask(fit(table, **given, class_weights={"1": 20}).model, table)["probability"].mean()
        assert heavy > plain + 0.1, engine
        marked = table.assign(weight=np.where(table.sold == 1, 20.0, 1.0))
        same = ask(fit(marked, **given, weights="weight").model, table)["probability"].mean()
        assert same == pytest.approx(heavy, abs=1e-6), engine


def test_texts_are_read_by_catboost_and_refused_by_the_others(fit: Any, table: pd.DataFrame) -> None:
    """No text comes twice, so that as a category it would tell nothing."""
    texts = [f"{'fine' if sold else 'poor'} thing {number}" for number, sold in enumerate(table.sold)]
    told = table.assign(words=texts)[["words", "noise", "sold"]]
    given = {"target": "sold", "text_features": ["words"], "n_estimators": 40, "metrics": ["roc_auc"]}
    assert fit(told, **given).metrics["roc_auc"] > 0.9
    with pytest.raises(UserError, match="text_features: lightgbm reads no texts; use engine=catboost"):
        fit(told, **given, engine="lightgbm")


def test_a_split_by_time_measures_on_the_latest_rows(fit: Any, table: pd.DataFrame) -> None:
    late = table.assign(sold=np.where(table.day >= 300, 1 - table.sold, table.sold))
    usual = fit(late, **settings("lightgbm", "binary", metrics=["roc_auc"])).metrics["roc_auc"]
    timed = fit(late, **settings("lightgbm", "binary", timestamp="day", metrics=["roc_auc"])).metrics[
        "roc_auc"
    ]
    assert timed < 0.5 < usual


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "target is required: name the column to learn; there are size, shade"),
        ({"target": "nothing"}, "target: no column nothing in the train channel"),
        ({"target": "sold", "cat_features": ["shpo"]}, "cat_features: no column shpo"),
        ({"target": "sold", "features": ["sold"]}, "features: column sold has another use"),
        ({"target": "sold", "pos_class": "3"}, "pos_class: '3' is no value of sold; it has 0 and 1"),
        ({"target": "grade", "problem": "regression"}, "target: regression needs numbers"),
        ({"target": "price", "problem": "binary"}, "a binary target has two"),
        ({"target": "stars", "problem": "ranking"}, "group: ranking needs the column"),
        ({"target": "sold", "class_weights": {"2": 1}}, "class_weights: no class '2'; the classes are 0, 1"),
        ({"target": "sold", "metrics": ["rmse"]}, "metrics: rmse is not defined for problem binary"),
        ({"target": "sold", "threshold_metric": "f2"}, "threshold_metric: unknown f2"),
        ({"target": "sold", "monotone_constraints": {"shade": 1}}, "monotone_constraints: column shade"),
        ({"target": "sold", "weights": "shade"}, "weights: column shade must hold numbers"),
        ({"target": "sold", "model_params": {"grow_policy": "Odd"}}, "grow_policy|Odd"),
        ({"target": "sold", "engine": "lightgbm", "model_params": {"path_smooth": "x"}}, "lightgbm: "),
        ({"target": "sold", "engine": "xgboost", "model_params": {"gamma": "x"}}, "xgboost: .*gamma|min_split"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(given: dict[str, Any], message: str, fit: Any, table: pd.DataFrame) -> None:
    with pytest.raises(UserError, match=message) as caught:
        fit(table.drop(columns="words"), **{"n_estimators": 3, **given})
    assert "\n" not in str(caught.value)
