"""Hyperparameters of a training job."""

from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, ValidationInfo, field_validator

import slipway
from slipway import Tunable

_METRICS = {
    "classification": ("log_loss", "roc_auc", "accuracy", "balanced_accuracy", "f1"),
    "regression": ("rmse", "mae", "r2"),
}


def _weights(given: object) -> object:
    """The older container's switch was true or false."""
    return {"true": "balanced", "false": "none"}.get(str(given).lower(), given)


class Hyperparameters(slipway.Hyperparameters):
    """Hyperparameters of AutoML."""

    target: Annotated[str, Field(min_length=1, validation_alias=AliasChoices("target", "to_predict"))]
    """Name of the column to predict."""
    problem_type: Literal["auto", "binary", "multiclass", "regression"] = "auto"
    """Type of the target. auto: text, two distinct values, or up to ten distinct integers are classes;
    anything else is a number, including amounts such as 12% or $1,234.50. The log says what was assumed."""
    metric: Literal[
        "auto",
        "log_loss",
        "roc_auc",
        "accuracy",
        "balanced_accuracy",
        "f1",
        "rmse",
        "mae",
        "r2",
    ] = "auto"
    """Metric used to select and weight models, computed out of fold. auto: log_loss for classes, rmse for
    numbers."""
    preset: Annotated[Literal["fast", "balanced", "best"], Tunable()] = "balanced"
    """Trade-off between time and quality. fast: a few quick models. balanced: adds tree ensembles and a
    hyperparameter search. best: searches much longer."""
    time_limit_s: Annotated[int, Field(ge=1, le=432_000)] = 300
    """Maximum training time in seconds."""
    class_weights: Annotated[
        Literal["none", "balanced"] | dict[str, Annotated[float, Field(ge=0, le=1e6)]],
        Field(validation_alias=AliasChoices("class_weights", "equal_accuracy_for_all_output_categories")),
        BeforeValidator(_weights),
    ] = "none"
    """Weight of each class in training and in the metric. none: all rows count 1. balanced: all classes
    count the same. Or an object such as {"label": weight}."""
    features: tuple[str, ...] = ()
    """Columns to learn from. Default: all columns except the target."""
    ignore: tuple[str, ...] = ()
    """Columns to exclude from training."""
    sample_weight: str = ""
    """Name of the column with row weights. It is not used as a feature."""
    groups: str = ""
    """Name of the column that says which rows belong together, such as those of a customer: they are held out
    together, so that scores are those of new groups. It is not used as a feature."""
    timestamp: Annotated[str, Field(validation_alias=AliasChoices("timestamp", "time"))] = ""
    """Name of the column with the time of each row, a date or a number: each fold is a period, so that scores
    are those of other times. It is a feature unless `ignore` names it."""
    folds: Annotated[int, Field(ge=0, le=20)] = 0
    """Number of cross-validation folds, at least 2. 0: chosen from the number of rows."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Random seed. The same data and seed give the same model, unless the time limit ends the search."""

    @field_validator("metric")
    @classmethod
    def _metric_of_problem(cls, metric: str, info: ValidationInfo) -> str:
        problem_type = info.data.get("problem_type", "auto")
        kind = "regression" if problem_type == "regression" else "classification"
        if problem_type != "auto" and metric not in {"auto", *_METRICS[kind]}:
            raise ValueError(f"{', '.join(_METRICS[kind])} for problem_type={problem_type}")
        return metric

    @field_validator("class_weights")
    @classmethod
    def _weights_of_classes(cls, weights: str | dict[str, float], info: ValidationInfo) -> object:
        if weights != "none" and info.data.get("problem_type") == "regression":
            raise ValueError("none for problem_type=regression")
        return weights

    @field_validator("features")
    @classmethod
    def _features_without_target(cls, features: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if info.data.get("target") in features:
            raise ValueError(f"columns other than the target {info.data['target']}")
        return features

    @field_validator("timestamp")
    @classmethod
    def _one_split(cls, name: str, info: ValidationInfo) -> str:
        if name and info.data.get("groups"):
            raise ValueError("no column together with groups")
        return name

    @field_validator("sample_weight", "groups", "timestamp")
    @classmethod
    def _is_not_target(cls, name: str, info: ValidationInfo) -> str:
        if name and name == info.data.get("target"):
            raise ValueError("a column other than the target")
        return name

    @field_validator("folds")
    @classmethod
    def _two_folds(cls, folds: int) -> int:
        if folds == 1:
            raise ValueError("0 or 2 to 20")
        return folds
