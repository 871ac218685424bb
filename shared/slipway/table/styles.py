"""How people write numbers besides the plain way: decimal commas, and marks between thousands."""

import re
from collections.abc import Sequence
from typing import Literal

import pyarrow as pa

from slipway.table.arrow import strings

Style = Literal["", "1,5", "1,000.5", "1.000,5"]
"""How a column writes numbers: with a point alone, a decimal comma, or marks between thousands."""
MEANT: dict[Style, str] = {
    "1,5": "decimal commas",
    "1,000.5": "commas between thousands",
    "1.000,5": "decimal commas, points between thousands",
}
_STYLES: dict[Style, re.Pattern[str]] = {
    "1,5": re.compile(r"[-+]?[0-9]*,[0-9]+"),
    "1,000.5": re.compile(r"[-+]?[0-9]{1,3}(,[0-9]{2,3})*,[0-9]{3}(\.[0-9]*)?"),  # 1,00,000 in India
    "1.000,5": re.compile(r"[-+]?([0-9]{1,3}(\.[0-9]{3})+|[0-9]+)(,[0-9]+)?"),
}
_TRIED: tuple[Style, ...] = ("1.000,5", "1,000.5", "1,5")


def style_of(cells: Sequence[str]) -> Style | None:
    """How cells that hold commas write numbers; None where they are none, or mean different numbers by it.

    Raises ValueError where each may mean two numbers: `1,234`.
    """
    for style in _TRIED:
        if all(_STYLES[style].fullmatch(cell) for cell in cells):
            if any(_is_sure(cell, style) for cell in cells):
                return style
            if style == "1,000.5":
                raise ValueError("ambiguous")
    return None


def _is_sure(cell: str, style: Style) -> bool:
    """Whether `cell`, which may be written in a style, is no number in another."""
    if style == "1.000,5":
        return "," in cell and "." in cell
    if style == "1,000.5":
        return cell.count(",") > 1 or "." in cell
    return len(cell.partition(",")[2]) != 3 or cell[:1] == "0"


def fits(cell: str, style: Style) -> bool:
    """Whether a number with a point, in a column of a style, is one of that style: 12.345 is 12345."""
    return style != "1.000,5" or _STYLES[style].fullmatch(cell) is not None


def unstyled(cells: pa.Array, style: Style) -> pa.Array:
    """The numbers of a style as plain ones; other cells as they are."""
    return strings(["" if cell is None else plain(cell.strip(), style) for cell in cells.to_pylist()])


def plain(text: str, style: Style) -> str:
    """`text` with a point alone where it is a number of the style, else as it is."""
    if not style or not _STYLES[style].fullmatch(text):
        return text
    if style == "1,000.5":
        return text.replace(",", "")
    return text.replace(".", "").replace(",", ".")
