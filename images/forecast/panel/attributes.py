"""Item attributes, by which the report is broken down, and which LightGBM may use."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from slipway import Array

from .panel import Panel


@dataclass(frozen=True)
class Attribute:
    """A column of the metadata."""

    name: str
    values_by_item: dict[tuple[str, ...], str]

    def values(self, panel: Panel) -> Array:
        """The value of each series; empty if the metadata do not have it."""
        return np.array([self.values_by_item.get(key, "") for key in panel.keys], dtype=object)


@dataclass(frozen=True)
class ItemFeatures:
    """Attributes as category codes for LightGBM."""

    keys: Sequence[tuple[str, ...]]
    codes: Array
    """Category codes; shape (keys, attributes), NaN where unknown."""

    @classmethod
    def read(cls, attributes: Sequence[Attribute], panel: Panel) -> "ItemFeatures":
        codes = np.full((len(panel), len(attributes)), np.nan)
        for place, attribute in enumerate(attributes):
            number = {
                value: code
                for code, value in enumerate(sorted(set(attribute.values_by_item.values()) - {""}))
            }
            codes[:, place] = [number.get(value, np.nan) for value in attribute.values(panel)]
        return cls(panel.keys, codes)

    def of(self, keys: Sequence[tuple[str, ...]]) -> Array:
        """The codes of some series, shape (keys, attributes); NaN for unknown series."""
        found = np.full((len(keys), self.codes.shape[1]), np.nan)
        for row, key in enumerate(keys):
            place = self._where.get(key)
            if place is not None:
                found[row] = self.codes[place]
        return found

    @cached_property
    def _where(self) -> dict[tuple[str, ...], int]:
        return {key: place for place, key in enumerate(self.keys)}

    def save(self, path: Path) -> None:
        np.save(path, self.codes, allow_pickle=False)

    @classmethod
    def load(cls, path: Path, keys: Sequence[tuple[str, ...]]) -> "ItemFeatures":
        """Read what `save` wrote; `keys` must be those of then."""
        return cls(keys, np.load(path, allow_pickle=False))
