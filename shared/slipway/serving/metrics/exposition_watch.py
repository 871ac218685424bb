"""/metrics: drift, and the errors of earlier answers."""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily, Metric

from slipway.drift.measure import Drift
from slipway.serving.metrics.drift import Window
from slipway.serving.metrics.outcomes import OutcomeWindow
from slipway.serving.metrics.watch import Watch

Watched = Sequence[tuple[Sequence[str], Watch]]
"""Values of the label `model`, none where there is only one; and what is watched of it."""


def families(watched: Watched, labels: Sequence[str]) -> Iterator[Metric]:
    """Of one model the drift of each column; of several, whose columns have no bound, that of each model."""
    windows = [(label, watch.drift) for label, watch in watched if watch.drift is not None]
    if windows:
        yield from _drift(windows, labels)
        if not labels:
            yield from _columns(windows[0][1].measured())
    outcomes = [(label, watch.outcomes) for label, watch in watched if watch.outcomes is not None]
    if outcomes:
        yield from _errors(outcomes, labels)


def _drift(windows: Sequence[tuple[Sequence[str], Window]], labels: Sequence[str]) -> Iterator[Metric]:
    rows = GaugeMetricFamily("slipway_drift_window_rows", "Rows that are compared.", labels=labels)
    drifted = GaugeMetricFamily("slipway_drifted_columns", "Columns whose score is above 1.", labels=labels)
    highest = GaugeMetricFamily(
        "slipway_drift_highest_score", "The highest score of a column.", labels=labels
    )
    for label, window in windows:
        columns = window.measured()  # first, as it counts what waits
        rows.add_metric(label, window.rows)
        drifted.add_metric(label, len(window.drifted))
        highest.add_metric(label, max((one.score for one in columns), default=0.0))
    yield from (rows, drifted, highest)


def _columns(columns: Sequence[Drift]) -> Iterator[Metric]:
    """Of each watched column, how far the last rows are from the training's."""
    found: dict[str, tuple[str, Callable[[Drift], float | None]]] = {
        "score": (
            "Distance from the training over its threshold; above 1 it drifted.",
            lambda one: one.score,
        ),
        "js": ("Jensen-Shannon divergence from the training, 0 to 1.", lambda one: one.js),
        "ks": ("Greatest distance of the distribution functions, of numbers.", lambda one: one.ks),
        "gap_share": ("Share of cells that are missing.", lambda one: one.shares["gaps"]),
        "out_of_range_share": (
            "Share of cells below or above all of the training's.",
            lambda one: one.shares.get("out_of_range"),
        ),
        "unseen_share": (
            "Share of cells with a category that was rare in the training, or not there.",
            lambda one: one.shares.get("rare_or_unseen"),
        ),
    }
    for name, (meaning, value) in found.items():
        family = GaugeMetricFamily(f"slipway_drift_{name}", meaning, labels=["of", "column"])
        for one in columns:
            if (told := value(one)) is not None:
                family.add_metric([one.column.of, one.column.name], told)
        yield family


def _errors(
    outcomes: Sequence[tuple[Sequence[str], OutcomeWindow]], labels: Sequence[str]
) -> Iterator[Metric]:
    points = GaugeMetricFamily(
        "slipway_prediction_error_values", "Values that came true and were compared.", labels=labels
    )
    now = GaugeMetricFamily(
        "slipway_prediction_error",
        "Error of earlier answers in the values that came true.",
        labels=[*labels, "measure"],
    )
    training = GaugeMetricFamily(
        "slipway_prediction_error_training",
        "The same error as training measured it.",
        labels=[*labels, "measure"],
    )
    for label, window in outcomes:
        points.add_metric(label, window.points)
        for one in window.measured():
            for family, value in ((now, one.now), (training, one.training)):
                if value is not None:
                    family.add_metric([*label, one.name], value)
    yield from (points, now, training)
