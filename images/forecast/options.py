"""What a request may choose."""

from typing import Annotated, Literal

from pydantic import AliasChoices, Field

import slipway

Layout = Literal["auto", "long", "series", "totals"]
Quantile = Annotated[float, Field(ge=0.001, le=0.999)]


class Options(slipway.Options):
    """What a request may choose."""

    quantiles: tuple[Quantile, ...] = ()
    """Which quantiles to answer, 0.1 and 0.9 say; those of training when empty."""
    output_types: tuple[Literal["mean", "quantiles", "samples"], ...] = ("mean", "quantiles")
    """What to answer: mean, quantiles, samples, as in DeepAR."""
    num_samples: Annotated[int, Field(ge=1, le=1000)] = 100
    """How many samples; each is a path that may come, whose steps go together as errors of the past did."""
    horizon: Annotated[
        Annotated[int, Field(ge=1, le=100_000)] | None,
        Field(validation_alias=AliasChoices("horizon", "prediction_length")),
    ] = None
    """How many steps ahead, at most the horizon of training, which is taken unless given."""
    layout: Layout = "auto"
    """long: a row a step; series: a row a series, in JSON; totals: its sum; auto: as the request is."""
    anomalies: Annotated[int, Field(ge=0, le=1000)] = 0
    """How many of the last observed points to judge: each is flagged if outside 99 % of what was expected."""
    freq: str = ""
    """The step of the series, for clients that send it; it must be the one of training."""
