"""The engine datawig: one network per column. Predicting needs neither mxnet nor datawig."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..explain import Codes, Explanation, strongest
from ..features.cells import EncodedTexts, Floats
from ..features.columns import ColumnCodec
from ..features.encoding import ParsedColumns
from .column import DataWigColumn

Tokens = dict[str, list[tuple[str, float]]]


@dataclass(frozen=True)
class DataWig:
    """`default` are the predictions for rows without features, and for columns without a network."""

    columns: tuple[ColumnCodec, ...]
    default: Mapping[str, Floats]
    networks: Mapping[str, DataWigColumn]

    def predict(self, read: ParsedColumns, wanted: Mapping[str, NDArray[np.int64]]) -> dict[str, Floats]:
        """Raw predictions for the wanted rows of each column."""
        table = framed(read)
        return {name: self.answer(table.iloc[rows], name) for name, rows in wanted.items()}

    def answer(self, table: pd.DataFrame, name: str) -> Floats:
        """Values (n,), or the probability of each of the column's labels (n, labels)."""
        answer = np.repeat(self.default[name][None], len(table), axis=0)
        network = self.networks.get(name)
        known = self.known(table, name)
        if network is None or not len(known):
            return answer
        encoded = network.encode(table.iloc[known])
        if network.labels is None:
            answer[known] = network.answer(encoded).values
        else:
            # A label that no training row has gets probability 0.
            labels = self.column(name).labels
            places = np.array([labels.index(label) for label in network.labels])
            answer[known] = 0.0
            answer[np.ix_(known, places)] = network.probabilities(encoded)
        return answer

    def known(self, table: pd.DataFrame, name: str) -> Codes:
        """The rows in which any feature of the column is observed."""
        features = list(self.networks[name].features) if name in self.networks else []
        return np.flatnonzero(table[features].notna().any(axis=1).to_numpy(dtype=bool))

    def explain(
        self, read: ParsedColumns, target: ColumnCodec, rows: Codes, raw: Floats
    ) -> list[Explanation]:
        """One explanation per row, from its own cells only, of the prediction `raw`."""
        table = framed(read).iloc[rows]
        codes = raw.argmax(1) if raw.ndim == 2 else None
        labels = raw.tolist() if codes is None else target.write(codes).tolist()
        network = self.networks.get(target.name)
        names = list(network.features) if network else []
        change = np.zeros((len(rows), len(names)))
        for place, name in enumerate(names):
            without = self.answer(
                table.assign(**{name: np.nan if table[name].dtype == float else None}), target.name
            )
            change[:, place] = (
                (raw - without)
                if codes is None
                else np.take_along_axis(raw - without, codes[:, None], axis=1)[:, 0]
            )
        tokens = self.tokens(table, target.name)
        return [
            Explanation(label, strongest(names, change[row]), tokens[row]) for row, label in enumerate(labels)
        ]

    def tokens(self, table: pd.DataFrame, name: str) -> list[Tokens]:
        """The words, then the characters, that contributed to each row's label, strongest first.

        DataWig reads all text columns as one, so they are named together.
        """
        found: list[Tokens] = [{} for _ in range(len(table))]
        network, known = self.networks.get(name), self.known(table, name)
        if network is None or network.labels is None or not network.text or not len(known):
            return found
        texts = ", ".join(one for one, kind in network.features.items() if kind == "text")
        explained = network.predict(table.iloc[known], top_k=1, explain=True).explanations or []
        for row, why in zip(known, explained, strict=True):
            terms = [term for part in network.text for term in why[part.kind] if term[1] > 0]
            found[row] = {texts: terms} if terms else {}
        return found

    def write_metrics(self, folder: Path) -> None:
        """Writes DataWig's metrics and its table of trials for all columns; after training only."""
        reports = {name: network.report for name, network in self.networks.items()}
        metrics = {name: report.metrics for name, report in reports.items()}
        (folder / "fit-test-metrics.json").write_text(json.dumps(metrics, ensure_ascii=False))
        trials = [report.trials.assign(label_column=name) for name, report in reports.items()]
        if trials:
            pd.concat(trials).set_index("label_column").to_csv(folder / "hpo_results.csv")

    def column(self, name: str) -> ColumnCodec:
        """A column by its name."""
        return next(column for column in self.columns if column.name == name)

    def save(self, folder: Path) -> None:
        """Writes datawig.json, and one folder per network."""
        default = {name: value.tolist() for name, value in self.default.items()}
        state = {"default": default, "networks": list(self.networks)}
        (folder / "datawig.json").write_text(json.dumps(state, ensure_ascii=False))
        for place, network in enumerate(self.networks.values()):  # names need not be valid file names
            network.save(folder / "networks" / str(place))

    @classmethod
    def load(cls, folder: Path, columns: Sequence[ColumnCodec]) -> Self:
        """Read what `save` wrote."""
        state = json.loads((folder / "datawig.json").read_text())
        default = {name: np.array(value, float) for name, value in state["default"].items()}
        networks = {
            name: DataWigColumn.load(folder / "networks" / str(place))
            for place, name in enumerate(state["networks"])
        }
        return cls(tuple(columns), default, networks)


def framed(read: ParsedColumns) -> pd.DataFrame:
    """Parsed columns as a frame for DataWig: floats are numbers, objects are text."""
    return pd.DataFrame(
        {name: cells.cells if isinstance(cells, EncodedTexts) else cells for name, cells in read.items()}
    )
