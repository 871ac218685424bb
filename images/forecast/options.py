"""The options of a request."""

from typing import Annotated, Literal

from pydantic import AliasChoices, Field

import slipway

Layout = Literal["auto", "long", "series", "totals"]
Quantile = Annotated[float, Field(ge=0.001, le=0.999)]


class Options(slipway.Options):
    """The options of a request."""

    quantiles: tuple[Quantile, ...] = ()
    """Quantiles to return, for example 0.1,0.9. Default: those of training."""
    output_types: tuple[Literal["mean", "quantiles", "samples"], ...] = ("mean", "quantiles")
    """What to return: mean, quantiles, samples, as in DeepAR."""
    num_samples: Annotated[int, Field(ge=1, le=1000)] = 100
    """Number of sample paths to return. The errors of consecutive steps of a path are correlated as they
    were in backtests."""
    horizon: Annotated[
        Annotated[int, Field(ge=1, le=100_000)] | None,
        Field(validation_alias=AliasChoices("horizon", "prediction_length")),
    ] = None
    """Number of steps to forecast, at most the horizon of training. Default: the horizon of training."""
    layout: Layout = "auto"
    """Layout of the answer. long: one row per step. series: one row per series (JSON only). totals: one row
    per series with the sum of its steps. auto: as the request."""
    anomalies: Annotated[int, Field(ge=0, le=1000)] = 0
    """Number of last observed points to check. Each is flagged if it is outside the 99 % interval of what
    was expected."""
    freq: str = ""
    """Step of the series, for clients that send it. It must be the step of training."""
