"""Runs of zeros in series that are usually above zero: perhaps nothing could be sold then."""

import numpy as np

from slipway import Array

from .panel import Panel

MIN_RUN = 3  # steps
MAX_ZEROS = 0.4  # share of zeros from which on a series is intermittent
CHANCE = 0.01  # of a series to have such a run, if its zeros came at random
MIN_TIMES = 2  # a run must be so many times the next longest: weekends and closed seasons come again


def empty_shelves(panel: Panel) -> list[str]:
    """A note on series with runs of zeros that are hardly chance; empty if there are none."""
    found: list[tuple[int, int, int]] = []
    number = 0
    for place, y in enumerate(panel):
        if not len(y) or y.min() < 0 or np.mean(y == 0) >= MAX_ZEROS:
            continue
        begins, lengths = runs(y == 0)
        if len(lengths) and _unusual(lengths, len(y)):
            longest = int(lengths.argmax())
            number += 1
            found.append((int(lengths[longest]), place, int(begins[longest])))
    if not found:
        return []
    length, place, begin = max(found, key=lambda run: run[0])
    (day,) = panel.timeline.texts(panel.first[place : place + 1] + begin)
    series = "series is" if number == 1 else "series are"
    return [
        f"{number} {series} usually above zero but with a run of zeros that is hardly chance, such as "
        f"{'/'.join(panel.keys[place])}, {length} steps from {day}. If nothing could be sold then, leave the "
        "target empty there, or mark the rows and name their column by stockout."
    ]


def runs(mask: Array) -> tuple[Array, Array]:
    """Where runs of true values begin, and how long they are.

    >>> [part.tolist() for part in runs(np.array([True, False, True, True]))]
    [[0, 2], [1, 2]]
    """
    edges = np.flatnonzero(np.diff(np.r_[0, mask.astype(np.int8), 0]))
    return edges[::2], np.diff(edges)[::2]


def _unusual(lengths: Array, points: int) -> bool:
    longest = int(lengths.max())
    others = np.delete(lengths, lengths.argmax())
    if longest < MIN_RUN or (len(others) and longest < MIN_TIMES * int(others.max())):
        return False
    # The share of zeros among all others tells the chance of each step; a half of one stands for none.
    share = max(float(others.sum()), 0.5) / (points - longest)
    return bool(points * share**longest < CHANCE)
