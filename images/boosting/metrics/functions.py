"""Metrics that scikit-learn does not have, as functions of arrays.

Unless stated otherwise `truth` is 1 for the positive class and 0 for the other, `score` is higher the more
likely the positive class is, and both have shape (n,).
"""

import math

import numpy as np

from slipway import Array
from slipway.kit.calibration import calibration_error

DEPTH = 5.0  # per cent, unless the metric's name gives another
_GROUPS = 10


def gain(truth: Array, score: Array, depth: float = DEPTH) -> float:
    """Share of all positives that are among the `depth` per cent of rows with the highest scores.

    The number of rows is rounded down, to at least one: 5 per cent of 61 rows are 3. Rows of equal score at
    the edge count in proportion.

    >>> gain(np.array([1, 0, 1, 0, 0]), np.array([0.9, 0.7, 0.4, 0.2, 0.1]), 40)
    0.5
    """
    return float(gains(truth, score, np.array([depth]))[0])


def lift(truth: Array, score: Array, depth: float = DEPTH) -> float:
    """Ratio of the share of positives among the `depth` per cent with the highest scores to that of all rows.

    >>> lift(np.array([1, 0, 1, 0, 0]), np.array([0.9, 0.7, 0.4, 0.2, 0.1]), 40)
    1.25
    """
    return float(lifts(truth, score, np.array([depth]))[0])


def gains(truth: Array, score: Array, depths: Array) -> Array:
    """`gain` at each of `depths`, sorting the rows once."""
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


def _counts(n_rows: int, depths: Array) -> Array:
    """The number of rows that each of `depths`, in per cent of `n_rows`, stands for."""
    counts: Array = np.maximum(1, np.floor(n_rows * depths / 100 + 1e-9)).astype(int)
    return counts


def thresholds(truth: Array, score: Array, used: float) -> list[dict[str, float]]:
    """Precision, recall and so on at each tenth as the threshold, and at the one in use; one row each."""
    rows: list[dict[str, float]] = []
    for threshold in sorted({*(round(step / 10, 1) for step in range(1, 10)), used}):
        positive = score >= threshold
        hits = float((positive & (truth == 1)).sum())
        precision = hits / positive.sum() if positive.any() else float("nan")
        recall = hits / truth.sum() if truth.any() else float("nan")
        rows.append(
            {
                "threshold": threshold,
                "predicted positive": int(positive.sum()),
                "precision": precision,
                "recall": recall,
                "f1": 2 * hits / (positive.sum() + truth.sum())
                if positive.any() or truth.any()
                else math.nan,
                "accuracy": float((positive == (truth == 1)).mean()),
            }
        )
    return rows


def pr_auc(truth: Array, score: Array) -> float:
    """Area under the precision-recall curve by the trapezoidal rule."""
    from sklearn.metrics import auc, precision_recall_curve

    precision, recall, _ = precision_recall_curve(truth, score)
    return float(auc(recall, precision))


def ks(truth: Array, score: Array) -> float:
    """Kolmogorov-Smirnov distance between the scores of the two classes.

    >>> ks(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.5
    """
    order = np.argsort(score, kind="stable")
    positive = np.cumsum(truth[order]) / max(truth.sum(), 1)
    negative = np.cumsum(1 - truth[order]) / max((1 - truth).sum(), 1)
    last = np.append(np.diff(score[order]) != 0, True)  # of equal scores only the last one counts
    return float(np.abs(positive - negative)[last].max())


def hosmer_lemeshow(truth: Array, probability: Array) -> tuple[float, float]:
    """Hosmer-Lemeshow chi-squared statistic over ten groups of equal size by probability, and its p-value.

    Equal probabilities stay in one group; the degrees of freedom are the number of groups minus two. NaN for
    fewer than three groups. Applied Logistic Regression, 3rd ed., section 5.2.2.
    """
    from scipy.stats import chi2

    edges = np.unique(np.quantile(probability, np.linspace(0, 1, _GROUPS + 1)))
    if len(edges) < 4:
        return math.nan, math.nan
    group = np.searchsorted(edges[1:-1], probability, side="left")
    size = np.bincount(group, minlength=len(edges) - 1)
    seen = np.bincount(group, truth, minlength=len(size))
    expected = np.bincount(group, probability, minlength=len(size))
    filled = size > 0
    size, seen, expected = size[filled], seen[filled], expected[filled]
    spread = expected * (1 - expected / size)
    off = np.square(seen - expected)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(off > 0, off / spread, 0.0)
    statistic = float(parts.sum())
    return statistic, float(chi2.sf(statistic, len(size) - 2))


def brier(truth: Array, probabilities: Array) -> float:
    """Brier score: mean of (p - y)² for two classes, for more summed over all classes.

    `truth` are codes of classes, `probabilities` have shape (n, classes).
    """
    if probabilities.shape[1] == 2:
        return float(np.square(probabilities[:, 1] - truth).mean())
    hot = np.eye(probabilities.shape[1])[truth.astype(int)]
    return float(np.square(probabilities - hot).sum(axis=1).mean())


def ece(truth: Array, probabilities: Array) -> float:
    """Expected calibration error over ten bins of equal width: difference of probability and frequency.

    For two classes of the positive one, for more of the most likely one. Guo et al., ICML 2017.
    """
    if probabilities.shape[1] == 2:
        return calibration_error(probabilities[:, 1], truth)
    return calibration_error(probabilities.max(axis=1), probabilities.argmax(axis=1) == truth)


def ndcg(truth: Array, score: Array, groups: Array, depth: int | None = None) -> float:
    """Mean over groups of the normalised discounted cumulative gain of the first `depth` rows by score.

    `truth` is the relevance, from 0. Equal scores are averaged. Groups of one row or without relevance do not
    count.
    """
    from sklearn.metrics import ndcg_score

    found = [
        ndcg_score(truth[None, rows], score[None, rows], k=depth)
        for rows in _groups(groups)
        if len(rows) > 1 and truth[rows].max() > 0
    ]
    return float(np.mean(found)) if found else math.nan


def mrr(truth: Array, score: Array, groups: Array) -> float:
    """Mean reciprocal rank: of the first row of each group whose `truth` is above 0."""
    found = []
    for rows in _groups(groups):
        right = truth[rows] > 0
        if right.any():
            found.append(1 / (1 + (score[rows] > score[rows][right].max()).sum()))
    return float(np.mean(found)) if found else math.nan


def mean_precision(truth: Array, score: Array, groups: Array) -> float:
    """Mean average precision over groups, of rows whose `truth` is above 0."""
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
