"""The training report of boosted trees."""

from typing import TYPE_CHECKING

import numpy as np
from pandas import DataFrame

from slipway import Array, Report, figure
from slipway.kit import charts
from slipway.kit.calibration import reliability

from .fitting import Learnt
from .hyperparameters import Hyperparameters
from .metrics import functions
from .metrics.registry import Answers
from .target import Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .boosters import Booster
    from .data import Data
    from .features import Feature, Features
    from .row_view import View

_EXPLAINED = 500  # rows
_POINTS = 2_000  # of a plot: more take time and make a page of megabytes, and show no more
_SHADES = 8
_SHOWN = 20  # columns
_DEPTHS = (1, 2, 5, 10, 20, 30, 50, 100)


def write(page: Report, learnt: Learnt, features: "Features", params: Hyperparameters, rows: int) -> None:
    """Adds the sections: the problem, metrics, curves, importance, SHAP, and what the problem asks for."""
    outcome, answers = learnt.answers.outcome, learnt.answers
    page.add("Problem", _problem(learnt, features, params, rows))
    page.add("Metrics", _measured(params), _metrics(learnt))
    if learnt.watch.curves:
        page.add("Learning curves", _stopped(learnt), figure=_curves(learnt))
    page.add(
        "Importance",
        "How much each column brought to the trees, in shares, by the engine's own count.",
        *_importance(learnt.booster),
    )
    _explain(page, learnt)
    if len(outcome.classes) == 2:
        _binary(page, answers, outcome, learnt.threshold, params)
    elif outcome.classes:
        page.add("Confusion", "Rows are what came, columns what was said.", _confusion(answers, outcome))
        page.add("Calibration", _CALIBRATION, figure=_calibration(*_likeliest(answers)))
    elif outcome.problem == "regression":
        page.add(
            "Said and true", "Each point is a row; on the line it was met.", figure=_scatter(answers, params)
        )


def _problem(learnt: Learnt, features: "Features", params: Hyperparameters, rows: int) -> str:
    counts = {role: len(features.places(role)) for role in ("number", "category", "text")}
    shown = ", ".join(f"{count} of {role}" for role, count in counts.items() if count)
    outcome = learnt.answers.outcome
    parts = [
        f"{params.target} is learnt by {params.engine}, as a problem of {outcome.problem}, "
        f"from {len(features.columns)} columns ({shown}) of {rows} rows."
    ]
    if outcome.classes:
        parts.append(f"The classes are {', '.join(map(str, outcome.classes[:_SHOWN]))}.")
    if len(outcome.classes) == 2:
        parts.append(f"Probabilities are of {outcome.classes[1]}.")
    return " ".join(parts)


def _measured(params: Hyperparameters) -> str:
    if params.folds:
        return (
            f"Means over {params.folds} folds, each of rows that its trees and its early stopping never saw."
        )
    text = "Of rows that neither the trees nor early stopping saw."
    return text + (" The trees kept were then grown from all rows." if params.refit else "")


def _metrics(learnt: Learnt) -> DataFrame:
    table = DataFrame({"metric": list(learnt.metrics), "value": list(learnt.metrics.values())})
    if learnt.folds:
        spread = [
            float(np.std([fold[name] for fold in learnt.folds], ddof=1 if len(learnt.folds) > 1 else 0))
            for name in learnt.metrics
        ]
        table["standard deviation"] = spread
    return table


def _stopped(learnt: Learnt) -> str:
    watch = learnt.watch
    ended = f", ended as {watch.ended_by}" if watch.ended_by else ""
    return f"{watch.metric} after each tree ({watch.name}{ended}); {learnt.booster.trees} trees are kept."


def _curves(learnt: Learnt) -> "Figure":
    drawn, axes = figure()
    for part, curve in learnt.watch.curves.items():
        label = {"train": "rows learnt from", "validation": "rows that stop it"}[part]
        axes.plot(np.arange(1, len(curve) + 1), curve, label=label)
    axes.axvline(learnt.booster.trees, color="C7", linestyle=":", label="trees kept")
    axes.set(xlabel="trees", ylabel=learnt.watch.metric)
    axes.legend(frameon=False)
    return drawn


def _importance(booster: "Booster") -> tuple[DataFrame, "Figure"]:
    shares = booster.importance()
    order = np.argsort(-shares, kind="stable")
    table = DataFrame({"column": np.array(booster.features.names)[order], "share": shares[order]})
    return table, charts.bars(table.column.tolist()[:_SHOWN], shares[order][:_SHOWN], "share")


def _explain(page: Report, learnt: Learnt) -> None:
    booster, test = learnt.booster, learnt.test
    some = test.take(_evenly(len(test), _EXPLAINED))
    values = booster.contributions(booster.data(some.features))[..., :-1]
    each = np.abs(values).mean(axis=tuple(range(values.ndim - 1)))
    order = np.argsort(-each, kind="stable")
    text = (
        f"Mean absolute SHAP values of {len(some)} of the {len(test)} rows measured on, evenly taken: "
        "how far each column moves the raw score, up or down, from its mean."
    )
    names = np.array(booster.features.names)
    shown = DataFrame({"column": names[order], "mean absolute SHAP value": each[order]})
    drawn = (
        charts.bars(names[order][:_SHOWN].tolist(), each[order][:_SHOWN], "mean absolute SHAP value")
        if values.ndim == 3
        else _swarm(booster, some, values, order[:_SHOWN])
    )
    page.add("SHAP", text, shown, drawn)


def _swarm(booster: "Booster", rows: "Data", values: Array, order: Array) -> "Figure":
    """A point a row and column; its colour is the rank of the cell, where cells have one.

    Points of one colour are drawn together: one by one they would take longer than all else in the report.
    """
    from matplotlib import colormaps

    drawn, axes = figure(height=max(2.5, 0.8 + 0.3 * len(order)))
    random = np.random.default_rng(0)
    chosen = _evenly(len(rows), _POINTS // len(order))
    across, heights = values[np.ix_(chosen, order[::-1])], np.arange(len(order))
    up = heights + random.uniform(-0.25, 0.25, across.shape)
    columns = [booster.features.columns[place] for place in order[::-1]]
    shade = np.column_stack([_shades(rows.features, column)[chosen] for column in columns])
    colours = {number: colormaps["coolwarm"](number / (_SHADES - 1)) for number in range(_SHADES)}
    for number, colour in {**colours, _SHADES: "C7"}.items():
        axes.plot(across[shade == number], up[shade == number], ".", color=colour, markersize=3.5)
    axes.set_yticks(heights, [column.name for column in columns])
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set(xlabel="SHAP value (blue: low cells, red: high cells, grey: neither)")
    return drawn


def _shades(rows: "View", column: "Feature") -> Array:
    """Each cell's rank among those of its column as one of the shades; one more for what has no rank."""
    if column.role != "number":
        return np.full(len(rows), _SHADES)
    cells = rows.number(column.name)
    ordered = np.sort(cells[~np.isnan(cells)])
    below = np.searchsorted(ordered, cells) + np.searchsorted(ordered, cells, side="right")
    shade = np.minimum(below * _SHADES // max(1, 2 * len(ordered)), _SHADES - 1)
    return np.where(np.isnan(cells), _SHADES, shade)


def _evenly(height: int, most: int) -> Array:
    """Places of at most so many rows, at even distances."""
    return np.unique(np.linspace(0, height - 1, min(height, most)).astype(int))


_CALIBRATION = "How frequent the class is where its probability is so high; on the line both are the same."


def _binary(
    page: Report, answers: Answers, outcome: Outcome, threshold: float, params: Hyperparameters
) -> None:
    truth, score = answers.truth, answers.score
    if 0 < truth.sum() < len(truth):
        page.add("ROC and precision", *_ranked(truth, score))
        page.add(
            "Lift and gain",
            f"Of the rows with the highest probabilities of {outcome.classes[1]}: how many times as many of "
            "them are, and what share of all that is.",
            *_depths(truth, score),
        )
    page.add("Calibration", _CALIBRATION, figure=_calibration(score, truth))
    chosen = f"chosen by {params.threshold_metric}" if params.threshold_metric else "as configured"
    page.add(
        "Thresholds",
        f"What follows from each threshold; {threshold:.4g} is in use, {chosen}.",
        DataFrame(functions.thresholds(truth, score, threshold)),
    )


def _ranked(truth: Array, score: Array) -> tuple[str, None, "Figure"]:
    from sklearn.metrics import auc, precision_recall_curve, roc_curve

    wrong, right, _ = roc_curve(truth, score)
    precision, recall, _ = precision_recall_curve(truth, score)
    areas = auc(wrong, right), auc(recall, precision)
    wrong, right, precision, recall = (
        curve[_evenly(len(curve), _POINTS)] for curve in (wrong, right, precision, recall)
    )
    drawn, (left, second) = charts.panels(2, 7.0, 3.4)
    left.plot(wrong, right)
    left.plot([0, 1], [0, 1], color="C7", linestyle=":")
    left.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC")
    second.plot(recall, precision)
    second.axhline(truth.mean(), color="C7", linestyle=":")
    second.set(xlabel="recall", ylabel="precision", title="Precision and recall", ylim=(0, 1.03))
    text = (
        f"Area under ROC {areas[0]:.4g}, under precision and recall {areas[1]:.4g}; "
        "dotted is what chance gives."
    )
    return text, None, drawn


def _depths(truth: Array, score: Array) -> tuple[DataFrame, "Figure"]:
    depths = np.arange(1, 101)
    gains, lifts = (of(truth, score, depths) for of in (functions.gains, functions.lifts))
    shown = np.array(_DEPTHS) - 1
    table = DataFrame({"depth, %": _DEPTHS, "lift": lifts[shown], "gain": gains[shown]})
    drawn, left = figure()
    left.plot(depths, gains, label="gain (left)")
    left.plot([0, 100], [0, 1], color="C7", linestyle=":", label="gain by chance")
    left.set(xlabel="depth, %", ylabel="gain")
    right = left.twinx()
    right.plot(depths, lifts, "C1--", label="lift (right)")
    right.set_ylabel("lift")
    right.grid(False)
    handles = [*left.get_legend_handles_labels()[0], *right.get_legend_handles_labels()[0]]
    left.legend(handles=handles, frameon=False, loc="center right")
    return table, drawn


def _calibration(said: Array, came: Array) -> "Figure":
    drawn, axes = figure(height=3.4)
    charts.reliability(axes, *reliability(said, came))
    axes.set(xlabel="probability", ylabel="frequency", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    return drawn


def _confusion(answers: Answers, outcome: Outcome) -> DataFrame:
    count = len(outcome.classes)
    found = charts.confusion_counts(answers.truth, answers.labels, count)
    names = [str(name) for name in outcome.classes]
    table = DataFrame(found[:_SHOWN, :_SHOWN], columns=names[:_SHOWN])
    table.insert(0, "", names[:_SHOWN])
    return table


def _likeliest(answers: Answers) -> tuple[Array, Array]:
    assert answers.probabilities is not None
    right = answers.probabilities.argmax(axis=1) == answers.truth
    return answers.probabilities.max(axis=1), right.astype(float)


def _scatter(answers: Answers, params: Hyperparameters) -> "Figure":
    chosen = _evenly(len(answers), _POINTS)
    drawn, axes = figure(height=3.8)
    axes.plot(answers.score[chosen], answers.truth[chosen], ".", markersize=5, alpha=0.5)
    ends = [float(answers.truth.min()), float(answers.truth.max())]
    axes.plot(ends, ends, color="C7", linestyle=":")
    axes.set(xlabel="said", ylabel=params.target)
    return drawn
