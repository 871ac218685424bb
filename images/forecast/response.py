"""Forecasts as the columns of an answer, in the layouts that there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from slipway import Answers, Array, Groups, arrow

from .panel.panel import Panel
from .request import Asked

if TYPE_CHECKING:
    from .options import Layout, Options


@dataclass(frozen=True)
class Answered:
    """Forecasts of an asked panel; arrays of shape (series, steps, …), samples (series, samples, steps)."""

    panel: Panel
    mean: Array
    quantiles: Array
    samples: Array
    levels: Sequence[float]
    types: Sequence[str]
    observed: Array
    """Of shape (4, series, points): what the last points are, were expected to be, and 99 % ends."""

    def label(self, level: float) -> str:
        return format(level, "g")


def answers(asked: Asked, found: Answered, options: "Options", nests: bool) -> Answers:
    """The answer. `nests` says whether a cell may be a list.

    One row of the request has one answer where it asks for one step, or where answers are whole series.
    """
    layout = _layout(asked, options.layout, nests)
    if layout == "totals":
        return _by_series(asked, totals(found, asked.of_rows if _by_row(asked) else None))
    if layout == "series":
        places = asked.of_rows if _by_row(asked) else None
        return _by_series(asked, series(found, places, asked.named))
    if asked.form == "points":
        return Answers(long(found, asked.of_rows, asked.offsets))
    places, offsets = _wanted(asked, found.mean.shape[1])
    cells = long(found, places, offsets)
    of_rows = asked.of_rows
    if found.observed.shape[2]:
        cells, places = _with_observed(cells, found, places)
    if _by_row(asked):
        # A series that is asked for twice has its answers under each of its rows.
        order, groups = _repeated(places, of_rows)
        again = {name: column[order] for name, column in cells.items()}
        return Answers(again, Groups(np.arange(len(of_rows)), groups))
    return Answers(cells, Groups(of_rows, places))


def _layout(asked: Asked, wanted: "Layout", nests: bool) -> "Layout":
    if wanted == "series" and not nests:
        return "long"
    if wanted != "auto":
        return wanted
    return "series" if _by_row(asked) and nests else "long"


def _by_row(asked: Asked) -> bool:
    """Whether each row is a series of its own."""
    return asked.form in {"series", "ids"}


def _by_series(asked: Asked, cells: dict[str, Array]) -> Answers:
    """One answer a series: row by row where each row is one, else in groups."""
    return Answers(cells, None if _by_row(asked) else Groups(asked.of_rows, np.arange(len(asked.panel))))


def _repeated(places: Array, of_rows: Array) -> tuple[Array, Array]:
    """Which answers each row has, by the series that both are of; and the row of each of these."""
    order = np.argsort(places, kind="stable")
    first = np.searchsorted(places[order], of_rows)
    number = np.searchsorted(places[order], of_rows, side="right") - first
    groups = np.repeat(np.arange(len(of_rows)), number)
    within = np.arange(len(groups)) - np.repeat(np.cumsum(number) - number, number)
    return order[first[groups] + within], groups


def _wanted(asked: Asked, horizon: int) -> tuple[Array, Array]:
    """Which steps of which series to answer: those that rows ask for, else all of them."""
    wanted = np.zeros((len(asked.panel), horizon), bool)
    if len(asked.offsets):
        there = asked.offsets >= 0
        wanted[asked.of_rows[there], asked.offsets[there]] = True
    wanted[~wanted.any(axis=1)] = True
    places, offsets = np.nonzero(wanted)
    return places, offsets


def _keys(panel: Panel, places: Array) -> dict[str, Array]:
    return {
        name: arrow.objects([panel.keys[place][part] for place in places])
        for part, name in enumerate(panel.key_names)
    }


def long(found: Answered, places: Array, offsets: Array) -> dict[str, Array]:
    """A row a step: keys, timestamp, and what was asked for."""
    panel = found.panel
    times = panel.timeline.texts(panel.after[places] + offsets)
    cells = {**_keys(panel, places), "timestamp": times}
    if "mean" in found.types:
        cells["mean"] = found.mean[places, offsets]
    if "quantiles" in found.types:
        for number, level in enumerate(found.levels):
            cells[found.label(level)] = found.quantiles[places, offsets, number]
    if "samples" in found.types:
        cells["samples"] = arrow.objects(found.samples[places, :, offsets].tolist())
    return cells


def _with_observed(cells: dict[str, Array], found: Answered, places: Array) -> tuple[dict[str, Array], Array]:
    """The last observed points of each series after its forecasts, with what was expected of them."""
    panel, last = found.panel, found.observed.shape[2]
    who = np.repeat(np.arange(len(panel)), last)
    back = np.tile(np.arange(last) - last, len(panel))
    there = panel.lengths[who] + back >= 0
    who, back = who[there], back[there]
    value, expected, low, high = (part.reshape(-1)[there] for part in found.observed)
    outside = ((value < low) | (value > high)).astype(object)
    outside[np.isnan(expected)] = None
    extra = {
        **_keys(panel, who),
        "timestamp": panel.timeline.texts(panel.after[who] + back),
        "mean": expected,
    }
    added = {"observed": value, "anomaly": outside}
    both = {}
    for name, column in cells.items():
        more = extra.get(name, np.full(len(who), np.nan))
        both[name] = np.concatenate([column, more])
    for name, column in added.items():
        empty = np.full(len(places), np.nan if column.dtype.kind == "f" else None)
        both[name] = np.concatenate([empty, column])
    return both, np.concatenate([places, who])


def series(found: Answered, places: Array | None, named: bool) -> dict[str, Array]:
    """A row a series, its steps in lists, as DeepAR answers."""
    panel = found.panel
    places = np.arange(len(panel)) if places is None else places
    cells: dict[str, Array] = {}
    if named:
        cells = {**_keys(panel, places), "start": panel.timeline.texts(panel.after[places])}
    if "quantiles" in found.types:
        labels = [found.label(level) for level in found.levels]
        cells["quantiles"] = arrow.objects(
            [dict(zip(labels, plain(found.quantiles[place].T), strict=True)) for place in places]
        )
    if "samples" in found.types:
        cells["samples"] = arrow.objects([plain(found.samples[place]) for place in places])
    if "mean" in found.types:
        cells["mean"] = arrow.objects([plain(found.mean[place]) for place in places])
    if found.observed.shape[2]:
        cells["anomalies"] = arrow.objects([_observed(found, place) for place in places.tolist()])
    return cells


def _observed(found: Answered, place: int) -> list[dict[str, Any]]:
    panel, last = found.panel, found.observed.shape[2]
    known = min(last, len(panel.series(place)))
    rows = []
    for number in range(last - known, last):
        value, expected, low, high = plain(found.observed[:, place, number])
        rows.append(
            {
                "timestamp": panel.timeline.texts(panel.after[[place]] + number - last)[0],
                "observed": value,
                "expected": expected,
                "anomaly": None if expected is None else bool(value < low or value > high),
            }
        )
    return rows


def totals(found: Answered, places: Array | None) -> dict[str, Array]:
    """A row a series with the sum of its forecasts, as the older system answered."""
    panel = found.panel
    places = np.arange(len(panel)) if places is None else places
    keys = [panel.keys[place] for place in places.tolist()]
    return {
        "key": arrow.objects(["/".join(key) for key in keys]),
        **_keys(panel, places),
        "predict_sum": found.mean.sum(axis=1)[places],
        "predict_start_date": panel.timeline.texts(panel.after[places]),
        "predict_horizon": np.full(len(places), found.mean.shape[1]),
    }


def plain(values: Array) -> Any:
    """Numbers as lists, None for nan: of a series without points nothing is forecast."""
    found = values.astype(object)
    found[np.isnan(values)] = None
    return found.tolist()
