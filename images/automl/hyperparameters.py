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
    """The column to predict; required."""
    problem_type: Literal["auto", "binary", "multiclass", "regression"] = "auto"
    """What kind of target it is; auto takes texts, two values, or up to ten whole numbers as labels."""
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
    """What the blend of models is chosen by, out of fold; auto is log_loss for labels, rmse for numbers."""
    preset: Annotated[Literal["fast", "balanced", "best"], Tunable()] = "balanced"
    """How much to try: fast a few quick learners, balanced also trees and a search, best much more of it."""
    time_limit_s: Annotated[int, Field(ge=1, le=432_000)] = 300
    """Seconds that training may take."""
    class_weights: Annotated[
        Literal["none", "balanced"] | dict[str, Annotated[float, Field(ge=0, le=1e6)]],
        Field(validation_alias=AliasChoices("class_weights", "equal_accuracy_for_all_output_categories")),
        BeforeValidator(_weights),
    ] = "none"
    """What a right answer of a label counts: none (all 1), balanced (labels alike), {"label": weight}."""
    features: tuple[str, ...] = ()
    """The columns to learn from; all others when empty."""
    ignore: tuple[str, ...] = ()
    """Columns that are not learnt from."""
    sample_weight: str = ""
    """The column that says how much each row counts; it is not learnt from."""
    folds: Annotated[int, Field(ge=0, le=20)] = 0
    """Parts of the rows, each answered by models learnt from the others; 0 chooses by the number of rows."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Fixes every random choice: the same data and seed give the same model, unless time ended the search."""
