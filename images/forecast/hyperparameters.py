"""What a user may set for a training job."""

from typing import Annotated, Literal

from pydantic import AliasChoices, Field, field_validator

import slipway
from slipway import Tunable

from .models.engine import NonNegative
from .options import Quantile
from .panel.clean import Duplicates, Fill


class Hyperparameters(slipway.Hyperparameters):
    """What a user may set."""

    horizon: Annotated[
        int,
        Field(ge=1, le=10_000),
        Field(validation_alias=AliasChoices("horizon", "prediction_length", "forecast_horizon")),
    ] = 12
    """How many steps ahead to forecast."""
    freq: Annotated[str, Field(validation_alias=AliasChoices("freq", "frequency", "time_freq"))] = ""
    """The step of the series, a pandas alias: D, W-SUN, MS, h, 15min; found from the data when empty."""
    item_id: Annotated[
        tuple[str, ...], Field(validation_alias=AliasChoices("item_id", "key", "keys", "series_id"))
    ] = ()
    """The columns that tell one series from another; found by name when empty."""
    timestamp: Annotated[str, Field(validation_alias=AliasChoices("timestamp", "date", "ds", "time"))] = ""
    """The column of times; found by name when empty."""
    target: Annotated[str, Field(validation_alias=AliasChoices("target", "y", "label"))] = ""
    """The column to forecast; found by name when empty."""
    columns: Annotated[
        tuple[dict[str, str], ...], Field(validation_alias=AliasChoices("columns", "schema"))
    ] = ()
    """The columns as the older system had them: [{"name": "sku", "col_type": "key"}, …], time, num, str."""
    layout: Literal["auto", "long", "wide"] = "auto"
    """long is a row a series and step, wide a column a series."""
    covariates: bool = True
    """Whether to try further columns of numbers; they are used only where a backtest gains by them."""
    hierarchy: tuple[str, ...] = ()
    """The key columns from the top down, such as region,store: their sums are forecast too, and add up."""
    quantiles: tuple[Quantile, ...] = (0.1, 0.5, 0.9)
    """The quantiles that are answered unless a request names others."""
    season_length: Annotated[
        tuple[int, ...], Field(validation_alias=AliasChoices("season_length", "seasonality"))
    ] = ()
    """The lengths of the seasons in steps; those usual for the step when empty, 1 for none."""
    preset: Annotated[Literal["fast", "balanced", "best"], Tunable()] = "balanced"
    """How much time to spend: methods averaged, series backtested."""
    backtest_windows: Annotated[int, Field(ge=0, le=50)] | None = None
    """How many past horizons to forecast for report and intervals; as many as intervals want when empty."""
    backtest_dates: tuple[str, ...] = ()
    """The last known times to forecast from in backtests, in the place of windows from the end."""
    non_negative: NonNegative = "auto"
    """Whether forecasts stay at zero or above; auto holds for each series that never was below."""
    duplicates: Duplicates = "mean"
    """What becomes of several rows of one series and step."""
    fill: Fill = "auto"
    """What a missing point inside a series becomes; auto: zero among zeros, else by season or neighbours."""
    time_limit_s: Annotated[int, Field(ge=1, le=432_000)] | None = None
    """Seconds that training may take, by and large; backtests end when most of it is spent."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """Fixes every random choice: which series are backtested, and LightGBM's draws."""

    @field_validator("season_length", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        """A single length, and auto, as lists."""
        if given in ("auto", "", None):
            return ()
        return (given,) if isinstance(given, int | str) else given
