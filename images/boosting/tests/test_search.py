"""`tune=n` searches configurations inside the job, by the rows of early stopping alone."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from boosting import fitting, search
from boosting.engines import training
from boosting.hyperparameters import Hyperparameters
from boosting.tests.tables import ENGINES, FEATURES, settings

from slipway import UserError

FREE = {"learning_rate": None, "n_estimators": 30, "early_stopping_rounds": 5}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_configuration_with_the_best_validation_score_is_kept(
    engine: str, fit: Any, ask: Any, table: pd.DataFrame, capsys: Any, tmp_path: Any
) -> None:
    given = {**settings(engine, "binary", metrics=["log_loss"], eval_metric="roc_auc"), **FREE}
    done = fit(table, **given, tune=4)
    log = capsys.readouterr().err
    assert all(f"configuration {number} of 4: " in log for number in (1, 2, 3, 4))
    shown = next(section for section in done.job.report.sections if section.title == "Search").table
    assert len(shown) == 4
    scores = shown.iloc[:, 0].tolist()
    assert scores == sorted(scores, reverse=True)
    best = {name: value for name, value in shown.iloc[0, 2:].items() if not np.isnan(value)}
    kept = done.model.configuration
    assert {name: kept[name] for name in best} == pytest.approx(best)
    assert done.model.booster.trees == shown.iloc[0]["trees"]
    alone = fit(table, **{**given, **best, "max_depth": best.get("max_depth")}, tune=0)
    assert alone.metrics == done.metrics
    again = fit(table, **given, tune=4)
    assert again.metrics == done.metrics


def test_the_test_rows_take_no_part_in_the_search(fit: Any, table: pd.DataFrame, monkeypatch: Any) -> None:
    searched: set[float] = set()
    evaluated: set[float] = set()
    train, predict = training.train, fitting.Trainer.predict

    def _train(run: Any) -> Any:
        for rows in (run.train, run.validation):
            searched.update(rows.features.number("number"))
        return train(run)

    def _predict(self: Any, booster: Any, data: Any, threshold: float) -> Any:
        evaluated.update(data.features.number("number"))
        return predict(self, booster, data, threshold)

    monkeypatch.setattr(training, "train", _train)
    monkeypatch.setattr(fitting.Trainer, "predict", _predict)
    numbered = table.assign(number=np.arange(len(table)))
    given = {**settings("lightgbm", "regression"), **FREE, "features": [*FEATURES, "number"]}
    fit(numbered, **given, tune=3)
    assert len(evaluated) == len(table) // 4
    assert not searched & evaluated


def test_hyperparameters_that_are_given_are_not_searched() -> None:
    params = Hyperparameters(engine="xgboost", learning_rate=0.07, subsample=0.9, tune=5, seed=1)
    drawn = search.configurations(params)
    assert drawn[0] == {}
    assert [set(one) for one in drawn[1:]] == [{"max_depth", "l2", "colsample"}] * 4
    assert drawn == search.configurations(params)
    assert drawn != search.configurations(params.model_copy(update={"seed": 2}))
    every = {"learning_rate": 0.1, "max_leaves": 7, "l2": 1, "subsample": 1, "colsample": 1}
    assert search.configurations(Hyperparameters(engine="lightgbm", tune=5, **every)) == [{}]
    fixed = Hyperparameters(tune=2, model_params={"bootstrap_type": "Bayesian"})
    assert "subsample" not in search.configurations(fixed)[1]


def test_the_time_limit_ends_the_search(fit: Any, table: pd.DataFrame, monkeypatch: Any, capsys: Any) -> None:
    clock = iter(np.arange(0, 1e6, 0.5))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    given = {**settings("lightgbm", "binary"), **FREE, "n_estimators": 400, "early_stopping_rounds": 400}
    done = fit(table, **given, tune=30, time_limit_s=40)
    log = capsys.readouterr().err
    assert "of 30 configurations" in log
    assert 1 <= done.model.booster.trees < 100


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"folds": 3}, "tune: cannot be combined with folds"),
        ({"early_stopping_rounds": 0}, "tune: needs early"),
    ],
)
def test_a_search_needs_one_set_of_validation_rows(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Hyperparameters.read({"tune": "3", **given})
