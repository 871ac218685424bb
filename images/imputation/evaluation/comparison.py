"""The chosen engine beside the plain ones: the same hidden cells, filled by each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pandas import DataFrame
from threadpoolctl import threadpool_limits

from slipway import Table

from ..answers import Asked
from ..baselines.fit import NAMES
from ..confidence.numbers import LEVEL
from ..features.cells import without
from ..fitting import Choices, fit
from ..imputer import Imputer
from ..result import Cells
from .masks import MASKS
from .quality import judged

SHARE = 0.2  # of the observed cells that are hidden
ROWS = {"fast": 300, "balanced": 1_000, "best": 4_000}
COLUMNS = 12  # that are filled, at most
FEWEST = 8  # hidden cells of a column that tell anything


@dataclass(frozen=True)
class Hidden:
    """Hidden cells that the chosen engine filled: of labels how sure and whether right, of numbers what."""

    chances: Any
    right: Any
    inside: Any
    """Whether each number's interval held it."""


@dataclass(frozen=True)
class Comparison:
    """`scores` has a row for each mask, column and engine; `hidden` is of the chosen engine under MCAR."""

    rows: int
    columns: int
    """How many of the columns to fill were filled."""
    share: float
    level: float
    scores: DataFrame
    hidden: Hidden


def compare(
    table: Table, targets: Sequence[str], choices: Choices, should_stop: Callable[[], bool]
) -> Comparison | None:
    """Hides cells of a sample of `table` in two ways and has every engine fill them.

    With one thread for linear algebra: at this size more of them only wait for one another.
    """
    with threadpool_limits(1, user_api="blas"):
        return _compared(table, _some(targets), choices, should_stop)


def _some(targets: Sequence[str]) -> list[str]:
    """The columns that are filled, evenly taken."""
    places = np.unique(np.linspace(0, len(targets) - 1, min(len(targets), COLUMNS)).astype(int))
    return [targets[place] for place in places]


def _compared(
    table: Table, targets: Sequence[str], choices: Choices, should_stop: Callable[[], bool]
) -> Comparison | None:
    random = np.random.default_rng(choices.seed)
    rows = np.sort(random.permutation(len(table))[: ROWS[choices.preset]])
    part = table.take(rows)
    names = [choices.engine, *(name for name in NAMES if name != choices.engine)]
    if choices.preset == "fast" and choices.engine != "missforest":
        names.remove("missforest")  # takes longer than all others together
    records: list[dict[str, Any]] = []
    hidden = Hidden(np.empty(0), np.empty(0, bool), np.empty(0, bool))
    for mask, hide in MASKS.items():
        gone = hide(part, SHARE, random)
        places = {name: np.flatnonzero(gone[:, place]) for place, name in enumerate(part.names)}
        masked = without(part, places)
        wanted = [name for name in targets if len(places[name]) >= FEWEST]
        for name in names:
            if should_stop() or not wanted:
                return None
            filled = fit(masked, wanted, replace(choices, engine=name), should_stop=should_stop)
            found = filled.fill(masked, wanted, Asked(interval=True))
            for target in (one for one in wanted if one in filled.confidence):
                column, cells = filled.column(target), found[target]
                picked = np.isin(cells.rows, places[target])
                truth = column.answers(column.read(part))[cells.rows[picked]]
                metric, score = judged(column, truth, cells.values[picked])
                records.append(
                    {"mask": mask, "column": target, "metric": metric, "engine": name, "score": score}
                )
            if name == choices.engine and mask == "MCAR":
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
