"""What a user may set for a training job."""

from typing import Annotated, Literal

from pydantic import AliasChoices, Field

import slipway
from slipway import Tunable


class Hyperparameters(slipway.Hyperparameters):
    """What a user may set."""

    features: tuple[str, ...] = ()
    """Columns to look for anomalies in. Default: all columns but the target."""
    target: Annotated[str, Field(validation_alias=AliasChoices("target", "label"))] = ""
    """Column with known anomalies, for the metrics; it is never learned from. Default: the first column if
    the content type has label_size=1, or a column named label."""
    pos_class: str = ""
    """Value of the target that means an anomaly. Default: 1 or true."""
    contamination: Annotated[
        Annotated[float, Field(ge=0.0001, le=0.5)] | Literal["auto"], Tunable("Logarithmic")
    ] = "auto"
    """Share of the training rows to label as anomalies. auto: rows with a score more than three standard
    deviations above the mean."""
    trees: Annotated[
        int,
        Field(ge=1, le=1000, validation_alias=AliasChoices("trees", "num_trees", "n_estimators")),
        Tunable(),
    ] = 100
    """Number of trees."""
    samples_per_tree: Annotated[
        int,
        Field(
            ge=2,
            le=2048,
            validation_alias=AliasChoices("samples_per_tree", "num_samples_per_tree", "max_samples"),
        ),
        Tunable("Logarithmic"),
    ] = 256
    """Number of random rows that each tree is built from, at most all."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """Random seed. The same data and seed give the same model."""
