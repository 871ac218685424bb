"""Level shifts: where the level of a series has changed at once, what is before is moved to the level after.

A series is taken for a level that may wander, a drift, a season and noise, so that the errors of exponential
smoothing are white. Of such a series a shift, an outlier and a bend of the trend each leave a known trace in
these errors (Chen and Liu 1993, https://doi.org/10.1080/01621459.1993.10594321), and a wandering level none.
What explains most is taken, a shift only if it explains so much that it is hardly ever found where there is
none, and more than the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from slipway import Array

from ..panel.panel import Panel
from .classes import SeriesClass, classes_of

TESTED: tuple[SeriesClass, ...] = ("seasonal", "long seasons")
MIN_POINTS = 24
MAX_POINTS, MAX_SEASONS = 96, 4  # the last points that are looked at: more seasons if these are longer
MIN_AFTER = 3  # points after a shift
PENALTY, PENALTY_PER_POINT = 21.0, 0.05
"""Of twice the logarithm of the likelihood that a shift has to gain."""
_MARGIN = 4.0  # of the same that it has to gain on an outlier or a bend
_PENALTY_OUTLIER = 16.0
_MAX_RATIO = 10.0  # logarithms are taken of series whose least point is at least their median over this
_LOG_ODDS = 6.0  # of twice the logarithm of the likelihood, up to which sizes are taken to multiply
_MIN_MEMORY = 0.7  # below it the level wanders so much that what is before a shift tells little, moved or not
_ROUNDS = 4  # shifts and outliers that are looked for in a series
_MEMORIES = (0.0, 0.3, 0.5, 0.7, 0.85, 0.95, 1.0)  # from a random walk to noise about a line
_SMOOTH_SEASON = 24  # a longer season is a few waves
_WAVES = 2
_LONGEST_SEASON = 120  # nothing is looked for where seasons are longer
_STEP = 8  # lengths are rounded down to multiples, so that panels have few of them


@dataclass(frozen=True)
class Shift:
    """A change of level."""

    place: int
    """The first point at the new level."""
    size: float
    """What is added to the points before it, or to their logarithms."""
    logs: bool


def shifts_of(panel: Panel, seasons: Sequence[int]) -> list[list[Shift]]:
    """The shifts of each series, the latest first."""
    found: list[list[Shift]] = [[] for _ in range(len(panel))]
    season = next(iter(seasons), 1)
    most = max(MAX_POINTS, MAX_SEASONS * season)
    usual = {*seasons, *panel.timeline.frequency.seasons} if len(seasons) else set()
    longer = [other for other in usual if other > season]
    # The days of a week of hours, say, are levels that come and go.
    if season > _LONGEST_SEASON or any(other <= 2 * most for other in longer):
        return found
    groups: dict[int, list[int]] = {}
    for place, label in enumerate(classes_of(panel.values, panel.ends, seasons)):
        points = int(panel.lengths[place])
        if label in TESTED and points >= max(MIN_POINTS, 2 * season + MIN_POINTS // 2):
            if any(points > 2 * other for other in longer):
                continue
            points = min(points, most)
            groups.setdefault(points - points % _STEP, []).append(place)
    for points, places in groups.items():
        rows = np.array([panel.series(place)[-points:] for place in places])
        logs = _in_logs(rows, season)
        rows[logs] = np.log(rows[logs])
        for row, shifts in enumerate(_found(rows, season)):
            skipped = int(panel.lengths[places[row]]) - points
            found[places[row]] = [Shift(at + skipped, size, bool(logs[row])) for at, size in shifts]
    return found


def moved(panel: Panel, seasons: Sequence[int]) -> Panel:
    """The series with what is before each shift moved to the level after it."""
    found = shifts_of(panel, seasons)
    if not any(found):
        return panel
    parts = [panel.series(place) for place in range(len(panel))]
    for place, shifts in enumerate(found):
        if shifts:
            parts[place] = without(parts[place], shifts)
    known = [panel.known(place) for place in range(len(panel))] if panel.covariate_names else ()
    return Panel.of(panel, panel.keys, panel.first, parts, known)


def without(y: Array, shifts: Sequence[Shift]) -> Array:
    """A series with the points before its shifts moved.

    >>> without(np.array([1.0, 2.0, 11.0, 12.0]), [Shift(2, 10.0, False)]).tolist()
    [11.0, 12.0, 11.0, 12.0]
    """
    found = y.copy()
    for shift in shifts:
        if shift.logs:
            found[: shift.place] *= np.exp(shift.size)
        else:
            found[: shift.place] += shift.size
    return found


def _found(rows: Array, season: int) -> list[list[tuple[int, float]]]:
    """The place and size of the shifts of series of one length; shape (series, points)."""
    found: list[list[tuple[int, float]]] = [[] for _ in rows]
    scale = rows.std(axis=1, keepdims=True)
    clean, open_rows = rows / np.where(scale > 0, scale, 1.0), np.flatnonzero(scale[:, 0] > 0)
    for _ in range(_ROUNDS):
        if not len(open_rows):
            break
        gains, places, memories = _best(clean[open_rows], season)
        least = np.maximum(gains[1], gains[2]) + _MARGIN
        least = np.maximum(least, PENALTY + PENALTY_PER_POINT * rows.shape[1])
        shift = (gains[0] > least) & (memories[0] >= _MIN_MEMORY)
        outlier = ~shift & (gains[1] > _PENALTY_OUTLIER) & (gains[1] >= gains[2])
        for row in np.flatnonzero(shift):
            place, mine = int(places[0, row]), open_rows[row]
            size = _size(clean[mine], season, memories[0, row], 0, place)
            clean[mine, :place] += size
            found[mine].append((place, size * float(scale[mine, 0])))
        for row in np.flatnonzero(outlier):
            place, mine = int(places[1, row]), open_rows[row]
            clean[mine, place] -= _size(clean[mine], season, memories[1, row], 1, place)
        open_rows = open_rows[shift | outlier]
    return [sorted(shifts, reverse=True) for shifts in found]


def _in_logs(rows: Array, season: int) -> Array:
    """Whether the season and noise of each series multiply rather than add: by the likelihood."""
    found: Array = (rows.min(axis=1) > 0) & (rows.min(axis=1) * _MAX_RATIO > np.median(rows, axis=1))
    if found.any():
        logs = np.log(rows[found])
        designs = _designs(rows.shape[1], season)
        plain, logged = (
            np.min([_left(some, design) for design in designs], axis=0) for some in (rows[found], logs)
        )
        odds = rows.shape[1] * (np.log(logged / plain) + 2 * logs.mean(axis=1))
        found[found] = odds < _LOG_ODDS
    return found


def _left(rows: Array, design: "Design") -> Array:
    """The squares of the errors of each series with the best shift."""
    errors, total = _errors(rows, design)
    found: Array = total - (np.square(errors @ design.traces[0]) / design.powers[0]).max(axis=1)
    return found


def _errors(rows: Array, design: "Design") -> tuple[Array, Array]:
    """The errors of each series without level, drift and season, and their squares."""
    errors = rows @ design.whiten.T
    errors -= (errors @ design.base) @ design.base.T
    return errors, np.einsum("ij,ij->i", errors, errors)


def _size(y: Array, season: int, memory: float, kind: int, place: int) -> float:
    """The size of a shift or outlier of one series: to the last digit the same in any company, as the sums
    of products of many series at once are not."""
    design = _designs(len(y), season)[_MEMORIES.index(memory)]
    errors = design.whiten @ np.ascontiguousarray(y)
    errors -= design.base @ (design.base.T @ errors)
    return float(errors @ np.ascontiguousarray(design.traces[kind][:, place]) / design.powers[kind][place])


def _best(rows: Array, season: int) -> tuple[Array, Array, Array]:
    """The best shift, outlier and bend of each series: what each gains, where it is, and the memory with
    which it is found; each of shape (3, series)."""
    number, points = rows.shape
    squares = np.full(number, np.inf)
    best, places = np.full((3, number), np.inf), np.zeros((3, number), int)
    memories = np.zeros((3, number))
    freedom = 1
    for design in _designs(points, season):
        errors, total = _errors(rows, design)
        squares = np.minimum(squares, total)
        freedom = points - design.base.shape[1] - 1
        for kind in range(3):
            along, power = errors @ design.traces[kind], design.powers[kind]
            gain = np.square(along) / power
            where = gain.argmax(axis=1)
            each = np.arange(number)
            left = total - gain[each, where]
            better = left < best[kind]
            best[kind][better] = left[better]
            places[kind][better] = where[better]
            memories[kind][better] = design.memory
    least = 1e-9 * points
    return freedom * np.log((squares + least) / (np.maximum(best, 0.0) + least)), places, memories


@dataclass(frozen=True)
class Design:
    """What a series of some length, season and memory may be made of."""

    memory: float
    """Of the level: with 0 it is a random walk, with 1 it stays."""
    whiten: Array
    """The filter that makes errors of a series; shape (points, points)."""
    base: Array
    """A basis of what level, drift and season leave in the errors; shape (points, some)."""
    traces: Array
    """What a shift, an outlier and a bend at each point leave in them; shape (3, points, points)."""
    powers: Array
    """The squares of these, infinite where none is looked for; shape (3, points)."""


@lru_cache(maxsize=8)
def _designs(points: int, season: int) -> tuple[Design, ...]:
    """One for each memory."""
    steps = np.arange(points)
    columns = [np.ones(points), steps / points]
    if 1 < season <= _SMOOTH_SEASON:
        columns += [(steps % season == phase).astype(float) for phase in range(1, season)]
    elif season > 1:
        for wave in range(1, _WAVES + 1):
            turn = 2 * np.pi * wave * steps / season
            columns += [np.sin(turn), np.cos(turn)]
    later = (steps[:, None] >= steps).astype(float)
    ahead = np.maximum(steps[:, None] - steps, 0) / points
    looked = (steps >= MIN_AFTER) & (steps <= points - MIN_AFTER)
    found = []
    for memory in _MEMORIES:
        whiten = np.tril(memory ** np.maximum(steps[:, None] - steps, 0).astype(float))
        whiten[1:] -= whiten[:-1].copy()  # of changes from one point to the next
        base, _ = np.linalg.qr(whiten @ np.column_stack(columns))
        traces, powers = [], []
        for kind in (later, np.eye(points), ahead):
            trace = whiten @ kind
            trace -= base @ (base.T @ trace)
            power = np.square(trace).sum(axis=0)
            allowed = (power > 1e-6) & (looked if kind is later else True)
            traces.append(trace)
            powers.append(np.where(allowed, power, np.inf))
        found.append(Design(memory, whiten, base, np.array(traces), np.array(powers)))
    return tuple(found)
