"""Charts that the training reports of several algorithms have; matplotlib is imported when one is drawn."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from slipway.table.arrow import Array
from slipway.training.report import figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LETTERS = 40  # of a name next to a bar
_WRITTEN = 12  # classes up to which each cell of a confusion matrix has its number
_ALONG = 30  # letters of all classes that fit side by side


def panels(count: int, width: float = 8.4, height: float = 3.6) -> "tuple[Figure, list[Axes]]":
    """An empty figure, `width` by `height` inches, and `count` plots side by side in it."""
    drawn, only = figure(width, height)
    only.remove()
    return drawn, list(np.atleast_1d(drawn.subplots(1, count)))


def bars(names: Sequence[str], values: Sequence[float] | Array, label: str) -> "Figure":
    """A horizontal bar for each name, the first on top; `label` says what is measured, and its unit."""
    drawn, axes = figure(7.0, max(1.8, 0.6 + 0.26 * len(names)))
    places = np.arange(len(names))[::-1]
    axes.barh(places, values, color="C0")
    axes.set_yticks(places, [name[:_LETTERS] for name in names])
    axes.set(xlabel=label)
    axes.grid(False, axis="y")
    axes.set_axisbelow(True)
    return drawn


def confusion_counts(truth: Array, predicted: Array, classes: int) -> Array:
    """How many rows of each true class got each predicted class, codes of shape (rows,): (classes, classes).

    >>> confusion_counts(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (truth.astype(int), predicted.astype(int)), 1)
    return counts


def confusion(counts: Array, names: Sequence[str], most: int = 20) -> "Figure":
    """The matrix of `confusion_counts`, true classes down, for the `most` frequent of them.

    The shade is the share of a true class.
    """
    order = np.sort(np.argsort(-counts.sum(1), kind="stable")[:most])
    part, labels = counts[np.ix_(order, order)], [names[place] for place in order]
    share = part / np.maximum(1, counts[order].sum(1, keepdims=True))
    drawn, axes = figure(max(4.0, 1.6 + 0.55 * len(order)), max(3.0, 1.2 + 0.42 * len(order)))
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    turned: dict[str, Any] = {"rotation": 30, "ha": "right"} if sum(map(len, labels)) > _ALONG else {}
    axes.set_xticks(np.arange(len(order)), labels, **turned)
    axes.set_yticks(np.arange(len(order)), labels)
    axes.set(xlabel="predicted", ylabel="true")
    axes.grid(False)
    if len(order) <= _WRITTEN:
        for row, column in np.ndindex(*part.shape):
            shade = "white" if share[row, column] > 0.6 else "black"
            axes.text(column, row, str(part[row, column]), ha="center", va="center", fontsize=8, color=shade)
    return drawn


def reliability(axes: "Axes", stated: Array, reached: Array, rows: Array, label: str = "") -> None:
    """Draws what `slipway.kit.calibration.reliability` gave; a larger dot stands for more rows.

    On the dotted line probabilities are as large as shares. Call it again to compare another model.
    """
    if not axes.lines:
        axes.plot([0, 1], [0, 1], color="C7", linestyle=":")
    colour = f"C{len(axes.collections)}"
    axes.plot(stated, reached, color=colour, alpha=0.5)
    alike = np.ptp(rows) <= 1  # bins of equal count
    size = 36 if alike else 20 + 180 * rows / rows.max()
    axes.scatter(stated, reached, s=size, color=colour, alpha=0.8, label=label or None)
