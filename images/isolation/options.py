"""What a request may choose."""

from typing import Annotated, Literal

from pydantic import Field

import slipway

Output = Literal["score", "anomaly", "reasons", "contributions"]


class Options(slipway.Options):
    """What a request may choose."""

    outputs: tuple[Output, ...] = ("score", "anomaly")
    """Answer columns to return. reasons: the columns that explain the score, the most important first.
    contributions: the contribution of every column."""
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    """Score above which a row is labelled an anomaly. Default: the value found in training."""
    max_reasons: Annotated[int, Field(ge=1, le=100)] = 3
    """Maximum number of columns in reasons."""
