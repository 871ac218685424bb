"""Text features: TF-IDF of words, in short texts also of pieces of words, and a few directions of it."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy import sparse

from ..types import Floats

_WORD = re.compile(r"\w\w+")
_TERMS = 5_000  # words, and as many pieces
_PIECES = (3, 4, 5)  # characters
_SHORT = 300  # characters of the median text, up to which pieces of words tell more than they cost
_DIRECTIONS = 20
_SAMPLED = 5_000  # texts that terms and directions are learnt from
_MIN_TEXTS = 3  # that a term must occur in, so that a model holds nothing that one person wrote


@dataclass(frozen=True)
class Vocabulary:
    """Terms of texts with their inverse document frequencies, the most frequent first."""

    terms: tuple[str, ...]
    idf: Floats

    @classmethod
    def fit(cls, texts: list[str], split: Callable[[str], Iterator[str]]) -> Self:
        """The terms that at least three texts have, 5,000 at most."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(set(split(text)))
        known = sorted(
            (term for term, count in counts.items() if count >= _MIN_TEXTS),
            key=lambda term: (-counts[term], term),
        )[:_TERMS]
        idf = np.log((1 + len(texts)) / (1 + np.array([counts[term] for term in known], np.float64))) + 1
        return cls(tuple(known), idf)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {term: place for place, term in enumerate(self.terms)}

    def weights(self, texts: list[str], split: Callable[[str], Iterator[str]]) -> sparse.csr_matrix:
        """TF-IDF with sublinear term frequency, of shape (texts, terms), rows normalised to length 1."""
        if not self.terms:  # nothing to look for, and pieces of long texts are many
            return sparse.csr_matrix((len(texts), 0))
        ends, columns, values = [0], [], []
        places = self._places
        for text in texts:
            found = Counter(place for term in split(text) if (place := places.get(term)) is not None)
            if found:
                at = np.fromiter(found, np.int64, len(found))
                weight = (1 + np.log(np.fromiter(found.values(), np.float64, len(found)))) * self.idf[at]
                columns.append(at)
                values.append(weight / np.sqrt((weight**2).sum()))
            ends.append(ends[-1] + len(found))
        cells = (np.concatenate(values or [np.empty(0)]), np.concatenate(columns or [np.empty(0, int)]), ends)
        return sparse.csr_matrix(cells, shape=(len(texts), len(self.terms)))

    def to_dict(self) -> dict[str, Any]:
        return {"terms": list(self.terms), "idf": self.idf.tolist()}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        return cls(tuple(stored["terms"]), np.array(stored["idf"], np.float64))


@dataclass(frozen=True)
class TextEncoder:
    """`words`, `pieces` of words (none in long texts), and `directions` of shape (words, width - 1)."""

    words: Vocabulary
    pieces: Vocabulary
    directions: Floats

    @classmethod
    def fit(cls, texts: list[str]) -> Self:
        """Learns the vocabularies and the truncated SVD from at most 5,000 evenly spaced texts."""
        texts = texts[:: -(-len(texts) // _SAMPLED)]
        words = Vocabulary.fit(texts, words_of)
        short = float(np.median([len(text) for text in texts] or [0])) <= _SHORT
        pieces = Vocabulary.fit(texts if short else [], pieces_of)
        rank = min(_DIRECTIONS, len(words.terms) - 1, len(texts) - 1)
        if rank < 1:
            return cls(words, pieces, np.empty((len(words.terms), 0)))
        from sklearn.utils.extmath import randomized_svd

        _, _, axes = randomized_svd(words.weights(texts, words_of), n_components=rank, random_state=0)
        return cls(words, pieces, np.ascontiguousarray(axes.T))

    @property
    def width(self) -> int:
        """Number of numeric features."""
        return 1 + int(self.directions.shape[1])

    @property
    def terms(self) -> int:
        """Number of words and pieces."""
        return len(self.words.terms) + len(self.pieces.terms)

    def read(self, texts: list[str]) -> tuple[Floats, sparse.csr_matrix]:
        """Number of words and projections, of shape (texts, width), and all weights, (texts, terms)."""
        weights = self.words.weights(texts, words_of)
        lengths = np.array([len(text.split()) for text in texts], np.float64)[:, None]
        numbers = np.hstack([lengths, weights @ self.directions]) if self.directions.size else lengths
        return numbers, sparse.hstack([weights, self.pieces.weights(texts, pieces_of)], format="csr")

    def to_dict(self) -> dict[str, Any]:
        return {
            "words": self.words.to_dict(),
            "pieces": self.pieces.to_dict(),
            "directions": self.directions.tolist(),
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        words, pieces = (Vocabulary.from_dict(stored[name]) for name in ("words", "pieces"))
        directions = np.array(stored["directions"], np.float64).reshape(len(words.terms), -1)
        return cls(words, pieces, directions)


def words_of(text: str) -> Iterator[str]:
    """Words of two letters and more.

    >>> list(words_of("The 2nd a-b worm"))
    ['the', '2nd', 'worm']
    """
    return iter(_WORD.findall(text.lower()))


def pieces_of(text: str) -> Iterator[str]:
    """Three to five characters in a row within words, whose ends are spaces.

    >>> list(pieces_of("Ab!"))
    [' ab', 'ab!', 'b! ', ' ab!', 'ab! ', ' ab! ']
    """
    for word in text.lower().split():
        padded = f" {word} "
        for size in _PIECES:
            for start in range(len(padded) - size + 1):
                yield padded[start : start + size]
