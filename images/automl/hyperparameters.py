"""What a user may set for a training job."""

from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field

import slipway
from slipway import Tunable


def _weights(given: object) -> object:
    """The older container's switch was true or false."""
    return {"true": "balanced", "false": "none"}.get(str(given).lower(), given)


class Hyperparameters(slipway.Hyperparameters):
    """What a user may set."""

    target: Annotated[str, Field(validation_alias=AliasChoices("target", "to_predict"))] = ""
    """Name of the column to predict. Required."""
    problem_type: Literal["auto", "binary", "multiclass", "regression"] = "auto"
    """Type of the target. auto: text, two distinct values, or up to ten distinct integers are classes;
    anything else is a number."""
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
    folds: Annotated[int, Field(ge=0, le=20)] = 0
    """Number of cross-validation folds. 0: chosen from the number of rows."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Random seed. The same data and seed give the same model, unless the time limit ends the search."""
