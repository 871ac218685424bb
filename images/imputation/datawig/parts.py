"""The parts of a DataWig network as plain arrays, and how cells are read for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

NGRAMS = {"words": (1, 3), "chars": (1, 5)}
SHOWN_WEIGHTS = 10


def as_text(column: pd.Series) -> list[str]:
    """Cells as text: a missing cell is empty, never the token "nan", and 5.0 reads as 5, as in its file."""

    def text(cell: Any) -> str:
        if isinstance(cell, str):
            return cell
        if pd.api.types.is_scalar(cell) and pd.isna(cell):
            return ""
        return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)

    return [text(cell) for cell in column.astype(object)]


def as_numbers(column: pd.Series) -> np.ndarray:
    """Cells as float64; what is no finite number is missing."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def concatenated(table: pd.DataFrame, features: Mapping[str, str]) -> list[str]:
    """The text columns in their order, one string per row, the same in training and serving."""
    columns = [as_text(table[name]) for name, kind in features.items() if kind == "text"]
    return (
        [" ".join(filter(None, cells)) for cells in zip(*columns, strict=True)]
        if columns
        else [""] * len(table)
    )


def number_matrix(table: pd.DataFrame, features: Mapping[str, str]) -> np.ndarray:
    columns = [as_numbers(table[name]) for name, kind in features.items() if kind == "number"]
    return np.column_stack(columns) if columns else np.empty((len(table), 0))


def vectorizer(kind: str, terms: Sequence[str], idf: np.ndarray) -> "TfidfVectorizer":
    """The vectorizer of datawig's TfIdfEncoder, from what it learned."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    options = {"analyzer": "char"} if kind == "chars" else {}
    made = TfidfVectorizer(
        vocabulary={term: i for i, term in enumerate(terms)}, ngram_range=NGRAMS[kind], **options
    )
    made.idf_ = idf
    return made


@dataclass(frozen=True, eq=False)
class TextPart:
    """Words or characters: their terms, and the network's weight (and the class prototype) of each."""

    kind: str
    terms: list[str]
    idf: np.ndarray
    weights: np.ndarray
    prototypes: np.ndarray
    vectorizer: "TfidfVectorizer" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "vectorizer", vectorizer(self.kind, self.terms, self.idf))

    def encode(self, text: list[str]) -> csr_array:
        if not text:  # which scikit-learn refuses
            return csr_array((0, len(self.terms)), dtype=np.float32)
        return csr_array(self.vectorizer.transform(text), dtype=np.float32)

    def explain(self, encoded: csr_array, row: int, label: int) -> list[tuple[str, float]]:
        """The row's terms with the largest weights for the label, strongest first."""
        cells = slice(encoded.indptr[row], encoded.indptr[row + 1])
        terms = encoded.indices[cells]
        weights = self.prototypes[terms, label] * encoded.data[cells]
        strongest = np.lexsort((terms, -weights))[:SHOWN_WEIGHTS]
        return [(self.terms[terms[i]], float(weights[i])) for i in strongest]


@dataclass(frozen=True, eq=False)
class NumberPart:
    """Numeric features: one hidden layer of rectified linear units."""

    mean: np.ndarray
    scale: np.ndarray
    hidden: np.ndarray
    hidden_bias: np.ndarray
    weights: np.ndarray

    def latent(self, numbers: np.ndarray) -> csr_array:
        filled = np.where(np.isnan(numbers), self.mean, numbers)
        scaled = ((filled - self.mean) / self.scale).astype(np.float32)
        # Sparse products add up row by row; with BLAS a row's last digits depend on the rows next to it.
        return csr_array(np.maximum(csr_array(scaled) @ self.hidden + self.hidden_bias, np.float32(0)))
