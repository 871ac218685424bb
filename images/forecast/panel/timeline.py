"""The time grid of all series of a panel."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from slipway import Array, TimeFormat, arrow

from .frequency import Frequency

MIN_FIT = 0.8  # minimum share of days that follow a rule: holidays move others
EVERY_DAY, BUSINESS_DAYS = "1111111", "1111100"


@dataclass(frozen=True)
class Timeline:
    """Converts steps and timestamps. Step 0 is `anchor` ticks after 1970; a step is one `frequency`."""

    frequency: Frequency
    anchor: int
    nth: int = 0
    """The day of the month of a timestamp, among those of `weekmask`: 0 is the first, -1 the last."""
    weekmask: str = EVERY_DAY
    """The days of the week that count for `nth`, from Monday, as in NumPy."""
    offset_s: int = 0
    """Seconds from that day, or the start of the tick, to the timestamp, such as the hour of daily points."""
    format: TimeFormat = field(default_factory=TimeFormat)
    """The format of timestamps in the training table, by which all others are parsed."""

    @classmethod
    def of(cls, frequency: Frequency, times: Array, counts: Array | None = None) -> "Timeline":
        """The grid on which most of `times` lie; with `counts` of distinct ones, which are there as often."""
        if counts is None:
            times, places = distinct(times)
            counts = np.bincount(places, minlength=len(times))
        ticks = frequency.ticks(times)
        values, inverse = np.unique(ticks % frequency.count, return_inverse=True)
        often = np.bincount(inverse, counts)
        anchor = int(values[often.argmax()]) if len(values) else 0
        nth, weekmask = _day_of_month(times) if frequency.unit == "month" and len(times) else (0, EVERY_DAY)
        found = cls(frequency, anchor, nth, weekmask)
        after = times - found._starts(ticks)
        same = len(after) > 0 and (after == after[0]).all()
        return replace(found, offset_s=int(after[0].astype(int)) if same else 0)

    def steps(self, times: Array) -> Array:
        """The step of each timestamp, rounded down."""
        return (self.frequency.ticks(times) - self.anchor) // self.frequency.count

    def times(self, steps: Array) -> Array:
        """The timestamp of each step, datetime64[s]."""
        ticks = np.asarray(steps) * self.frequency.count + self.anchor
        return self._starts(ticks) + np.timedelta64(self.offset_s, "s")

    def _starts(self, ticks: Array) -> Array:
        if (self.nth, self.weekmask) == (0, EVERY_DAY):
            return self.frequency.times(ticks)
        return _days(ticks.astype("M8[M]"), self.nth, self.weekmask).astype("M8[s]")

    def off(self, times: Array) -> Array:
        """The mask of timestamps that do not lie on a step."""
        found: Array = (self.frequency.ticks(times) - self.anchor) % self.frequency.count != 0
        return found

    def texts(self, steps: Array) -> Array:
        """The timestamps of steps as text, without the time of day for daily or longer steps."""
        times = self.times(steps)
        daily = self.frequency.is_daily_or_longer and self.offset_s % 86_400 == 0
        found = np.datetime_as_string(times.astype("M8[D]") if daily else times)
        return np.array([text.replace("T", " ") for text in found.tolist()], dtype=object)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, facts: dict[str, Any]) -> "Timeline":
        parts = {"frequency": Frequency(**facts["frequency"]), "format": TimeFormat(**facts["format"])}
        return cls(**{**facts, **parts})


def distinct(times: Array) -> tuple[Array, Array]:
    """The distinct `times`, datetime64[s] without NaT, and the index of each time among them."""
    packed = arrow.numbers(times.astype("M8[s]").view(np.int64)).dictionary_encode()
    return arrow.integers(packed.dictionary).astype("M8[s]"), arrow.codes(packed)


def _day_of_month(times: Array) -> tuple[int, str]:
    """`nth` and `weekmask` of monthly timestamps; the first day if no rule fits."""
    days = np.unique(times.astype("M8[D]"))
    months = days.astype("M8[M]")
    if (days == _days(months, -1, EVERY_DAY)).all():
        return -1, EVERY_DAY
    if len(np.unique(days - months.astype("M8[D]"))) == 1:
        return 0, EVERY_DAY
    weekday = (int(days[0].astype(int)) + 3) % 7  # Monday is 0; 1970 began on a Thursday
    own_day = "".join("1" if place == weekday else "0" for place in range(7))
    rules = [
        (-1, EVERY_DAY),
        (-1, BUSINESS_DAYS),
        (0, BUSINESS_DAYS),
        *((nth, own_day) for nth in (0, 1, 2, 3, -1)),
    ]
    fit = [(days == _days(months, *rule)).mean() for rule in rules]
    return rules[int(np.argmax(fit))] if max(fit) >= MIN_FIT else (0, EVERY_DAY)


def _days(months: Array, nth: int, weekmask: str) -> Array:
    """The `nth` day in `weekmask` of each month, datetime64[D]; from the end if negative."""
    whole = (months + 1 if nth < 0 else months).astype("M8[D]")
    found: Array = np.busday_offset(whole, nth, roll="forward", weekmask=weekmask)
    return found
