"""A fitted imputer: fill, save, load."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

import slipway
from slipway import Table, UserError, arrow

from .baselines.engine import Baseline
from .confidence.labels import LabelConfidence
from .confidence.numbers import NumberConfidence
from .datawig.fill import DataWig
from .explain import explain
from .features.cells import gaps
from .features.columns import ColumnCodec
from .models.auto import Auto
from .postprocessing import Confidence, FillOptions, to_cells
from .result import Cells

ENGINES: dict[str, type[Auto | DataWig | Baseline]] = {"Auto": Auto, "DataWig": DataWig, "Baseline": Baseline}
DEFAULTS = FillOptions()
CHUNK = 20_000  # rows filled at once: bounds memory, and is large enough for speed


@dataclass(frozen=True)
class Imputer:
    """`targets` are the columns to fill; `confidence` has those of them that a model was learned for."""

    columns: tuple[ColumnCodec, ...]
    targets: tuple[str, ...]
    engine: Auto | DataWig | Baseline
    confidence: Mapping[str, Confidence]
    quality: Mapping[str, dict[str, Any]]
    seed: int

    def fill(
        self, table: Table, columns: Sequence[str] | None = None, options: FillOptions = DEFAULTS
    ) -> dict[str, Cells]:
        """The filled cells of `columns` (default: all targets). A target that the table lacks is all missing.

        Raises UserError with row and column for a cell that does not fit its column, and ValueError for a
        column that is not among the targets.
        """
        wanted = self.targets if columns is None else tuple(columns)
        for name in wanted:
            if name not in self.targets:
                raise ValueError(
                    f"column {name!r} cannot be filled; this imputer fills {', '.join(self.targets)}."
                )
        parts = list(self._chunks(table, wanted, options))
        return {name: Cells.joined([part[name] for part in parts]) for name in wanted}

    def _chunks(
        self, table: Table, wanted: Sequence[str], options: FillOptions
    ) -> Iterator[dict[str, Cells]]:
        """The filled cells of chunks of 20,000 rows; one chunk for an empty table."""
        missing = {name: gaps(table, name) if name in table else np.ones(len(table), bool) for name in wanted}
        for first in range(0, max(1, len(table)), CHUNK):
            part = slice(first, first + CHUNK)
            holes = {name: gone[part] for name, gone in missing.items()}
            cells = self._some(table, first, holes, options, np.random.default_rng([self.seed, first]))
            yield {name: found.moved(first) for name, found in cells.items()}

    def _some(
        self,
        table: Table,
        first: int,
        missing: Mapping[str, NDArray[np.bool_]],
        options: FillOptions,
        rng: np.random.Generator,
    ) -> dict[str, Cells]:
        """The filled cells of the rows from `first` on; only rows with missing cells are parsed."""
        fitted = [name for name, gone in missing.items() if name in self.confidence and gone.any()]
        cells = {name: self._unfilled(name, np.flatnonzero(gone)) for name, gone in missing.items()}
        if fitted:
            rows = np.flatnonzero(np.any([missing[name] for name in fitted], axis=0))
            read = self.read(table, rows + first)
            inside = {name: np.flatnonzero(missing[name][rows]) for name in fitted}
            raw = self.engine.predict(read, inside)
            for name in fitted:
                column = self.column(name)
                found = to_cells(column, self.confidence[name], rows[inside[name]], raw[name], options, rng)
                if options.explain and not isinstance(self.engine, Baseline):
                    by = (
                        self.engine.explain
                        if isinstance(self.engine, DataWig)
                        else partial(explain, self.engine)
                    )
                    found = replace(
                        found, explanations=arrow.objects(by(read, column, inside[name], raw[name]))
                    )
                cells[name] = found
        return cells

    def _unfilled(self, name: str, rows: NDArray[np.int64]) -> Cells:
        """Cells that no model fills, with the same dtype as filled ones."""
        cells = Cells.unfilled(rows)
        numeric = self.column(name).numeric
        return replace(cells, values=np.full(len(rows), np.nan)) if numeric else cells

    def read(self, table: Table, rows: NDArray[np.int64]) -> dict[str, Any]:
        """Some rows as the engines take them. Raises UserError for a cell that does not fit its column."""
        part = table.take(rows) if len(rows) < len(table) else table
        try:
            return {column.name: column.read(part) for column in self.columns}
        except UserError as error:
            raise error if error.row is None else error.moved(int(rows[error.row - 1]) + 1) from None

    def warm(self) -> None:
        """Prepares the models for prediction, before a server forks, so that its workers share them."""
        if isinstance(self.engine, Auto):
            self.engine.warm()

    def column(self, name: str) -> ColumnCodec:
        """A column by name; of kind "empty" if training saw no cell of it."""
        empty = ColumnCodec(slipway.Column(name=name), "empty")
        return next((column for column in self.columns if column.name == name), empty)

    def save(self, folder: Path) -> None:
        """Writes JSON, npz and LightGBM text files."""
        folder.mkdir(parents=True, exist_ok=True)
        kinds = {name: type(confidence).__name__ for name, confidence in self.confidence.items()}
        arrays = {
            f"{place}.{key}": value
            for place, confidence in enumerate(self.confidence.values())
            for key, value in confidence.state().items()
        }
        np.savez_compressed(folder / "confidence.npz", **arrays)
        state = {
            "engine": type(self.engine).__name__,
            "seed": self.seed,
            "columns": [column.state() for column in self.columns],
            "targets": self.targets,
            "confidence": kinds,
            "quality": self.quality,
        }
        (folder / "imputer.json").write_text(json.dumps(state, ensure_ascii=False))
        self.engine.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads what `save` wrote."""
        state = json.loads((folder / "imputer.json").read_text())
        columns = tuple(map(ColumnCodec.from_state, state["columns"]))
        confidence: dict[str, Confidence] = {}
        with np.load(folder / "confidence.npz") as arrays:
            for place, (name, kind) in enumerate(state["confidence"].items()):
                own = {
                    key.split(".")[1]: arrays[key] for key in arrays.files if key.split(".")[0] == str(place)
                }
                confidence[name] = (
                    LabelConfidence if kind == "LabelConfidence" else NumberConfidence
                ).from_state(own)
        engine = ENGINES[state["engine"]].load(folder, columns)
        return cls(columns, tuple(state["targets"]), engine, confidence, state["quality"], state["seed"])
