"""Hierarchies of keys: totals of every level, and coherent forecasts (hierarchicalforecast's MinTrace).

A total has the empty string in the keys below its level; the grand total has it in all keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from slipway import Array, UserError

from ..panel.panel import Panel
from .ensemble import Forecasts

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ALL = ""


@dataclass(frozen=True)
class Hierarchy:
    """The key columns from the top level down: (region, store) gives a total, regions, stores."""

    levels: tuple[str, ...]

    def check(self, panel: Panel) -> None:
        """Raises UserError if the levels are not exactly the key columns."""
        check_levels(self.levels, panel.key_names)

    def aggregate(self, panel: Panel) -> Panel:
        """The series, padded to a common span, followed by the totals of every level.

        A missing point counts as zero in a total: a shop that has not opened yet, or has closed. The
        covariates of a total are the means of those of its parts.
        """
        known = [place for place in range(len(panel)) if len(panel.series(place))]
        if not known:
            return panel
        first = int(panel.first[known].min())
        span = int(panel.after[known].max()) - first
        bottom = np.zeros((len(panel), span))
        for place in known:
            start = int(panel.first[place]) - first
            bottom[place, start : start + len(panel.series(place))] = panel.series(place)
        keys, sums = _sums(panel.keys, panel.key_names, self.levels)
        everything = np.vstack([bottom, sums @ bottom])
        return Panel.of(
            panel,
            [*panel.keys, *keys],
            np.full(len(everything), first),
            list(everything),
            _covariates(panel, first, sums) if panel.covariate_names else (),
        )

    def reconcile(self, forecasts: Forecasts, panel: Panel, lower_bounds: Array) -> Forecasts:
        """Coherent means of forecasts of an aggregated panel; spreads are unchanged.

        Levels are weighted by the number of series they sum (structural scaling). Parts are clipped at
        `lower_bounds` and summed again. Source: Wickramasuriya et al. 2019,
        https://doi.org/10.1080/01621459.2018.1448825.
        """
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from hierarchicalforecast.methods import MinTraceSparse
            from scipy.sparse import identity, vstack

        lowest = [place for place, key in enumerate(panel.keys) if ALL not in key]
        if lowest != list(range(len(lowest))):
            raise ValueError("the lowest level comes first")
        _, sums = _sums(panel.keys[: len(lowest)], panel.key_names, self.levels)
        # The library expects the lowest level last.
        matrix = vstack([sums, identity(len(lowest), format="csr")], format="csr")
        order = np.r_[np.arange(len(lowest), len(panel)), np.arange(len(lowest))]
        method = MinTraceSparse(method="wls_struct")
        above = sums.shape[0]
        found = method.fit_predict(S=matrix, y_hat=forecasts.mean[order])
        bottom = np.maximum(np.asarray(found["mean"])[above:], lower_bounds[: len(lowest), None])
        return replace(forecasts, mean=np.vstack([bottom, sums @ bottom]))


def check_levels(levels: Sequence[str], keys: Sequence[str]) -> None:
    """Raises UserError if the levels are not exactly the key columns."""
    if sorted(levels) != sorted(keys):
        raise UserError(
            f"hierarchy: expected the key columns {', '.join(keys)}, each once, from the top down; "
            f"got {', '.join(levels)}"
        )


def _covariates(panel: Panel, first: int, sums: "csr_matrix") -> list[Array]:
    """Covariates of every series and total from the step `first` on; NaN where unknown."""
    starts = panel.first - first
    parts = [panel.known(place) for place in range(len(panel))]
    span = max(
        (int(start) + len(part) for start, part in zip(starts, parts, strict=True) if len(part)), default=0
    )
    lowest = np.full((len(panel), span, len(panel.covariate_names)), np.nan)
    for row, start, part in zip(lowest, starts, parts, strict=True):
        row[int(start) : int(start) + len(part)] = part
    flat = lowest.reshape(len(panel), -1)
    known = np.isfinite(flat)
    with np.errstate(invalid="ignore"):
        means = (sums @ np.where(known, flat, 0.0)) / (sums @ known.astype(np.float64))
    return [*lowest, *means.reshape(-1, *lowest.shape[1:])]


def _sums(
    keys: Sequence[tuple[str, ...]], names: Sequence[str], levels: Sequence[str]
) -> "tuple[list[tuple[str, ...]], csr_matrix]":
    """The keys of every level above the lowest, and the matrix of zeros and ones that sums them."""
    order = [list(names).index(level) for level in levels]
    found: dict[tuple[str, ...], list[int]] = {}
    for depth in range(len(levels)):
        kept = set(order[:depth])
        for place, key in enumerate(keys):
            above = tuple(part if where in kept else ALL for where, part in enumerate(key))
            found.setdefault(above, []).append(place)
    from scipy.sparse import csr_matrix

    columns = [place for places in found.values() for place in places]
    starts = np.cumsum([0, *map(len, found.values())])
    return list(found), csr_matrix((np.ones(len(columns)), columns, starts), (len(found), len(keys)))
