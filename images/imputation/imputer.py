"""A fitted imputer as a value: fill, save, load."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from answer import Asked, Confidence, answered, objects
from auto import Auto
from calibration import Calibration
from cells import gaps
from columns import Column
from datawig_fill import DataWig
from explain import explain
from filled import Cells, Filled
from plain import Plain
from residuals import Residuals

ENGINES: dict[str, type[Auto | DataWig | Plain]] = {"Auto": Auto, "DataWig": DataWig, "Plain": Plain}
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
        self,
        table: pd.DataFrame,
        columns: Sequence[str] | None = None,
        precision_threshold: float | None = None,
        top_k: int = 0,
        multiple: int = 0,
        explain: bool = False,
        tolerance: float = 0.0,
    ) -> Filled:
        """Close the gaps of `columns` (all targets); a target that the table lacks is a column of gaps."""
        wanted = self.targets if columns is None else tuple(columns)
        for name in wanted:
            if name not in self.targets:
                raise ValueError(
                    f"column {name!r} cannot be filled; this imputer fills {', '.join(self.targets)}."
                )
        asked = Asked(precision_threshold, top_k, multiple, explain, tolerance)
        parts = list(self.chunks(table, wanted, asked))
        return Filled.of(table, {name: Cells.joined([part[name] for part in parts]) for name in wanted})

    def chunks(self, table: pd.DataFrame, wanted: Sequence[str], asked: Asked) -> Iterator[dict[str, Cells]]:
        """The filled cells of 20,000 rows after the other; at least one part, though the table be empty."""
        for first in range(0, max(1, len(table)), CHUNK):
            part = table.iloc[first : first + CHUNK]
            cells = self.some(part, wanted, asked, np.random.default_rng([self.seed, first]))
            yield {name: found.moved(first) for name, found in cells.items()}

    def some(
        self, table: pd.DataFrame, wanted: Sequence[str], asked: Asked, rng: np.random.Generator
    ) -> dict[str, Cells]:
        """The filled cells of a few rows: only rows with gaps are read at all."""
        missing = {name: gaps(table[name]) if name in table else np.ones(len(table), bool) for name in wanted}
        learnt = [name for name in wanted if name in self.confidence and missing[name].any()]
        cells = {name: Cells.unfilled(np.flatnonzero(missing[name])) for name in wanted if name not in learnt}
        if learnt:
            rows = np.flatnonzero(np.any([missing[name] for name in learnt], axis=0))
            part = table.iloc[rows] if len(rows) < len(table) else table
            read = {column.name: column.read(cells_of(part, column.name)) for column in self.columns}
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
        return {name: cells[name] for name in wanted}

    def warm(self) -> None:
        """Unpack what answering needs: before a server forks, its workers then share it."""
        if isinstance(self.engine, Auto):
            self.engine.warm()

    def column(self, name: str) -> Column:
        """A column by its name."""
        return next(column for column in self.columns if column.name == name)

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
            "columns": [asdict(column) for column in self.columns],
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
        columns = tuple(Column(**column | {"labels": tuple(column["labels"])}) for column in state["columns"])
        confidence: dict[str, Confidence] = {}
        with np.load(folder / "confidence.npz") as arrays:
            for place, (name, kind) in enumerate(state["confidence"].items()):
                own = {
                    key.split(".")[1]: arrays[key] for key in arrays.files if key.split(".")[0] == str(place)
                }
                confidence[name] = (Calibration if kind == "Calibration" else Residuals).revived(own)
        engine = ENGINES[state["engine"]].load(folder, columns)
        return cls(columns, tuple(state["targets"]), engine, confidence, state["quality"], state["seed"])


def cells_of(table: pd.DataFrame, name: str) -> pd.Series:
    """A column of the table; all gaps when the table lacks it."""
    return table[name] if name in table else pd.Series(np.full(len(table), None, dtype=object))
