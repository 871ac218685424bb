"""A metric for early stopping fits the problem or the objective, or is refused before anything is trained."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from boosting import configuration
from boosting.engines import eval_metrics, parameter_names
from boosting.hyperparameters import Hyperparameters
from boosting.tests.tables import ENGINES, TARGETS, settings

from slipway import UserError

# Per engine and problem: metrics that fit, and those that do not, by common names and by the engine's own.
FITTING = {
    ("catboost", "binary"): ("roc_auc", "pr_auc", "PRAUC", "F:beta=2", "BrierScore"),
    ("catboost", "multiclass"): ("roc_auc", "accuracy", "TotalF1"),
    ("catboost", "regression"): ("mae", "Quantile:alpha=0.9", "R2", "AUC:type=Ranking"),
    ("catboost", "ranking"): ("ndcg", "map", "PrecisionAt:top=3"),
    ("lightgbm", "binary"): ("roc_auc", "log_loss", "average_precision", "auc,binary_logloss"),
    ("lightgbm", "multiclass"): ("roc_auc", "accuracy", "multi_logloss"),
    ("lightgbm", "regression"): ("mae", "mape", "huber", "mean_squared_error"),
    ("lightgbm", "ranking"): ("ndcg", "map"),
    ("xgboost", "binary"): ("roc_auc", "aucpr", "error@0.3"),
    ("xgboost", "multiclass"): ("roc_auc", "pr_auc", "merror"),
    ("xgboost", "regression"): ("mae", "rmsle", "tweedie-nloglik@1.3"),
    ("xgboost", "ranking"): ("ndcg", "ndcg@3-", "auc"),
}
MISFITS = {
    ("catboost", "binary"): ("rmse", "MultiClass", "NDCG:top=5"),
    ("catboost", "multiclass"): ("pr_auc", "BrierScore", "mae"),
    ("catboost", "regression"): ("roc_auc", "auc", "Accuracy"),
    ("catboost", "ranking"): ("rmse", "log_loss"),
    ("lightgbm", "binary"): ("rmse", "multi_logloss", "auc,rmse"),
    ("lightgbm", "multiclass"): ("pr_auc", "binary_error", "l2"),
    ("lightgbm", "regression"): ("roc_auc", "binary_error", "ndcg@3"),
    ("lightgbm", "ranking"): ("rmse", "auc"),
    ("xgboost", "binary"): ("rmse", "mlogloss"),
    ("xgboost", "multiclass"): ("error", "mae"),
    ("xgboost", "regression"): ("roc_auc", "aucpr", "logloss", "error@0.3"),
    ("xgboost", "ranking"): ("rmse", "log_loss"),
}


@pytest.mark.parametrize(("engine", "problem"), MISFITS)
def test_a_metric_of_another_problem_is_refused_in_one_line(engine: str, problem: str) -> None:
    for metric in MISFITS[engine, problem]:
        with pytest.raises(UserError, match=f"does not fit problem {problem}") as caught:
            configuration.resolve(
                Hyperparameters(engine=engine, problem=problem, group="q", eval_metric=metric), {}
            )
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith("eval_metric: ")


@pytest.mark.parametrize("given", [{}, {"problem": "regression"}])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_regression_is_never_stopped_by_auc(
    engine: str, given: dict[str, Any], fit: Any, table: pd.DataFrame, monkeypatch: Any
) -> None:
    """Given the problem, the data are not even read; otherwise nothing is trained."""

    def train(run: Any) -> Any:
        raise AssertionError("trained")

    monkeypatch.setattr("boosting.engines.training.train", train)
    for metric in ("roc_auc", "AUC" if engine == "catboost" else "auc"):
        with pytest.raises(
            UserError, match=f"eval_metric: {metric} does not fit problem regression; {engine}"
        ):
            fit(table, **settings(engine, "regression", eval_metric=metric), **given)


def test_what_the_configuration_tells_is_refused_before_data_are_read() -> None:
    from boosting import train

    log = SimpleNamespace(progress=print)
    given = {"target": "y", "engine": "lightgbm", "problem": "regression"}
    for wrong in ({"eval_metric": "auc"}, {"metrics": ["roc_auc"]}, {"threshold_metric": "f1"}):
        with pytest.raises(UserError, match=r"problem.regression"):
            train.fit({}, Hyperparameters.read({**given, **wrong}), log)  # type: ignore[arg-type]
    native = {
        "engine": "xgboost",
        "objective": "multi:softprob",
        "model_params": {"eval_metric": ["rmse", "auc"]},
    }
    with pytest.raises(UserError, match="eval_metric: rmse does not fit objective multi:softprob"):
        configuration.resolve(Hyperparameters.read(native), {})


@pytest.mark.parametrize("engine", ENGINES)
def test_a_metric_that_the_engine_lacks_is_named_with_a_hint(engine: str) -> None:
    """LightGBM would ignore it, and train all trees."""
    with pytest.raises(
        UserError, match=f'eval_metric: {engine} has no metric log_los; did you mean "log_loss"'
    ):
        configuration.resolve(Hyperparameters(engine=engine, eval_metric="log_los"), {})


@pytest.mark.parametrize(("engine", "problem"), FITTING)
def test_metrics_that_fit_stop_the_engine(
    engine: str, problem: str, fit: Any, table: pd.DataFrame, monkeypatch: Any
) -> None:
    monkeypatch.setattr("boosting.report.write", lambda *_: None)
    table = table.assign(stars=(table.stars > 1).astype(int))  # `map` takes two grades
    for metric in FITTING[engine, problem]:
        done = fit(table, **settings(engine, problem, n_estimators=3, eval_metric=metric, metrics=[]))
        assert done.model.booster.trees >= 1, metric


def test_the_objective_decides_where_it_is_given(fit: Any, table: pd.DataFrame) -> None:
    eval_metrics.check("xgboost", "ranking", "rmse", "reg:squarederror")
    eval_metrics.check("xgboost", "ranking", "ndcg", "reg:squarederror")
    eval_metrics.check("catboost", "auto", "MAE", "Quantile:alpha=0.9")
    with pytest.raises(UserError, match="rmse does not fit objective binary:logistic"):
        eval_metrics.check("xgboost", "auto", "rmse", "binary:logistic")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("problem", TARGETS)
def test_the_default_metric_and_objective_fit(engine: str, problem: str) -> None:
    metric = parameter_names.eval_metric(engine, problem, "")
    eval_metrics.check(engine, problem, metric, parameter_names.objective(engine, problem))
