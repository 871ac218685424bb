"""The one grid of steps that all series of a panel lie on."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from frequency import Frequency

from slipway import Array


@dataclass(frozen=True)
class Timeline:
    """Steps and timestamps: step 0 is `anchor` ticks after 1970, each further one `frequency` later."""

    frequency: Frequency
    anchor: int
    month_end: bool = False
    """Whether timestamps are the last days of their months, not the first."""
    offset_s: int = 0
    """How long after the start of its tick a timestamp is: the hour of daily points, say."""

    @classmethod
    def of(cls, frequency: Frequency, times: Array) -> "Timeline":
        """The grid that most of `times` lie on."""
        ticks = frequency.ticks(times)
        values, counts = np.unique(ticks % frequency.count, return_counts=True)
        anchor = int(values[counts.argmax()]) if len(values) else 0
        if frequency.unit == "month" and len(times):
            days = times.astype("M8[D]")
            if ((days + 1).astype("M8[M]") > days.astype("M8[M]")).all():
                return cls(frequency, anchor, month_end=True)
        after = times - frequency.times(ticks)
        same = len(after) > 0 and (after == after[0]).all()
        return cls(frequency, anchor, offset_s=int(after[0].astype(int)) if same else 0)

    def steps(self, times: Array) -> Array:
        """The step of each timestamp; what lies between two steps belongs to the earlier."""
        return (self.frequency.ticks(times) - self.anchor) // self.frequency.count

    def times(self, steps: Array) -> Array:
        """The timestamp of each step, datetime64[s]."""
        ticks = np.asarray(steps) * self.frequency.count + self.anchor
        if self.month_end:
            return self.frequency.times(ticks + 1) - np.timedelta64(1, "D")
        return self.frequency.times(ticks) + np.timedelta64(self.offset_s, "s")

    def off(self, times: Array) -> Array:
        """Which timestamps do not lie on a step."""
        found: Array = (self.frequency.ticks(times) - self.anchor) % self.frequency.count != 0
        return found

    def texts(self, steps: Array) -> Array:
        """The timestamps as text, with the time of day only where there is one."""
        times = self.times(steps)
        daily = self.frequency.is_daily_or_longer and self.offset_s % 86_400 == 0
        found = np.datetime_as_string(times.astype("M8[D]") if daily else times)
        return np.array([text.replace("T", " ") for text in found.tolist()], dtype=object)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, facts: dict[str, Any]) -> "Timeline":
        return cls(**{**facts, "frequency": Frequency(**facts["frequency"])})
