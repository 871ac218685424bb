"""Stand-ins: observed cells that are like the missing ones, by which learners are judged.

Errors out of fold are those of observed cells. Where a column is missing more often in some rows than in
others, the errors in such rows tell more about the missing cells: rows are drawn by their odds of being
missing (Tibshirani et al. 2019, Conformal Prediction Under Covariate Shift, https://arxiv.org/abs/1904.06019).
Where columns are missing together, as in blocks or after a drop-out, the others are hidden, too.
What a missing cell has to do with its own value cannot be learned from a table.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from ..features.cells import Floats
from ..features.design import REACH, Design

FEWEST = 8  # missing cells, to see which columns are missing together
MANY = 30  # missing cells, and observed ones, to learn the odds from
WORTH = 60  # equal cells that weighted ones must be worth; else their weights are flattened
LEARNT = 4_000  # rows of either kind that are learned from, at most
SURE = 2.0  # standard errors by which the odds must beat those of a column missing at random
SHRUNK = 0.1  # the inverse strength of the penalty on the weights of a logistic regression
MOST = 8.0  # times the mean weight
KNOTS = np.arange(1, 10) / 10
TOGETHER = 0.05  # by how much more often another column lacks cells, to count as missing together


@dataclass(frozen=True)
class StandIns:
    """`places` are those of rows among the observed ones, ascending, some more than once."""

    places: NDArray[np.int64]
    hidden: NDArray[np.bool_] | None
    """The cells of these rows to hide, shape (rows, source columns); None for none."""


def stand_ins(design: Design, observed: NDArray[np.int64], seed: int) -> StandIns | None:
    """Rows like those with a missing cell. None where the observed rows are, as far as the table tells.

    `design` has all rows, `observed` are the places of those with a cell, ascending. As many are drawn as the
    weighted cells are worth (Kish's effective sample size). None with text, too.
    """
    missing = np.setdiff1d(np.arange(len(design.known)), observed)
    if design.textual or not len(design.keep) or min(len(missing), len(observed)) < FEWEST:
        return None
    rng = np.random.default_rng(seed)
    learnt, lacking = (np.sort(rng.permutation(rows)[:LEARNT]) for rows in (observed, missing))
    odds = _odds(design, learnt, lacking) if min(len(learnt), len(lacking)) >= MANY else None
    drawn = observed if odds is None else learnt[_drawn(odds, rng)]
    hidden = _together(design, drawn, lacking, rng)
    if odds is None and hidden is None:
        return None
    return StandIns(np.searchsorted(observed, drawn), hidden)


def _odds(design: Design, observed: NDArray[np.int64], missing: NDArray[np.int64]) -> Floats | None:
    """The odds of each of the `observed` cells to be missing, by a model of the other cells' values.

    Of which of them are missing it knows nothing: where that tells all, no observed cell is like a missing
    one. None if it is no better than a column that is missing at random.
    """
    rows = np.concatenate([observed, missing])
    gone = np.arange(len(rows)) >= len(observed)
    values, fold = design.take(rows).values, np.arange(len(rows)) % 2
    if not values.shape[1]:  # there are only labels, and too many of them
        return None
    matrix = _steps(values)
    chance = np.empty(len(rows))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the number of iterations is fixed
        for half in (0, 1):
            model = LogisticRegression(C=SHRUNK, tol=1e-3).fit(matrix[fold != half], gone[fold != half])
            chance[fold == half] = model.predict_proba(matrix[fold == half])[:, 1]
    chance, plain = np.clip(chance, 1e-6, 1 - 1e-6), gone.mean()
    gain = np.where(gone, np.log(chance / plain), np.log((1 - chance) / (1 - plain)))
    if gain.mean() <= SURE * gain.std() / np.sqrt(len(gain)):
        return None
    found = chance[: len(observed)]
    return np.asarray(found / (1 - found), dtype=float)


def _steps(values: Floats) -> Floats:
    """The values, and in which tenth of its column each is, less their means; 0 for a missing one.

    So a linear model can follow any shape, and cannot tell a missing cell from a usual one.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column without any value here has no mean
        knots = np.nanquantile(values, KNOTS, axis=0)
        above = np.where(np.isnan(values), np.nan, values > knots[:, None])
        parts = np.hstack([np.clip(values, -REACH, REACH), *above])
        return np.asarray(np.nan_to_num(parts - np.nanmean(parts, axis=0)), dtype=float)


def _drawn(odds: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
    """Ascending places, drawn evenly (systematic sampling) with probabilities in proportion to the odds.

    Few cells with most of the weight would leave too few errors to learn from: then weights are flattened
    (Shimodaira 2000, https://doi.org/10.1016/S0378-3758(00)00115-4).
    """
    for power in (1.0, 0.75, 0.5, 0.25, 0.0):
        weights = np.power(odds, power)
        weights = np.minimum(weights, MOST * weights.mean())
        count = int(weights.sum() ** 2 / np.square(weights).sum())
        if count >= WORTH:
            break
    steps = (np.arange(count) + rng.random()) / count
    return np.searchsorted(np.cumsum(weights) / weights.sum(), steps).clip(0, len(weights) - 1)


def _together(
    design: Design, drawn: NDArray[np.int64], missing: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.bool_] | None:
    """Cells to hide in the `drawn` rows, so that columns lack cells as often there as in the `missing` rows.

    Each row takes the pattern of a missing one, of the columns that are missing together with this one.
    """
    gone = ~design.source.seen
    there, here = gone[missing].mean(0), gone[drawn].mean(0)
    noise = np.sqrt(there * (1 - there) / len(missing) + here * (1 - here) / len(drawn))
    more = there - here > np.maximum(TOGETHER, 3 * noise)
    more[[column.name == design.target for column in design.source.columns]] = False
    if not more.any():
        return None
    share = np.where(more, (there - here) / np.where(more, there * (1 - here), 1.0), 0.0)
    pattern = gone[rng.choice(missing, len(drawn))]
    return np.asarray(pattern & (rng.random((len(drawn), 1)) < share) & ~gone[drawn], bool)
