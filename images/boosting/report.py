"""The training report of boosted trees."""

from typing import TYPE_CHECKING

import numpy as np
from pandas import DataFrame

from slipway import Array, Report, figure
from slipway.kit import charts
from slipway.kit.calibration import reliability

from .fitting import FitResult, Trainer
from .hyperparameters import Hyperparameters
from .metrics import functions
from .metrics.registry import Evaluated
from .target import Target

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .boosters import Booster
    from .data import Data
    from .features import Feature, Features
    from .row_view import View

_EXPLAINED = 500  # rows
_POINTS = 2_000  # per plot; more cost time and megabytes and show nothing new
_SHADES = 8
_SHOWN = 20  # features, classes or configurations
_DEPTHS = (1, 2, 5, 10, 20, 30, 50, 100)


def write(page: Report, result: FitResult, trainer: Trainer, rows: int) -> None:
    """Adds the sections: problem, metrics, learning curves, importance, SHAP, and those of the problem.

    `rows` is the number of rows with a target in the train channel.
    """
    params, target, evaluated = trainer.params, trainer.target, result.evaluated
    page.add("Problem", _problem(result, trainer.features, params, rows))
    page.add("Metrics", _measured(params), _metrics(result))
    if trainer.trials:
        page.add("Search", _SEARCH, _trials(trainer, result))
    if result.monitor.curves:
        page.add("Learning curves", _stopped(result), figure=_curves(result))
    page.add(
        "Importance",
        "Share of each feature in the total importance, by the engine's own measure.",
        *_importance(result.booster),
    )
    if len(result.test):
        _explain(page, result)
    if len(target.classes) == 2:
        _binary(page, evaluated, target, result.threshold, params)
    elif target.classes:
        page.add(
            "Confusion",
            "Rows are true classes, columns predicted ones; cells are numbers of rows.",
            _confusion(evaluated, target),
        )
        page.add("Calibration", _CALIBRATION, figure=_calibration(*_top_class(evaluated)))
    elif target.problem == "regression":
        page.add(
            "Predictions and true",
            "One point per row; on the dotted line both are equal.",
            figure=_scatter(evaluated, params),
        )


def _problem(result: FitResult, features: "Features", params: Hyperparameters, rows: int) -> str:
    counts = {role: len(features.positions(role)) for role in ("number", "category", "text")}
    shown = ", ".join(f"{count} {role}" for role, count in counts.items() if count)
    target = result.evaluated.target
    parts = [
        f"{params.engine} predicts {params.target} ({target.problem}) "
        f"from {len(features.columns)} features ({shown}); the train channel has {rows} rows with a target."
    ]
    if target.classes:
        parts.append(f"The classes are {', '.join(map(str, target.classes[:_SHOWN]))}.")
    if len(target.classes) == 2:
        parts.append(f"Probabilities are those of class {target.classes[1]}.")
    return " ".join(parts)


def _measured(params: Hyperparameters) -> str:
    if params.folds:
        return (
            f"Means over {params.folds} folds; neither the trees nor early stopping of a fold saw its rows."
        )
    text = "Computed on rows that neither the trees nor early stopping saw."
    return text + (" The saved model was then trained on all rows." if params.refit else "")


def _metrics(result: FitResult) -> DataFrame:
    table = DataFrame({"metric": list(result.metrics), "value": list(result.metrics.values())})
    if result.folds:
        spread = [
            float(np.std([fold[name] for fold in result.folds], ddof=1 if len(result.folds) > 1 else 0))
            for name in result.metrics
        ]
        table["standard deviation"] = spread
    return table


def _trials(trainer: Trainer, result: FitResult) -> DataFrame:
    trials = sorted(trainer.trials, key=lambda trial: trial.score)
    if result.monitor.higher_is_better:
        trials.reverse()
    rows = [
        {result.monitor.metric: trial.score, "trees": trial.n_trees, **trial.values}
        for trial in trials[:_SHOWN]
    ]
    return DataFrame(rows)


def _stopped(result: FitResult) -> str:
    monitor = result.monitor
    ended = f"; ended: {monitor.stop_reason}" if monitor.stop_reason else ""
    trees = result.booster.trees
    return f"{monitor.metric} after each tree ({monitor.name}{ended}). The saved model has {trees} trees."


def _curves(result: FitResult) -> "Figure":
    drawn, axes = figure()
    for rows, curve in result.monitor.curves.items():
        label = {"train": "training rows", "validation": "early-stopping rows"}[rows]
        axes.plot(np.arange(1, len(curve) + 1), curve, label=label)
    axes.axvline(result.booster.trees, color="C7", linestyle=":", label="trees in the model")
    axes.set(xlabel="Trees", ylabel=result.monitor.metric)
    axes.legend(frameon=False)
    return drawn


def _importance(booster: "Booster") -> tuple[DataFrame, "Figure"]:
    shares = booster.importance()
    order = np.argsort(-shares, kind="stable")
    table = DataFrame({"feature": np.array(booster.features.names)[order], "share": shares[order]})
    return table, charts.bars(table.feature.tolist()[:_SHOWN], shares[order][:_SHOWN], "share")


def _explain(page: Report, result: FitResult) -> None:
    booster, test, total = result.booster, result.test, len(result.evaluated)
    some = test.take(evenly(len(test), _EXPLAINED))
    values = booster.contributions(booster.data(some.features))[..., :-1]
    each = np.abs(values).mean(axis=tuple(range(values.ndim - 1)))
    order = np.argsort(-each, kind="stable")
    where = " among those of the first host" if len(test) < total else ""
    text = (
        f"Mean absolute SHAP values over {len(some)} of the {total} test rows, evenly spaced{where}: "
        "how far each feature moves the raw score from its mean, up or down."
    )
    names = np.array(booster.features.names)
    shown = DataFrame({"feature": names[order], "mean absolute SHAP value": each[order]})
    drawn = (
        charts.bars(names[order][:_SHOWN].tolist(), each[order][:_SHOWN], "mean absolute SHAP value")
        if values.ndim == 3
        else _swarm(booster, some, values, order[:_SHOWN])
    )
    page.add("SHAP", text, shown, drawn)


def _swarm(booster: "Booster", rows: "Data", values: Array, order: Array) -> "Figure":
    """One point per row and feature, coloured by the rank of the cell if cells have one.

    Points of one colour are drawn together; one by one they take longer than the rest of the report.
    """
    from matplotlib import colormaps

    drawn, axes = figure(height=max(2.5, 0.8 + 0.3 * len(order)))
    random = np.random.default_rng(0)
    chosen = evenly(len(rows), _POINTS // len(order))
    across, heights = values[np.ix_(chosen, order[::-1])], np.arange(len(order))
    up = heights + random.uniform(-0.25, 0.25, across.shape)
    columns = [booster.features.columns[place] for place in order[::-1]]
    shade = np.column_stack([_shades(rows.features, column)[chosen] for column in columns])
    colours = {number: colormaps["coolwarm"](number / (_SHADES - 1)) for number in range(_SHADES)}
    for number, colour in {**colours, _SHADES: "C7"}.items():
        axes.plot(across[shade == number], up[shade == number], ".", color=colour, markersize=3.5)
    axes.set_yticks(heights, [column.name for column in columns])
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set(xlabel="SHAP value (blue: low cells, red: high cells, grey: no order)")
    return drawn


def _shades(rows: "View", column: "Feature") -> Array:
    """Each cell's rank in its column as one of the shades; the last one for cells without a rank."""
    if column.role != "number":
        return np.full(len(rows), _SHADES)
    cells = rows.number(column.name)
    ordered = np.sort(cells[~np.isnan(cells)])
    below = np.searchsorted(ordered, cells) + np.searchsorted(ordered, cells, side="right")
    shade = np.minimum(below * _SHADES // max(1, 2 * len(ordered)), _SHADES - 1)
    return np.where(np.isnan(cells), _SHADES, shade)


def evenly(n_rows: int, most: int) -> Array:
    """Positions of at most `most` of `n_rows` rows, evenly spaced."""
    return np.unique(np.linspace(0, n_rows - 1, min(n_rows, most)).astype(int))


_CALIBRATION = "Observed frequency of the class by predicted probability; dotted: both are equal."
_SEARCH = (
    "Configurations tried by random search, best first; the score is the early-stopping metric on the "
    "early-stopping rows. The test rows took no part."
)


def _binary(
    page: Report, evaluated: Evaluated, target: Target, threshold: float, params: Hyperparameters
) -> None:
    truth, score = evaluated.truth, evaluated.score
    if 0 < truth.sum() < len(truth):
        page.add("ROC and precision", *_ranked(truth, score))
        page.add(
            "Lift and gain",
            f"Among the rows with the highest probabilities of class {target.classes[1]}: its frequency "
            "relative to all rows (lift), and its share of all rows of the class (gain).",
            *_depths(truth, score),
        )
    page.add("Calibration", _CALIBRATION, figure=_calibration(score, truth))
    chosen = f"chosen by {params.threshold_metric}" if params.threshold_metric else "as configured"
    page.add(
        "Thresholds",
        f"Classification at several thresholds; {threshold:.4g} is used, {chosen}.",
        DataFrame(functions.thresholds(truth, score, threshold)),
    )


def _ranked(truth: Array, score: Array) -> tuple[str, None, "Figure"]:
    from sklearn.metrics import auc, precision_recall_curve, roc_curve

    false_positive, true_positive, _ = roc_curve(truth, score)
    precision, recall, _ = precision_recall_curve(truth, score)
    areas = auc(false_positive, true_positive), auc(recall, precision)
    false_positive, true_positive, precision, recall = (
        curve[evenly(len(curve), _POINTS)] for curve in (false_positive, true_positive, precision, recall)
    )
    drawn, (left, second) = charts.panels(2, 7.0, 3.4)
    left.plot(false_positive, true_positive)
    left.plot([0, 1], [0, 1], color="C7", linestyle=":")
    left.set(xlabel="False positive rate", ylabel="True positive rate", title="ROC")
    second.plot(recall, precision)
    second.axhline(truth.mean(), color="C7", linestyle=":")
    second.set(xlabel="Recall", ylabel="Precision", title="Precision and recall", ylim=(0, 1.03))
    text = (
        f"Area under the ROC curve {areas[0]:.4g}, under the precision-recall curve {areas[1]:.4g}. "
        "Dotted: random scores."
    )
    return text, None, drawn


def _depths(truth: Array, score: Array) -> tuple[DataFrame, "Figure"]:
    depths = np.arange(1, 101)
    gains, lifts = (of(truth, score, depths) for of in (functions.gains, functions.lifts))
    shown = np.array(_DEPTHS) - 1
    table = DataFrame({"depth, % of rows": _DEPTHS, "lift": lifts[shown], "gain": gains[shown]})
    drawn, left = figure()
    left.plot(depths, gains, label="gain (left)")
    left.plot([0, 100], [0, 1], color="C7", linestyle=":", label="gain of random scores")
    left.set(xlabel="Depth, % of rows", ylabel="Gain")
    right = left.twinx()
    right.plot(depths, lifts, "C1--", label="lift (right)")
    right.set_ylabel("Lift")
    right.grid(False)
    handles = [*left.get_legend_handles_labels()[0], *right.get_legend_handles_labels()[0]]
    left.legend(handles=handles, frameon=False, loc="center right")
    return table, drawn


def _calibration(probability: Array, correct: Array) -> "Figure":
    drawn, axes = figure(height=3.4)
    charts.reliability(axes, *reliability(probability, correct))
    axes.set(
        xlabel="Predicted probability", ylabel="Observed frequency", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03)
    )
    return drawn


def _confusion(evaluated: Evaluated, target: Target) -> DataFrame:
    count = len(target.classes)
    found = charts.confusion_counts(evaluated.truth, evaluated.labels, count)
    names = [str(name) for name in target.classes]
    table = DataFrame(found[:_SHOWN, :_SHOWN], columns=names[:_SHOWN])
    table.insert(0, "", names[:_SHOWN])
    return table


def _top_class(evaluated: Evaluated) -> tuple[Array, Array]:
    assert evaluated.probabilities is not None
    correct = evaluated.probabilities.argmax(axis=1) == evaluated.truth
    return evaluated.probabilities.max(axis=1), correct.astype(float)


def _scatter(evaluated: Evaluated, params: Hyperparameters) -> "Figure":
    chosen = evenly(len(evaluated), _POINTS)
    drawn, axes = figure(height=3.8)
    axes.plot(evaluated.score[chosen], evaluated.truth[chosen], ".", markersize=5, alpha=0.5)
    ends = [float(evaluated.truth.min()), float(evaluated.truth.max())]
    axes.plot(ends, ends, color="C7", linestyle=":")
    axes.set(xlabel=f"Predicted {params.target}", ylabel=f"True {params.target}")
    return drawn
