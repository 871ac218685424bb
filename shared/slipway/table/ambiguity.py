"""What a cell leaves open, and the whole column decides: day or month first, quarters or months."""

from collections.abc import Callable

import numpy as np

from slipway.errors import UserError, shown
from slipway.table.arrow import Array
from slipway.table.spellings import Order, Parts, moments

QUARTERS = 8  # distinct cells none of which has a number over 4: from then on they are quarters, not months

Cell = Callable[[int], tuple[str, int]]
"""The text of a distinct cell, and the row, from 1, that has it first."""


def order_of(parts: Parts, numbers: Array, said: Order, name: str, cell: Cell) -> tuple[Order, str]:
    """Which of day and month comes first in the cells `numbers`, places in `parts`; and a note if guessed.

    Raises UserError for cells of which one can only be read day first, and the other only month first, or
    not as `said`.
    """
    days, months = (moments(parts, order, False, True)[numbers] for order in ("day-first", "month-first"))
    only: dict[Order, Array] = {
        "day-first": numbers[np.isnat(months)],
        "month-first": numbers[np.isnat(days)],
    }
    decided: list[Order] = [order for order, places in only.items() if len(places)]
    if len(decided) == 2:
        (text, row), (other, later) = sorted(
            (cell(int(only[order][0])) for order in decided), key=lambda found: found[1]
        )
        raise UserError(
            f"expected one order of day and month in the whole column, but {shown(text)} in row {row} and "
            f"{shown(other)} in row {later} have none in common",
            row=later,
            column=name,
        )
    if decided and said and said != decided[0]:
        text, row = cell(int(only[decided[0]][0]))
        raise UserError(
            f"expected dates={said}, got {shown(text)}, which can only be read {_words(decided[0])}",
            row=row,
            column=name,
        )
    if decided or said:
        return (decided[0] if decided else said), ""
    for trait, why in (
        (_is_regular, "as its steps are regular only so"),
        (_rises, "as it is in order only so"),
    ):
        if trait(days) != trait(months):
            return _guess("day-first" if trait(days) else "month-first", why)
    return _guess("month-first", "which is a guess")


def quarters_of(parts: Parts, places: Array) -> tuple[bool, str]:
    """Whether the cells at `places`, 1-2015 or 2015/1, are quarters; and a note if that can be doubted."""
    found = parts["month"][places]
    # Of months some would be beyond April, or have two digits: 01.
    if not len(places) or found.max() > 4 or not parts["bare"][places].all():
        return False, ""
    if len(places) >= QUARTERS:
        return True, "read as quarters, as no number is over 4 (write 2015-01 for months)"
    return False, "read as months, though they might be quarters (write 2015Q1 for those)"


def _guess(order: Order, why: str) -> tuple[Order, str]:
    other = "month-first" if order == "day-first" else "day-first"
    return order, (
        f"day and month cannot be told apart; read {_words(order)}, {why}: say dates={other} otherwise, or "
        f"dates={order} to be sure"
    )


def _words(order: Order) -> str:
    return order.replace("-", " ")


def _rises(times: Array) -> bool:
    apart = np.diff(times.astype(np.int64))
    return len(apart) > 0 and bool((apart >= 0).all() or (apart <= 0).all())


def _is_regular(times: Array) -> bool:
    """Whether all neighbours are as far apart: in seconds, or in months."""
    times = np.unique(times)
    if len(times) < 3:
        return False
    months = times.astype("M8[M]")
    after = times - months.astype("M8[s]")
    apart = np.diff(times), np.diff(months)
    return bool(
        (apart[0] == apart[0][0]).all() or ((apart[1] == apart[1][0]).all() and (after == after[0]).all())
    )
