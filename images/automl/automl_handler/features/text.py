"""Text features: TF-IDF of words, projected on its leading singular vectors."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy import sparse

from ..types import Floats

_WORD = re.compile(r"\w\w+")
_WORDS = 2_000
_DIRECTIONS = 20
_SAMPLED = 5_000  # texts that words and directions are learnt from
_MIN_TEXTS = 3  # that a word must occur in, so that a model holds nothing that one person wrote


@dataclass(frozen=True)
class TextEncoder:
    """`words` with their inverse document frequencies, and `directions` of shape (words, width - 1)."""

    words: tuple[str, ...]
    idf: Floats
    directions: Floats

    @classmethod
    def fit(cls, texts: list[str]) -> Self:
        """Learns the vocabulary and the truncated SVD from at most 5,000 evenly spaced texts."""
        texts = texts[:: -(-len(texts) // _SAMPLED)]
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(set(_WORD.findall(text.lower())))
        known = sorted(
            (word for word, count in counts.items() if count >= _MIN_TEXTS),
            key=lambda word: (-counts[word], word),
        )[:_WORDS]
        idf = np.log((1 + len(texts)) / (1 + np.array([counts[word] for word in known], np.float64))) + 1
        blank = cls(tuple(known), idf, np.empty((len(known), 0)))
        rank = min(_DIRECTIONS, len(known) - 1, len(texts) - 1)
        if rank < 1:
            return blank
        from sklearn.utils.extmath import randomized_svd

        _, _, axes = randomized_svd(blank._weights(texts), n_components=rank, random_state=0)
        return cls(tuple(known), idf, np.ascontiguousarray(axes.T))

    @property
    def width(self) -> int:
        """Number of features."""
        return 1 + int(self.directions.shape[1])

    def read(self, texts: list[str]) -> Floats:
        """The number of words and the projections of each text, of shape (texts, width)."""
        lengths = np.array([len(text.split()) for text in texts], np.float64)[:, None]
        if not self.directions.size:
            return lengths
        return np.hstack([lengths, self._weights(texts) @ self.directions])

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words)}

    def _weights(self, texts: list[str]) -> sparse.csr_matrix:
        """TF-IDF with sublinear term frequency, rows normalised to length 1."""
        rows, columns, values = [], [], []
        for row, text in enumerate(texts):
            found = Counter(
                place for word in _WORD.findall(text.lower()) if (place := self._places.get(word)) is not None
            )
            if not found:
                continue
            weight = np.array([(1 + np.log(count)) * self.idf[place] for place, count in found.items()])
            rows += [row] * len(found)
            columns += list(found)
            values += (weight / np.sqrt((weight**2).sum())).tolist()
        return sparse.csr_matrix((values, (rows, columns)), shape=(len(texts), len(self.words)))

    def to_dict(self) -> dict[str, Any]:
        return {"words": list(self.words), "idf": self.idf.tolist(), "directions": self.directions.tolist()}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        directions = np.array(stored["directions"], np.float64).reshape(len(stored["words"]), -1)
        return cls(tuple(stored["words"]), np.array(stored["idf"], np.float64), directions)
