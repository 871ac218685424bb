"""Forests as arrays answer exactly what scikit-learn's answer."""

import io

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestRegressor

from slipway import Array
from slipway.errors import ModelLoadError
from slipway.kit.forest import Forest

RANDOM = np.random.default_rng(7)


def table(rows: int, columns: int = 4, gaps: float = 0.2) -> Array:
    cells = RANDOM.normal(size=(rows, columns)).astype(np.float32)
    cells[RANDOM.random(cells.shape) < gaps] = np.nan
    return cells


def forest_of(model: object) -> Forest:
    return Forest.of([one.tree_ for one in model.estimators_], model.n_features_in_)  # type: ignore[attr-defined]


@pytest.mark.parametrize("settings", [{}, {"max_leaf_nodes": 40}, {"max_depth": 1}, {"max_depth": None}])
@pytest.mark.parametrize("rows", [0, 1, 3, 200, 40_000])
def test_numbers_are_those_of_scikit_learn(settings: dict[str, int], rows: int) -> None:
    """Depth first, best first, stumps; for few rows many trees share a block, for many rows none do."""
    seen, sent = table(400), table(rows)
    target = np.nan_to_num(seen[:, 0]) ** 2 + RANDOM.normal(size=400)
    model = ExtraTreesRegressor(12, random_state=0, **settings).fit(seen, target)
    expected = model.predict(sent) if rows else np.empty(0)
    assert forest_of(model).predict(sent)[:, 0] == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_several_numbers_at_once() -> None:
    seen = table(300)
    model = RandomForestRegressor(9, random_state=0).fit(seen, RANDOM.normal(size=(300, 3)))
    assert forest_of(model).predict(seen) == pytest.approx(model.predict(seen), rel=1e-5, abs=1e-6)


def test_probabilities_of_labels_that_the_trees_did_not_see_are_0() -> None:
    seen, labels = table(300), RANDOM.choice([1, 4], 300)
    model = ExtraTreesClassifier(9, min_samples_leaf=2, random_state=0).fit(seen, labels)
    found = Forest.of([one.tree_ for one in model.estimators_], 4, outputs=6, places=np.array([1, 4]))
    answers = found.predict(seen)
    assert answers[:, [1, 4]] == pytest.approx(model.predict_proba(seen), rel=1e-6, abs=1e-6)
    assert not answers[:, [0, 2, 3, 5]].any()


def test_a_tree_of_one_leaf_answers_it() -> None:
    model = ExtraTreesRegressor(3, random_state=0).fit(table(20), np.full(20, 2.5))
    assert forest_of(model).predict(table(5))[:, 0].tolist() == [2.5] * 5


def test_gaps_go_where_they_went_in_training() -> None:
    """Those of one column belong to small numbers, those of the other to large ones."""
    seen = table(400, columns=2, gaps=0)
    target = seen[:, 0] - seen[:, 1]
    seen[seen < -1], seen[:, 1][seen[:, 1] > 1] = np.nan, np.nan
    model = RandomForestRegressor(9, random_state=0).fit(seen, target)
    found = forest_of(model)
    inner = found.feature >= 0
    assert 0 < found.gap_left[inner].sum() < inner.sum()
    sent = table(500, columns=2, gaps=0.5)
    assert found.predict(sent)[:, 0] == pytest.approx(model.predict(sent), rel=1e-6, abs=1e-6)


def test_cells_beside_a_threshold_go_to_the_side_where_scikit_learn_puts_them() -> None:
    """Its thresholds are float64, and lie between neighbouring float32 numbers."""
    ladder = np.float32(1) + np.arange(64, dtype=np.float32) * np.finfo(np.float32).eps
    model = RandomForestRegressor(30, random_state=0).fit(ladder[:, None], np.arange(64.0))
    assert np.array_equal(
        forest_of(model).predict(ladder[:, None])[:, 0].astype(np.float32),
        model.predict(ladder[:, None]).astype(np.float32),
    )


def test_infinite_cells_are_the_largest() -> None:
    seen = table(200, gaps=0)
    found = forest_of(ExtraTreesRegressor(9, random_state=0).fit(seen, seen[:, 0]))
    huge = np.tile([[np.inf], [-np.inf], [3.4e38], [-3.4e38]], 4)
    answers = found.predict(huge)
    assert answers[:2].tolist() == answers[2:].tolist()


def test_merged_forests_answer_their_mean() -> None:
    seen = table(200)
    forests = [
        forest_of(ExtraTreesRegressor(9, random_state=seed).fit(seen, np.nan_to_num(seen[:, 1])))
        for seed in (1, 2, 3)
    ]
    merged = Forest.merged(forests)
    assert len(merged) == 27
    assert merged.predict(seen) == pytest.approx(np.mean([one.predict(seen) for one in forests], axis=0))


def test_a_stored_forest_answers_exactly_the_same() -> None:
    seen = table(200)
    found = forest_of(ExtraTreesRegressor(9, random_state=0).fit(seen, np.nan_to_num(seen[:, 1])))
    found.warm()
    file = io.BytesIO()
    np.savez_compressed(file, labels=np.array(True), **found.arrays())
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        assert np.array_equal(Forest.of_arrays(stored).predict(seen), found.predict(seen))


def test_a_forest_in_another_form_asks_for_a_new_training() -> None:
    with pytest.raises(ModelLoadError, match="train it again"):
        Forest.of_arrays({"feature": np.zeros(1, np.int16), "leaf": np.zeros((1, 1), np.float32)})
