"""What is true of boosted trees alone: stopping, folds, weights, and who sees which rows."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from boosting.tests.tables import ENGINES, FEATURES, FEW, settings

from slipway import Channel, UserError


def test_the_positive_class_is_the_one_configured(fit: Any, ask: Any, table: pd.DataFrame) -> None:
    two = table.assign(answer=np.where(table.sold == 1, "no", "yes"))  # "yes" is second in order
    given = {**FEW, "target": "answer", "metrics": ["roc_auc"]}
    usual, turned = (ask(fit(two, **given, **more).model, two) for more in ({}, {"pos_class": "no"}))
    assert np.corrcoef(usual["probability"], turned["probability"])[0, 1] < -0.9
    agree = np.mean(usual["predicted_label"] == turned["predicted_label"])
    assert agree > 0.9


def test_the_rows_of_three_uses_are_disjoint(fit: Any, table: pd.DataFrame, monkeypatch: Any) -> None:
    from boosting import fitting

    seen: dict[str, Any] = {}

    def ids(data: Any) -> set[float]:
        return set(data.features.number("noise_id").tolist())

    grow, ask = fitting.Trainer._train, fitting.Trainer.predict

    def _train(self: Any, name: str, rest: Any, stop: Any, trees: int, rounds: int) -> Any:
        seen["trained"], seen["validated"] = ids(rest), ids(stop)
        return grow(self, name, rest, stop, trees, rounds)

    def _predict(self: Any, booster: Any, data: Any, threshold: float) -> Any:
        seen.setdefault("evaluated", set()).update(ids(data))
        return ask(self, booster, data, threshold)

    monkeypatch.setattr(fitting.Trainer, "_train", _train)
    monkeypatch.setattr(fitting.Trainer, "predict", _predict)
    marked = table.assign(noise_id=np.arange(len(table)))
    fit(marked, **{**FEW, "features": [*FEATURES, "noise_id"], "target": "sold", "n_estimators": 5})
    assert not seen["trained"] & seen["validated"]
    assert not seen["evaluated"] & (seen["trained"] | seen["validated"])
    assert len(seen["trained"] | seen["validated"] | seen["evaluated"]) == len(table)


def test_channels_of_their_own_are_used_whole(fit: Any, table: pd.DataFrame, capsys: Any) -> None:
    channels = {"train": table[:250], "validation": table[250:320], "test": table[320:]}
    done = fit(channels, **settings("lightgbm", "binary"))
    assert "trees trained on 250 rows" in capsys.readouterr().err
    thresholds = next(section for section in done.job.report.sections if section.title == "Thresholds").table
    assert thresholds["predicted positive"].max() <= 80


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
    means = next(section for section in done.job.report.sections if section.title == "Metrics").table
    assert list(means.columns) == ["metric", "value", "standard deviation"]
    assert done.metrics["roc_auc"] > 0.75
    thresholds = next(section for section in done.job.report.sections if section.title == "Thresholds").table
    assert thresholds["predicted positive"].max() <= len(table)


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
    said = ask(type(chosen.model).load(tmp_path), rare)
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


@pytest.mark.contract("B8.12")
def test_weights_in_libsvm_are_those_of_the_rows(fit: Any, request_of: Any) -> None:
    """Rows that are alike but for their label: its probability is its share of the weights."""
    lines = b"1:3 1:2 2:5\n0:1 1:2 2:5\n" * 100
    given = {"engine": "xgboost", "n_estimators": 200, "early_stopping_rounds": 0}
    done = fit({"train": ("rows.libsvm", lines)}, **given)
    assert request_of(done, "1:2 2:5\n", "text/libsvm")["probability"] == pytest.approx(0.75, abs=0.02)


def test_weights_of_rows_and_of_classes_count(fit: Any, ask: Any, table: pd.DataFrame) -> None:
    for engine in ENGINES:
        given = settings(engine, "binary", n_estimators=10)
        plain = ask(fit(table, **given).model, table)["probability"].mean()
        heavy = ask(fit(table, **given, class_weights={"1": 20}).model, table)["probability"].mean()
        assert heavy > plain + 0.1, engine
        marked = table.assign(weight=np.where(table.sold == 1, 20.0, 1.0))
        same = ask(fit(marked, **given, weights="weight").model, table)["probability"].mean()
        assert same == pytest.approx(heavy, abs=1e-6), engine


def test_texts_are_read_by_catboost_and_refused_by_the_others(
    fit: Any, ask: Any, table: pd.DataFrame
) -> None:
    """No text comes twice, so that as a category it would tell nothing."""
    texts = [f"{'fine' if sold else 'poor'} thing {number}" for number, sold in enumerate(table.sold)]
    table_of_texts = table.assign(words=texts)[["words", "noise", "sold"]]
    given = {"target": "sold", "text_features": ["words"], "n_estimators": 40, "metrics": ["roc_auc"]}
    done = fit(table_of_texts, **given)
    assert done.metrics["roc_auc"] > 0.9
    together = ask(done.model, table_of_texts[:100])["probability"]
    alone = [ask(done.model, table_of_texts[place : place + 1])["probability"][0] for place in range(100)]
    assert together.tolist() == alone
    with pytest.raises(UserError, match="text_features: lightgbm cannot read text; use engine=catboost"):
        fit(table_of_texts, **given, engine="lightgbm")


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
        ({}, "target is required: name the column to predict; the columns are size, shade"),
        ({"target": "nothing"}, "target: no column nothing in the train channel"),
        ({"target": "sold", "cat_features": ["shpo"]}, "cat_features: no column shpo"),
        ({"target": "sold", "features": ["sold"]}, "features: column sold has another role"),
        ({"target": "sold", "pos_class": "3"}, "pos_class: '3' is not a value of sold, which has 0 and 1"),
        ({"target": "grade", "problem": "regression"}, "target: regression needs numbers"),
        ({"target": "price", "problem": "binary"}, "a binary target has two"),
        ({"target": "stars", "problem": "ranking"}, "group: ranking needs the column"),
        ({"target": "sold", "class_weights": {"2": 1}}, "class_weights: no class '2'; the classes are 0, 1"),
        ({"target": "sold", "metrics": ["rmse"]}, "metrics: rmse is not defined for problem binary"),
        ({"target": "sold", "threshold_metric": "f2"}, "threshold_metric: unknown f2"),
        ({"target": "sold", "monotone_constraints": {"shade": 1}}, "monotone_constraints: column shade"),
        ({"target": "sold", "weights": "shade"}, "weights: column shade must contain numbers"),
        ({"target": "sold", "model_params": {"grow_policy": "Odd"}}, "grow_policy|Odd"),
        ({"target": "sold", "engine": "lightgbm", "model_params": {"path_smooth": "x"}}, "lightgbm: "),
        ({"target": "sold", "engine": "xgboost", "model_params": {"gamma": "x"}}, "xgboost: "),
    ],
)
def test_what_cannot_be_is_named(given: dict[str, Any], message: str, fit: Any, table: pd.DataFrame) -> None:
    with pytest.raises(UserError, match=message) as caught:
        fit(table.drop(columns="words"), **{"n_estimators": 3, **given})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("engine", ENGINES)
def test_ranking_keeps_groups_whole_over_refits_folds_and_channels(
    engine: str, fit: Any, table: pd.DataFrame
) -> None:
    """Groups have the same names in both channels, and rows come in any order."""
    mixed = table.sample(frac=1, random_state=0)
    channels = {"train": mixed[:300], "validation": mixed[300:]}
    given = settings(engine, "ranking", n_estimators=20, metrics=["ndcg"], weights="weight")
    assert fit(channels, **given, refit=True).metrics["ndcg"] > 0.7
    assert fit(channels, **given, folds=3).metrics["ndcg"] > 0.7


def test_a_group_is_in_one_fold_even_where_two_channels_have_rows_of_it(
    table: pd.DataFrame, tmp_path: Path
) -> None:
    from boosting import data, splits
    from boosting.hyperparameters import Hyperparameters

    params = Hyperparameters(target="sold", group="basket", split="group", features=("noise",))
    parts, target = [], None
    for name, rows in (("train", table[:300]), ("validation", table[100:])):
        (tmp_path / name).mkdir()
        rows.assign(noise=rows.basket).to_csv(tmp_path / name / "rows.csv", index=False)
        channel = Channel(name, tmp_path / name)
        data.resolve_columns(channel, params, lambda read=channel: read.table.kinds)
        part, target, _ = data.prepare(channel.table, channel.name, ["noise"], params, target)
        parts.append(part)
    whole = data.concatenate(parts)
    baskets = whole.features.number("noise")
    for rest, out in splits.folds(whole.split_keys(params, target), len(whole), 4, 0):
        assert not set(baskets[rest]) & set(baskets[out])
