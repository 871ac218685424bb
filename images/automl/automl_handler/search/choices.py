"""What a user may choose of a search, as MindsDB's USING or an image's hyperparameters give it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self, get_args

from ..errors import Unfit, listed
from ..features.dates import Order


@dataclass(frozen=True)
class Choices:
    """Names and meanings are those of the image's hyperparameters."""

    problem_type: str = "auto"
    metric: str = "auto"
    preset: str = "balanced"
    time_limit_s: float = 300.0
    class_weights: str | Mapping[str, float] = "none"
    features: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    sample_weight: str = ""
    folds: int = 0
    seed: int = 0
    threads: int = 1
    dates: Order = ""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Raises Unfit for a name that does not exist."""
        known = {one.name for one in fields(cls)}
        unknown = sorted(set(given) - known)
        if unknown:
            raise Unfit(f"USING: unknown {listed(unknown)}; known: {', '.join(sorted(known))}")
        if (order := given.get("dates", "")) not in get_args(Order):
            raise Unfit(f"dates: expected day-first or month-first, got {order}")
        lists = {name: tuple(given[name]) for name in ("features", "ignore") if name in given}
        return cls(**{**given, **lists})
