"""Compares the chosen engine with the baselines on the same hidden cells."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pandas import DataFrame
from threadpoolctl import threadpool_limits

from slipway import Table

from ..baselines.fit import NAMES
from ..confidence.numbers import LEVEL
from ..features.cells import without
from ..fitting import fit
from ..imputer import Imputer
from ..postprocessing import FillOptions
from ..result import Cells
from ..tasks import FitSettings
from .masks import MASKS
from .quality import score_column

SHARE = 0.2  # of the observed cells that are hidden
ROWS = {"fast": 300, "balanced": 1_000, "best": 4_000}
COMPARED = ("MCAR", "MAR")  # masks
COLUMNS = 12  # that are filled, at most
FEWEST = 8  # hidden cells of a column that are enough to score it


@dataclass(frozen=True)
class Hidden:
    """Hidden cells filled by the chosen engine: for labels the probability and whether it was correct."""

    chances: Any
    right: Any
    inside: Any
    """Whether each number was within its interval."""


@dataclass(frozen=True)
class Comparison:
    """`scores` has a row for each mask, column and engine; `hidden` is of the chosen engine under MCAR."""

    rows: int
    columns: int
    """Number of columns filled."""
    share: float
    level: float
    scores: DataFrame
    hidden: Hidden


def compare(
    table: Table, targets: Sequence[str], settings: FitSettings, should_stop: Callable[[], bool]
) -> Comparison | None:
    """Hides cells of a sample of `table` under the masks COMPARED and fills them with every engine.

    Linear algebra uses one thread: at this size more do not pay off.
    """
    with threadpool_limits(1, user_api="blas"):
        return _compare(table, _some(targets), settings, should_stop)


def _some(targets: Sequence[str]) -> list[str]:
    """At most COLUMNS evenly spaced columns."""
    places = np.unique(np.linspace(0, len(targets) - 1, min(len(targets), COLUMNS)).astype(int))
    return [targets[place] for place in places]


def _compare(
    table: Table, targets: Sequence[str], settings: FitSettings, should_stop: Callable[[], bool]
) -> Comparison | None:
    random = np.random.default_rng(settings.seed)
    rows = np.sort(random.permutation(len(table))[: ROWS[settings.preset]])
    part = table.take(rows)
    names = [settings.engine, *(name for name in NAMES if name != settings.engine)]
    if settings.preset == "fast" and settings.engine != "missforest":
        names.remove("missforest")  # takes longer than all others together
    records: list[dict[str, Any]] = []
    hidden = Hidden(np.empty(0), np.empty(0, bool), np.empty(0, bool))
    for mask in COMPARED:
        gone = MASKS[mask](part, SHARE, random)
        places = {name: np.flatnonzero(gone[:, place]) for place, name in enumerate(part.names)}
        masked = without(part, places)
        wanted = [name for name in targets if len(places[name]) >= FEWEST]
        for name in names:
            if should_stop() or not wanted:
                return None
            filled = fit(masked, wanted, replace(settings, engine=name), should_stop=should_stop)
            found = filled.fill(masked, wanted, FillOptions(interval=True))
            for target in (one for one in wanted if one in filled.confidence):
                column, cells = filled.column(target), found[target]
                picked = np.isin(cells.rows, places[target])
                truth = column.answers(column.read(part))[cells.rows[picked]]
                metric, score = score_column(column, truth, cells.values[picked])
                records.append(
                    {"mask": mask, "column": target, "metric": metric, "engine": name, "score": score}
                )
            if name == settings.engine and mask == "MCAR":
                hidden = _hidden(filled, found, part, places)
    return Comparison(len(part), len(targets), SHARE, LEVEL, DataFrame(records), hidden) if records else None


def _hidden(filled: Imputer, cells: Mapping[str, Cells], part: Table, places: Mapping[str, Any]) -> Hidden:
    chances, right, inside = [np.empty(0)], [np.empty(0, bool)], [np.empty(0, bool)]
    for name, one in cells.items():
        if name not in filled.confidence:
            continue
        picked, column = np.isin(one.rows, places[name]), filled.column(name)
        truth = column.answers(column.read(part))[one.rows[picked]]
        if one.probability is not None and not column.numeric:
            chances.append(one.probability[picked])
            right.append(truth == one.values[picked])
        elif one.lower is not None and one.upper is not None and column.kind == "number":
            inside.append((one.lower[picked] <= truth) & (truth <= one.upper[picked]))
    return Hidden(np.concatenate(chances), np.concatenate(right), np.concatenate(inside))
