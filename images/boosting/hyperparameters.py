"""The hyperparameters of a training job, and the rules across them."""

from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, Field, model_validator

import slipway
from slipway import Tunable, UserError

_CATBOOST_DEPTH = 16
Problem = Literal["binary", "multiclass", "regression", "ranking"]


def _also(*names: str) -> Any:
    return Field(validation_alias=AliasChoices(*names))


class Hyperparameters(slipway.Hyperparameters):
    """Hyperparameters, given one by one or as one JSON object."""

    engine: Annotated[Literal["catboost", "lightgbm", "xgboost"], Tunable()] = "catboost"
    """Gradient boosting library."""
    config: dict[str, Any] = Field(default_factory=dict)
    """All hyperparameters as one JSON object: flat, or in the older form {"model_params": …, "data_params":
    …}."""
    target: Annotated[str, _also("target", "label_column", "to_predict")] = ""
    """Column to predict. Default: the first column of a table without a header, or the label of LibSVM."""
    problem: Problem | Literal["auto"] = "auto"
    """Type of the target. auto: two distinct values are binary, text is multiclass, numbers are regression,
    and a group column means ranking."""
    pos_class: Annotated[str, _also("pos_class", "positive_class")] = ""
    """Positive class of a binary target. Default: the second class in sorted order."""
    features: tuple[str, ...] = ()
    """Columns to learn from. Default: all columns without another role."""
    cat_features: Annotated[tuple[str, ...], _also("cat_features", "categorical_features")] = ()
    """Categorical columns; their cells are compared as text. Text columns are categorical by default."""
    text_features: tuple[str, ...] = ()
    """Text columns to read word by word (engine catboost only)."""
    weights: Annotated[str, _also("weights", "weight_column")] = ""
    """Column with row weights. Default: the weights of LibSVM's `label:weight`, if any."""
    group: Annotated[str, _also("group", "qid")] = ""
    """Column that identifies the query or group of a row, for ranking and for split=group."""
    timestamp: Annotated[str, _also("timestamp", "time_column")] = ""
    """Column with the time of a row, for split=time: numbers, or dates and times in any common format."""
    split: Literal["auto", "row", "group", "time"] = "auto"
    """How to split rows. auto: by time if there is a timestamp, by group for ranking, otherwise at random."""
    test_size: Annotated[float, Field(ge=0.01, le=0.9)] = 0.25
    """Share of rows held out for the metrics, if there is no test channel."""
    validation_size: Annotated[float, Field(ge=0.01, le=0.9)] = 0.15
    """Share of the remaining rows held out for early stopping, if there is no validation channel."""
    folds: Annotated[int, Field(ge=0, le=50)] = 0
    """Number of cross-validation folds for the metrics; the final model is trained on all rows. 0: a single
    hold-out."""
    refit: bool = False
    """After evaluation, train again on all rows with the best number of trees."""
    metrics: tuple[str, ...] = ()
    """Metrics to report: names of scikit-learn scorers, lift@depth, gain@depth, pr_auc, ks, brier, ece and
    others."""
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Minimum probability to predict pos_class."""
    threshold_metric: str = ""
    """Choose the threshold that maximises this metric on the early-stopping rows."""
    n_estimators: Annotated[
        int, Field(ge=1, le=100_000), Tunable("Logarithmic"), _also("n_estimators", "num_round", "iterations")
    ] = 1000
    """Maximum number of trees (per class for multiclass with lightgbm and xgboost)."""
    learning_rate: Annotated[
        Annotated[float, Field(ge=1e-6, le=1)] | None, Tunable("Logarithmic"), _also("learning_rate", "eta")
    ] = None
    """Learning rate. Default, as for all that follow: the engine's own."""
    max_depth: Annotated[
        Annotated[int, Field(ge=1, le=64)] | None, Tunable(), _also("max_depth", "depth")
    ] = None
    """Maximum tree depth. CatBoost allows at most 16."""
    max_leaves: Annotated[Annotated[int, Field(ge=2, le=65_536)] | None, Tunable("Logarithmic")] = None
    """Maximum number of leaves per tree. For CatBoost only with grow_policy=Lossguide in model_params."""
    l2: Annotated[
        Annotated[float, Field(ge=0, le=10_000)] | None, Tunable(), _also("l2", "lambda", "reg_lambda")
    ] = None
    """L2 regularisation of leaf values."""
    subsample: Annotated[Annotated[float, Field(ge=0.01, le=1)] | None, Tunable()] = None
    """Share of rows sampled for each tree."""
    colsample: Annotated[
        Annotated[float, Field(ge=0.01, le=1)] | None, Tunable(), _also("colsample", "colsample_bytree")
    ] = None
    """Share of columns sampled for each tree; in CatBoost for each level."""
    early_stopping_rounds: Annotated[int, Field(ge=0, le=10_000)] = 50
    """Stop after this many trees without improvement on the early-stopping rows. 0: grow all trees."""
    eval_metric: str = ""
    """Metric for early stopping: log_loss, roc_auc, pr_auc, accuracy, rmse, mae, ndcg, or one of the
    engine's own. It must fit the problem or the objective."""
    objective: Annotated[str, _also("objective", "loss_function")] = ""
    """Objective under the engine's own name. Default: chosen by the problem."""
    monotone_constraints: dict[str, Literal[-1, 0, 1]] = Field(default_factory=dict)
    """Monotonic constraints as {"column": 1}: 1 increasing, -1 decreasing, 0 none."""
    class_weights: dict[str, Annotated[float, Field(ge=0, le=1e9)]] | Literal["balanced"] | None = None
    """Weight of each class, as {"class": weight}. balanced: all classes count the same."""
    model_params: dict[str, Any] = Field(default_factory=dict)
    """Any other parameters of the engine under its own names; validated against its parameter list."""
    tune: Annotated[int, Field(ge=0, le=1_000)] = 0
    """Number of configurations to search at random inside the job, by eval_metric on the early-stopping
    rows; the first is the one given. 0 or 1: no search."""
    hosts: Literal["auto", "all", "first"] = "auto"
    """Which of several hosts train, with lightgbm or xgboost. all: together, each on its own rows. first: the
    first one alone, on all rows. auto: all, unless the train channel has less than 50 MB."""
    time_limit_s: Annotated[int, Field(ge=1, le=432_000)] | None = None
    """Maximum time for training trees in seconds, shared by all configurations of tune. The best trees so far
    are kept."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Random seed. The same data and seed give the same model."""

    @model_validator(mode="after")
    def _check_rules(self) -> Self:
        """Rules that values break together, whatever the other forms of the configuration add.

        Raises UserError, which pydantic passes on as it is, rather than ValueError: its one line names the
        hyperparameter, where pydantic would put the class.
        """
        roles = {"target": self.target, "weights": self.weights, "group": self.group}
        roles["timestamp"] = self.timestamp
        reserved = {name for name in roles.values() if name}
        taken = [name for name in self.features if name in reserved]
        if taken:
            raise UserError(f"features: column {taken[0]} has another role")
        both = [name for name in self.text_features if name in self.cat_features]
        if both:
            raise UserError(f"text_features: column {both[0]} is also in cat_features")
        if self.text_features and self.engine != "catboost":
            raise UserError(f"text_features: {self.engine} cannot read text; use engine=catboost")
        for field in ("cat_features", "text_features", "monotone_constraints"):
            unused = [name for name in getattr(self, field) if self.features and name not in self.features]
            if unused:
                raise UserError(f"{field}: column {unused[0]} is not among the features")
        self._check_problem()
        if self.tune > 1 and self.folds:
            raise UserError(
                "tune: cannot be combined with folds; the search needs one set of validation rows"
            )
        if self.tune > 1 and not self.early_stopping_rounds:
            raise UserError(
                "tune: needs early_stopping_rounds above 0; the search compares validation scores"
            )
        return self

    def _check_problem(self) -> None:
        """Hyperparameters that mean nothing for the problem, as far as it is given."""
        if self.problem in {"regression", "ranking"}:
            if self.pos_class:
                raise UserError(f"pos_class: only for problem=binary, got problem={self.problem}")
            if self.class_weights is not None:
                raise UserError(f"class_weights: there are no classes in {self.problem}")
        if self.problem != "auto" and self.problem != "binary" and self.threshold_metric:
            raise UserError(f"threshold_metric: only for problem=binary, got problem={self.problem}")
        if self.problem == "ranking" and self.split == "row":
            raise UserError("split: row would tear groups apart; ranking is split by group or time")

    def check_complete(self) -> None:
        """Rules that hold once all forms of the configuration are merged. Raises UserError, one line."""
        if self.split == "time" and not self.timestamp:
            raise UserError("timestamp: split=time needs the column with the time of each row")
        if self.split == "group" and not self.group:
            raise UserError("group: split=group needs the column that identifies the group of each row")
        if self.problem == "ranking" and not self.group:
            raise UserError("group: ranking needs the column that identifies the rows ranked together")
        if self.engine != "catboost":
            return
        if self.hosts == "all":
            raise UserError(
                "hosts: catboost trains on one host; use engine=lightgbm or xgboost, or hosts=first"
            )
        if self.max_depth is not None and self.max_depth > _CATBOOST_DEPTH:
            raise UserError(f"max_depth: catboost allows at most {_CATBOOST_DEPTH}, got {self.max_depth}")
        if self.max_leaves is not None and self.model_params.get("grow_policy") != "Lossguide":
            raise UserError("max_leaves: catboost needs grow_policy=Lossguide in model_params")
