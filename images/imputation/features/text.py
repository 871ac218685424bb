"""TF-IDF of words and characters, saved as arrays: vocabulary as JSON, weights as npz."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy import sparse

from slipway.kit.imports import postpone

from .cells import EncodedTexts

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

postpone("scipy.stats")

SHORTEST, LENGTH = 2, 4  # of the pieces of words
MAX_TERMS = 2**15
VOCABULARY_ROWS = 20_000  # terms are counted on so many rows: a vocabulary does not get better after that
# Characters of a cell that are read: the rest costs much and tells little.
LONGEST = {"words": 4_000, "chars": 500}


@lru_cache(maxsize=2**14)
def pieces(word: str) -> tuple[str, ...]:
    """Character n-grams of a word with a space at either end, like scikit-learn's analyzer `char_wb`.

    >>> pieces("ab")
    (' a', 'ab', 'b ', ' ab', 'ab ', ' ab ')
    """
    word = f" {word} "
    sizes = range(SHORTEST, min(LENGTH, len(word)) + 1)
    return tuple(word[first : first + size] for size in sizes for first in range(len(word) - size + 1))


def spelling(text: str) -> list[str]:
    """Character n-grams of all words of a text."""
    return [piece for word in text.lower().split() for piece in pieces(word)]


FORMS: dict[str, dict[str, Any]] = {
    "words": {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
    "chars": {"analyzer": spelling},
}


@dataclass(frozen=True)
class Tfidf:
    """Words (1-2) and characters (2-4) of a text column, each to unit length."""

    words: "TfidfVectorizer"
    chars: "TfidfVectorizer"

    @classmethod
    def fit(cls, texts: EncodedTexts) -> Self:
        """Learns the vocabularies; a column without any word gets one dummy term."""
        seen = texts.distinct[texts.places[~texts.gaps][:VOCABULARY_ROWS]].tolist()
        return cls(*(fit_vectorizer(form, [text[: LONGEST[form]] for text in seen]) for form in FORMS))

    def transform(self, texts: EncodedTexts) -> sparse.csr_matrix:
        """One row per cell: words, then character n-grams; zeros for a missing cell."""
        given = [*texts.distinct.tolist(), ""]
        parts = [getattr(self, form).transform([text[: LONGEST[form]] for text in given]) for form in FORMS]
        return sparse.hstack(parts, format="csr", dtype=np.float32)[texts.places]

    @property
    def terms(self) -> list[str]:
        """The term of every column."""
        return [term for form in (self.words, self.chars) for term in form.get_feature_names_out()]

    def save(self, folder: Path) -> None:
        """Write `<form>.json` and `idf.npz`."""
        folder.mkdir(parents=True)
        for form in FORMS:
            terms = getattr(self, form).get_feature_names_out().tolist()
            (folder / f"{form}.json").write_text(json.dumps(terms, ensure_ascii=False))
        np.savez(folder / "idf.npz", words=self.words.idf_, chars=self.chars.idf_)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(folder / "idf.npz") as idf:
            return cls(
                *(
                    vectorizer(form, json.loads((folder / f"{form}.json").read_text()), idf[form])
                    for form in FORMS
                )
            )


def fit_vectorizer(form: str, texts: Sequence[str]) -> "TfidfVectorizer":
    """A vectorizer rebuilt by `vectorizer`, so that a saved model and one in memory cannot differ."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # which models without texts do not wait for

    learner = TfidfVectorizer(
        **FORMS[form],
        sublinear_tf=True,
        min_df=2 if len(texts) >= 50 else 1,
        max_features=MAX_TERMS,
        dtype=np.float32,
    )
    try:
        learner.fit(texts)
    except ValueError:  # what scikit-learn raises for an empty vocabulary
        return vectorizer(form, ["\0"], np.ones(1, np.float32))
    return vectorizer(form, learner.get_feature_names_out().tolist(), learner.idf_)


def vectorizer(form: str, terms: list[str], idf: np.ndarray) -> "TfidfVectorizer":
    """A vectorizer from its terms and their inverse document frequencies."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vocabulary = {term: place for place, term in enumerate(terms)}
    found = TfidfVectorizer(**FORMS[form], sublinear_tf=True, vocabulary=vocabulary, dtype=np.float32)
    found.idf_ = np.asarray(idf, np.float32)
    return found
