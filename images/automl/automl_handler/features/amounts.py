"""Numbers written as text: with a unit ("12%", "$1,234.50", "35 kg"), or among a few other cells."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np

from ..types import Floats

_CURRENCY = "[$€£¥₹₩₽₺₫₪฿₴]"
_UNIT_BEFORE = rf"(?P<before>(?:[A-Z]{{2,3}} ?)?{_CURRENCY})?"
_UNIT_AFTER = rf"(?P<after>[%‰]|{_CURRENCY}|[A-Za-zµ°][A-Za-z0-9µ°²³/]{{0,11}})?"
_CODE = re.compile(r"[-+]?[0-9_]+", re.ASCII)
_EXACT = 2**53
_MINUS = "\N{MINUS SIGN}"

Mark = Literal[".", ","]


def _pattern(decimal: Mark) -> re.Pattern[str]:
    """A sign, a number without leading zeros, and a unit before or after it."""
    grouping = "," if decimal == "." else "."
    whole = rf"(?:0|[1-9][0-9]*|[1-9][0-9]{{0,2}}(?:{re.escape(grouping)}[0-9]{{3}})+)"
    number = rf"(?P<number>{whole}(?:{re.escape(decimal)}[0-9]+)?(?:[eE][-+]?[0-9]+)?)"
    return re.compile(
        rf"(?P<sign>[-{_MINUS}]?) ?{_UNIT_BEFORE} ?(?P<minus>[-{_MINUS}]?){number}\s?{_UNIT_AFTER}"
    )


_PATTERNS: dict[Mark, re.Pattern[str]] = {".": _pattern("."), ",": _pattern(",")}


@dataclass(frozen=True)
class AmountFormat:
    """How a column writes its amounts: one unit, which may be empty, and one decimal mark."""

    unit: str = ""
    decimal: Mark = "."

    @classmethod
    def infer(cls, texts: Sequence[str], share: float) -> Self | None:
        """The format that reads at least `share` of `texts`; None if there is none, or if two disagree.

        A column with codes, which are digits that a number would lose (`02108`, `+49`), has no format.

        >>> AmountFormat.infer(["$1,234.50", "$7"], 1.0)
        AmountFormat(unit='$', decimal='.')
        >>> AmountFormat.infer(["1,5 %", "20 %"], 1.0)
        AmountFormat(unit='%', decimal=',')
        >>> AmountFormat.infer(["1,234%", "2,000%"], 1.0) is None
        True
        """
        counts = Counter(text.strip() for text in texts)
        total = sum(counts.values())
        found: list[tuple[int, Self]] = []
        for decimal in _PATTERNS:
            units: Counter[str] = Counter()
            for text, count in counts.items():
                if (parsed := _parsed(text, decimal)) is not None:
                    units[parsed[0]] += count
            if units and units.most_common(1)[0][1] >= share * total:
                unit, read = units.most_common(1)[0]
                found.append((read, cls(unit, decimal)))
        if not found:
            return None
        most = max(read for read, _ in found)
        best = [one for read, one in found if read == most]
        values = [one.read(counts) for one in best]
        if len(best) > 1 and not np.array_equal(values[0], values[1], equal_nan=True):
            return None
        unread = np.isnan(values[0])
        if any(_CODE.fullmatch(text) for text, gap in zip(counts, unread, strict=True) if gap):
            return None
        return best[0]

    def read(self, cells: Iterable[Any]) -> Floats:
        """Cells as float64 of shape (cells,), NaN for a cell that is not an amount in this unit.

        Cells that are numbers already are taken as they are.

        >>> AmountFormat("%").read(["12%", "-0.5 %", "7", None])
        array([12. , -0.5,  nan,  nan])
        """
        known = self._known
        found = []
        for cell in cells:
            if not isinstance(cell, str):
                found.append(np.nan if cell is None else float(cell))
                continue
            if cell not in known:
                parsed = _parsed(cell.strip(), self.decimal)
                known[cell] = parsed[1] if parsed is not None and parsed[0] == self.unit else np.nan
            found.append(known[cell])
        return np.array(found, np.float64)

    @property
    def name(self) -> str:
        """The unit in words, for logs and reports."""
        return f"in {self.unit}" if self.unit else "without a unit"

    @cached_property
    def _known(self) -> dict[str, float]:
        return _Bounded()


class _Bounded(dict[str, float]):
    """A cache that is emptied when it grows large, as a server reads texts without end."""

    def __setitem__(self, key: str, value: float) -> None:
        if len(self) >= 10_000:
            self.clear()
        super().__setitem__(key, value)


def _parsed(text: str, decimal: Mark) -> tuple[str, float] | None:
    """The unit and the value of a text; None if it is not an amount, or might be another one."""
    match = _PATTERNS[decimal].fullmatch(text)
    if match is None or (match["sign"] and match["minus"]) or (match["before"] and match["after"]):
        return None
    unit, number = match["before"] or match["after"] or "", match["number"]
    grouping = "," if decimal == "." else "."
    _, _, decimals = number.partition(decimal)
    if not unit and (grouping in number or decimal == ","):
        return None  # the shared layer has read what is certain
    if re.search(_CURRENCY, unit) and len(decimals) > 2:
        return None  # 1,234 dollars, not 1.234
    value = float(number.replace(grouping, "").replace(decimal, "."))
    if not decimals and abs(value) > _EXACT:
        return None  # a code
    return unit, -value if match["sign"] or match["minus"] else value
