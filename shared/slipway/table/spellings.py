"""How times are spelled: one regular expression a form, read over a whole column of distinct texts."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slipway.table import arrow
from slipway.table.arrow import Array

Order = Literal["", "day-first", "month-first"]

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
_SHORT = [name[:3].lower() for name in MONTHS]

_NAME = "(?P<name>" + "|".join(f"{name[:3]}(?:{name[3:]})?" for name in MONTHS) + r"|Sept)\.?"
_WEEKDAY = "(?:(?P<dayname>(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?),? +)?"
_CLOCK = (
    r"(?:(?:T|,? +)(?P<hour>[0-9]{1,2})(?::?(?P<minute>[0-9]{2})(?::?(?P<second>[0-9]{2})"
    r"(?:[.,](?P<fraction>[0-9]+))?)?)?(?: *(?P<half>[ap])\.?m\.?)?"
    r"(?: *(?P<zone>Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
_YEAR, _YEARS = "(?P<year>[0-9]{4})", "(?P<year>[0-9]{4}|[0-9]{2})"
_MONTH, _DAY, _TURN = "(?P<month>[0-9]{1,2})", "(?P<day>[0-9]{1,2})", "(?P<turn>[0-9]{1,2})"
_MARKS = "(?P<mark>[-/.]){}(?P<mark2>[-/.])"

FORMS = {
    "year-month-day": _YEAR + _MARKS.format(_MONTH) + _DAY + _CLOCK,
    "yearmonthday": f"{_YEAR}(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}}){_CLOCK}",
    # `turn` and `turn2` are day and month, or month and day, as the whole column has it.
    "numbers": _TURN + _MARKS.format("(?P<turn2>[0-9]{1,2})") + _YEARS + _CLOCK,
    "day name year": f"{_WEEKDAY}{_DAY}(?:st|nd|rd|th)?[-/ .]*{_NAME}[-/ ,]*{_YEARS}{_CLOCK}",
    "name day year": f"{_WEEKDAY}{_NAME}[-/ ]+{_DAY}(?:st|nd|rd|th)?(?:, *|[-/ ]+){_YEAR}{_CLOCK}",
    "year name day": f"{_YEAR}[-/ ]*{_NAME}[-/ ]*{_DAY}{_CLOCK}",
    "name year": f"{_NAME}[-/ ,']*{_YEARS}",
    "year name": f"{_YEAR}[-/ ]*{_NAME}",
    "month-year": rf"(?:{_MONTH}[-/]|(?P<month2>[0-9]{{2}})\.){_YEAR}",
    "year-month": f"{_YEAR}[-/]{_MONTH}",
    "year quarter": f"{_YEAR}[-/ ]*Q(?P<quarter>[1-4])",
    "quarter year": f"(?:Q(?P<quarter>[1-4])|(?P<quarter2>[1-4])Q)[-/ ']*{_YEARS}",
    "year week": f"{_YEAR}-?W(?P<week>[0-9]{{2}})(?:-?(?P<weekday>[1-7]))?",
    "year": _YEAR,
}
_NAMES = list(FORMS)
NUMBERS = _NAMES.index("numbers")
OF_MONTHS = ("month-year", "year-month")
_WITHOUT_DAYS = (*OF_MONTHS, "name year", "year name", "year quarter", "quarter year", "year", "year week")
IN_PYTHON = {form: re.compile(regex, re.IGNORECASE | re.ASCII) for form, regex in FORMS.items()}
FEW = 100  # texts that Python has read before Arrow has made its expressions


def shift_of(zone: str) -> int:
    """Seconds that a zone is ahead of UTC."""
    digits = re.sub("[^0-9]", "", zone).ljust(4, "0")
    shift = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -shift if zone.startswith("-") else shift


_UNREAD = ("dayname", "fraction")
_NUMBERS: dict[str, Callable[[str], int]] = {
    **dict.fromkeys(("mark", "mark2"), "-/.".index),
    "name": lambda cell: _SHORT.index(cell[:3].lower()) + 1,
    "half": lambda cell: " ap".index(cell.lower()),
    "zone": shift_of,
}
_TRAITS: dict[str, tuple[tuple[str, Callable[[str], int]], ...]] = {
    "year": (("short", lambda cell: len(cell) == 2),),
    "month": (("bare", lambda cell: len(cell) == 1),),
    "zone": (("zoned", lambda cell: 1),),
}


@dataclass
class Parts:
    """The numbers in each text, int64 of shape (texts,), 0 where a text has no such part."""

    form: Array
    """The place of each text's form in FORMS; -1 of a text that has none."""
    of: dict[str, Array]
    """By the names of the groups in FORMS; "bare" is 1 where a month has one digit, "short" where a year has
    two, "zoned" where there is a zone.
    """

    def __getitem__(self, name: str) -> Array:
        return self.of.get(name, np.zeros(len(self.form), np.int64))

    def put(self, name: str, places: Array, values: Array) -> None:
        """Parts of some of the texts; of two groups for one part the one that is there counts."""
        column = self.of.setdefault(name, np.zeros(len(self.form), np.int64))
        column[places] += values

    def is_form(self, *names: str) -> Array:
        return np.isin(self.form, [_NAMES.index(name) for name in names])


def apart(texts: pa.Array) -> Parts:
    """The parts of `texts`, strings without gaps or spaces around them."""
    found = Parts(np.full(len(texts), -1), {})
    places = np.arange(len(texts))
    for place, form in enumerate(FORMS):
        if not len(places):
            break
        hit, groups = _groups(texts, form)
        if not hit.any():
            continue
        here, places = places[hit], places[~hit]
        texts = texts.filter(arrow.booleans(~hit))
        found.form[here] = place
        for group, (codes, cells) in groups.items():
            name = group if group in ("turn2", "mark2") else group.rstrip("2")
            for part, number_of in ((name, _NUMBERS.get(name, int)), *_TRAITS.get(name, ())):
                values = [number_of(cell) if cell else 0 for cell in cells]
                found.put(part, here, np.array(values, dtype=np.int64)[codes])
    found.form[found["mark"] != found["mark2"]] = -1  # 1-2/2024 is no date
    return found


def _groups(texts: pa.Array, form: str) -> tuple[Array, dict[str, tuple[Array, list[str]]]]:
    """Which of `texts` have a form; and each group of those, as the places of its cells among some cells.

    A cell is empty where a text has no such part.
    """
    if len(texts) <= FEW:
        matches = [IN_PYTHON[form].fullmatch(text) for text in texts.to_pylist()]
        there = [match.groupdict("") for match in matches if match]
        names = [name for name in IN_PYTHON[form].groupindex if name not in _UNREAD and there]
        codes = np.arange(len(there))
        hit = np.array([match is not None for match in matches])
        return hit, {name: (codes, [match[name] for match in there]) for name in names}
    found = pc.extract_regex(texts, f"(?i)^{FORMS[form]}$")
    columns = zip(found.type, found.filter(found.is_valid()).flatten(), strict=True)
    coded = {field.name: cells.dictionary_encode() for field, cells in columns if field.name not in _UNREAD}
    groups = {name: (arrow.codes(cells), cells.dictionary.to_pylist()) for name, cells in coded.items()}
    return arrow.flags(found.is_valid()), groups


def moments(parts: Parts, order: Order, quarters: bool, wall: bool) -> Array:
    """What `parts` mean, datetime64[s]; NaT where they are no time, or could be two.

    Without an `order` only such days are known as can be read in one way, as 31/1/2024. `quarters` says that
    1-2015 is one, `wall` that a zone is dropped, not gone by.
    """
    year, turn, turn2 = parts["year"], parts["turn"], parts["turn2"]
    year = np.where(parts["short"] == 1, year + np.where(year < 69, 2000, 1900), year)  # as Python's %y
    known = (parts.form >= 0) & (year >= 1000) & (year < 3000)
    if not order:
        known &= (parts.form != NUMBERS) | (turn > 12) | (turn2 > 12) | (turn == turn2)
    by_day = turn > 12 if not order else np.full(len(turn), order == "day-first")
    quarter, month = parts["quarter"], parts["month"]
    if quarters:
        quarter = np.where(parts.is_form(*OF_MONTHS), month, quarter)
        known &= quarter <= 4
        month = np.where(parts.is_form(*OF_MONTHS), 0, month)
    month = np.where(quarter > 0, 3 * quarter - 2, month + parts["name"] + np.where(by_day, turn2, turn))
    month = np.where(parts.is_form("year", "year week"), 1, month)
    day = parts["day"] + np.where(by_day, turn, turn2)
    day = np.where(parts.is_form(*_WITHOUT_DAYS), 1, day)
    known &= (month >= 1) & (month <= 12)
    months = (np.where(known, 12 * (year - 1970) + month - 1, 0)).astype("M8[M]")
    first = months.astype("M8[D]")
    known &= (day >= 1) & (day <= ((months + 1).astype("M8[D]") - first).astype(np.int64))
    days = _weeks(parts, first + (day - 1), known)
    seconds = _seconds(parts)
    times: Array = days.astype("M8[s]") + (seconds if wall else seconds - parts["zone"])
    times[~known | (seconds < 0)] = np.datetime64("NaT")
    return times


def _weeks(parts: Parts, days: Array, known: Array) -> Array:
    """`days`, those of ISO weeks put right: Monday where no weekday is said. Takes weeks that are none from
    `known`.
    """
    weekly = parts.is_form("year week")
    if not weekly.any():
        return days
    fourth = days + 3  # 4 January is always in the first week
    monday = fourth - (fourth.astype(np.int64) + 3) % 7 + 7 * (parts["week"] - 1)  # 1970 began on a Thursday
    known &= ~weekly | ((parts["week"] >= 1) & ((monday + 3).astype("M8[Y]") == days.astype("M8[Y]")))
    return np.where(weekly, monday + np.maximum(parts["weekday"] - 1, 0), days)


def _seconds(parts: Parts) -> Array:
    """Seconds since midnight; -1 where there is no such time of day."""
    hour, minute, second, half = (parts[name] for name in ("hour", "minute", "second", "half"))
    fine = (hour < 24) & (minute < 60) & (second < 60) & ((half == 0) | ((hour > 0) & (hour < 13)))
    fine |= (hour == 24) & (minute == 0) & (second == 0) & (half == 0)  # ISO 8601: the end of the day
    hour = np.where(half > 0, hour % 12 + 12 * (half == 2), hour)
    return np.where(fine, hour * 3600 + minute * 60 + second, -1)
