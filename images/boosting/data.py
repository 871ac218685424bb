"""The training table as engines take it: features, target, weights, groups."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from configuration import Hyperparameters
from features import Role, words
from outcome import Outcome
from parts import Rows

from slipway import Array, Channel, UserError

if TYPE_CHECKING:
    from pandas import Series


@dataclass(frozen=True)
class Data:
    """Rows to learn from or to measure on: places in columns that all parts share, and no copy of them."""

    columns: Mapping[str, Array]
    """The features, by name, of the whole table."""
    rows: Array | None
    """Where in `columns` these rows are, in order; None: they are all of it."""
    target: Array
    """float64: codes of classes, or numbers."""
    weights: Array | None
    groups: Array | None
    """int64, the same for the same name in every channel; in ranking rows are in their order."""
    times: Array | None

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, name: str) -> Array:
        """The cells of a feature."""
        return self.columns[name] if self.rows is None else self.columns[name][self.rows]

    def take(self, places: Array) -> "Data":
        """The rows at `places`, in the order of the table."""
        return self._ordered(np.sort(places))

    def by_group(self) -> "Data":
        """The same rows, those of a group one after another, as engines want them."""
        assert self.groups is not None
        return self._ordered(np.argsort(self.groups, kind="stable"))

    def _ordered(self, places: Array) -> "Data":
        return Data(
            self.columns,
            places if self.rows is None else self.rows[places],
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
    """The configuration with its target named, and the features. Raises UserError for a column not there."""
    _ = channel.table  # read first, so that its kinds are those of all rows
    kinds = channel.kinds
    if not params.target:
        params = params.model_copy(update={"target": _first(channel)})
    used = {name: getattr(params, name) for name in ("target", "weights", "group", "timestamp")}
    for path, name in used.items():
        if name and name not in kinds:
            raise UserError(f"{path}: no column {name} in the train channel; it has {_listed(kinds)}")
    for path in ("features", "cat_features", "text_features", "monotone_constraints"):
        strange = [name for name in getattr(params, path) if name not in kinds]
        if strange:
            raise UserError(f"{path}: no column {strange[0]} in the train channel; it has {_listed(kinds)}")
    busy = {name for name in used.values() if name}
    taken = [name for name in params.features if name in busy]
    if taken:
        raise UserError(f"features: column {taken[0]} has another use")
    found = [name for name in (params.features or kinds) if name not in busy]
    if not found:
        raise UserError("the train channel has no column to learn from beside the target")
    _check_roles(params, kinds, found)
    return params, found


def roles(params: Hyperparameters, kinds: Mapping[str, str], names: list[str]) -> list[Role]:
    """What each column is to the trees."""
    return [
        "text"
        if name in params.text_features
        else "category"
        if name in params.cat_features or kinds[name] == "text"
        else "number"
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
    absent = [name for name in needed if name not in table]
    if absent:
        raise UserError(f"channel {channel.name}: no column {absent[0]}; it has {_listed(table.columns)}")
    known = np.flatnonzero(table[params.target].notna())
    if not len(known):
        raise UserError(f"channel {channel.name}: no row has a {params.target}")
    rows = None if len(known) == len(table) else known

    def column(name: str) -> "Series":
        return table[name] if rows is None else table[name].iloc[rows]

    target = column(params.target)
    outcome = outcome or Outcome.of(target, channel.kinds[params.target], params)
    found = Data(
        columns={name: table[name].to_numpy() for name in names},
        rows=rows,
        target=outcome.encode(target, f"channel {channel.name}, column {params.target}"),
        weights=_weights(column(params.weights), params.weights) if params.weights else None,
        groups=_codes(column(params.group), params.group) if params.group else None,
        times=_times(column(params.timestamp), params.timestamp) if params.timestamp else None,
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
        names = [str(name) for name in outcome.classes]
        strange = [name for name in params.class_weights if name not in names]
        if strange:
            raise UserError(f"class_weights: no class {strange[0]!r}; the classes are {', '.join(names)}")
        each = np.array([params.class_weights.get(name, 1.0) for name in names])
    weights = each[data.target.astype(int)]
    return replace(data, weights=weights if data.weights is None else weights * data.weights)


def _first(channel: Channel) -> str:
    first = next(iter(channel.kinds))
    if channel.named and "label" not in channel.kinds:
        raise UserError(f"target is required: name the column to learn; there are {_listed(channel.kinds)}")
    return "label" if channel.named else first


def _check_roles(params: Hyperparameters, kinds: Mapping[str, str], names: list[str]) -> None:
    for name in params.text_features:
        if kinds[name] != "text":
            raise UserError(f"text_features: column {name} holds numbers")
        if name in params.cat_features:
            raise UserError(f"text_features: column {name} is among cat_features, too")
    if params.text_features and params.engine != "catboost":
        raise UserError(f"text_features: {params.engine} reads no texts; use engine=catboost")
    for path in ("cat_features", "text_features", "monotone_constraints"):
        unused = [name for name in getattr(params, path) if name not in names]
        if unused:
            raise UserError(f"{path}: column {unused[0]} is not among the features")
    for name, role in zip(names, roles(params, kinds, names), strict=True):
        if params.monotone_constraints.get(name) and role != "number":
            raise UserError(f"monotone_constraints: column {name} is no column of numbers")


def _weights(column: "Series", name: str) -> Array:
    if column.dtype.kind not in "fiu" or not (column >= 0).all() or not column.sum() > 0:
        raise UserError(f"weights: column {name} must hold numbers from 0, none of them missing")
    weights: Array = column.to_numpy(np.float64)
    return weights


def _codes(column: "Series", name: str) -> Array:
    if column.isna().any():
        raise UserError(f"group: column {name} has gaps; every row belongs to a group")
    from pandas.util import hash_array

    codes: Array = hash_array(words(column.to_numpy())).astype(np.int64)
    return codes


def _times(column: "Series", name: str) -> Array:
    from pandas import to_datetime

    if column.isna().any():
        raise UserError(f"timestamp: column {name} has gaps; every row needs a time")
    if column.dtype.kind in "fiu":
        times: Array = column.to_numpy(np.float64)
        return times
    try:
        times = to_datetime(column, utc=True, format="ISO8601").astype("int64").to_numpy().astype(np.float64)
    except ValueError:
        raise UserError(
            f"timestamp: column {name} holds no times; expected numbers, or dates such as 2024-01-31"
        ) from None
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
