"""Steps of time: from timestamps to whole numbers and back, and which seasons a step has."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
    """How far apart the points of a series are: `count` of a `unit`."""

    unit: str
    count: int

    @classmethod
    def parse(cls, alias: str) -> "Frequency":
        """A pandas alias such as MS, W-SUN, 15min or D. Raises UserError for one that is not known."""
        found = _WORD.match(alias.strip())
        known = _ALIASES.get(found.group(2).upper()) if found else None
        if not found or known is None or found.group(1) == "0":
            raise UserError(f'freq: expected a pandas alias such as D, W-SUN, MS, h or 15min, got "{alias}"')
        unit, count = known
        return cls(unit, count * int(found.group(1) or 1))

    @property
    def alias(self) -> str:
        """The alias by which pandas knows it."""
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
        """Whether a step is a day or more, so that the hour says nothing."""
        return self.unit != "second" or self.count >= _DAY

    @property
    def seasons(self) -> tuple[int, ...]:
        """The usual season lengths in steps, the shortest first; none where no season is usual."""
        if self.unit != "second":
            return _SEASONS.get((self.unit, self.count), ())
        return tuple(
            span // self.count
            for span in (_DAY, 7 * _DAY)
            if span % self.count == 0 and span // self.count > 1
        ) or ((3600 // self.count,) if 3600 % self.count == 0 and self.count < 60 else ())

    def ticks(self, times: Array) -> Array:
        """`times`, datetime64, as whole numbers of the unit since 1970; what lies between two is the
        earlier.
        """
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
    """The step of most of the series, each given by its sorted timestamps; and how many have another one.

    Raises UserError where no series has two different times.
    """
    found = Counter(step for step in map(_step, times) if step is not None)
    if not found:
        raise UserError(
            "freq cannot be told, as no series has two different timestamps; give freq, as in D or MS"
        )
    # Of equally common ones the finer, which loses no point.
    best = min(found, key=lambda step: (-found[step], step.unit == "month", step.count))
    return best, sum(found.values()) - found[best]


def _step(times: Array) -> Frequency | None:
    """The commonest distance of neighbours in one series."""
    times = np.unique(times.astype("M8[s]"))
    if len(times) < 2:
        return None
    apart = np.diff(times).astype(np.int64)
    values, counts = np.unique(apart, return_counts=True)
    usual = int(values[counts.argmax()])
    if usual % _DAY:
        return Frequency("second", usual)
    days = usual // _DAY
    if days >= 28 and (months := _months(times)):
        return Frequency("month", months)
    if days == 1 and len(times) > 5 and np.is_busday(times.astype("M8[D]")).all():
        return Frequency("business day", 1)
    return Frequency("day", days)


def _months(times: Array) -> int:
    """How many calendar months are usually between neighbours; 0 where days of the month wander."""
    starts = times.astype("M8[M]")
    days = (times.astype("M8[D]") - starts.astype("M8[D]")).astype(int)
    if np.ptp(np.where(days >= 27, 30, days)) > 2:
        return 0
    values, counts = np.unique(np.diff(starts).astype(int), return_counts=True)
    return int(values[counts.argmax()])


def parse_times(values: Array, wall: bool) -> tuple[Array, int]:
    """Timestamps as datetime64[s], NaT where missing, and how many had a time zone.

    A zone is dropped: the wall clock's time is kept if `wall`, else the time in UTC, which has no gaps.
    Whole numbers of four digits are years. Raises UserError naming the row of what is no time.
    """
    import pandas as pd

    if values.dtype.kind in "iuf":
        return _numbers(values), 0
    texts = pd.Series(values, dtype=object)
    given = texts.notna()
    text = texts[given].astype(str).str.strip()
    if len(text) and text.str.fullmatch(r"\d{4}").all():
        found = pd.to_datetime(text, format="%Y")
        zoned = pd.Series(False, index=text.index)
    else:
        zoned = text.str.contains(r"(?:[Zz]|[+-]\d\d:?\d\d)$", regex=True) & text.str.contains(":")
        plain = (
            text.str.replace(r"\s*(?:[Zz]|[+-]\d\d:?\d\d)$", "", regex=True).where(zoned, text)
            if wall
            else text
        )
        try:
            found = pd.to_datetime(plain, format="ISO8601", utc=True).dt.tz_localize(None)
        except (ValueError, OverflowError):
            found = _one_by_one(plain)
    times = np.full(len(values), np.datetime64("NaT"), dtype="M8[s]")
    times[given.to_numpy()] = found.to_numpy().astype("M8[s]")
    return times, int(zoned.sum())


def _one_by_one(texts: Any) -> Any:
    """The slow way, for other ways of writing dates than ISO 8601, and to name the row that has none."""
    import pandas as pd

    found = pd.to_datetime(texts, errors="coerce", utc=True, format="mixed").dt.tz_localize(None)
    bad = found.isna()
    if bad.any():
        row = int(bad.index[bad.to_numpy().argmax()])
        raise UserError(
            f"row {row + 1}: expected a date or time such as 2024-01-31 or 2024-01-31 15:00:00, "
            f'got "{str(texts.loc[row])[:60]}"'
        )
    return found


def _numbers(values: Array) -> Array:
    """Whole numbers as times: years, or days written as 20240131."""
    times = np.full(len(values), np.datetime64("NaT"), dtype="M8[s]")
    given = ~np.isnan(values.astype(float))
    whole = values[given].astype(np.int64)
    if len(whole) and ((whole >= 1000) & (whole < 3000)).all():
        times[given] = (whole - 1970).astype("M8[Y]").astype("M8[s]")
    elif len(whole) and ((whole >= 10_000_101) & (whole < 30_000_000)).all():
        texts = [f"{day // 10_000:04}-{day // 100 % 100:02}-{day % 100:02}" for day in whole.tolist()]
        try:
            times[given] = np.array(texts, dtype="M8[s]")
        except ValueError as error:
            raise UserError(f"a timestamp is no day of the calendar: {error}") from None
    elif len(whole):
        raise UserError(
            f"expected dates or times such as 2024-01-31, got {whole[0]}; of numbers only years will do"
        )
    return times
