"""The training report: scores, the rows and columns that stand out, how well known anomalies are found."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pandas import DataFrame

from slipway import Array, Report, Table, figure
from slipway.kit import charts

from .labels import Evaluation
from .predictor import Model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROWS = 20  # of the table of most anomalous rows
_EXPLAINED = 1000  # rows at most whose contributions are averaged
_BARS = 20


def write(
    page: Report,
    model: Model,
    table: Table,
    scores: Array,
    left_out: Mapping[str, str],
    evaluations: Sequence[Evaluation],
) -> None:
    """Adds the sections: scores, rows, columns, known anomalies."""
    flagged = int((scores > model.threshold).sum())
    page.add(
        "Scores",
        f"{flagged:,} of {len(scores):,} rows ({flagged / len(scores):.2%}) have a score above the threshold "
        f"of {model.threshold:.4f}. If no gap separates them from the others, the share is a choice: set "
        "contamination.",
        figure=_histogram(scores, model.threshold),
    )
    top = np.argsort(-scores, kind="stable")[:_ROWS]
    page.add(
        "Most anomalous rows",
        "Rows are counted from 1, over all files. Reasons are the columns that raise the score, with their "
        "share of it, and what is usual there.",
        _rows(model, table, scores, top),
    )
    few = np.argsort(-scores, kind="stable")[: min(_EXPLAINED, max(flagged, min(_ROWS, len(scores))))]
    means = model.contributions(model.encoding.matrix(table.take(few))).mean(axis=0)
    ranked = np.argsort(-means, kind="stable")
    page.add(
        "Columns",
        f"What each column adds to log2 of the score, on average over the {len(few):,} most anomalous rows."
        + (f" The chart shows the first {_BARS}." if len(ranked) > _BARS else ""),
        DataFrame(
            {
                "column": [model.names[place] for place in ranked],
                "mean contribution": means[ranked],
                "typical": [model.encoding.typical[model.names[place]] for place in ranked],
            }
        ),
        charts.bars(
            [model.names[place] for place in ranked[:_BARS]],
            means[ranked[:_BARS]],
            "mean contribution to log2(score)",
        ),
    )
    if left_out:
        page.add(
            "Columns left out",
            "Trees cannot split these. Requests need not have them.",
            DataFrame({"column": list(left_out), "because": list(left_out.values())}),
        )
    for one in evaluations:
        page.add(
            f"Known anomalies: {one.channel}",
            f"{one.anomalies:,} of {len(one.truth):,} labelled rows are anomalies.",
            DataFrame(
                [(name.partition(":")[2], value) for name, value in one.metrics().items()],
                columns=["metric", "value"],
            ),
            _curve(one) if one.both else None,
        )


def _histogram(scores: Array, threshold: float) -> "Figure":
    drawn, axes = figure()
    axes.hist(scores, bins=min(60, max(10, len(scores) // 10)), log=True, color="C0")
    axes.axvline(threshold, color="C3", linestyle="--", label="threshold")
    axes.set(xlabel="anomaly score", ylabel="rows")
    axes.legend()
    return drawn


def _rows(model: Model, table: Table, scores: Array, places: Array) -> DataFrame:
    some = table.take(places).select(model.names)
    contributions = model.contributions(model.encoding.matrix(some))
    return DataFrame(
        {
            "row": places + 1,
            "score": scores[places],
            "anomaly": np.where(scores[places] > model.threshold, "yes", "no"),
            "reasons": [
                "; ".join(_reason(one) for one in row) for row in model.reasons(some, contributions, 3)
            ],
        }
    )


def _reason(one: Mapping[str, Any]) -> str:
    value = "missing" if one["value"] is None else one["value"]
    value = f"{value:.6g}" if isinstance(value, float) else value
    return f"{one['column']} = {value} ({one['share']:.0%}; usually {one['typical']})"


def _curve(one: Evaluation) -> "Figure":
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(one.truth, one.scores)
    drawn, axes = figure()
    axes.step(recall, precision, where="post")
    axes.axhline(one.anomalies / len(one.truth), color="C7", linestyle=":", label="at random")
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    axes.legend()
    return drawn
