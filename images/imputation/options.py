"""Options of a request."""

from typing import Annotated, Literal

from pydantic import AliasChoices, Field

import slipway


class Options(slipway.Options):
    """Options of a request."""

    columns: Annotated[tuple[str, ...], Field(validation_alias=AliasChoices("columns", "label_column"))] = ()
    """Columns to fill. Default: all that the model can fill."""
    precision_threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    """Leave a cell empty if cells with its confidence or more were correct less often than this. Default: the
    value used in training."""
    tolerance: Annotated[float, Field(ge=0, le=100)] | None = None
    """How far a filled number or date may be off and still count as correct, in standard deviations.
    Default: the value used in training."""
    top_k: Annotated[int, Field(ge=0, le=200)] = 0
    """Number of candidate labels to return for each filled cell, with their probabilities, most likely
    first."""
    interval: bool = False
    """Return the bounds of a 90 % interval for each filled number or date."""
    multiple: Annotated[int, Field(ge=0, le=100)] = 0
    """Number of random draws to return for each filled cell, for multiple imputation."""
    explain: bool = False
    """Return which other cells, and which words of a text, led to each filled cell (engine auto only)."""
    marks: bool = True
    """Return what was filled, and with what confidence, in separate columns. false: return the table only."""
    answer: Literal["table", "instances"] = "table"
    """Form of the answer. table: the rows with their missing cells filled. instances: the JSON of the older
    container, for one column."""
