"""A fitted imputer as a value: fill, save, load."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

import slipway
from slipway import Table, UserError
from slipway.kit.arrays import objects

from .answers import Asked, Confidence, answered
from .baselines.engine import Plain
from .confidence.labels import Calibration
from .confidence.numbers import Residuals
from .datawig.fill import DataWig
from .explain import explain
from .features.cells import gaps
from .features.columns import Column
from .models.auto import Auto
from .result import Cells

ENGINES: dict[str, type[Auto | DataWig | Plain]] = {"Auto": Auto, "DataWig": DataWig, "Plain": Plain}
PLAINLY = Asked()
CHUNK = 20_000  # rows filled at once: bounds memory, and is large enough for speed


@dataclass(frozen=True)
class Imputer:
    """`targets` can be filled; `confidence` has those of them that anything was learnt for."""

    columns: tuple[Column, ...]
    targets: tuple[str, ...]
    engine: Auto | DataWig | Plain
    confidence: Mapping[str, Confidence]
    quality: Mapping[str, dict[str, Any]]
    seed: int

    def fill(
        self, table: Table, columns: Sequence[str] | None = None, asked: Asked = PLAINLY
    ) -> dict[str, Cells]:
        """The filled gaps of `columns` (all targets); a target that the table lacks is a column of gaps.

        Raises UserError with the row for a cell that is not what its column holds.
        """
        wanted = self.targets if columns is None else tuple(columns)
        for name in wanted:
            if name not in self.targets:
                raise ValueError(
                    f"column {name!r} cannot be filled; this imputer fills {', '.join(self.targets)}."
                )
        parts = list(self._chunks(table, wanted, asked))
        return {name: Cells.joined([part[name] for part in parts]) for name in wanted}

    def _chunks(self, table: Table, wanted: Sequence[str], asked: Asked) -> Iterator[dict[str, Cells]]:
        """The filled cells of 20,000 rows after the other; at least one part, though the table be empty."""
        missing = {name: gaps(table, name) if name in table else np.ones(len(table), bool) for name in wanted}
        for first in range(0, max(1, len(table)), CHUNK):
            part = slice(first, first + CHUNK)
            holes = {name: gone[part] for name, gone in missing.items()}
            cells = self._some(table, first, holes, asked, np.random.default_rng([self.seed, first]))
            yield {name: found.moved(first) for name, found in cells.items()}

    def _some(
        self,
        table: Table,
        first: int,
        missing: Mapping[str, NDArray[np.bool_]],
        asked: Asked,
        rng: np.random.Generator,
    ) -> dict[str, Cells]:
        """The filled cells of the rows from `first` on: only rows with gaps are read at all."""
        learnt = [name for name, gone in missing.items() if name in self.confidence and gone.any()]
        cells = {name: self._unasked(name, np.flatnonzero(gone)) for name, gone in missing.items()}
        if learnt:
            rows = np.flatnonzero(np.any([missing[name] for name in learnt], axis=0))
            read = self.read(table, rows + first)
            inside = {name: np.flatnonzero(missing[name][rows]) for name in learnt}
            raw = self.engine.predict(read, inside)
            for name in learnt:
                column = self.column(name)
                found = answered(column, self.confidence[name], rows[inside[name]], raw[name], asked, rng)
                if asked.explain and not isinstance(self.engine, Plain):
                    by = (
                        self.engine.explain
                        if isinstance(self.engine, DataWig)
                        else partial(explain, self.engine)
                    )
                    found = replace(found, explanations=objects(by(read, column, inside[name], raw[name])))
                cells[name] = found
        return cells

    def _unasked(self, name: str, rows: NDArray[np.int64]) -> Cells:
        """Gaps of a column that nothing was learnt for, or none at all, in the form of its answers."""
        cells = Cells.unfilled(rows)
        numeric = self.column(name).numeric
        return replace(cells, values=np.full(len(rows), np.nan)) if numeric else cells

    def read(self, table: Table, rows: NDArray[np.int64]) -> dict[str, Any]:
        """Some rows as the engines take them. Raises UserError for a cell that is none of its column's."""
        part = table.take(rows) if len(rows) < len(table) else table
        try:
            return {column.name: column.read(part) for column in self.columns}
        except UserError as error:
            raise error if error.row is None else error.moved(int(rows[error.row - 1]) + 1) from None

    def warm(self) -> None:
        """Unpack what answering needs: before a server forks, its workers then share it."""
        if isinstance(self.engine, Auto):
            self.engine.warm()

    def column(self, name: str) -> Column:
        """A column by its name; one that held nothing in training is empty."""
        empty = Column(slipway.Column(name=name), "empty")
        return next((column for column in self.columns if column.name == name), empty)

    def save(self, folder: Path) -> None:
        """Write everything as JSON, npz and LightGBM text."""
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
        """Read what `save` wrote."""
        state = json.loads((folder / "imputer.json").read_text())
        columns = tuple(map(Column.revived, state["columns"]))
        confidence: dict[str, Confidence] = {}
        with np.load(folder / "confidence.npz") as arrays:
            for place, (name, kind) in enumerate(state["confidence"].items()):
                own = {
                    key.split(".")[1]: arrays[key] for key in arrays.files if key.split(".")[0] == str(place)
                }
                confidence[name] = (Calibration if kind == "Calibration" else Residuals).revived(own)
        engine = ENGINES[state["engine"]].load(folder, columns)
        return cls(columns, tuple(state["targets"]), engine, confidence, state["quality"], state["seed"])
