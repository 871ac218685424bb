"""Time steps: conversion between timestamps and integers, and the usual seasons of a step."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slipway import Array, UserError

UNITS = ("month", "day", "business day", "second")
_DAY = 86_400
_WORD = re.compile(r"^(\d*)\s*([A-Za-z]+)(?:-([A-Za-z]+))?$")
# pandas' aliases, old and new, by what a step is made of: unit, and how many of them.
_ALIASES: dict[str, tuple[str, int]] = {
    **dict.fromkeys(("M", "ME", "MS", "BM", "BME", "BMS", "MONTHLY", "MONTH"), ("month", 1)),
    **dict.fromkeys(("Q", "QE", "QS", "BQ", "BQE", "BQS", "QUARTERLY", "QUARTER"), ("month", 3)),
    **dict.fromkeys(
        ("Y", "YE", "YS", "A", "AS", "BY", "BYE", "BYS", "BA", "BAS", "YEARLY", "YEAR"), ("month", 12)
    ),
    **dict.fromkeys(("W", "WEEKLY", "WEEK"), ("day", 7)),
    **dict.fromkeys(("D", "DAILY", "DAY"), ("day", 1)),
    **dict.fromkeys(("B", "C"), ("business day", 1)),
    **dict.fromkeys(("H", "HOURLY", "HOUR"), ("second", 3600)),
    **dict.fromkeys(("T", "MIN", "MINUTE"), ("second", 60)),
    **dict.fromkeys(("S", "SECOND"), ("second", 1)),
}
_SEASONS: dict[tuple[str, int], tuple[int, ...]] = {
    ("month", 1): (12,),
    ("month", 2): (6,),
    ("month", 3): (4,),
    ("month", 6): (2,),
    ("day", 1): (7,),
    ("day", 7): (52,),
    ("business day", 1): (5,),
}


@dataclass(frozen=True)
class Frequency:
    """The step of a series: `count` times a `unit`."""

    unit: str
    count: int

    @classmethod
    def parse(cls, alias: str) -> "Frequency":
        """Parse a pandas alias such as MS, W-SUN, 15min or D. Raises UserError for an unknown one.

        >>> Frequency.parse("15min"), Frequency.parse("QS").alias
        (Frequency(unit='second', count=900), 'QS')
        """
        found = _WORD.match(alias.strip())
        known = _ALIASES.get(found.group(2).upper()) if found else None
        if not found or known is None or found.group(1) == "0":
            raise UserError(f'freq: expected a pandas alias such as D, W-SUN, MS, h or 15min, got "{alias}"')
        unit, count = known
        return cls(unit, count * int(found.group(1) or 1))

    @property
    def alias(self) -> str:
        """The pandas alias of the step."""
        if self.unit == "month":
            word, size = (
                ("YS", 12) if self.count % 12 == 0 else ("QS", 3) if self.count % 3 == 0 else ("MS", 1)
            )
        elif self.unit == "day":
            word, size = ("W", 7) if self.count % 7 == 0 else ("D", 1)
        elif self.unit == "business day":
            word, size = "B", 1
        else:
            word, size = next((w, s) for w, s in (("h", 3600), ("min", 60), ("s", 1)) if self.count % s == 0)
        return word if self.count == size else f"{self.count // size}{word}"

    @property
    def is_daily_or_longer(self) -> bool:
        """Whether a step is a day or more, so that the time of day is irrelevant."""
        return self.unit != "second" or self.count >= _DAY

    @property
    def seasons(self) -> tuple[int, ...]:
        """The usual season lengths in steps, ascending; empty if there is none.

        >>> Frequency("second", 3600).seasons
        (24, 168)
        """
        if self.unit != "second":
            return _SEASONS.get((self.unit, self.count), ())
        return tuple(
            span // self.count
            for span in (_DAY, 7 * _DAY)
            if span % self.count == 0 and span // self.count > 1
        ) or ((3600 // self.count,) if 3600 % self.count == 0 and self.count < 60 else ())

    def ticks(self, times: Array) -> Array:
        """`times`, datetime64, as integers of the unit since 1970, rounded down."""
        if self.unit == "month":
            return times.astype("M8[M]").astype(np.int64)
        if self.unit == "day":
            return times.astype("M8[D]").astype(np.int64)
        if self.unit == "business day":
            days = times.astype("M8[D]")
            return np.busday_count(np.datetime64("1970-01-01"), days) - (~np.is_busday(days)).astype(np.int64)
        return times.astype("M8[s]").astype(np.int64)

    def times(self, ticks: Array) -> Array:
        """The start of each tick, as datetime64[s]."""
        ticks = np.asarray(ticks)
        if self.unit == "month":
            return ticks.astype("M8[M]").astype("M8[s]")
        if self.unit == "day":
            return ticks.astype("M8[D]").astype("M8[s]")
        if self.unit == "business day":
            return np.busday_offset("1970-01-01", ticks, roll="forward").astype("M8[s]")
        return ticks.astype("M8[s]")


def infer(times: Sequence[Array]) -> tuple[Frequency, int]:
    """The step of most series, each given by its sorted timestamps, and how many series have another step.

    Raises UserError if no series has two different times.
    """
    found = Counter(step for step in map(_step, times) if step is not None)
    if not found and any(len(np.unique(one)) > 1 for one in times):
        raise UserError(
            "freq cannot be inferred: alternating periods of four and five weeks are not a calendar step; "
            "set freq, for example W or MS"
        )
    if not found:
        raise UserError(
            "freq cannot be inferred, as no series has two different timestamps; "
            "set freq, for example D or MS"
        )
    # Of equally common ones the finer, which loses no point.
    best = min(found, key=lambda step: (-found[step], step.unit == "month", step.count))
    return best, sum(found.values()) - found[best]


def _step(times: Array) -> Frequency | None:
    """The most common distance of neighbours in one series; None if there is none, or it is no valid step."""
    times = np.unique(times.astype("M8[s]"))
    if len(times) < 2:
        return None
    apart = np.diff(times).astype(np.int64)
    values, counts = np.unique(apart, return_counts=True)
    usual = int(values[counts.argmax()])
    if usual % _DAY:
        return Frequency("second", usual)
    days = usual // _DAY
    if days >= 28 and (months := _months(times, apart, usual)):
        return Frequency("month", months)
    if values.tolist() == [28 * _DAY, 35 * _DAY]:  # 4-4-5 weeks: steps of either would make points of gaps
        return None
    if days == 1 and len(times) > 5 and np.is_busday(times.astype("M8[D]")).all():
        return Frequency("business day", 1)
    return Frequency("day", days)


def _months(times: Array, apart: Array, usual: int) -> int:
    """The usual number of calendar months between neighbours; 0 if steps are days."""
    if len(apart) > 2 and usual < 60 * _DAY and (apart == usual).all():
        return 0  # no three months that follow each other are equally long
    starts = times.astype("M8[M]")
    days = (times.astype("M8[D]") - starts.astype("M8[D]")).astype(int)
    values, counts = np.unique(np.diff(starts).astype(int), return_counts=True)
    months = int(values[counts.argmax()])
    # The last days of months, business days too, are the 26th to the 31st; the first ones the 1st to the 4th.
    if np.ptp(np.where(days >= 25, 30, days)) <= 3:
        return months
    # Of other days, such as third Fridays, each month has one, though they are not equally far apart.
    steady = counts.max() >= 0.9 * counts.sum() and values[0] > 0 and (apart % usual).any()
    return months if steady else 0
