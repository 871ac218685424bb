"""Ranks of conformal prediction: how many past errors an interval must hold so that it holds the next one.

Of n past errors and one more, drawn alike, each is as likely to have any of n + 1 ranks; so an interval for
a level has to hold a few more past errors than the level says. Vovk, Gammerman and Shafer 2005,
https://doi.org/10.1007/b106715; Lei et al. 2018, https://doi.org/10.1080/01621459.2017.1307116.
"""

import numpy as np

from slipway.table.arrow import Array


def covered_share(count: int, level: float) -> float:
    """The share of `count` absolute errors to hold, so that the next is held with the probability `level`.

    1 where there are too few errors for the level: the widest interval that they give may hold less.

    >>> covered_share(99, 0.9), covered_share(9, 0.9), covered_share(5, 0.9)
    (0.9090909090909091, 1.0, 1.0)
    """
    return min(1.0, float(np.ceil((count + 1) * level) / count))


def widened(levels: Array, count: int) -> Array:
    """Quantile `levels` moved away from 0.5 by the factor (count + 1) / count, for errors yet to come.

    >>> widened(np.array([0.1, 0.5, 0.9]), 10).round(2).tolist()
    [0.06, 0.5, 0.94]
    """
    found: Array = np.clip(0.5 + (levels - 0.5) * (count + 1) / count, 0, 1)
    return found


def ends(errors: Array, level: float) -> Array:
    """The two of the ascending `errors` between which the next one lies with the probability `level`.

    Each tail has half of the rest. With too few errors these are the outermost ones.

    >>> ends(np.arange(-9.0, 10.0), 0.9).tolist()
    [-9.0, 9.0]
    >>> ends(np.arange(-49.0, 50.0), 0.5).tolist()
    [-25.0, 25.0]
    """
    count, tail = len(errors), (1 - level) / 2
    low = max(0, int(np.floor(tail * (count + 1))) - 1)
    high = min(count - 1, int(np.ceil((1 - tail) * (count + 1))) - 1)
    return errors[[low, high]]
