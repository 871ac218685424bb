"""Metrics that scikit-learn has not, or that need no model: plain functions of arrays.

In all of them `truth` is 1 for the positive class and 0 for the other, `score` is higher where the positive
class is likelier, and both have one entry a row.
"""

import math

import numpy as np

from slipway import Array
from slipway.kit.calibration import calibration_error

DEPTH = 5.0  # per cent, where a metric's name says none
_GROUPS = 10


def gain(truth: Array, score: Array, depth: float = DEPTH) -> float:
    """Share of all positives among the `depth` per cent of rows with the highest scores.

    At least one row, and no part of one: of 61 rows 5 per cent are 3. Rows of equal score at the edge share
    the places that are left.
    """
    return float(gains(truth, score, np.array([depth]))[0])


def lift(truth: Array, score: Array, depth: float = DEPTH) -> float:
    """How many times as frequent positives are among the `depth` per cent with the highest scores."""
    return float(lifts(truth, score, np.array([depth]))[0])


def gains(truth: Array, score: Array, depths: Array) -> Array:
    """`gain` at each of `depths`, with the rows put in order once."""
    order = np.argsort(score)
    ranked, found = score[order], np.append(0.0, np.cumsum(truth[order]))
    count = _counts(len(truth), depths)
    edge = ranked[len(ranked) - count]
    low, high = (np.searchsorted(ranked, edge, side) for side in ("left", "right"))  # rows at the edge
    above, share = found[-1] - found[high], (count - (len(ranked) - high)) / (high - low)
    with np.errstate(invalid="ignore"):
        of_all: Array = (above + (found[high] - found[low]) * share) / found[-1]
    return of_all


def lifts(truth: Array, score: Array, depths: Array) -> Array:
    """`lift` at each of `depths`."""
    of_all: Array = gains(truth, score, depths) * len(truth) / _counts(len(truth), depths)
    return of_all


def _counts(height: int, depths: Array) -> Array:
    """How many rows so many per cent of `height` are."""
    counts: Array = np.maximum(1, np.floor(height * depths / 100 + 1e-9)).astype(int)
    return counts


def thresholds(truth: Array, score: Array, used: float) -> list[dict[str, float]]:
    """What follows from each tenth as a threshold, and from the one in use: a row each."""
    rows: list[dict[str, float]] = []
    for threshold in sorted({*(round(step / 10, 1) for step in range(1, 10)), used}):
        said = score >= threshold
        hits = float((said & (truth == 1)).sum())
        precision = hits / said.sum() if said.any() else float("nan")
        recall = hits / truth.sum() if truth.any() else float("nan")
        rows.append(
            {
                "threshold": threshold,
                "called positive": int(said.sum()),
                "precision": precision,
                "recall": recall,
                "f1": 2 * hits / (said.sum() + truth.sum()) if said.any() or truth.any() else float("nan"),
                "accuracy": float((said == (truth == 1)).mean()),
            }
        )
    return rows


def pr_auc(truth: Array, score: Array) -> float:
    """Area under precision over recall, points joined by straight lines."""
    from sklearn.metrics import auc, precision_recall_curve

    precision, recall, _ = precision_recall_curve(truth, score)
    return float(auc(recall, precision))


def ks(truth: Array, score: Array) -> float:
    """Kolmogorov and Smirnov's distance of the scores of both classes: the most that two shares differ."""
    order = np.argsort(score, kind="stable")
    positive = np.cumsum(truth[order]) / max(truth.sum(), 1)
    negative = np.cumsum(1 - truth[order]) / max((1 - truth).sum(), 1)
    last = np.append(np.diff(score[order]) != 0, True)  # at equal scores only the last one counts
    return float(np.abs(positive - negative)[last].max())


def hosmer_lemeshow(truth: Array, probability: Array) -> tuple[float, float]:
    """Hosmer and Lemeshow's chi-squared of ten groups of equal size by probability, and its p-value.

    Equal probabilities stay in one group; the degrees of freedom are the groups less two. NaN below three
    groups. Applied Logistic Regression, 3rd ed., section 5.2.2.
    """
    from scipy.stats import chi2

    edges = np.unique(np.quantile(probability, np.linspace(0, 1, _GROUPS + 1)))
    if len(edges) < 4:
        return math.nan, math.nan
    group = np.searchsorted(edges[1:-1], probability, side="left")
    size = np.bincount(group, minlength=len(edges) - 1)
    seen = np.bincount(group, truth, minlength=len(size))
    expected = np.bincount(group, probability, minlength=len(size))
    there = size > 0
    size, seen, expected = size[there], seen[there], expected[there]
    spread = expected * (1 - expected / size)
    off = np.square(seen - expected)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(off > 0, off / spread, 0.0)
    statistic = float(parts.sum())
    return statistic, float(chi2.sf(statistic, len(size) - 2))


def brier(truth: Array, probabilities: Array) -> float:
    """Mean squared distance of the probabilities to what came: (p - y)² of two classes, else summed over all.

    `truth` are codes of classes, `probabilities` have shape (n, classes).
    """
    if probabilities.shape[1] == 2:
        return float(np.square(probabilities[:, 1] - truth).mean())
    hot = np.eye(probabilities.shape[1])[truth.astype(int)]
    return float(np.square(probabilities - hot).sum(axis=1).mean())


def ece(truth: Array, probabilities: Array) -> float:
    """Expected calibration error: over ten bins of equal width, how far probability is from frequency.

    Of two classes it is the positive one's probability, of more the likeliest one's. Guo et al., ICML 2017.
    """
    if probabilities.shape[1] == 2:
        return calibration_error(probabilities[:, 1], truth)
    return calibration_error(probabilities.max(axis=1), probabilities.argmax(axis=1) == truth)


def ndcg(truth: Array, score: Array, groups: Array, depth: int | None = None) -> float:
    """Mean over groups of the normalised discounted gain of the `depth` first, by score; equal ones averaged.

    Groups of one row, or with no gain to find, do not count.
    """
    from sklearn.metrics import ndcg_score

    found = [
        ndcg_score(truth[None, rows], score[None, rows], k=depth)
        for rows in _groups(groups)
        if len(rows) > 1 and truth[rows].max() > 0
    ]
    return float(np.mean(found)) if found else math.nan


def mrr(truth: Array, score: Array, groups: Array) -> float:
    """Mean over groups of one over the rank of the first row whose target is above 0."""
    found = []
    for rows in _groups(groups):
        right = truth[rows] > 0
        if right.any():
            found.append(1 / (1 + (score[rows] > score[rows][right].max()).sum()))
    return float(np.mean(found)) if found else math.nan


def mean_precision(truth: Array, score: Array, groups: Array) -> float:
    """Mean over groups of the average precision of rows whose target is above 0."""
    from sklearn.metrics import average_precision_score

    found = [
        average_precision_score(truth[rows] > 0, score[rows])
        for rows in _groups(groups)
        if (truth[rows] > 0).any()
    ]
    return float(np.mean(found)) if found else math.nan


def _groups(groups: Array) -> list[Array]:
    order = np.argsort(groups, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
