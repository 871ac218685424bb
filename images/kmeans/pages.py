"""The training report of k-means."""

from typing import TYPE_CHECKING

import numpy as np
from pandas import DataFrame
from points import Points
from selection import Choice

from predictor import Model
from slipway import Array, Report, figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from train import Hyperparameters

_PLOTTED = 2_000


def write(
    page: Report, points: Points, choice: Choice, model: Model, labels: Array, params: "Hyperparameters"
) -> None:
    """Adds the sections: data, choice of k, sizes, centres, projection."""
    k = len(model.centres)
    page.add("Data", _data(points, params), _columns(points))
    if len(choice.ks) > 1:
        curve = DataFrame(
            {"k": choice.ks, "mean squared distance": choice.inertias, "silhouette": choice.silhouettes}
        )
        text = (
            f"{k} clusters, {choice.chosen_by}. The mean squared distance falls with every cluster; "
            "look for the bend, and for a high silhouette."
        )
        best = choice.ks[int(np.nanargmax(choice.silhouettes))] if len(choice.ks) > 2 else k
        if best != k:
            text += f" The silhouette is highest for {best}."
        page.add("How many clusters", text, curve, _curve(choice, k))
    sizes = np.bincount(labels, minlength=k)
    page.add(
        "Cluster sizes",
        f"The largest cluster holds {sizes.max() / sizes.sum():.0%} of the rows, "
        f"the smallest {sizes.min() / sizes.sum():.1%}.",
        DataFrame({"cluster": range(k), "rows": sizes, "share": sizes / sizes.sum()}),
        _sizes(sizes),
    )
    centres = points.in_units(model.centres)
    page.add(
        "Centres",
        "Where each centre lies, in the columns' own units; "
        "the colour says how many standard deviations from the mean of all rows.",
        DataFrame(centres, columns=points.columns).assign(cluster=range(k))[["cluster", *points.columns]],
        _heat(points, centres),
    )
    if len(points.columns) > 1 and len(points.matrix) > 2:
        drawn, share = _projection(points, model, params.seed)
        page.add(
            "Projection",
            f"The first two principal components; they show {share:.0%} of the variance.",
            figure=drawn,
        )


def _data(points: Points, params: "Hyperparameters") -> str:
    parts = [f"{points.height} rows, {len(points.columns)} columns of numbers."]
    if points.left_out:
        parts.append(f"Left out, since text has no distances: {', '.join(points.left_out)}.")
    if points.gaps.any():
        parts.append(f"{int(points.gaps.sum())} missing cells count as their column's mean.")
    spread = points.scale if params.standardize else points.matrix.std(axis=0)
    uneven = spread[spread > 0]
    if not params.standardize and len(uneven) > 1 and uneven.max() > 10 * uneven.min():
        parts.append(
            "The columns' spreads differ more than tenfold: standardize=true would let all count alike."
        )
    return " ".join(parts)


def _columns(points: Points) -> DataFrame:
    matrix = points.in_units(points.matrix)
    return DataFrame(
        {
            "column": points.columns,
            "missing": points.gaps.astype(int),
            "mean": points.fill,
            "standard deviation": matrix.std(axis=0),
            "least": matrix.min(axis=0),
            "greatest": matrix.max(axis=0),
        }
    )


def _curve(choice: Choice, k: int) -> "Figure":
    drawn, left = figure()
    left.plot(choice.ks, choice.inertias, "o-", color="C0", label="mean squared distance (left)")
    left.set(xlabel="k", ylabel="mean squared distance", xticks=choice.ks)
    right = left.twinx()
    right.plot(choice.ks, choice.silhouettes, "s--", color="C1", label="silhouette (right)")
    right.set_ylabel("silhouette")
    right.grid(False)
    left.axvline(k, color="C7", linestyle=":", label=f"k = {k}")
    handles = [*left.get_legend_handles_labels()[0], *right.get_legend_handles_labels()[0]]
    left.legend(handles=handles, frameon=False, loc="center right")
    return drawn


def _sizes(sizes: Array) -> "Figure":
    drawn, axes = figure(height=2.8)
    bars = axes.bar(np.arange(len(sizes)), sizes, color="C0")
    if len(sizes) <= 20:
        axes.bar_label(bars)
        axes.set_xticks(np.arange(len(sizes)))
    axes.set(xlabel="cluster", ylabel="rows")
    axes.grid(False, axis="x")
    return drawn


def _heat(points: Points, centres: Array) -> "Figure":
    matrix = points.in_units(points.matrix)
    spread = matrix.std(axis=0)
    z = (centres - matrix.mean(axis=0)) / np.where(spread > 0, spread, 1)
    drawn, axes = figure(max(5.0, 1.0 + 0.9 * len(points.columns)), max(2.8, 1.4 + 0.4 * len(centres)))
    limit = max(1.0, float(np.abs(z).max()))
    image = axes.imshow(z, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    axes.set_xticks(np.arange(len(points.columns)), points.columns, rotation=30, ha="right")
    axes.set(ylabel="cluster", yticks=np.arange(len(centres)) if len(centres) <= 30 else [])
    axes.grid(False)
    if z.size <= 200:
        for row, column in np.ndindex(*z.shape):
            shade = "white" if abs(z[row, column]) > 0.6 * limit else "black"
            axes.text(
                column, row, f"{centres[row, column]:.4g}", ha="center", va="center", fontsize=8, color=shade
            )
    drawn.colorbar(image, label="deviations")
    return drawn


def _projection(points: Points, model: Model, seed: int) -> tuple["Figure", float]:
    """Principal components by singular values of the centred sample; centres drawn as crosses."""
    matrix = points.sample(_PLOTTED, seed).matrix
    middle = matrix.mean(axis=0)
    _, strength, axes_of = np.linalg.svd(matrix - middle, full_matrices=False)
    share = float(np.square(strength[:2]).sum() / max(np.square(strength).sum(), 1e-300))
    plane = (matrix - middle) @ axes_of[:2].T
    marks = (model.centres - middle) @ axes_of[:2].T
    labels = model.nearest(matrix)
    drawn, axes = figure(height=4.2)
    colours = "tab20" if len(model.centres) > 8 else None
    for cluster in range(len(model.centres)):
        mine = plane[labels == cluster]
        colour = f"C{cluster % 8}" if colours is None else None
        axes.scatter(mine[:, 0], mine[:, 1], s=12, alpha=0.6, color=colour, label=str(cluster))
    axes.scatter(marks[:, 0], marks[:, 1], marker="x", s=70, color="black", linewidths=2)
    axes.set(xlabel="component 1", ylabel="component 2")
    if len(model.centres) <= 12:
        axes.legend(title="cluster", frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return drawn, share
