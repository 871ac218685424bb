"""The quick ways that the learners go give what the slow ones would."""

import numpy as np
import pytest
from imputation.features.columns import infer
from imputation.features.design import Design
from imputation.features.encoding import Features
from imputation.features.text import spelling
from imputation.models.learners import SHARP, Task, fit_ridge
from imputation.tests.tables import mixed
from imputation.tests.test_frames import tabled
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge


@pytest.fixture(scope="module")
def design() -> Design:
    table = tabled(mixed(120)[["text", "size", "kind"]])
    columns = [infer(table, name) for name in table.names]
    read = {column.name: column.read(table) for column in columns}
    return Features.fit(columns, read).encode(read).without("kind")


@pytest.mark.parametrize("text", ["", "a", "Ab  cd\nefghi", "x\u00a0y Straße 漢字", "word " * 5])
def test_the_pieces_of_words_are_those_of_scikit_learn(text: str) -> None:
    theirs = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)).build_analyzer()
    assert sorted(spelling(text)) == sorted(theirs(text))


def test_ridge_by_products_of_rows_is_ridge(design: Design) -> None:
    codes = np.random.default_rng(0).integers(0, 3, 120)
    fitted = fit_ridge(design, codes, Task(3, 0, "fast", 1))
    theirs = Ridge(0.5, fit_intercept=False, solver="cholesky")
    wanted = np.where(codes[:, None] == np.arange(3), SHARP, -SHARP)
    theirs.fit(design.linear.toarray(), wanted - wanted.mean(0))
    np.testing.assert_allclose(fitted.coef.T, theirs.coef_, atol=1e-3)
    np.testing.assert_allclose(fitted.intercept, wanted.mean(0))


def test_the_products_of_some_rows_are_those_of_all(design: Design) -> None:
    rows = np.array([5, 3, 80])
    whole = design.gram
    np.testing.assert_array_equal(design.take(rows).gram, whole[np.ix_(rows, rows)])
    np.testing.assert_allclose(whole, (design.linear @ design.linear.T).toarray(), rtol=1e-6)
