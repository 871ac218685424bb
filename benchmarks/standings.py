"""Standings of stacks over tables: mean ranks, win rates and Elo, each with its error over the tables."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

_Floats = npt.NDArray[np.float64]
_DRAWS = 500  # bootstrap samples of the tables
_ANCHOR = 1000.0  # Elo of a stack in the mean


def standings(losses: pd.DataFrame) -> list[str]:
    """Lines of Markdown, best first, from the losses of stacks (columns) on tables (rows); less is better.

    Tables that a stack has no answer for are left out for all; nothing for a single stack, or without tables.
    Errors are standard errors of the bootstrap over tables; Elo has its 95 % interval, and 400 points more
    are odds of ten to one, as in TabArena.

    >>> losses = pd.DataFrame({"a": [0.1, 0.2, 0.3], "b": [0.2, 0.3, 0.2]}, index=["x", "y", "z"])
    >>> print(standings(losses)[2])
    | a | 1.33 ± 0.27 | 67 % ± 27 % | 1044 (831 to 1169) |
    """
    whole = losses.dropna()
    if losses.shape[1] < 2 or not len(whole):
        return []
    beaten = wins(whole.to_numpy(float))
    generator = np.random.default_rng(0)
    draws = generator.integers(len(whole), size=(_DRAWS, len(whole)))
    rank, rank_error = _over(lambda part: 1 + (1 - part).sum(2).mean(0) - 0.5, beaten, draws)
    rate, rate_error = _over(_rates, beaten, draws)
    levels = elo(beaten.sum(0))
    low, high = np.percentile([elo(beaten[draw].sum(0)) for draw in draws], [2.5, 97.5], axis=0)
    lines = [
        f"| stack, {len(whole)} tables | mean rank | wins | Elo |",
        "| --- | --- | --- | --- |",
    ]
    for at in np.argsort(rank, kind="stable"):
        lines.append(
            f"| {losses.columns[at]} | {rank[at]:.2f} ± {rank_error[at]:.2f} "
            f"| {100 * rate[at]:.0f} % ± {100 * rate_error[at]:.0f} % "
            f"| {levels[at]:.0f} ({low[at]:.0f} to {high[at]:.0f}) |"
        )
    return lines


def wins(losses: _Floats) -> _Floats:
    """1 where a stack is better than another on a table, 0.5 where they tie: (tables, stacks, stacks)."""
    one, other = losses[:, :, None], losses[:, None, :]
    won: _Floats = (one < other) + 0.5 * (one == other)
    return won


def elo(won: _Floats) -> _Floats:
    """Elo of each stack, 1000 in the mean, from how often each beat each: Bradley and Terry's model.

    Every pair is given one draw more, so that a stack that always wins has a finite number.
    """
    games = won + 0.5
    np.fill_diagonal(games, 0)
    strength = np.ones(len(games))
    for _ in range(200):  # Hunter's iteration, MM Algorithms for Generalized Bradley-Terry Models, 2004
        pairs = (games + games.T) / (strength[:, None] + strength[None, :])
        strength = games.sum(1) / pairs.sum(1)
        strength /= np.exp(np.log(strength).mean())
    levels: _Floats = _ANCHOR + 400 * np.log10(strength)
    return levels


def _rates(beaten: _Floats) -> _Floats:
    """The share of games against others that each won."""
    rates: _Floats = (beaten.mean(0).sum(1) - 0.5) / (beaten.shape[1] - 1)
    return rates


def _over(
    figure: Callable[[_Floats], _Floats], beaten: _Floats, draws: npt.NDArray[np.int64]
) -> tuple[_Floats, _Floats]:
    """A figure over all tables, and its standard error over draws of them."""
    return figure(beaten), np.std([figure(beaten[draw]) for draw in draws], axis=0)
