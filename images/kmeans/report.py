"""The training report."""

from typing import TYPE_CHECKING

import numpy as np
from pandas import DataFrame

from slipway import Array, Report, figure

from .densities import NOISE, Densities
from .gaussians import Gaussians
from .points import Points
from .predictor import Model
from .scores import SILHOUETTE_ROWS
from .selection import Choice

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .hyperparameters import Hyperparameters

_PLOTTED = 1_000
_BARS = 50  # clusters with a bar each; of more, the outline
_COLUMNS = 40  # in the plot of centres: those in which they lie furthest apart
_COLOURS = 12  # clusters that have a colour of their own, and a place in the legend
_WRITTEN = 60  # numbers in the plot of centres; more would be too small to read, and slow to draw


def write(
    page: Report, points: Points, choice: Choice, model: Model, labels: Array, params: "Hyperparameters"
) -> None:
    """Adds the sections: data, choice of k, sizes, centres, projection."""
    k = len(model.centres)
    page.add("Points", _data(points), _columns(points))
    if len(choice.ks) > 1:
        columns = {"k": choice.ks, "mean squared distance": choice.inertias, "silhouette": choice.silhouettes}
        if np.isfinite(choice.bics).any():
            columns["BIC"] = choice.bics
        curve = DataFrame(columns)
        text = (
            f"{k} cluster{'s' * (k > 1)}: {choice.chosen_by}. The mean squared distance falls with every "
            "cluster; look for the bend, and for a high silhouette."
            + _sampled(choice.rows, points.moments.height)
        )
        best = choice.ks[int(np.nanargmax(choice.silhouettes))] if len(choice.ks) > 2 else k
        if best != k:
            text += f" The silhouette is highest for {best}."
        page.add("How many clusters", text, curve, _curve(choice, k))
    sizes = np.bincount(labels[labels != NOISE], minlength=k)
    noise = int((labels == NOISE).sum())
    counted = DataFrame({"cluster": range(k), "rows": sizes, "share": sizes / len(labels)})
    if isinstance(model.clusters, Densities):
        counted.loc[k] = ["noise", noise, noise / len(labels)]
    page.add(
        "Cluster sizes",
        f"The largest cluster holds {sizes.max() / len(labels):.0%} of the rows, "
        f"the smallest {sizes.min() / len(labels):.1%}." + _beside(points, model, len(labels), noise),
        counted,
        _sizes(sizes),
    )
    centres = points.in_units(model.centres)
    page.add(
        "Centres",
        "Where each centre lies, in the columns' own units; "
        "the colour says how many standard deviations from the mean of all rows."
        + (
            f" The plot shows the {_COLUMNS} columns in which the centres lie furthest apart."
            if len(points.columns) > _COLUMNS
            else ""
        ),
        DataFrame(centres, columns=points.columns).assign(cluster=range(k))[["cluster", *points.columns]],
        _heat(points, centres),
    )
    if len(points.columns) > 1 and len(points.matrix) > 2:
        drawn, share = _projection(points, model, params.seed)
        page.add(
            "Projection",
            f"The first two principal components; they show {share:.0%} of the variance."
            + _drawn_of(len(points.matrix)),
            figure=drawn,
        )


def _beside(points: Points, model: Model, rows: int, noise: int) -> str:
    """What is particular to clusters that are not those of k-means."""
    of_sample = (
        f" Of a sample of {rows:,} of {points.moments.height:,} rows." if rows < points.moments.height else ""
    )
    if isinstance(model.clusters, Densities):
        return (
            of_sample
            + f" {noise / rows:.1%} are noise and belong to no cluster; they have the number {NOISE}."
        )
    if isinstance(model.clusters, Gaussians):
        return (
            of_sample
            + " A row belongs to the component that it most likely comes from, which need not be nearest."
        )
    return of_sample


def _sampled(rows: int, height: int) -> str:
    """Which rows the curve was measured on, where not on all."""
    of_curve = f" Measured on a sample of {rows:,} of {height:,} rows" if rows < height else ""
    few = rows > SILHOUETTE_ROWS
    if few and of_curve:
        return f"{of_curve}, the silhouette on {SILHOUETTE_ROWS:,} of these."
    if few:
        return f" The silhouette is measured on a sample of {SILHOUETTE_ROWS:,} of {height:,} rows."
    return of_curve + "." if of_curve else ""


def _drawn_of(rows: int) -> str:
    return f" A sample of {_PLOTTED:,} rows is drawn." if rows > _PLOTTED else ""


def _data(points: Points) -> str:
    parts = [f"{points.moments.height} rows, {len(points.columns)} columns of numbers."]
    if points.left_out:
        parts.append(f"Left out, since text has no distances: {', '.join(points.left_out)}.")
    if points.moments.gaps.any():
        parts.append(f"{int(points.moments.gaps.sum())} missing cells count as their column's mean.")
    if points.units:
        parts.append(f"Units: {points.units}.")
    return " ".join(parts)


def _columns(points: Points) -> DataFrame:
    return DataFrame(
        {
            "column": points.columns,
            "missing": points.moments.gaps.astype(int),
            "mean": points.moments.mean,
            "standard deviation": points.moments.deviation,
            "least": points.moments.least,
            "greatest": points.moments.greatest,
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
    if len(sizes) <= _BARS:
        bars = axes.bar(np.arange(len(sizes)), sizes, color="C0")
    else:
        axes.stairs(sizes, np.arange(len(sizes) + 1) - 0.5, fill=True, color="C0")
    if len(sizes) <= 20:
        axes.bar_label(bars)
        axes.set_xticks(np.arange(len(sizes)))
    axes.set(xlabel="cluster", ylabel="rows")
    axes.grid(False, axis="x")
    return drawn


def _heat(points: Points, centres: Array) -> "Figure":
    spread = points.moments.deviation
    z = (centres - points.moments.mean) / np.where(spread > 0, spread, 1)
    apart = np.argsort(-np.ptp(z, axis=0), kind="stable")
    shown = np.sort(apart[:_COLUMNS])
    z, centres = z[:, shown], centres[:, shown]
    names = [points.columns[place] for place in shown]
    drawn, axes = figure(max(5.0, 1.0 + 0.9 * len(names)), min(max(2.8, 1.4 + 0.4 * len(centres)), 12.0))
    limit = max(1.0, float(np.abs(z).max()))
    image = axes.imshow(z, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    axes.set_xticks(np.arange(len(names)), names, rotation=30, ha="right")
    axes.set(ylabel="cluster", yticks=np.arange(len(centres)) if len(centres) <= 30 else [])
    axes.grid(False)
    if z.size <= _WRITTEN:
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
    labels = model.nearest(matrix)
    noise = plane[labels == NOISE]
    marks = (model.centres - middle) @ axes_of[:2].T
    drawn, axes = figure(height=4.2)
    if len(noise):
        axes.scatter(noise[:, 0], noise[:, 1], s=8, alpha=0.6, color="0.7", label="noise")
    if len(model.centres) <= _COLOURS:
        for cluster in range(len(model.centres)):
            mine = plane[labels == cluster]
            colour = None if len(model.centres) > 8 else f"C{cluster}"
            axes.scatter(mine[:, 0], mine[:, 1], s=12, alpha=0.6, color=colour, label=str(cluster))
    else:
        inside = labels != NOISE
        axes.scatter(plane[inside, 0], plane[inside, 1], s=12, alpha=0.6, c=labels[inside] % 20, cmap="tab20")
    axes.scatter(marks[:, 0], marks[:, 1], marker="x", s=70, color="black", linewidths=2)
    axes.set(xlabel="component 1", ylabel="component 2")
    if len(model.centres) <= _COLOURS:
        axes.legend(title="cluster", frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return drawn, share
