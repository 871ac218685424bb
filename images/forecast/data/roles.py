"""Determines the roles of columns: from hyperparameters or a schema, else from names and kinds."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from slipway import NUMERIC, UserError
from slipway.kit.columns import require

from ..panel.covariates import Categories, encoded_names

TIMES = ("timestamp", "time", "date", "datetime", "ds", "start", "month", "week", "day", "year")
TARGETS = ("target", "target_value", "y", "value", "demand", "sales", "quantity")
ITEMS = ("item_id", "unique_id", "series_id", "key", "item", "sku", "id", "series")
COL_TYPES = ("key", "time", "num", "str")


@dataclass(frozen=True)
class Roles:
    """The columns of a long table, or of a request, by role."""

    keys: tuple[str, ...]
    time: str
    target: str
    covariates: tuple[str, ...]
    texts: tuple[str, ...] = ()
    """Text columns that are not keys."""
    categories: Categories = field(default_factory=dict)
    """The categories of each categorical covariate."""
    stockout: str = ""
    """The column that marks points at which nothing could be sold."""

    @property
    def encoded(self) -> tuple[str, ...]:
        """The names of the covariates of a panel."""
        return encoded_names(self.covariates, self.categories)


@dataclass(frozen=True)
class ColumnSettings:
    """The roles that the user set; empty where not set."""

    item_id: tuple[str, ...] = ()
    timestamp: str = ""
    target: str = ""
    layout: Literal["auto", "long", "wide"] = "auto"
    stockout: str = ""

    @classmethod
    def from_schema(cls, schema: Sequence[Mapping[str, str]]) -> "ColumnSettings":
        """Read a schema of Convect Forecast: a list of {"name": …, "col_type": key, time, num or str}.

        Raises UserError if it is invalid.
        """
        found: dict[str, list[str]] = {kind: [] for kind in COL_TYPES}
        for entry in schema:
            kind = str(entry.get("col_type", "")).lower()
            if kind not in found or not entry.get("name"):
                raise UserError(
                    f'schema: expected {{"name": …, "col_type": {", ".join(COL_TYPES)}}}, got {dict(entry)}'
                )
            found[kind].append(str(entry["name"]))
        if len(found["time"]) != 1 or not found["num"]:
            raise UserError("schema: expected one column of col_type time, and at least one of col_type num")
        return cls(tuple(found["key"]), found["time"][0], found["num"][0], "long")


def find_keys(names: Sequence[str], given: ColumnSettings) -> tuple[str, ...]:
    """The key columns, as set or by name; empty if there is none."""
    if given.item_id:
        return given.item_id
    found = _by_name(ITEMS, names)
    return () if found is None or found == given.target else (found,)


def find_time(kinds: Collection[str], given: ColumnSettings) -> str:
    """The time column, as set or by name. Raises UserError if there is none."""
    if given.timestamp:
        return _present(given.timestamp, kinds, "timestamp")
    found = _by_name(TIMES, kinds)
    if found is None:
        raise UserError(
            f"no time column was found among {', '.join(kinds)}; set the hyperparameter timestamp"
        )
    return found


def is_wide(kinds: Mapping[str, str], given: ColumnSettings) -> bool:
    """Whether each column except the time is one series."""
    if given.layout != "auto":
        return given.layout == "wide"
    if given.target or given.item_id:
        return False
    time = find_time(kinds, given)
    others = {name: kind for name, kind in kinds.items() if name != time}
    texts = [name for name, kind in others.items() if kind not in NUMERIC]
    return _by_name(TARGETS, others) is None and len(others) > 1 and not texts


def long_roles(kinds: Mapping[str, str], given: ColumnSettings) -> Roles:
    """The roles of a long table's columns. Raises UserError if one cannot be determined."""
    time = find_time(kinds, given)
    stockout = _present(given.stockout, kinds, "stockout") if given.stockout else ""
    rest = {name: kind for name, kind in kinds.items() if name not in (time, stockout)}
    keys = tuple(_present(name, kinds, "item_id") for name in find_keys([*rest], given))
    rest = {name: kind for name, kind in rest.items() if name not in keys}
    numbers = [name for name, kind in rest.items() if kind in NUMERIC]
    texts = [name for name, kind in rest.items() if kind not in NUMERIC]
    target = _target(rest, numbers, given)
    texts = [name for name in texts if name != target]
    if not given.item_id and texts:
        unclear = [*keys, *texts]
        if len(unclear) > 1:
            raise UserError(
                f"cannot determine which of the columns {', '.join(unclear)} identify a series; "
                "set the hyperparameter item_id"
            )
        keys, texts = (texts[0],), []
    covariates = tuple(name for name in numbers if name != target)
    return Roles(keys, time, target, covariates, tuple(texts), stockout=stockout)


def _target(rest: Mapping[str, str], numbers: Sequence[str], given: ColumnSettings) -> str:
    if given.target:
        return _present(given.target, rest, "target")
    found = _by_name(TARGETS, rest) or (numbers[0] if len(numbers) == 1 else None)
    if found is None:
        raise UserError(
            f"cannot determine the column to forecast among the numeric columns "
            f"{', '.join(numbers) or '(none)'}; set the hyperparameter target"
        )
    return found


def _present(name: str, kinds: Collection[str], what: str) -> str:
    require([name], kinds, setting=what)
    return name


def _by_name(names: Sequence[str], kinds: Collection[str]) -> str | None:
    lower = {name.lower(): name for name in kinds}
    return next((lower[name] for name in names if name in lower), None)
