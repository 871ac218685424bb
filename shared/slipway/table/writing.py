"""How a column's times are written back: as most of its cells are."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from slipway.table.spellings import IN_PYTHON, MONTHS, OF_MONTHS, Order, shift_of

ISO = "{year:04}-{month:02}-{day:02}"
_DIGIT = re.compile("[0-9]")
_ANY_DIGIT = str.maketrans("123456789", "000000000")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TURNS = {
    "turn": {"": "day", "day-first": "day", "month-first": "month"},
    "turn2": {"": "month", "day-first": "month", "month-first": "day"},
}


def is_spelled(text: str) -> bool:
    """Whether one text looks like a time."""
    return _DIGIT.search(text) is not None and any(regex.fullmatch(text) for regex in IN_PYTHON.values())


def learn(texts: Sequence[str], order: Order, quarters: bool) -> tuple[str, str]:
    """How most of `texts` are written, a format string such as {day:02}/{month:02}/{year:04}; their zone."""
    alike: dict[str, list[str]] = {}  # but for their digits, which say nothing here
    for text in texts:
        alike.setdefault(text.translate(_ANY_DIGIT), []).append(text)
    kinds: dict[object, list[tuple[str, re.Match[str]]]] = {}
    count: Counter[object] = Counter()
    for first, *more in alike.values():
        form, match = next(
            (form, match) for form, regex in IN_PYTHON.items() if (match := regex.fullmatch(first))
        )
        kind = (form, *(value if name.startswith("mark") else len(value) if name == "year" else ""
                        for name, value in _parts(match)))  # fmt: skip
        kinds.setdefault(kind, []).append((form, match))
        count[kind] += 1 + len(more)
    usual = kinds[max(kinds, key=lambda kind: count[kind])]
    # The longest tells most: May may be a short name or a whole one, September cannot.
    form, match = max(usual, key=lambda found: len(found[1].group()))
    bare = {_named(name, order) for _, match in usual for name, value in _parts(match) if len(value) == 1}
    text, pieces, at = match.group(), [], 0
    for name, value in _parts(match):
        if not name.startswith("mark"):
            pieces += [
                _literal(text[at : match.start(name)]),
                _piece(_named(name, order), value, match, bare),
            ]
            at = match.end(name)
    found = "".join([*pieces, _literal(text[at:])])
    if quarters and form in OF_MONTHS:
        found = re.sub(r"\{month[^}]*\}", "{quarter}", found)
    return found, match.groupdict().get("zone") or ""


def written(moment: datetime, template: str, zone: str, wall: bool) -> str:
    """One time by a format string that was learnt. It is in UTC, or, if `wall`, by the clock of the zone."""
    if zone and not wall:
        moment += timedelta(seconds=shift_of(zone))
    month = MONTHS[moment.month - 1]
    year, week, weekday = moment.isocalendar()
    return template.format(
        year=year if "{week" in template else moment.year,
        short=moment.year % 100,
        month=moment.month,
        day=moment.day,
        name=month,
        upper=month.upper(),
        lower=month.lower(),
        quarter=(moment.month + 2) // 3,
        week=week,
        weekday=weekday,
        hour=moment.hour,
        hour12=(moment.hour + 11) % 12 + 1,
        half="a" if moment.hour < 12 else "p",
        HALF="A" if moment.hour < 12 else "P",
        minute=moment.minute,
        second=moment.second,
        zone=zone,
        dayname=_DAYS[weekday - 1],
    )


def _parts(match: re.Match[str]) -> list[tuple[str, str]]:
    """The groups that are there, from left to right."""
    there = [(name, value) for name, value in match.groupdict().items() if value is not None]
    return sorted(there, key=lambda part: match.start(part[0]))


def _named(name: str, order: Order) -> str:
    return _TURNS[name][order] if name in _TURNS else name if name.startswith("mark") else name.rstrip("2")


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _piece(name: str, value: str, match: re.Match[str], bare: set[str]) -> str:
    """One part of a format string. `bare` are the parts that somewhere have a single digit."""
    if name == "year":
        return "{year:04}" if len(value) == 4 else "{short:02}"
    if name == "name":
        style = "upper" if value.isupper() else "lower" if value.islower() else "name"
        return f"{{{style}}}" if len(value) > 3 else f"{{{style}:.3}}"
    if name == "dayname":
        return f"{{dayname:.{len(value)}}}" if not value.endswith("day") else "{dayname}"
    if name == "half":
        return "{half}" if value.islower() else "{HALF}"
    if name == "fraction":
        return "0" * len(value)
    if name in ("zone", "quarter", "weekday"):
        return f"{{{name}}}"
    padding = "" if name in bare else ":02"
    return f"{{{'hour12' if name == 'hour' and match.groupdict().get('half') else name}{padding}}}"
