"""What a user may set for a training job."""

from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field

import slipway
from slipway import Tunable


def _trials(given: object) -> object:
    """`hpo` was a switch first."""
    return {"true": 8, "false": 0}.get(str(given).lower(), given)


class Hyperparameters(slipway.Hyperparameters):
    """What a user may set."""

    columns: Annotated[tuple[str, ...], Field(validation_alias=AliasChoices("columns", "label_column"))] = ()
    """The columns to fill: those that have gaps when empty, every column when it is *."""
    features: Annotated[
        tuple[str, ...], Field(validation_alias=AliasChoices("features", "feature_columns"))
    ] = ()
    """The columns to fill them from, and no others; every other column of the row when empty."""
    engine: Annotated[
        Literal["auto", "datawig", "mean", "median", "mode", "knn", "iterative", "missforest"], Tunable()
    ] = "auto"
    """How to fill: auto takes what does best on hidden cells, datawig is DataWig, the others are plain."""
    preset: Literal["fast", "balanced", "best"] = "balanced"
    """How much of time and memory to spend on quality: rows learnt from, learners tried, their sizes."""
    time_limit_s: Annotated[int, Field(ge=1, le=432_000)] | None = None
    """Seconds that training may take, by and large; a column without time left gets its usual value."""
    precision_threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    """Leave a cell empty when cells as sure were right less often than this; requests may change it."""
    tolerance: Annotated[float, Field(ge=0, le=100)] = 0.0
    """How far off a number or date may be and still be right, in standard deviations; 0 leaves none empty."""
    compare: bool = False
    """Report the plain engines beside the chosen one, on hidden cells of a sample; it may take long."""
    num_epochs: Annotated[int, Field(ge=1, le=10_000), Tunable("Logarithmic")] = 100
    """How often datawig goes through the rows at most; it stops when three times nothing is gained."""
    batch_size: Annotated[int, Field(ge=1, le=100_000), Tunable("Logarithmic")] = 128
    """How many rows datawig learns from at once."""
    hpo: Annotated[int, Field(ge=0, le=8), BeforeValidator(_trials)] = 0
    """How many settings of datawig to try, of which the best is kept; true tries all eight."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """Fixes every random choice: the same data and seed give the same model."""
