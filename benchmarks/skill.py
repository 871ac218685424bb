"""Skill against seasonal naive, as fev-bench has it: one less the geometric mean of ratios of errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .series import DECILES, Result, Series, Set, gapless, unit

DRAWS = 1_000
MEASURES = ("MASE", "SQL")
LEAST, MOST = 0.01, 100.0  # of a ratio on one set, as in fev-bench


@dataclass
class Losses:
    """The errors of one method on each series of a set, in units of the usual seasonal change."""

    mase: Series
    sql: Series
    """The scaled quantile loss at the deciles."""

    def of(self, measure: str) -> Series:
        return self.mase if measure == "MASE" else self.sql

    @classmethod
    def measure(cls, data: Set, result: Result) -> "Losses":
        """Those of a result with quantiles at CONFIDENCE and DECILES."""
        assert result.quantiles is not None
        mases, sqls, levels = [], [], np.array(DECILES)
        for place, (past, future) in enumerate(data.pairs):
            scale = unit(gapless(past), data.season)
            known = ~np.isnan(future)
            over = (future[:, None] - result.quantiles[place][:, 2:])[known]
            mases.append(np.mean(np.abs(future - result.means[place])[known]) / scale)
            sqls.append(2 * np.mean(np.maximum(over * levels, over * (levels - 1))) / scale)
        return cls(np.array(mases), np.array(sqls))


@dataclass
class Skill:
    """One less the geometric mean over the sets, and its standard error by the bootstrap."""

    measure: str
    value: float
    error: float
    sets: int

    def __str__(self) -> str:
        return f"{self.measure} skill {100 * self.value:.1f} ± {100 * self.error:.1f} % ({self.sets} sets)"


def skills(
    ours: Mapping[str, Losses], naive: Mapping[str, Losses], resample_sets: bool = True
) -> Sequence[Skill]:
    """The skill in each measure over the sets that both have.

    The bootstrap draws the series of each set again, and with `resample_sets` the sets, too: the error is
    then what other sets would have changed; without, what other series of these would.
    """
    names = [name for name in ours if name in naive]
    random = np.random.default_rng(0)
    found = []
    for measure in MEASURES:
        pairs = [(ours[name].of(measure), naive[name].of(measure)) for name in names]
        logs = np.array([_log_ratio(*pair) for pair in pairs])
        drawn = np.array(
            [
                [
                    _log_ratio(mine[rows], base[rows])
                    for mine, base in pairs
                    for rows in [random.integers(0, len(mine), len(mine))]
                ]
                for _ in range(DRAWS)
            ]
        )
        if resample_sets:
            some = random.integers(0, len(names), drawn.shape)
            drawn = np.take_along_axis(drawn, some, axis=1)
        spread = np.std(1 - np.exp(drawn.mean(axis=1)), ddof=1)
        found.append(Skill(measure, float(1 - np.exp(logs.mean())), float(spread), len(names)))
    return found


def _log_ratio(mine: Series, base: Series) -> float:
    known = np.isfinite(mine) & np.isfinite(base)
    if not known.any() or not base[known].mean() > 0:
        return 0.0
    return float(np.log(np.clip(mine[known].mean() / base[known].mean(), LEAST, MOST)))
