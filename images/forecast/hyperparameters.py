"""The hyperparameters of a training job."""

from typing import Annotated, Literal, Self

from pydantic import AliasChoices, Field, field_validator, model_validator

import slipway
from slipway import Tunable, UserError

from .data.roles import ColumnSettings
from .models.engine import NonNegative
from .models.hierarchy import check_levels
from .options import Quantile
from .panel.clean import Duplicates, Fill
from .panel.frequency import Frequency


class Hyperparameters(slipway.Hyperparameters):
    """The hyperparameters of a training job."""

    horizon: Annotated[
        int,
        Field(ge=1, le=10_000),
        Field(validation_alias=AliasChoices("horizon", "prediction_length", "forecast_horizon")),
    ] = 12
    """Number of steps to forecast."""
    freq: Annotated[str, Field(validation_alias=AliasChoices("freq", "frequency", "time_freq"))] = ""
    """Step of the series as a pandas alias, such as D, W-SUN, MS, h or 15min. Default: inferred from the
    data."""
    item_id: Annotated[
        tuple[str, ...], Field(validation_alias=AliasChoices("item_id", "key", "keys", "series_id"))
    ] = ()
    """Columns that identify a series. Default: found by name."""
    timestamp: Annotated[str, Field(validation_alias=AliasChoices("timestamp", "date", "ds", "time"))] = ""
    """Column with the time of each row. Default: found by name."""
    target: Annotated[str, Field(validation_alias=AliasChoices("target", "y", "label"))] = ""
    """Column to forecast. Default: found by name."""
    columns: Annotated[
        tuple[dict[str, str], ...], Field(validation_alias=AliasChoices("columns", "schema"))
    ] = ()
    """Column types in the format of Convect Forecast: [{"name": "sku", "col_type": "key"}, …] with key,
    time, num or str."""
    layout: Literal["auto", "long", "wide"] = "auto"
    """Layout of the training table. long: one row per series and step. wide: one column per series."""
    covariates: bool = True
    """Try the remaining numeric, boolean and categorical columns as covariates. They are used only if they
    improve the backtest."""
    holidays: tuple[str, ...] = ()
    """Countries whose public holidays are tried as covariates of steps of days or weeks, for example
    US,DE-BY: ISO 3166 codes, with a part of the country if it has holidays of its own."""
    hierarchy: tuple[str, ...] = ()
    """Key columns from the top level down, for example region,store. Totals of each level are forecast too,
    and all levels add up."""
    quantiles: tuple[Quantile, ...] = (0.1, 0.5, 0.9)
    """Quantiles to return unless a request names others."""
    season_length: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...],
        Field(validation_alias=AliasChoices("season_length", "seasonality")),
    ] = ()
    """Season lengths in steps. Default: the usual ones for the step. 1: no season."""
    preset: Annotated[Literal["fast", "balanced"], Tunable()] = "balanced"
    """Trade-off between time and quality: how many methods are averaged and how many series backtested."""
    backtest_windows: Annotated[int, Field(ge=0, le=50)] | None = None
    """Number of past horizons to forecast for the report and for calibrating intervals. Default: as many as
    the intervals need."""
    backtest_dates: tuple[str, ...] = ()
    """Last known times from which backtests start. Default: windows counted back from the end."""
    non_negative: NonNegative = "auto"
    """Keep forecasts at zero or above. auto: for each series that was never negative."""
    duplicates: Duplicates = "mean"
    """How to combine several rows of the same series and step."""
    fill: Fill = "auto"
    """How to fill a missing step inside a series. auto: zero if most of its points are zero, otherwise from
    the season or from neighbouring steps."""
    stockout: str = ""
    """Column of 0 and 1, or false and true, that marks points at which nothing could be sold: they are taken
    as missing, not as demand of zero."""
    time_limit_s: Annotated[int, Field(ge=1, le=432_000)] | None = None
    """Approximate maximum training time in seconds. Backtesting stops when most of it is used."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """Random seed: which series are backtested, and LightGBM's sampling."""

    @field_validator("preset", mode="before")
    @classmethod
    def _known(cls, given: object) -> object:
        """Name the way out of a preset that there was."""
        if given == "best":
            raise UserError(
                "hyperparameter preset: best was removed, as it took 2 to 9 times as long as balanced and "
                "was no more accurate; use balanced"
            )
        return given

    @field_validator("season_length", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        """Accept a single length, and `auto` for the default."""
        if given in ("auto", "", None):
            return ()
        return (given,) if isinstance(given, int | str) else given

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Rules across fields. A UserError passes through pydantic, so its message stays as it is."""
        if self.freq:
            Frequency.parse(self.freq)
        if self.columns:
            if self.item_id or self.timestamp or self.target:
                raise UserError(
                    "hyperparameters schema and item_id, timestamp or target are mutually exclusive; "
                    "set one or the other"
                )
            ColumnSettings.from_schema(self.columns)
        if self.hierarchy and self.item_id:
            check_levels(self.hierarchy, self.item_id)
        return self
