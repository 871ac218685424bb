"""What a user may set for a training job."""

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field

import slipway
from slipway import Tunable

Problem = Literal["binary", "multiclass", "regression", "ranking"]


def _also(*names: str) -> Any:
    return Field(validation_alias=AliasChoices(*names))


class Hyperparameters(slipway.Hyperparameters):
    """What a user may set, as hyperparameters one by one or as one JSON object."""

    engine: Annotated[Literal["catboost", "lightgbm", "xgboost"], Tunable()] = "catboost"
    """The library that learns."""
    config: dict[str, Any] = Field(default_factory=dict)
    """All of these as one JSON object, in the older form, {"model_params": …, "data_params": …}, or flat."""
    target: Annotated[str, _also("target", "label_column", "to_predict")] = ""
    """The column to learn; when empty the first of a table without a header, or LibSVM's label."""
    problem: Problem | Literal["auto"] = "auto"
    """What the target is; auto: two values binary, texts multiclass, numbers regression, a group ranking."""
    pos_class: Annotated[str, _also("pos_class", "positive_class")] = ""
    """The class of a binary target that probabilities are of; the second in order when empty."""
    features: tuple[str, ...] = ()
    """The columns to learn from; all that have no other use when empty."""
    cat_features: Annotated[tuple[str, ...], _also("cat_features", "categorical_features")] = ()
    """Columns whose cells are names of things, digit for digit; columns of texts are, without being named."""
    text_features: tuple[str, ...] = ()
    """Columns of texts to read word by word; engine catboost only."""
    weights: Annotated[str, _also("weights", "weight_column")] = ""
    """The column of the rows' weights."""
    group: Annotated[str, _also("group", "qid")] = ""
    """The column that tells which rows belong together: for ranking, and for split=group."""
    timestamp: Annotated[str, _also("timestamp", "time_column")] = ""
    """The column of times, for split=time: numbers, or dates and times in any spelling."""
    split: Literal["auto", "row", "group", "time"] = "auto"
    """How rows are held out; auto: by time where there is a timestamp, by group in ranking, else by row."""
    test_size: Annotated[float, Field(ge=0.01, le=0.9)] = 0.25
    """Share of the rows to measure on, held out where there is no test channel."""
    validation_size: Annotated[float, Field(ge=0.01, le=0.9)] = 0.15
    """Share of the other rows to stop early on, held out where there is no validation channel."""
    folds: Annotated[int, Field(ge=0, le=50)] = 0
    """Measure by cross-validation with so many folds, and learn from all rows; 0 holds rows out once."""
    refit: bool = False
    """Once measured, learn again from all rows, with as many trees as early stopping found best."""
    metrics: tuple[str, ...] = ()
    """What to measure: scikit-learn's scorers, lift@depth, gain@depth, pr_auc, ks, brier, ece and others."""
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    """The probability from which on a row belongs to pos_class."""
    threshold_metric: str = ""
    """Choose the threshold that is best by this metric, on the rows of early stopping."""
    n_estimators: Annotated[
        int, Field(ge=1, le=100_000), Tunable("Logarithmic"), _also("n_estimators", "num_round", "iterations")
    ] = 1000
    """The most trees (of each class, in multiclass with lightgbm and xgboost)."""
    learning_rate: Annotated[
        Annotated[float, Field(ge=1e-6, le=1)] | None, Tunable("Logarithmic"), _also("learning_rate", "eta")
    ] = None
    """How much of each tree counts; the engine's default when not set, as all that follow."""
    max_depth: Annotated[
        Annotated[int, Field(ge=1, le=64)] | None, Tunable(), _also("max_depth", "depth")
    ] = None
    """How deep a tree may be; catboost takes at most 16."""
    max_leaves: Annotated[Annotated[int, Field(ge=2, le=65_536)] | None, Tunable("Logarithmic")] = None
    """How many leaves a tree may have; for catboost only with grow_policy Lossguide in model_params."""
    l2: Annotated[
        Annotated[float, Field(ge=0, le=10_000)] | None, Tunable(), _also("l2", "lambda", "reg_lambda")
    ] = None
    """How strongly leaves are drawn to 0."""
    subsample: Annotated[Annotated[float, Field(ge=0.01, le=1)] | None, Tunable()] = None
    """Share of the rows that a tree sees."""
    colsample: Annotated[
        Annotated[float, Field(ge=0.01, le=1)] | None, Tunable(), _also("colsample", "colsample_bytree")
    ] = None
    """Share of the columns that a tree sees; in catboost each of its levels."""
    early_stopping_rounds: Annotated[int, Field(ge=0, le=10_000)] = 50
    """Stop when so many trees brought no gain on rows that nothing else uses; 0 grows them all."""
    eval_metric: str = ""
    """What early stopping goes by: log_loss, roc_auc, pr_auc, accuracy, rmse, mae, ndcg, or an own one."""
    objective: Annotated[str, _also("objective", "loss_function")] = ""
    """What trees are grown for, in the engine's words; by the problem when empty."""
    monotone_constraints: dict[str, Literal[-1, 0, 1]] = Field(default_factory=dict)
    """Columns whose growth may only raise (1) or lower (-1) the answer, as {"column": 1}."""
    class_weights: dict[str, Annotated[float, Field(ge=0, le=1e9)]] | Literal["balanced"] | None = None
    """What a row of each class counts, as {"class": weight}; balanced: all classes together alike."""
    model_params: dict[str, Any] = Field(default_factory=dict)
    """Any parameters of the engine itself, under its own names; checked against its list of them."""
    time_limit_s: Annotated[int, Field(ge=1, le=432_000)] | None = None
    """Seconds that growing trees may take; the best number of trees so far is kept."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Fixes every random choice: the same data and seed give the same model."""
