"""What a user says of the data, in every image."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from slipway.table.spellings import Order


@dataclass(frozen=True)
class DataOptions:
    """The hyperparameters kinds, dates and missing."""

    kinds: Mapping[str, str] = field(default_factory=dict)
    dates: Order = ""
    missing: tuple[str, ...] = ()
