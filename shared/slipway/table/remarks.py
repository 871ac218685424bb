"""What is to be said of a column of texts that may be meant otherwise: amounts, ranges, one word twice."""

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from slipway.errors import listed, shown
from slipway.table.schema import Column

_LOOKED_AT = 1000  # cells
_MOSTLY = 0.9  # of the distinct ones
_CURRENCY = "[A-Z]{0,3}[$€£¥₹₩₽₺₫₪฿₴]|USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD"
_NUMBER = (
    "[1-9][0-9]{0,2}(?:[ .,'\u2019\u00a0\u202f][0-9]{3})+(?:[.,][0-9]+)?|(?:0|[1-9][0-9]*)(?:[.,][0-9]+)?"
)
_UNIT = rf"[%‰]|{_CURRENCY}|[A-Za-zµ°][A-Za-z0-9µ°²³/]{{0,11}}"
_AMOUNT = re.compile(
    rf"[-(\N{{MINUS SIGN}}]?\s?(?P<before>{_CURRENCY})?\s?[-\N{{MINUS SIGN}}]?(?P<number>{_NUMBER})"
    rf"\s?(?P<after>{_UNIT})?[-)]?"
)
_DATE = re.compile(r"([0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{1,2}([./])[0-9]{1,2}\2[0-9]{2,4})(?![0-9])")
_RANGE = re.compile(r"(?P<low>[0-9]+(?:\.[0-9]+)?) ?[-\N{EN DASH}] ?(?P<high>[0-9]+(?:\.[0-9]+)?)")


def of_texts(column: Column, cells: pa.Array) -> list[str]:
    """Notes on a column of texts for the log; none where nothing is odd."""
    name = shown(column.name)
    if cells.null_count == len(cells):
        return [f"column {name}: every cell is missing"] if len(cells) else []
    notes = []
    distinct = pc.unique(cells[:_LOOKED_AT]).drop_null().to_pylist()
    looks = next((what for what, are in _LOOKS.items() if are(distinct)), "")
    if looks:
        notes.append(f"column {name}: cells such as {shown(distinct[0])} {looks}")
    if alike := _alike(column.categories):
        notes.append(f"column {name}: texts that differ only in case or spaces are different ones: {alike}")
    elif any(word != word.strip() for word in column.categories):
        padded = next(word for word in column.categories if word != word.strip())
        notes.append(f"column {name}: texts have spaces around them, which are kept: {shown(padded)}")
    return notes


def are_amounts(texts: Sequence[str]) -> bool:
    """Whether most of some distinct texts are numbers with one unit, or with marks between thousands.

    >>> are_amounts(["$1,234.50", "$7"]), are_amounts(["12 kg", "3kg"]), are_amounts(["12A", "7B"])
    (True, True, False)
    """
    found = [match for text in texts if len(text) < 40 and (match := _AMOUNT.fullmatch(text.strip()))]
    units = [match["before"] or match["after"] or "" for match in found]
    unit = max(set(units), key=units.count) if units else ""
    alike = [match for match, one in zip(found, units, strict=True) if one == unit]
    marked = bool(unit) or any(match["number"] != match[0] or not match[0].isdigit() for match in alike)
    return marked and len(texts) > 1 and len(alike) >= _MOSTLY * len(texts)


def _are_ranges(texts: Sequence[str]) -> bool:
    found = [match for text in texts if len(text) < 40 and (match := _RANGE.fullmatch(text.strip()))]
    rising = [match for match in found if float(match["low"]) < float(match["high"])]
    return len(texts) > 1 and len(rising) >= _MOSTLY * len(texts)


def _are_dates(texts: Sequence[str]) -> bool:
    return len(texts) > 1 and sum(bool(_DATE.match(text)) for text in texts) >= _MOSTLY * len(texts)


_PLAIN = "kept as they are written; write plain numbers where the algorithm is to take them for such"
_LOOKS = {
    f"are amounts, {_PLAIN}": are_amounts,
    f"are ranges of numbers, {_PLAIN}": _are_ranges,
    "look like dates, but not all can be read as such, so they are texts": _are_dates,
}


def _alike(words: Sequence[str]) -> str:
    """The words that differ only in case or in spaces, as a list; empty if there are none."""
    spellings: dict[str, list[str]] = {}
    for word in words:
        spellings.setdefault(" ".join(word.split()).casefold(), []).append(shown(word))
    return listed([" / ".join(group) for group in spellings.values() if len(group) > 1], 5)
