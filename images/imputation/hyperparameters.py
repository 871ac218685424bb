"""Hyperparameters of a training job."""

from typing import Annotated, Literal, Self

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

import slipway
from slipway import Tunable, UserError

# Hyperparameters that the other engines do not use.
DATAWIG_ONLY = ("num_epochs", "batch_size", "hpo")


def _trials(given: object) -> object:
    """`hpo` was a boolean in the older container."""
    return {"true": 8, "false": 0}.get(str(given).lower(), given)


class Hyperparameters(slipway.Hyperparameters):
    """Hyperparameters of a training job."""

    columns: Annotated[tuple[str, ...], Field(validation_alias=AliasChoices("columns", "label_column"))] = ()
    """Columns to fill. Default: every column with missing cells. "*": every column."""
    features: Annotated[
        tuple[str, ...], Field(validation_alias=AliasChoices("features", "feature_columns"))
    ] = ()
    """Columns to fill them from. Default: all other columns of the row."""
    engine: Annotated[
        Literal["auto", "datawig", "mean", "median", "mode", "knn", "iterative", "missforest"], Tunable()
    ] = "auto"
    """Imputation method. auto: the best per column, judged on hidden cells. datawig: the DataWig network.
    The others are simple baselines."""
    preset: Literal["fast", "balanced", "best"] = "balanced"
    """Trade-off between cost and quality: how many rows and which models are used."""
    time_limit_s: Annotated[int, Field(ge=1, le=432_000)] | None = None
    """Approximate maximum training time in seconds. A column with no time left is filled with its most
    common value or mean."""
    precision_threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    """Leave a cell empty if cells with its confidence or more were correct less often than this. Requests can
    override it."""
    tolerance: Annotated[float, Field(ge=0, le=100)] = 0.0
    """How far a filled number or date may be off and still count as correct, in standard deviations of the
    column. 0: numbers are always filled."""
    compare: bool = False
    """Add a comparison with the simple baselines to the report, on hidden cells of a sample. Can be slow."""
    num_epochs: Annotated[int, Field(ge=1, le=10_000), Tunable("Logarithmic")] = 100
    """Maximum number of epochs (engine datawig). Training stops early after three epochs without
    improvement."""
    batch_size: Annotated[int, Field(ge=1, le=100_000), Tunable("Logarithmic")] = 128
    """Mini-batch size (engine datawig)."""
    hpo: Annotated[int, Field(ge=0, le=8), BeforeValidator(_trials)] = 0
    """Number of DataWig configurations to try; the best is used. true: all eight."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """Random seed. The same data and seed give the same model."""

    @model_validator(mode="after")
    def _only_of_the_engine(self) -> Self:
        """Raises UserError for a hyperparameter that the chosen engine would ignore."""
        unused = [name for name in DATAWIG_ONLY if name in self.model_fields_set and self.engine != "datawig"]
        if unused:
            raise UserError(
                f"hyperparameter {unused[0]} requires engine=datawig, but engine is {self.engine}"
            )
        return self
