"""The training table as engines take it: features, target, weights, groups."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from slipway import Array, Channel, UserError, arrow
from slipway.kit.columns import require

from .features import Role
from .hyperparameters import Hyperparameters
from .row_view import View
from .splits import Rows
from .target import NUMERIC, Outcome


@dataclass(frozen=True)
class Data:
    """Rows to learn from or to measure on: a view of a table that all parts share, and no copy of it."""

    features: View
    target: Array
    """float64: codes of classes, or numbers."""
    weights: Array | None
    groups: Array | None
    """int64, the same for the same name in every channel; in ranking rows are in their order."""
    times: Array | None

    def __len__(self) -> int:
        return len(self.target)

    def take(self, places: Array) -> "Data":
        """The rows at `places`, in the order of the table."""
        return self._ordered(np.sort(places))

    def by_group(self) -> "Data":
        """The same rows, those of a group one after another, as engines want them."""
        assert self.groups is not None
        return self._ordered(np.argsort(self.groups, kind="stable"))

    def _ordered(self, places: Array) -> "Data":
        return Data(
            self.features.take(places),
            *(
                None if one is None else one[places]  # type: ignore[arg-type]
                for one in (self.target, self.weights, self.groups, self.times)
            ),
        )

    def parted(self, params: Hyperparameters, outcome: Outcome) -> Rows:
        """What decides how these rows are held out."""
        split = params.split
        if split == "auto":
            split = "group" if outcome.problem == "ranking" else "time" if params.timestamp else "row"
        if outcome.problem == "ranking" and split == "row":
            raise UserError("split: row would tear groups apart; ranking is split by group or time")
        return Rows(
            strata=self.target if outcome.classes and split == "row" else None,
            blocks=self.groups if split == "group" else None,
            times=_of_groups(self.times, self.groups, outcome) if split == "time" else None,
        )


def columns(channel: Channel, params: Hyperparameters) -> tuple[Hyperparameters, list[str]]:
    """The configuration with its target named, and the features. Raises UserError for a column not there.

    Names of things are declared before anything is read: `01` and `1` are two.
    """
    channel.declare("key", [*params.cat_features, *([params.group] if params.group else [])])
    if not params.target:
        params = params.model_copy(update={"target": _first(channel)})
    if params.problem in {"binary", "multiclass"} or params.pos_class:
        channel.declare("label", [params.target])
    names = channel.names
    used = {name: getattr(params, name) for name in ("target", "weights", "group", "timestamp")}
    for path, name in used.items():
        if name:
            require([name], names, setting=path)
    for path in ("features", "cat_features", "text_features", "monotone_constraints"):
        require(list(getattr(params, path)), names, setting=path)
    busy = {name for name in used.values() if name}
    taken = [name for name in params.features if name in busy]
    if taken:
        raise UserError(f"features: column {taken[0]} has another use")
    found = [name for name in (params.features or names) if name not in busy]
    if not found:
        raise UserError("the train channel has no column to learn from beside the target")
    kinds = channel.table.kinds
    lists = [name for name in (*found, *busy) if kinds[name] == "list"]
    if lists:
        raise UserError(
            f"column {lists[0]} holds lists; trees read numbers and texts. Name others in features"
        )
    _check_roles(params, kinds, found)
    return params, found


def roles(params: Hyperparameters, kinds: Mapping[str, str], names: list[str]) -> list[Role]:
    """What each column is to the trees."""
    return [
        "text" if name in params.text_features else "number" if kinds[name] in NUMERIC else "category"
        for name in names
    ]


def prepare(
    channel: Channel, names: list[str], params: Hyperparameters, outcome: Outcome | None
) -> tuple[Data, Outcome, int]:
    """A channel's rows that have a target; the problem; how many rows had none."""
    table = channel.table
    needed = [
        *names,
        *(one for one in (params.target, params.weights, params.group, params.timestamp) if one),
    ]
    require(needed, table.names, channel=channel.name)
    known = np.flatnonzero(~table.gaps(params.target))
    if not len(known):
        raise UserError(f"channel {channel.name}: no row has a {params.target}")
    rows = View(table, None if len(known) == len(table) else known)
    outcome = outcome or Outcome.of(rows, params)
    found = Data(
        features=View(table.select(names), rows.rows),
        target=outcome.encode(rows, params.target, f"channel {channel.name}, column {params.target}"),
        weights=_weights(rows, params.weights) if params.weights else None,
        groups=_codes(rows, params.group) if params.group else None,
        times=_times(rows, params.timestamp) if params.timestamp else None,
    )
    if outcome.problem == "ranking":
        if found.groups is None:
            raise UserError("group: ranking needs the column that tells which rows are ranked together")
        found = found.by_group()
    return found, outcome, len(table) - len(known)


def weighted(data: Data, params: Hyperparameters, outcome: Outcome, of: Data) -> Data:
    """`data` with the weights of classes times those of rows; balanced weights are those of `of`."""
    if params.class_weights is None:
        return data
    if not outcome.classes:
        raise UserError(f"class_weights: there are no classes in {outcome.problem}")
    if params.class_weights == "balanced":
        counts = np.bincount(of.target.astype(int), minlength=len(outcome.classes))
        each = len(of) / (len(counts) * np.maximum(counts, 1))
    else:
        each = np.ones(len(outcome.classes))
        for name, weight in params.class_weights.items():
            place = outcome.place(name)
            if place is None:
                known = ", ".join(map(str, outcome.classes))
                raise UserError(f"class_weights: no class {name!r}; the classes are {known}")
            each[place] = weight
    weights = each[data.target.astype(int)]
    return replace(data, weights=weights if data.weights is None else weights * data.weights)


def _first(channel: Channel) -> str:
    names = channel.names
    if channel.named and "label" not in names:
        raise UserError(f"target is required: name the column to learn; there are {_listed(names)}")
    return "label" if channel.named else names[0]


def _check_roles(params: Hyperparameters, kinds: Mapping[str, str], names: list[str]) -> None:
    for name in params.text_features:
        if kinds[name] in NUMERIC:
            raise UserError(f"text_features: column {name} holds {_HOLDS[kinds[name]]}")
        if name in params.cat_features:
            raise UserError(f"text_features: column {name} is among cat_features, too")
    for name in params.cat_features:
        if kinds[name] in NUMERIC:
            raise UserError(f"cat_features: column {name} is to hold {_HOLDS[kinds[name]]}, as kinds says")
    if params.text_features and params.engine != "catboost":
        raise UserError(f"text_features: {params.engine} reads no texts; use engine=catboost")
    for path in ("cat_features", "text_features", "monotone_constraints"):
        unused = [name for name in getattr(params, path) if name not in names]
        if unused:
            raise UserError(f"{path}: column {unused[0]} is not among the features")
    for name, role in zip(names, roles(params, kinds, names), strict=True):
        if params.monotone_constraints.get(name) and role != "number":
            raise UserError(f"monotone_constraints: column {name} is no column of numbers")


def _weights(rows: View, name: str) -> Array:
    if rows.table.kinds[name] in NUMERIC:
        weights = rows.number(name)
        if (weights >= 0).all() and weights.sum() > 0:
            return weights
    raise UserError(f"weights: column {name} must hold numbers from 0, none of them missing")


def _codes(rows: View, name: str) -> Array:
    names = rows.arrow(name)
    if names.null_count:
        raise UserError(f"group: column {name} has gaps; every row belongs to a group")
    from pandas.util import hash_array

    codes: Array = hash_array(arrow.objects(names)).astype(np.int64)
    return codes


def _times(rows: View, name: str) -> Array:
    """float64: seconds, or the numbers themselves."""
    kind = rows.table.kinds[name]
    if kind in NUMERIC:
        times = rows.number(name)
        gaps = np.isnan(times)
    elif kind == "time":
        moments = rows.times(name)
        times, gaps = moments.astype(np.int64).astype(np.float64), np.isnat(moments)
    else:
        raise UserError(
            f"timestamp: column {name} holds no times; expected numbers, or dates such as 2024-01-31"
        )
    if gaps.any():
        raise UserError(f"timestamp: column {name} has gaps; every row needs a time")
    return times


def _of_groups(times: Array | None, groups: Array | None, outcome: Outcome) -> Array:
    """Times; in ranking each group's latest, so that none is torn apart."""
    if times is None:
        raise UserError("timestamp: split=time needs the column of times")
    if outcome.problem != "ranking" or groups is None:
        return times
    names, place = np.unique(groups, return_inverse=True)
    latest = np.full(len(names), -np.inf)
    np.maximum.at(latest, place, times)
    found: Array = latest[place]
    return found


def _listed(names: Any) -> str:
    found = [str(name) for name in names]
    return ", ".join(found[:10]) + (f" and {len(found) - 10} more" if len(found) > 10 else "")


_HOLDS = {"number": "numbers", "integer": "whole numbers", "boolean": "booleans"}
