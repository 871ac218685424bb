"""How far the model's earlier answers were from the true values, where requests bring those."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from slipway.model import Outcomes
from slipway.serving.metrics.rolling import Rolling

MEASURES = 4  # at most
WIDTH = 2 * MEASURES


class MeasuredError(NamedTuple):
    """One error measure over the window."""

    name: str
    now: float | None
    """None where nothing can be said yet."""
    training: float | None
    """The metric of training that it is to be compared with."""

    def __str__(self) -> str:
        now = "unknown" if self.now is None else f"{self.now:.4g}"
        return f"{self.name} {now}" + ("" if self.training is None else f" (training: {self.training:.4g})")

    def told(self) -> Mapping[str, Any]:
        """As JSON tells it."""
        return {"name": self.name, "now": _rounded(self.now), "training": _rounded(self.training)}


class OutcomeWindow:
    """The errors in the last values that came true, of all workers together."""

    def __init__(self, measures: Mapping[str, float | None], sums: Rolling) -> None:
        """`measures` are the names, and what training measured."""
        self._measures = dict(measures)
        self._sums = sums

    @property
    def points(self) -> int:
        """How many values have been compared."""
        return self._sums.rows

    def add(self, worker: int, found: Outcomes) -> None:
        """Adds what a request has brought."""
        if found.points:
            sums = [part for name in self._measures for part in found.sums[name]]
            self._sums.add(worker, found.points, [*sums, *[0.0] * (WIDTH - len(sums))])

    def measured(self) -> Sequence[MeasuredError]:
        """The measures, in the model's order."""
        total = self._sums.total().tolist()
        pairs = zip(total[::2], total[1::2], strict=True)
        return [
            MeasuredError(name, above / below if below > 0 else None, training)
            for (name, training), (above, below) in zip(self._measures.items(), pairs, strict=False)
        ]

    def told(self) -> Mapping[str, Any]:
        """As JSON tells it."""
        return {"points": self.points, "measures": [one.told() for one in self.measured()]}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
