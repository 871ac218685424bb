"""Hartigan's dip: how far a sample is from having a single mode (Hartigan & Hartigan 1985)."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from slipway import Array


def dip(values: Array) -> float:
    """The greatest distance between the distribution of `values` and the nearest one of a single mode.

    From 1 / (2 n) to 1/4. Of n uniform values, the distribution that is hardest to tell from two modes, it is
    about 0.37 / sqrt(n) in the median, and above 0.52 / sqrt(n) in one of twenty.
    """
    x = np.sort(values)
    n = len(x)
    if n < 4 or x[0] == x[-1]:
        return 1 / (2 * n)
    below = _hull(x)
    above = [n - 1 - place for place in _hull(-x[::-1])[::-1]]
    low, high, greatest = 0, n - 1, 1.0
    while True:
        minorant = _path(below, high, low)[::-1]
        majorant = _path(above, low, high)
        apart, left, right = _furthest(x, minorant, majorant)
        if apart <= greatest:
            return greatest / (2 * n)
        lower = [knot for knot in minorant if knot <= left]
        upper = [knot for knot in majorant if knot >= right]
        greatest = max([greatest, *_bulges(x, lower, 1), *_bulges(x, upper, -1)])
        if left == low and right == high:
            return greatest / (2 * n)
        low, high = left, right


def _hull(x: Array) -> list[int]:
    """For each place, the one before it on the greatest convex minorant of the distribution up to there."""
    values = x.tolist()
    before = [0] * len(values)
    for place in range(1, len(values)):
        knot = place - 1
        while knot:
            earlier = before[knot]
            flatter = (values[place] - values[knot]) * (knot - earlier) < (values[knot] - values[earlier]) * (
                place - knot
            )
            if flatter:
                break
            knot = earlier
        before[place] = knot
    return before


def _path(towards: list[int], start: int, end: int) -> list[int]:
    path = [start]
    while path[-1] != end:
        path.append(towards[path[-1]])
    return path


def _furthest(x: Array, minorant: list[int], majorant: list[int]) -> tuple[float, int, int]:
    """The greatest distance between the two hulls, in rows, and the knots around it: the modal interval."""
    low, high = minorant[0], minorant[-1]
    # Either hull is a straight line between its knots: the distance is greatest at a knot of one of them.
    at_lower = np.array(minorant)
    over = np.interp(x[at_lower], x[majorant], majorant) - at_lower + 1
    at_upper = np.array(majorant)
    under = at_upper + 1 - np.interp(x[at_upper], x[minorant], minorant)
    if len(minorant) == 2 and len(majorant) == 2:
        return 1.0, low, high
    if over.max() >= under.max():
        left = int(at_lower[over.argmax()])
        right = next(knot for knot in majorant if knot >= left)
        return float(over.max()), left, right
    right = int(at_upper[under.argmax()])
    left = max(knot for knot in minorant if knot <= right)
    return float(under.max()), left, right


def _bulges(x: Array, knots: list[int], sign: int) -> Iterator[float]:
    """How far the distribution lies off the straight lines between knots, in rows."""
    for first, last in pairwise(knots):
        if last - first > 1 and x[first] < x[last]:
            inside = np.arange(first, last + 1)
            line = (x[first : last + 1] - x[first]) * (last - first) / (x[last] - x[first])
            yield float((sign * (inside - first - line)).max()) + 1
