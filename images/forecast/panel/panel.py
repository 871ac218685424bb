"""A panel: many series in a few flat arrays, as the engine reads them and a model stores them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from slipway import Array

from .timeline import Timeline


@dataclass(frozen=True)
class Panel:
    """Concatenated series. Missing points are NaN before `clean.fill_gaps`, and nowhere after."""

    timeline: Timeline
    key_names: tuple[str, ...]
    keys: Sequence[tuple[str, ...]]
    """The key of each series: one string for each of `key_names`."""
    first: Array
    """The step of each series' first point; shape (series,)."""
    ends: Array
    """The end of each series in `values`; shape (series,)."""
    values: Array
    """float64; shape (points,)."""
    covariate_names: tuple[str, ...] = ()
    covariates: Array = field(default_factory=lambda: np.empty((0, 0)))
    """float64; shape (known steps, covariates): past and future steps of each series, NaN where unknown.
    """
    covariate_ends: Array = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """The end of each series' covariates, which begin at its first point; shape (series,)."""

    def __len__(self) -> int:
        return len(self.keys)

    def series(self, place: int) -> Array:
        """The points of one series; shape (points,)."""
        return self.values[self.ends[place - 1] if place else 0 : self.ends[place]]

    def known(self, place: int) -> Array:
        """The covariates of one series, past and future; shape (steps, covariates)."""
        if not len(self.covariate_ends):
            return np.empty((0, len(self.covariate_names)))
        return self.covariates[self.covariate_ends[place - 1] if place else 0 : self.covariate_ends[place]]

    def __iter__(self) -> Iterator[Array]:
        return (self.series(place) for place in range(len(self)))

    @property
    def lengths(self) -> Array:
        return np.diff(self.ends, prepend=0)

    @property
    def after(self) -> Array:
        """The step after the last point of each series; shape (series,)."""
        return self.first + self.lengths

    @cached_property
    def where(self) -> dict[tuple[str, ...], int]:
        """The index of each series, by key."""
        return {key: place for place, key in enumerate(self.keys)}

    def take(self, places: Sequence[int] | Array) -> "Panel":
        """Some of the series, in the order of `places`."""
        return self.of(
            self,
            [self.keys[place] for place in places],
            self.first[np.asarray(places, dtype=np.int64)],
            [self.series(place) for place in places],
            [self.known(place) for place in places] if self.covariate_names else (),
        )

    def cut(self, keep: Array) -> "Panel":
        """The first `keep` points of each series, shape (series,); covariates are unchanged."""
        parts = [self.series(place)[: int(keep[place])] for place in range(len(self))]
        return replace(self, ends=_ends(parts), values=_concatenate(parts))

    def tail(self, most: int) -> "Panel":
        """The last `most` points of each series."""
        if not len(self) or self.lengths.max() <= most:
            return self
        skipped = np.maximum(self.lengths - most, 0)
        known = [self.known(place)[skipped[place] :] for place in range(len(self))]
        return self.of(
            self,
            self.keys,
            self.first + skipped,
            [values[-most:] for values in self],
            known if self.covariate_names else (),
        )

    @classmethod
    def of(
        cls,
        like: "Panel",
        keys: Sequence[tuple[str, ...]],
        first: Array,
        values: Sequence[Array],
        known: Sequence[Array] = (),
    ) -> "Panel":
        """Other series with the timeline and the names of `like`."""
        width = len(like.covariate_names)
        return cls(
            like.timeline,
            like.key_names,
            list(keys),
            np.asarray(first, dtype=np.int64),
            _ends(values),
            _concatenate(values),
            like.covariate_names,
            np.concatenate(known) if known else np.empty((0, width)),
            _ends(known),
        )

    def save(self, folder: Path) -> None:
        """Write Parquet files of the series, their points and their covariates."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        names = {f"key_{place}": [key[place] for key in self.keys] for place in range(len(self.key_names))}
        known = self.covariate_ends if len(self.covariate_ends) else np.zeros(len(self), dtype=np.int64)
        table = pa.table({**names, "first": self.first, "ends": self.ends, "covariate_ends": known})
        pq.write_table(table, folder / "series.parquet")
        pq.write_table(pa.table({"value": self.values}), folder / "points.parquet")
        if self.covariate_names:
            columns = {f"c{place}": column for place, column in enumerate(self.covariates.T)}
            pq.write_table(pa.table(columns), folder / "covariates.parquet")

    @classmethod
    def load(
        cls, folder: Path, timeline: Timeline, key_names: tuple[str, ...], covariate_names: tuple[str, ...]
    ) -> "Panel":
        import pyarrow.parquet as pq

        table = pq.read_table(folder / "series.parquet")
        names = [table[f"key_{place}"].to_pylist() for place in range(len(key_names))]
        covariates = np.empty((0, 0))
        if covariate_names:
            columns = pq.read_table(folder / "covariates.parquet").columns
            covariates = np.column_stack([_numpy(column) for column in columns])
        return cls(
            timeline,
            key_names,
            list(zip(*names, strict=True)),
            _numpy(table["first"]),
            _numpy(table["ends"]),
            _numpy(pq.read_table(folder / "points.parquet")["value"]),
            covariate_names,
            covariates,
            _numpy(table["covariate_ends"]) if covariate_names else np.empty(0, dtype=np.int64),
        )


def _numpy(column: Any) -> Array:
    """An Arrow column without nulls as a NumPy array; `to_numpy` would import pandas, which is slow."""
    whole = column.combine_chunks()
    dtype = np.float64 if str(whole.type) == "double" else np.int64
    return (
        np.frombuffer(whole.buffers()[1], dtype, len(whole), 8 * whole.offset)
        if len(whole)
        else np.empty(0, dtype)
    )


def _ends(parts: Sequence[Array]) -> Array:
    return np.cumsum([len(part) for part in parts], dtype=np.int64)


def _concatenate(parts: Sequence[Array]) -> Array:
    return np.concatenate(parts).astype(np.float64) if len(parts) else np.empty(0)
