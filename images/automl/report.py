"""The training report of AutoML."""

from typing import TYPE_CHECKING, Any

import numpy as np
from pandas import DataFrame

from slipway import Array, Report, figure
from slipway.kit import charts
from slipway.kit.calibration import reliability

from .automl_handler import importance, scores
from .automl_handler.search.clock import Clock

if TYPE_CHECKING:
    from .automl_handler.features.design import Design
    from .automl_handler.predictor import Predictor
    from .automl_handler.search.run import SearchResult

_EXPLAINED = 60  # rows
_SHOWN = 20  # columns or classes
_TENTHS = 10


def write(page: Report, trained: "SearchResult", seconds: float) -> None:
    """Adds the sections; those that take long only as far as `seconds` allow."""
    clock = Clock(max(1.0, seconds))
    predictor = trained.predictor
    _leaderboard(page, trained)
    if predictor.problem.is_regression:
        _residuals(page, trained)
    else:
        _curves(page, trained)
        _confusion(page, trained)
        _calibration(page, trained)
    _importance(page, trained, clock.share(0.5))
    if not clock.over:
        _shapley(page, trained, clock)
    _columns(page, trained)


def _leaderboard(page: Report, trained: "SearchResult") -> None:
    facts, problem = trained.predictor.facts, trained.predictor.problem
    blend = ", ".join(f"{one.title} {one.weight:.0%}" for one in trained.predictor.members)
    text = (
        f"A {problem.kind} problem with {facts['rows']} rows. Every score is out of fold; sd is its standard "
        f"deviation over {int(trained.folds.max()) + 1} folds. The model blends {blend}. "
        + " ".join(f"{note[0].upper()}{note[1:]}." for note in facts["notes"])
    )
    board = DataFrame(facts["leaderboard"]).rename(columns={"score": facts["metric"]})
    board["rows per second"] = [int(float(f"{speed:.2g}")) for speed in board["rows per second"]]
    board["kB"] = [round(size / 1000, 1) for size in board.pop("bytes")]
    page.add("Leaderboard", text.strip(), board)
    found = facts["scores"]
    table = DataFrame({"metric": list(found), "out of fold": list(found.values())})
    text = "Out of fold"
    if not problem.is_regression:
        text += ", with cross-fitted calibration"
    metric = scores.default_metric(problem)
    text += f". skill is the share of the baseline's {metric} that the model removes; at 0 it knows no more."
    page.add("Scores of the blend", text, table)


def _curves(page: Report, trained: "SearchResult") -> None:
    from sklearn.metrics import precision_recall_curve, roc_curve

    problem, answers = trained.predictor.problem, trained.answers
    drawn, (left, right) = charts.panels(2)
    places = [1] if problem.kind == "binary" else range(min(problem.classes, 8))
    for place in places:
        is_it = trained.target == place
        if not 0 < is_it.sum() < len(is_it):
            continue
        false, true, _ = roc_curve(is_it, answers[:, place])
        precision, recall, _ = precision_recall_curve(is_it, answers[:, place])
        left.plot(false, true, label=str(problem.labels[place]))
        right.plot(recall, precision, label=str(problem.labels[place]))
    left.plot([0, 1], [0, 1], color="C7", linestyle=":")
    left.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC")
    right.set(xlabel="recall", ylabel="precision", title="precision and recall", ylim=(0, 1.03))
    right.legend(frameon=False, fontsize=8, loc="lower left")
    names = [str(label) for label in problem.labels]
    whose = (
        f'"{names[1]}" against "{names[0]}"' if problem.kind == "binary" else "Each class against the others"
    )
    more = f" The first 8 of {problem.classes} classes." if problem.classes > 8 else ""
    page.add("ROC and precision-recall", f"{whose}, out of fold.{more}", None, drawn)


def _confusion(page: Report, trained: "SearchResult") -> None:
    problem = trained.predictor.problem
    target, chosen = trained.target.astype(int), problem.choose(trained.answers)
    counts = charts.confusion_counts(target, chosen, problem.classes)
    drawn = charts.confusion(counts, [str(label) for label in problem.labels], _SHOWN)
    more = f" The {_SHOWN} most frequent of {problem.classes} classes." if problem.classes > _SHOWN else ""
    page.add(
        "Confusion matrix", f"Number of rows by true and predicted class, out of fold.{more}", None, drawn
    )


def _calibration(page: Report, trained: "SearchResult") -> None:
    target = trained.target.astype(int)
    drawn, axes = figure(5.2, 4.0)
    found = []
    for name, answers in (("before", trained.raw), ("after", trained.answers)):
        stated, right = answers.max(1), answers.argmax(1) == target
        found.append(
            {
                "calibration": name,
                "ECE": scores.ece(stated, right),
                "log_loss": scores.score("log_loss", trained.predictor.problem, trained.target, answers),
            }
        )
        # Bins of equal width would hold few rows where the model is seldom unsure.
        bins = reliability(stated, right, _TENTHS, equal="count")
        charts.reliability(axes, *bins, label=f"{name}: ECE {found[-1]['ECE']:.3f}")
    axes.set(
        xlabel="confidence",
        ylabel="accuracy",
        xlim=(1 / trained.predictor.problem.classes, 1.03),  # the smallest possible confidence
        ylim=(0, 1.05),
    )
    axes.legend(frameon=False, loc="lower right")
    kind = trained.predictor.calibrator.kind
    how = {"none": "none, as no calibration did better", "temperature": "temperature scaling"}.get(
        kind, "isotonic regression"
    )
    page.add(
        "Calibration",
        "Confidence and accuracy of the predicted class, out of fold; on the dotted line they are equal. "
        "Each dot is a tenth of the rows. Before: raw probabilities. After: with the temperature of each "
        f"learner and the calibration of the blend, which is {how}.",
        DataFrame(found),
        drawn,
    )


def _residuals(page: Report, trained: "SearchResult") -> None:
    answers, target = trained.answers[:, 0], trained.target
    rows = np.random.default_rng(0).permutation(len(target))[:1_000]
    drawn, (left, right) = charts.panels(2)
    left.scatter(answers[rows], target[rows], s=10, alpha=0.5)
    ends = [float(min(answers.min(), target.min())), float(max(answers.max(), target.max()))]
    left.plot(ends, ends, color="C7", linestyle=":")
    left.set(xlabel="predicted", ylabel="true")
    right.hist(target - answers, bins=40)
    right.set_axisbelow(True)
    right.set(xlabel="residual (true - predicted)", ylabel="rows")
    found = []
    for level in (0.5, 0.8, 0.9, 0.95):
        given = trained.predictor.answers(trained.rows, trained.answers, level)
        assert given.low is not None
        assert given.high is not None
        covered = (given.low <= target) & (target <= given.high)
        widths = given.high - given.low
        found.append({"level": level, "coverage": covered.mean(), "mean width": widths.mean()})
    text = "Out-of-fold predictions, and the coverage of the conformal prediction intervals."
    page.add("Residuals and intervals", text, DataFrame(found), drawn)


def _importance(page: Report, trained: "SearchResult", clock: Clock) -> None:
    found = importance.permutation(trained, clock)
    if not found:
        return
    left = len(trained.predictor.columns) - len(found)
    text = f"How much {trained.metric} worsens when a column is shuffled, on out-of-fold rows."
    if left:
        text += f" The time limit did not allow for {left} columns."
    change = f"{'increase' if trained.metric in scores.LOSSES else 'decrease'} of {trained.metric}"
    table = DataFrame({"column": list(found), change: list(found.values())})
    page.add(
        "Permutation importance",
        text,
        table.head(_SHOWN),
        charts.bars(list(found)[:_SHOWN], list(found.values())[:_SHOWN], change),
    )


def _shapley(page: Report, trained: "SearchResult", clock: Clock) -> None:
    predictor, problem = trained.predictor, trained.predictor.problem
    rows = np.unique(np.linspace(0, len(trained.table) - 1, _EXPLAINED).astype(int))
    np.random.default_rng(0).shuffle(rows)  # so that the rows that time allows for are from the whole table
    explained = []
    for row in rows:
        explained.append(_moved(predictor, trained.rows[[row]]))
        if clock.over:
            break
    values = np.concatenate(explained)
    part = trained.table.iloc[rows[: len(values)]]
    order = np.argsort(-np.abs(values).mean(0), kind="stable")[:_SHOWN]
    drawn, axes = figure(7.0, max(1.8, 0.8 + 0.28 * len(order)))
    random = np.random.default_rng(0)
    for height, place in zip(range(len(order))[::-1], order, strict=True):
        axes.scatter(
            values[:, place],
            height + random.uniform(-0.25, 0.25, len(values)),
            s=10,
            alpha=0.7,
            c=_ranks(predictor.columns[place], part),
            cmap="coolwarm",
            vmin=0,
            vmax=1,
        )
    axes.axvline(0, color="C7", linewidth=1)
    axes.set_yticks(range(len(order))[::-1], [predictor.columns[place].name[:40] for place in order])
    if problem.is_regression:
        unit = f"in the unit of {problem.target}"
    else:
        whose = f'"{problem.labels[1]}"' if problem.kind == "binary" else "the most likely class"
        unit = f"log-odds of {whose}"
    axes.set(xlabel=f"Shapley value, {unit}")
    table = DataFrame(
        {
            "column": [predictor.columns[place].name for place in order],
            "mean |Shapley value|": np.abs(values).mean(0)[order],
        }
    )
    of = "1 row" if len(values) == 1 else f"{len(values)} rows"
    text = (
        f"How much each cell of {of} moves the prediction from that of a typical row (the median or most "
        "frequent value of every column). Each dot is a row; red is a large number, blue a small one."
    )
    page.add("Shapley values", text, table, drawn)


def _moved(predictor: "Predictor", design: "Design") -> Array:
    """Shapley values; for two classes always of the second, so that the sign means the same in all rows."""
    values = predictor.contributions(design)
    if predictor.problem.kind != "binary":
        return values
    return np.where(predictor.blend(design).argmax(1)[:, None] == 0, -values, values)


def _ranks(column: Any, part: DataFrame) -> Array:
    """The rank of each cell, from 0 to 1; 0.5 (grey) if it is not a number."""
    if column.kind != "number":
        return np.full(len(part), 0.5)
    cells = column.numbers(part[column.name])[:, 0]
    return np.where(np.isnan(cells), 0.5, np.argsort(np.argsort(cells)) / max(1, len(cells) - 1))


def _columns(page: Report, trained: "SearchResult") -> None:
    used = [
        {
            "column": one.name,
            "kind": one.kind,
            "missing, %": round(100 * one.missing, 1),
            "values": len(one.categories) if one.kind == "category" else None,
            "reason for dropping": "",
        }
        for one in trained.predictor.columns
    ]
    dropped = [
        {"column": one.name, "kind": "", "missing, %": None, "values": None, "reason for dropping": one.why}
        for one in trained.dropped
    ]
    text = f"{len(used)} columns are used, {len(dropped)} are dropped. Missing cells are used as information."
    page.add("Columns", text, DataFrame([*used, *dropped]))
