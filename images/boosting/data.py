"""The training table in the form that engines take: features, target, weights, groups."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from slipway import NUMERIC, Array, Channel, Table, UserError, arrow, listed
from slipway.kit.columns import require

from .features import Role
from .hyperparameters import Hyperparameters
from .peers import ALONE, Peers
from .row_view import View
from .splits import SplitKeys
from .target import Target

_DIGITS = 2.0**-24  # of a number are lost in 32 bits
_LOST = 0.001  # of a column's range, from which on it is said


@dataclass(frozen=True)
class Data:
    """Rows to train or evaluate on: a view of a table that all splits share, not a copy."""

    features: View
    target: Array
    """float64, shape (n,): codes of classes, or numbers."""
    weights: Array | None
    groups: Array | None
    """int64, the same for the same name in every channel; in ranking rows are sorted by it."""
    times: Array | None

    def __len__(self) -> int:
        return len(self.target)

    def take(self, positions: Array) -> "Data":
        """The rows at `positions`, in the order of the table."""
        return self._ordered(np.sort(positions))

    def copied(self) -> "Data":
        """The same rows in a table of their own."""
        return replace(self, features=self.features.copied())

    def by_group(self) -> "Data":
        """The same rows sorted by group, as engines need them."""
        assert self.groups is not None
        return self._ordered(np.argsort(self.groups, kind="stable"))

    def _ordered(self, positions: Array) -> "Data":
        return Data(
            self.features.take(positions),
            *(
                None if one is None else one[positions]  # type: ignore[arg-type]
                for one in (self.target, self.weights, self.groups, self.times)
            ),
        )

    def split_keys(self, params: Hyperparameters, target: Target) -> SplitKeys:
        """What decides how these rows may be split."""
        split = params.split
        if split == "auto":
            split = "group" if target.problem == "ranking" else "time" if params.timestamp else "row"
        if target.problem == "ranking" and split == "row":
            raise UserError("split: row would tear groups apart; ranking is split by group or time")
        return SplitKeys(
            strata=self.target if target.classes and split == "row" else None,
            blocks=self.groups if split == "group" else None,
            times=_group_times(self.times, self.groups, target) if split == "time" else None,
        )


def resolve_columns(
    channel: Channel, params: Hyperparameters, read: Callable[[], Mapping[str, str]]
) -> tuple[Hyperparameters, list[str]]:
    """The configuration with its target named, and the features. Raises UserError for a missing column.

    Categorical columns are declared before `read` gives the columns' kinds, so that `01` and `1` stay apart.
    """
    channel.declare("key", [*params.cat_features, *([params.group] if params.group else [])])
    if not params.target:
        params = params.model_copy(update={"target": _default_target(channel)})
    if not params.weights and channel.weights:
        params = params.model_copy(update={"weights": channel.weights})
    if params.problem in {"binary", "multiclass"} or params.pos_class:
        channel.declare("label", [params.target])
    names = channel.names
    used = {name: getattr(params, name) for name in ("target", "weights", "group", "timestamp")}
    for path, name in used.items():
        if name:
            require([name], names, setting=path)
    for path in ("features", "cat_features", "text_features", "monotone_constraints"):
        require(list(getattr(params, path)), names, setting=path)
    reserved = {name for name in used.values() if name}
    taken = [name for name in params.features if name in reserved]
    if taken:
        raise UserError(f"features: column {taken[0]} has another role")
    found = [name for name in (params.features or names) if name not in reserved]
    if not found:
        raise UserError("the train channel has no feature column next to the target")
    kinds = read()
    lists = [name for name in (*found, *reserved) if kinds[name] == "list"]
    if lists:
        raise UserError(
            f"column {lists[0]} contains lists; trees take numbers and text. Name other columns in features"
        )
    _check_roles(params, kinds, found)
    return params, found


def roles(params: Hyperparameters, kinds: Mapping[str, str], names: list[str]) -> list[Role]:
    """The role of each column: number, category or text."""
    return [
        "text" if name in params.text_features else "number" if kinds[name] in NUMERIC else "category"
        for name in names
    ]


def far_from_zero(table: Table, names: list[str], params: Hyperparameters) -> list[str]:
    """Columns of numbers whose differences are lost on an engine that keeps them in 32 bits."""
    if params.engine == "lightgbm":
        return []
    ranges = {column.name: column.range for column in table.columns if column.range is not None}
    found = [(name, ranges[name]) for name in names if name in ranges and name not in params.cat_features]
    return [
        name
        for name, (least, most) in found
        if most > least and max(-least, most) * _DIGITS > _LOST * (most - least)
    ]


def prepare(
    table: Table,
    channel: str,
    names: list[str],
    params: Hyperparameters,
    target: Target | None,
    peers: Peers = ALONE,
) -> tuple[Data, Target, int]:
    """A channel's rows that have a target, the problem, and the number of rows without a target.

    Pass the `target` of the train channel for the others. Raises UserError for a row that cannot be used.
    """
    needed = [
        *names,
        *(one for one in (params.target, params.weights, params.group, params.timestamp) if one),
    ]
    require(needed, table.names, channel=channel)
    known = np.flatnonzero(~table.gaps(params.target))
    if not peers.count(len(known)):
        raise UserError(f"channel {channel}: no row has a value in column {params.target}")
    rows = View(table, None if len(known) == len(table) else known)
    target = target or Target.infer(rows, params, peers)
    found = Data(
        features=View(table.select(names), rows.rows),
        target=target.encode(rows, params.target, f"channel {channel}, column {params.target}"),
        weights=_weights(rows, params.weights) if params.weights else None,
        groups=_codes(rows, params.group) if params.group else None,
        times=_times(rows, params.timestamp) if params.timestamp else None,
    )
    if target.problem == "ranking":
        found = found.by_group()
    return found, target, len(table) - len(known)


def check_groups(data: Data, params: Hyperparameters, peers: Peers) -> None:
    """Raises UserError where rows of one group are on several hosts, so that none could keep it whole."""
    if data.groups is None or peers.size == 1:
        return
    found = np.concatenate(peers.gather(np.unique(data.groups)))
    split = len(found) - len(np.unique(found))
    if split:
        raise UserError(
            f"group: {split} groups of column {params.group} have rows on several hosts; "
            "shard the train channel by group, or say hosts=first"
        )


def with_weights(
    data: Data, params: Hyperparameters, target: Target, reference: Data, peers: Peers = ALONE
) -> Data:
    """`data` with class weights multiplied into row weights; "balanced" ones are those of `reference`."""
    if params.class_weights is None:
        return data
    if not target.classes:
        raise UserError(f"class_weights: there are no classes in {target.problem}")
    if params.class_weights == "balanced":
        counts = peers.sum(np.bincount(reference.target.astype(int), minlength=len(target.classes)))
        each = peers.count(len(reference)) / (len(counts) * np.maximum(counts, 1))
    else:
        each = np.ones(len(target.classes))
        for name, weight in params.class_weights.items():
            code = target.code_of(name)
            if code is None:
                known = ", ".join(map(str, target.classes))
                raise UserError(f"class_weights: no class {name!r}; the classes are {known}")
            each[code] = weight
    weights = each[data.target.astype(int)]
    return replace(data, weights=weights if data.weights is None else weights * data.weights)


def concatenate(parts: list[Data]) -> Data:
    """Rows of several splits or channels, one after another; with groups sorted by group."""

    def column(name: str) -> Any:
        arrays = [getattr(part, name) for part in parts]
        return None if any(one is None for one in arrays) else np.concatenate(arrays)

    features = View.concatenated([part.features for part in parts])
    whole = Data(features, *map(column, ("target", "weights", "groups", "times")))
    return whole if whole.groups is None else whole.by_group()


def _default_target(channel: Channel) -> str:
    names = channel.names
    if channel.named and "label" not in names:
        raise UserError(f"target is required: name the column to predict; the columns are {listed(names)}")
    return "label" if channel.named else names[0]


def _check_roles(params: Hyperparameters, kinds: Mapping[str, str], names: list[str]) -> None:
    for name in params.text_features:
        if kinds[name] in NUMERIC:
            raise UserError(f"text_features: column {name} contains {_CONTENTS[kinds[name]]}")
    for name in params.cat_features:
        if kinds[name] in NUMERIC:
            raise UserError(f"cat_features: column {name} is declared as {_CONTENTS[kinds[name]]} in kinds")
    for path in ("cat_features", "text_features", "monotone_constraints"):
        unused = [name for name in getattr(params, path) if name not in names]
        if unused:
            raise UserError(f"{path}: column {unused[0]} is not among the features")
    for name, role in zip(names, roles(params, kinds, names), strict=True):
        if params.monotone_constraints.get(name) and role != "number":
            raise UserError(f"monotone_constraints: column {name} is not numeric")


def _weights(rows: View, name: str) -> Array:
    if rows.table.kinds[name] in NUMERIC:
        weights = rows.number(name)
        if (weights >= 0).all() and (weights.sum() > 0 or not len(weights)):
            return weights
    raise UserError(f"weights: column {name} must contain numbers of at least 0 without gaps")


def _codes(rows: View, name: str) -> Array:
    names = rows.arrow(name)
    if names.null_count:
        raise UserError(f"group: column {name} has missing cells; every row needs a group")
    from pandas.util import hash_array

    codes: Array = hash_array(arrow.objects(names)).astype(np.int64)
    return codes


def _times(rows: View, name: str) -> Array:
    """float64, shape (n,): seconds since 1970, or the numbers themselves."""
    kind = rows.table.kinds[name]
    if kind in NUMERIC:
        times = rows.number(name)
        gaps = np.isnan(times)
    elif kind == "time":
        moments = rows.times(name)
        times, gaps = moments.astype(np.int64).astype(np.float64), np.isnat(moments)
    else:
        raise UserError(
            f"timestamp: column {name} contains no times; expected numbers or dates such as 2024-01-31"
        )
    if gaps.any():
        raise UserError(f"timestamp: column {name} has missing cells; every row needs a time")
    return times


def _group_times(times: Array | None, groups: Array | None, target: Target) -> Array:
    """Times; in ranking the latest of each group, so that groups stay whole."""
    assert times is not None
    if target.problem != "ranking" or groups is None:
        return times
    names, code = np.unique(groups, return_inverse=True)
    latest = np.full(len(names), -np.inf)
    np.maximum.at(latest, code, times)
    found: Array = latest[code]
    return found


_CONTENTS = {"number": "numbers", "integer": "whole numbers", "boolean": "booleans"}
