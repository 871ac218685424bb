"""A column fitted by DataWig; predicting needs neither mxnet nor datawig, locks nothing, writes nothing."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from .parts import NumberPart, TextPart, concatenated, number_matrix

FACTS = ("label_column", "features", "labels", "temperature", "label_mean", "label_scale")
SHOWN_TOKENS = 3


@dataclass(frozen=True, eq=False)
class Encoded:
    """Rows as the network reads them: terms of each kind, and numbers, NaN where missing."""

    text: list[csr_array]
    numbers: np.ndarray


@dataclass(frozen=True, eq=False)
class Prediction:
    """One entry per row: labels with probabilities, best first, or `values` if the column is numeric."""

    labels: np.ndarray | None
    probabilities: np.ndarray | None
    values: np.ndarray | None
    explanations: list[dict[str, Any]] | None


@dataclass(frozen=True, eq=False)
class DataWigColumn:
    """A fitted column. `report` (metrics, trials, held-out answers) is of training; it is not read back."""

    label_column: str
    features: dict[str, str]  # name -> "text" or "number"
    labels: list[str] | None  # None: the column is numeric
    text: list[TextPart]
    numbers: NumberPart | None
    bias: np.ndarray
    temperature: float | None = None
    label_mean: float = 0.0
    label_scale: float = 1.0
    report: Any = field(default=None, compare=False, repr=False)

    def predict(self, table: pd.DataFrame, top_k: int = 5, explain: bool = False) -> Prediction:
        """The `top_k` most likely labels of each row, with explanations of the first; or the number."""
        return self.answer(self.encode(table), top_k, explain)

    def answer(self, encoded: Encoded, top_k: int = 5, explain: bool = False) -> Prediction:
        scores = self._scores(encoded)
        if self.labels is None:
            values = scores[:, 0].astype(np.float64) * self.label_scale + self.label_mean
            return Prediction(None, None, values, None)
        chances = self._probabilities(scores)
        best = np.argsort(-chances, axis=1, kind="stable")[:, : max(1, top_k)]
        labels = np.array(self.labels, dtype=object)[best]
        explanations = (
            [self._explain(encoded, row, top) for row, top in enumerate(best[:, 0])] if explain else None
        )
        return Prediction(labels, np.take_along_axis(chances, best, axis=1), None, explanations)

    def probabilities(self, encoded: Encoded) -> np.ndarray:
        """The calibrated probability of each of `labels`, per row."""
        return self._probabilities(self._scores(encoded))

    def encode(self, table: pd.DataFrame) -> Encoded:
        """The cells as the network reads them."""
        absent = [name for name in self.features if name not in table.columns]
        if absent:
            raise ValueError(
                f"The columns {absent} are missing; {self.label_column!r} is read from {list(self.features)}."
            )
        text = concatenated(table, self.features)
        return Encoded([part.encode(text) for part in self.text], number_matrix(table, self.features))

    def _scores(self, encoded: Encoded) -> np.ndarray:
        scores = np.tile(self.bias, (len(encoded.numbers), 1))
        for part, rows in zip(self.text, encoded.text, strict=True):
            scores += rows @ part.weights
        if self.numbers is not None:
            scores += self.numbers.latent(encoded.numbers) @ self.numbers.weights
        return scores

    def _probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Softmax without class 0: datawig keeps it for missing labels and may answer "MISSING"."""
        logits = scores[:, 1:].astype(np.float64) * (1.0 if self.temperature is None else self.temperature)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def _explain(self, encoded: Encoded, row: int, label: int) -> dict[str, Any]:
        assert self.labels is not None
        weights = {p.kind: p.explain(e, row, label) for p, e in zip(self.text, encoded.text, strict=True)}
        first = next(iter(weights.values()), [])
        tokens = [term for term, weight in first if weight > 0][:SHOWN_TOKENS]
        return {"explained_label": self.labels[label], "tokens": tokens, **weights}

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        number = self.numbers
        arrays = {"bias": self.bias} | (
            {} if number is None else {f"numbers.{k}": v for k, v in vars(number).items()}
        )
        for part in self.text:
            arrays |= {
                f"{part.kind}.{name}": getattr(part, name) for name in ("idf", "weights", "prototypes")
            }
        np.savez(folder / "datawig.npz", **arrays)
        facts = {
            "format": 1,
            "terms": {part.kind: part.terms for part in self.text},
            **{name: getattr(self, name) for name in FACTS},
        }
        (folder / "datawig.json").write_text(json.dumps(facts))
        if self.report is not None:
            (folder / "fit-test-metrics.json").write_text(
                json.dumps({self.label_column: self.report.metrics})
            )
            self.report.trials.to_csv(folder / "hpo_results.csv", index=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        facts = json.loads((folder / "datawig.json").read_text())
        with np.load(folder / "datawig.npz", allow_pickle=False) as arrays:
            held: dict[str, np.ndarray] = {name: arrays[name] for name in arrays.files}

        def of(prefix: str) -> dict[str, np.ndarray]:
            return {k.removeprefix(f"{prefix}."): v for k, v in held.items() if k.startswith(f"{prefix}.")}

        text = [TextPart(kind, terms, **of(kind)) for kind, terms in facts["terms"].items()]
        numbers = NumberPart(**of("numbers")) if of("numbers") else None
        return cls(text=text, numbers=numbers, bias=held["bias"], **{name: facts[name] for name in FACTS})
