"""The training report of imputation."""

from typing import TYPE_CHECKING

import numpy as np
from pandas import DataFrame

from slipway import Report, Table, figure, listed
from slipway.kit.calibration import reliability
from slipway.kit.charts import panels
from slipway.kit.charts import reliability as draw_reliability

from .charts import MAPPED, before_after, gain, learners, missing
from .evaluation.comparison import Comparison
from .evaluation.quality import suspicious_labels
from .explain import importance
from .features.cells import gaps, head
from .imputer import Imputer
from .models.auto import Auto
from .postprocessing import FillOptions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .hyperparameters import Hyperparameters

_PATTERNS = 10
_PLOTTED = 12  # columns whose cells are drawn before and after
_EXPLAINED = 100  # rows that the strongest features are taken from
_LISTED = 40  # columns whose strongest features are listed
_FILLED = 5_000


def write(
    page: Report,
    table: Table,
    height: int,
    imputer: Imputer,
    compared: Comparison | None,
    params: "Hyperparameters",
) -> None:
    """Adds the sections: missing cells, quality, comparison, calibration, before and after, features."""
    part = head(table, _FILLED)
    holes = DataFrame({name: gaps(part, name) for name in part.names})
    page.add("Missing cells", _gap_summary(table, height, holes), _counts(table, imputer), missing(holes))
    if holes.to_numpy().any():
        page.add(
            "Patterns",
            "Which columns are missing together: the most frequent patterns among the rows above.",
            _patterns(holes),
        )
    page.add(
        "Quality of each column",
        "Measured on observed cells that the model had not seen. NRMSE of numbers and dates: root mean "
        "squared error in standard deviations of the column; less is better, and the mean scores 1. F1 of "
        "labels: more is better, at most 1. Default: the score of the mean or of the most frequent label. "
        "Scored: where a column is missing more often in some rows, or together with other columns, cells "
        "are drawn like the missing ones, with the other columns hidden as often as there. The fewer are "
        "like them, the less certain are score and confidence.",
        _quality(imputer),
        learners(imputer),
    )
    if compared is not None:
        page.add(*_comparison(compared, len(imputer.targets)))
        if len(compared.hidden.chances):
            page.add(*_calibration(compared))
        if len(compared.hidden.inside):
            page.add(
                "Intervals",
                f"{compared.hidden.inside.mean():.1%} of {len(compared.hidden.inside)} hidden numbers were"
                f" within their {compared.level:.0%} interval.",
            )
    doubtful = suspicious_labels(table, imputer.targets)
    if doubtful:
        words = ", ".join(f'"{word}" in {name}' for name, word in doubtful)
        page.add(
            "Labels that may be missing cells",
            f"{words}: learned as labels. To fill such cells, add the word to the hyperparameter missing.",
        )
    options = FillOptions(precision_threshold=params.precision_threshold, tolerance=params.tolerance)
    cells = imputer.fill(part, options=options)
    drawn = [
        name for name, one in cells.items() if 0 < len(one.rows) < len(part) and name in imputer.confidence
    ]
    if drawn:
        more = f" Shown: the first {_PLOTTED} of {len(drawn)} columns." if len(drawn) > _PLOTTED else ""
        page.add(
            "Before and after",
            f"Observed cells of the training table, and the values of its filled cells.{more}",
            figure=before_after(imputer, part, cells, drawn[:_PLOTTED]),
        )
    if params.engine in ("mean", "median", "mode"):
        text = f"None: the engine {params.engine} fills each column with one value, whatever the row holds."
        page.add("Strongest features", text)
    elif len(strongest := _strongest(imputer, table)):
        page.add(
            "Strongest features",
            "Mean absolute change of the prediction when the cell is removed, over "
            f"{min(_EXPLAINED, len(table))} rows: in units of the column (dates: days), or in "
            "probability of the label.",
            strongest,
        )
    else:
        page.add("Strongest features", "None: no column is predicted from other columns.")


def _gap_summary(table: Table, height: int, holes: DataFrame) -> str:
    share = holes.to_numpy().mean()
    text = f"{height} rows, {len(table.names)} columns; {share:.1%} of the cells are missing"
    text += f" among the first {len(holes)} rows." if len(holes) < height else "."
    whole = int((~holes.any(axis=1)).sum())
    text += (
        f" {whole} of {len(holes)} rows are complete. The map has one line per row: missing cells are dark"
    )
    return text + (f" ({MAPPED} evenly spaced rows)." if len(holes) > MAPPED else ".")


def _counts(table: Table, imputer: Imputer) -> DataFrame:
    kinds = {column.name: column.kind for column in imputer.columns}
    missing = {name: int(gaps(table, name).sum()) for name in table.names}
    return DataFrame(
        {
            "column": list(table.names),
            "kind": [kinds.get(name, "empty") for name in table.names],
            "missing": list(missing.values()),
            "share": [count / len(table) for count in missing.values()],
            "filled": ["yes" if name in imputer.confidence else _why(name, imputer) for name in table.names],
        }
    )


def _why(name: str, imputer: Imputer) -> str:
    return "left empty: nothing to learn from" if name in imputer.targets else "no: feature only"


def _patterns(holes: DataFrame) -> DataFrame:
    counts = holes.value_counts()
    found = []
    for pattern, count in counts.head(_PATTERNS).items():
        flags = pattern if isinstance(pattern, tuple) else (pattern,)
        missing = [str(name) for name, gone in zip(holes, flags, strict=True) if gone]
        shown = listed(missing, 8) or "none"
        found.append({"missing together": shown, "rows": int(count), "share": count / len(holes)})
    return DataFrame(found)


def _quality(imputer: Imputer) -> DataFrame:
    found = []
    for name, one in imputer.quality.items():
        weights = {key: f"{key} {value:.2f}" for key, value in one.get("weights", {}).items()}
        model = " + ".join(weights.values()).replace(" ", "\u00a0") or (
            "default value" if "weights" in one else ""
        )
        row = {
            "column": name,
            "metric": one["metric"].upper(),
            "score": one["score"],
            "default": one.get("default", np.nan),
            "calibration error": one.get("ece", np.nan),
        }
        cells = one.get("rows", np.nan)
        auto = {
            "model": model,
            "cells": cells,
            "scored": one.get("alike", cells),
            "seconds": one.get("seconds", np.nan),
        }
        found.append(row | (auto if isinstance(imputer.engine, Auto) else {}))
    return DataFrame(found)


def _comparison(compared: Comparison, targets: int) -> tuple[str, str, DataFrame, "Figure"]:
    scores = compared.scores
    wide = scores.pivot_table(
        index=["mask", "column", "metric"], columns="engine", values="score", sort=False
    ).reset_index()
    order = list(dict.fromkeys(scores["engine"]))
    wide = wide[["mask", "column", "metric", *order]].assign(metric=wide["metric"].str.upper())
    gains = scores.assign(gain=[gain(*pair) for pair in zip(scores["metric"], scores["score"], strict=True)])
    masks = list(dict.fromkeys(scores["mask"]))
    drawn, axes = figure(height=3.0)
    for number, mask in enumerate(masks):
        means = gains[gains["mask"] == mask].groupby("engine")["gain"].mean().reindex(order)
        axes.bar(
            np.arange(len(order)) + 0.38 * number - 0.19, means, width=0.36, label=mask, color=f"C{number}"
        )
    axes.axhline(0, color="C7", linewidth=0.8)
    axes.set_xticks(np.arange(len(order)), order)
    axes.set(ylabel="mean of F1 and 1 - NRMSE")
    axes.legend(frameon=False)
    axes.grid(False, axis="x")
    text = (
        f"{compared.share:.0%} of the observed cells of {compared.rows} rows were hidden. Every engine was"
        f" fitted to the rest and filled {compared.columns} of the {targets} columns to fill. MCAR: every"
        " cell is hidden with the same probability. MAR: the probability depends on the values of other"
        " columns. NRMSE: less is better. F1: more is better."
    )
    return "Comparison with baselines", text, wide, drawn


def _calibration(compared: Comparison) -> tuple[str, str, None, "Figure"]:
    chances, right = compared.hidden.chances, compared.hidden.right
    drawn, (left, middle) = panels(2, 8.4, 3.4)
    draw_reliability(left, *reliability(chances, right))
    left.set(xlabel="predicted probability", ylabel="share of correct labels", xlim=(0, 1.03), ylim=(0, 1.05))
    order = np.argsort(-chances, kind="stable")
    count = np.arange(1, len(order) + 1)
    middle.plot(count / len(order), np.cumsum(right[order]) / count, color="C2")
    middle.set(xlabel="coverage: share of cells filled", ylabel="precision: share of correct labels")
    middle.set(xlim=(0, 1.03), ylim=(max(0.0, float((np.cumsum(right[order]) / count).min()) - 0.05), 1.02))
    text = (
        f"{len(chances)} hidden labels of all columns. Left: predicted probability against the share of "
        "correct labels; the dotted line is perfect calibration, and larger dots stand for more cells. "
        "Right: precision when only the most confident cells are filled; precision_threshold selects a point "
        "on such a curve, learned per column."
    )
    return "Calibration", text, None, drawn


def _strongest(imputer: Imputer, table: Table) -> DataFrame:
    rows = np.unique(np.linspace(0, len(table) - 1, min(_EXPLAINED, len(table))).astype(int))
    read = imputer.read(table, rows)
    found = []
    for name in list(imputer.confidence)[:_LISTED]:
        raw = imputer.engine.predict(read, {name: np.arange(len(rows))})[name]
        strong = importance(imputer.engine, read, name, raw.argmax(1) if raw.ndim == 2 else None)
        if strong:
            shown = [f"{feature} {change:.3g}" for feature, change in strong[:5]]
            found.append({"column": name, "strongest first": ", ".join(shown)})
    return DataFrame(found)
