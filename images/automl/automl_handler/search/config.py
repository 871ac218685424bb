"""The settings of a search, from MindsDB's USING or the image's hyperparameters."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self, get_args

from ..errors import DataError, listed
from ..features.dates import Order


@dataclass(frozen=True)
class SearchConfig:
    """Names and meanings are those of the image's hyperparameters; `threads` is the number of CPUs."""

    problem_type: str = "auto"
    metric: str = "auto"
    preset: str = "balanced"
    time_limit_s: float = 300.0
    class_weights: str | Mapping[str, float] = "none"
    features: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    sample_weight: str = ""
    groups: str = ""
    timestamp: str = ""
    folds: int = 0
    seed: int = 0
    threads: int = 1
    dates: Order = ""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Only `text` matters here: such a column is a category or classes even if its cells are amounts."""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Raises DataError for an unknown name, and for an invalid value of `dates`."""
        known = {one.name for one in fields(cls)}
        unknown = sorted(set(given) - known)
        if unknown:
            raise DataError(f"USING: unknown {listed(unknown)}; known: {', '.join(sorted(known))}")
        if (order := given.get("dates", "")) not in get_args(Order):
            raise DataError(f"dates: expected day-first or month-first, got {order}")
        lists = {name: tuple(given[name]) for name in ("features", "ignore") if name in given}
        return cls(**{**given, **lists})
