"""What a request may choose."""

from typing import Annotated, Literal

from pydantic import AliasChoices, Field

import slipway


class Options(slipway.Options):
    """What a request may choose."""

    columns: Annotated[tuple[str, ...], Field(validation_alias=AliasChoices("columns", "label_column"))] = ()
    """The columns to fill; all that the model can fill when empty."""
    precision_threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    """Leave a cell empty when cells as sure were right less often than this; else as in training."""
    tolerance: Annotated[float, Field(ge=0, le=100)] | None = None
    """How far off a number or date may be and still be right, in standard deviations; else as in training."""
    top_k: Annotated[int, Field(ge=0, le=200)] = 0
    """How many labels to give with their probabilities, likeliest first, for each filled cell."""
    interval: bool = False
    """Give the ends of a 90 % interval for each filled number or date."""
    multiple: Annotated[int, Field(ge=0, le=100)] = 0
    """How many random draws to give for each filled cell, for multiple imputation."""
    explain: bool = False
    """Say which other cells, and which words of a text, spoke for each filled cell; engine auto only."""
    marks: bool = True
    """Say in columns of their own what was filled and how sure; without them there is the table alone."""
    answer: Literal["table", "instances"] = "table"
    """table is the rows with their gaps filled; instances is the older container's JSON, for one column."""
