"""Charts of the training report."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from pandas import DataFrame

from slipway import Table, figure

from .imputer import Imputer
from .result import Cells

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAPPED = 200  # rows of the map
_DRAWN = 60  # columns of the map


def missing(holes: DataFrame) -> "Figure":
    rows = np.unique(np.linspace(0, len(holes) - 1, min(MAPPED, len(holes))).astype(int))
    names = list(holes)[:_DRAWN]
    cells = holes.iloc[rows][names].to_numpy()
    drawn, axes = figure(max(4.0, min(9.5, 1.6 + 0.55 * len(names))), 3.6)
    axes.imshow(cells, aspect="auto", cmap="Blues", vmin=0, vmax=1.15, interpolation="nearest")
    few = len(names) <= 20
    axes.set_xticks(np.arange(len(names)), names, rotation=45 if few else 90, ha="right")
    axes.tick_params(axis="x", labelsize=10 if few else 7)
    axes.set(ylabel="row", yticks=[])
    axes.grid(False)
    return drawn


def learners(imputer: Imputer) -> "Figure | None":
    """The score of each column next to that of its default value; higher is better."""
    scored = {name: one for name, one in imputer.quality.items() if "default" in one}
    if not scored:
        return None
    names = list(scored)[:40]
    reached = [gain(scored[name]["metric"], scored[name]["score"]) for name in names]
    default = [gain(scored[name]["metric"], scored[name]["default"]) for name in names]
    drawn, axes = figure(height=1.0 + 0.32 * len(names))
    places = np.arange(len(names))
    axes.barh(places, np.maximum(reached, 0), height=0.6, color="C0", label="model")
    axes.plot(
        np.maximum(default, 0),
        places,
        "|",
        color="C1",
        markersize=14,
        markeredgewidth=3,
        label="mean or most common label",
    )
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel="F1 of labels, 1 - NRMSE of numbers")
    axes.legend(
        frameon=False, loc="upper left", bbox_to_anchor=(0, 1.0 + 0.6 / (1.0 + 0.32 * len(names))), ncols=2
    )
    axes.grid(False, axis="y")
    return drawn


def gain(metric: str, score: float) -> float:
    return score if metric == "f1" else 1 - score


def before_after(imputer: Imputer, table: Table, cells: Mapping[str, Cells], names: list[str]) -> "Figure":
    across = min(3, len(names))
    down = -(-len(names) // across)
    drawn, axes = figure(3.2 * across, 2.4 * down)
    axes.remove()
    for place, name in enumerate(names):
        panel = drawn.add_subplot(down, across, place + 1)
        column = imputer.column(name)
        seen = column.answers(column.read(table))
        filled = cells[name].values
        panel.set_title(name)
        if column.numeric:
            seen, filled = seen[~np.isnan(seen)], filled[~np.isnan(filled)]
            edges = np.histogram_bin_edges(seen, bins=20).tolist()
            for values, label in ((seen, "observed"), (filled, "filled")):
                if len(values):
                    weights = np.full(len(values), 1 / len(values))
                    panel.hist(values, bins=edges, weights=weights, alpha=0.6, label=label)
            if column.kind == "date":
                panel.set_xlabel("days since 1970")
        else:
            frequent = column.labels[:6]
            for number, (codes, label) in enumerate(((seen, "observed"), (filled, "filled"))):
                counts = np.bincount(codes[codes >= 0], minlength=len(column.labels))
                shares = counts[: len(frequent)] / max(1, counts.sum())
                panel.bar(np.arange(len(frequent)) + 0.4 * number - 0.2, shares, 0.38, alpha=0.8, label=label)
            panel.set_xticks(
                np.arange(len(frequent)), [_short(label) for label in frequent], rotation=30, ha="right"
            )
            panel.grid(False, axis="x")
        panel.set_yticks([])
        if place == 0:
            panel.legend(frameon=False, fontsize=8)
    return drawn


def _short(label: str) -> str:
    return label if len(label) <= 14 else label[:13] + "…"
