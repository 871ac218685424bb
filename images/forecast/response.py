"""Formats forecasts as the columns of an answer, in each layout."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from slipway import Answers, Array, Groups, arrow

from .panel.panel import Panel
from .request import Request

if TYPE_CHECKING:
    from .options import Layout, Options


@dataclass(frozen=True)
class Response:
    """Forecasts of the requested series. Shapes: mean (series, steps), quantiles (series, steps, levels),
    samples (series, samples, steps)."""

    panel: Panel
    mean: Array
    quantiles: Array
    samples: Array
    levels: Sequence[float]
    types: Sequence[str]
    observed: Array
    """The last observed points: value, expected value, lower and upper end of the 99 % interval; shape
    (4, series, points)."""

    def label(self, level: float) -> str:
        return format(level, "g")


def answers(request: Request, response: Response, options: "Options", nests: bool) -> Answers:
    """The answer. `nests` says whether the format of the answer can hold lists in cells.

    Each row of the request has one answer if it requests one step, or if answers are whole series.
    """
    layout = _layout(request, options.layout, nests)
    if layout == "totals":
        return _by_series(request, totals(response, request.series_of_row if _by_row(request) else None))
    if layout == "series":
        places = request.series_of_row if _by_row(request) else None
        return _by_series(request, series(response, places, request.named))
    if request.form == "points":
        return Answers(long(response, request.series_of_row, request.offsets))
    places, offsets = _wanted(request, response.mean.shape[1])
    cells = long(response, places, offsets)
    series_of_row = request.series_of_row
    if response.observed.shape[2]:
        cells, places = _with_observed(cells, response, places)
    if _by_row(request):
        # A series requested twice is answered once per row.
        order, groups = _repeated(places, series_of_row)
        again = {name: column[order] for name, column in cells.items()}
        return Answers(again, Groups(np.arange(len(series_of_row)), groups))
    return Answers(cells, Groups(series_of_row, places))


def _layout(request: Request, wanted: "Layout", nests: bool) -> "Layout":
    if wanted == "series" and not nests:
        return "long"
    if wanted != "auto":
        return wanted
    return "series" if _by_row(request) and nests else "long"


def _by_row(request: Request) -> bool:
    """Whether each row is one series."""
    return request.form in {"series", "ids"}


def _by_series(request: Request, cells: dict[str, Array]) -> Answers:
    """One answer per series: by row if each row is one series, else by group."""
    return Answers(
        cells, None if _by_row(request) else Groups(request.series_of_row, np.arange(len(request.panel)))
    )


def _repeated(places: Array, series_of_row: Array) -> tuple[Array, Array]:
    """The index of each row's answers, matched by series, and the row of each of these answers."""
    order = np.argsort(places, kind="stable")
    first = np.searchsorted(places[order], series_of_row)
    number = np.searchsorted(places[order], series_of_row, side="right") - first
    groups = np.repeat(np.arange(len(series_of_row)), number)
    within = np.arange(len(groups)) - np.repeat(np.cumsum(number) - number, number)
    return order[first[groups] + within], groups


def _wanted(request: Request, horizon: int) -> tuple[Array, Array]:
    """The series and steps to answer: those requested by rows, or all steps of a series without such rows."""
    wanted = np.zeros((len(request.panel), horizon), bool)
    if len(request.offsets):
        there = request.offsets >= 0
        wanted[request.series_of_row[there], request.offsets[there]] = True
    wanted[~wanted.any(axis=1)] = True
    places, offsets = np.nonzero(wanted)
    return places, offsets


def _keys(panel: Panel, places: Array) -> dict[str, Array]:
    return {
        name: arrow.objects([panel.keys[place][part] for place in places])
        for part, name in enumerate(panel.key_names)
    }


def long(response: Response, places: Array, offsets: Array) -> dict[str, Array]:
    """One row per step: keys, timestamp, and the requested output types."""
    panel = response.panel
    times = panel.timeline.texts(panel.after[places] + offsets)
    cells = {**_keys(panel, places), "timestamp": times}
    if "mean" in response.types:
        cells["mean"] = response.mean[places, offsets]
    if "quantiles" in response.types:
        for number, level in enumerate(response.levels):
            cells[response.label(level)] = response.quantiles[places, offsets, number]
    if "samples" in response.types:
        cells["samples"] = arrow.objects(response.samples[places, :, offsets].tolist())
    return cells


def _with_observed(
    cells: dict[str, Array], response: Response, places: Array
) -> tuple[dict[str, Array], Array]:
    """Append the last observed points of each series to its forecasts, with their expected values."""
    panel, last = response.panel, response.observed.shape[2]
    who = np.repeat(np.arange(len(panel)), last)
    back = np.tile(np.arange(last) - last, len(panel))
    there = panel.lengths[who] + back >= 0
    who, back = who[there], back[there]
    value, expected, low, high = (part.reshape(-1)[there] for part in response.observed)
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


def series(response: Response, places: Array | None, named: bool) -> dict[str, Array]:
    """One row per series, with its steps in lists, as in DeepAR."""
    panel = response.panel
    places = np.arange(len(panel)) if places is None else places
    cells: dict[str, Array] = {}
    if named:
        cells = {**_keys(panel, places), "start": panel.timeline.texts(panel.after[places])}
    if "quantiles" in response.types:
        labels = [response.label(level) for level in response.levels]
        cells["quantiles"] = arrow.objects(
            [dict(zip(labels, to_json(response.quantiles[place].T), strict=True)) for place in places]
        )
    if "samples" in response.types:
        cells["samples"] = arrow.objects([to_json(response.samples[place]) for place in places])
    if "mean" in response.types:
        cells["mean"] = arrow.objects([to_json(response.mean[place]) for place in places])
    if response.observed.shape[2]:
        cells["anomalies"] = arrow.objects([_observed(response, place) for place in places.tolist()])
    return cells


def _observed(response: Response, place: int) -> list[dict[str, Any]]:
    panel, last = response.panel, response.observed.shape[2]
    known = min(last, len(panel.series(place)))
    rows = []
    for number in range(last - known, last):
        value, expected, low, high = to_json(response.observed[:, place, number])
        rows.append(
            {
                "timestamp": panel.timeline.texts(panel.after[[place]] + number - last)[0],
                "observed": value,
                "expected": expected,
                "anomaly": None if expected is None else bool(value < low or value > high),
            }
        )
    return rows


def totals(response: Response, places: Array | None) -> dict[str, Array]:
    """One row per series with the sum of its forecasts, as in Convect Forecast."""
    panel = response.panel
    places = np.arange(len(panel)) if places is None else places
    keys = [panel.keys[place] for place in places.tolist()]
    return {
        "key": arrow.objects(["/".join(key) for key in keys]),
        **_keys(panel, places),
        "predict_sum": response.mean.sum(axis=1)[places],
        "predict_start_date": panel.timeline.texts(panel.after[places]),
        "predict_horizon": np.full(len(places), response.mean.shape[1]),
    }


def to_json(values: Array) -> Any:
    """`values` as nested lists, with None for NaN: a series without points has no forecast.

    >>> to_json(np.array([[1.0, np.nan]]))
    [[1.0, None]]
    """
    cells = values.astype(object)
    cells[np.isnan(values)] = None
    return cells.tolist()
