"""The engine alone: what it makes of a table, and whether its parts do what they say."""

import re
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from automl.automl_handler import calibration, scores
from automl.automl_handler.features.design import Design
from automl.automl_handler.interval import ConformalInterval
from automl.automl_handler.learners.forest import ExtraTreesModel
from automl.automl_handler.learners.learner import Examples, Task, linked
from automl.automl_handler.learners.linear import LinearModel
from automl.automl_handler.learners.prior import PriorModel
from automl.automl_handler.problem import Problem
from automl.automl_handler.search import ensemble
from automl.automl_handler.search.clock import Clock
from automl.automl_handler.search.config import SearchConfig
from automl.automl_handler.search.folds import assign
from automl.automl_handler.search.plan import Trial
from automl.automl_handler.search.run import SearchResult, _folds, search
from automl.automl_handler.search.trials import _run_trial, _TrialTooSlow
from automl.tests.conftest import RecordingWatcher
from automl.tests.tables import TARGETS, mixed

FAST = SearchConfig(preset="fast", time_limit_s=60)
RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("kind", list(TARGETS))
def test_what_is_learnt_beats_the_prior_on_other_rows(kind: str, searched: dict[str, SearchResult]) -> None:
    trained = searched[kind]
    predictor, target = trained.predictor, TARGETS[kind]
    assert predictor.problem.kind == kind
    fresh = mixed(400, seed=5)
    found = scores.summary(
        predictor.problem, predictor.problem.encode(fresh[target]), predictor.blend(predictor.design(fresh))
    )
    if kind == "regression":
        assert found["r2"] > 0.7
    else:
        assert found["roc_auc"] > 0.75
        assert found["ece"] < 0.12


def test_unknown_cells_and_gaps_everywhere_still_give_an_answer(searched: dict[str, SearchResult]) -> None:
    for trained in searched.values():
        predictor = trained.predictor
        blank = pd.DataFrame({name: pd.Series([None, None], dtype=object) for name in predictor.reads})
        odd = pd.DataFrame({"size": [1e308, -1e308], "salary": [0.0, 1e300]})
        odd = odd.assign(team="mauve", since="2924-02-29", note="zzz")[predictor.reads]
        for table in (blank, odd):
            found = predictor.blend(predictor.design(table))
            assert np.isfinite(found).all()


def test_answers_do_not_depend_on_the_other_rows_of_a_request(searched: dict[str, SearchResult]) -> None:
    fresh = mixed(50, seed=5)
    for trained in searched.values():
        predictor = trained.predictor
        whole = predictor.blend(predictor.design(fresh))
        alone = [predictor.blend(predictor.design(fresh[row : row + 1]))[0] for row in range(10)]
        assert np.allclose(whole[:10], alone, rtol=1e-9)


def test_contributions_sum_to_the_answer_less_the_typical_rows(searched: dict[str, SearchResult]) -> None:
    predictor = searched["regression"].predictor
    fresh = mixed(12, seed=5)
    base = predictor.predict(predictor.typical).prediction[0]
    found = predictor.contributions(predictor.design(fresh))
    assert found.sum(1) == pytest.approx(predictor.predict(fresh).prediction - base)
    names = predictor.reads
    assert np.abs(found).mean(0).argmax() in {names.index("size"), names.index("team")}


@pytest.mark.parametrize("kind", list(TARGETS))
def test_a_forest_as_arrays_answers_as_scikit_learns(kind: str, searched: dict[str, SearchResult]) -> None:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    trained = searched[kind]
    problem, rows = trained.predictor.problem, trained.rows
    inputs = rows.joined.astype(np.float32)
    if problem.is_regression:
        model = ExtraTreesRegressor(20, min_samples_leaf=3, random_state=0).fit(inputs, trained.target)
        expected, places = model.predict(inputs)[:, None], None
    else:
        model = ExtraTreesClassifier(20, random_state=0).fit(inputs, trained.target.astype(int))
        expected, places = model.predict_proba(inputs), np.asarray(model.classes_, int)
    forest = ExtraTreesModel.of([one.tree_ for one in model.estimators_], problem, places)
    assert forest.predict(rows) == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert forest.predict(rows[[3]]) == pytest.approx(expected[[3]], rel=1e-6, abs=1e-6)  # a row with a gap


def test_a_forest_of_many_labels_stays_small(searched: dict[str, SearchResult]) -> None:
    rows = searched["regression"].rows[np.arange(160).repeat(40)]
    shaken = replace(rows, numbers=rows.numbers + RANDOM.normal(size=rows.numbers.shape))
    target = RANDOM.integers(0, 50, len(rows)).astype(float)
    task = Task(Problem("t", "multiclass", tuple(range(50))), Clock(60), 0, 1)
    examples = Examples(shaken, target)
    forest = ExtraTreesModel.fit(examples, examples, task, trees=100, leaf=1)
    assert 10e6 < forest.trees.values.nbytes < 21e6


@pytest.mark.parametrize("kind", list(TARGETS))
def test_the_models_of_all_folds_together_answer_their_mean(
    kind: str, searched: dict[str, SearchResult]
) -> None:
    trained = searched[kind]
    problem, rows = trained.predictor.problem, trained.rows
    task, examples = Task(problem, Clock(60), 0, 1), Examples(rows, trained.target)
    forests = [
        ExtraTreesModel.fit(examples[part], examples, task, trees=9)
        for part in (slice(0, 90), slice(40, None))
    ]
    every = [one.models for one in trained.trials] + [tuple(forests)]
    for models in every:
        mean = np.mean([model.predict(rows) for model in models], axis=0)
        assert type(models[0]).averaged(models)(rows) == pytest.approx(mean, rel=1e-9), type(models[0])


def test_a_temperature_mends_a_shy_learner_and_leaves_a_good_one() -> None:
    chance = RANDOM.uniform(0.02, 0.98, 4_000)
    target = (RANDOM.random(4_000) < chance).astype(float)
    shy = chance**0.4 / (chance**0.4 + (1 - chance) ** 0.4)
    mended = calibration.fit_temperature_if_better(target, np.column_stack([1 - shy, shy]))
    assert mended.temperature == pytest.approx(0.4, abs=0.06)
    good = calibration.fit_temperature_if_better(target, np.column_stack([1 - chance, chance]))
    assert good.temperature == pytest.approx(1, abs=0.1)


def test_few_rows_that_are_all_right_make_nothing_certain() -> None:
    target = RANDOM.integers(0, 2, 40).astype(float)
    sure = np.abs(target[:, None] - [[0.999, 0.001]])
    right = calibration.fit_temperature_if_better(target, sure).apply(sure)[np.arange(40), target.astype(int)]
    assert 0.95 < right.mean() < 0.99
    _, blended = calibration.fit(target, sure, 0)
    assert blended.max() < 0.9995


def test_what_a_blend_hardly_misses_is_left_out() -> None:
    target, shared, own = RANDOM.normal(size=(3, 2_000))
    own -= shared * (own @ shared) / (shared @ shared)
    answers = [(target + shared + part * own)[:, None] for part in (0.03, -0.03)]
    measure = scores.loss("rmse", Problem("t", "regression"))
    alone, both = measure(target, answers[0]), measure(target, (answers[0] + answers[1]) / 2)
    assert 0.999 * alone < both < alone, "each adds a little to the other"
    weights = ensemble.select(answers, target, measure)
    assert sorted(weights) == [0, 1], "but not enough to be asked at every answer"


def test_a_linear_model_answers_without_matrices_as_it_learnt_with_them(
    searched: dict[str, SearchResult],
) -> None:
    trained = searched["multiclass"]
    task = Task(trained.predictor.problem, Clock(60), 0, 1)
    examples = Examples(trained.rows, trained.target)
    model = LinearModel.fit(examples, examples, task)
    inputs = model.encoding.matrix(trained.rows)
    expected = linked(inputs @ model.coefficients + model.intercept, task.problem)
    assert model.predict(trained.rows) == pytest.approx(expected, abs=1e-6), "inputs are of 32 bits"


def test_the_blend_is_never_worse_than_its_best_member() -> None:
    target = RANDOM.integers(0, 2, 300).astype(float)
    problem = Problem("t", "binary", (0, 1))
    answers = []
    for noise in (0.5, 1.0, 2.0):
        chance = 1 / (1 + np.exp(-(2 * target - 1 + RANDOM.normal(0, noise, 300))))
        answers.append(np.column_stack([1 - chance, chance]))
    loss = scores.loss("log_loss", problem)
    weights = ensemble.select(answers, target, loss)
    blend = sum(weight * one for weight, one in zip(weights, answers, strict=True))
    assert weights.sum() == pytest.approx(1)
    assert loss(target, blend) <= min(loss(target, one) for one in answers) + 1e-3


def test_calibration_mends_what_is_too_sure() -> None:
    chance = RANDOM.uniform(0.02, 0.98, 4_000)
    target = (RANDOM.random(4_000) < chance).astype(float)
    sure = chance**3 / (chance**3 + (1 - chance) ** 3)
    fitted, crossed = calibration.fit(target, np.column_stack([1 - sure, sure]), 0)
    before = scores.ece(np.maximum(sure, 1 - sure), (sure > 0.5) == target)
    after = scores.ece(crossed.max(1), crossed.argmax(1) == target)
    assert fitted.kind != "none"
    assert before > 0.08
    assert after < 0.03


def test_intervals_hold_what_they_promise_on_new_rows_and_follow_the_row() -> None:
    def draw(rows: int) -> tuple[Design, Any, Any]:
        """Errors that are skewed, and three times as large in one of two groups, whatever the prediction."""
        answers, other = RANDOM.uniform(0, 10, (2, rows))
        codes = RANDOM.integers(1, 3, (rows, 1)).astype(np.int32)
        size = (1 + 2 * (codes[:, 0] == 2)) * (1 + answers / 10)
        target = answers + size * (RANDOM.gamma(2, 1, rows) - 2)
        return Design(np.column_stack([answers, other]), codes, (4,)), target, answers

    fitted = ConformalInterval.fit(*draw(3_000))
    rows, target, answers = draw(20_000)
    for level in (0.5, 0.8, 0.9, 0.95):
        low, high = fitted.bounds(rows, answers, level)
        held = (low <= target) & (target <= high)
        assert held.mean() == pytest.approx(level, abs=0.03), level
        for part in (rows.codes[:, 0] == 1, rows.codes[:, 0] == 2, answers < 2, answers > 8):
            assert held[part].mean() == pytest.approx(level, abs=0.05), level
    low, high = fitted.bounds(rows, answers, 0.9)
    assert (high - answers).mean() > 1.2 * (answers - low).mean(), "most of what is far is above"
    widths = high - low
    wide = rows.codes[:, 0] == 2
    assert widths[wide].mean() == pytest.approx(3 * widths[~wide].mean(), rel=0.15)


def test_errors_alike_everywhere_have_intervals_of_their_predictions_alone() -> None:
    rows = Design(RANDOM.normal(size=(2_000, 3)), np.empty((2_000, 0), np.int32), ())
    answers = rows.numbers.sum(1)
    assert ConformalInterval.fit(rows, answers + RANDOM.normal(size=2_000), answers).spread is None


def test_every_fold_has_its_share_of_every_label() -> None:
    target = np.array([0.0] * 50 + [1.0] * 10 + [2.0] * 2)
    folds = assign(target, 5, 0)
    for fold in range(5):
        assert (target[folds == fold] == 0).sum() == 10
        assert (target[folds == fold] == 1).sum() == 2
    assert len(set(folds[-2:])) == 2


@pytest.mark.parametrize(
    ("rows", "most", "count"),
    [(1_500, 2_000, 5), (9_000, 60_000, 5), (9_000, 10_000, 3), (60_000, 10**9, 3), (1_000, 40, 2)],
    ids=["few", "time enough", "many for the time", "many", "wide, and no time"],
)
def test_folds_are_fewer_where_time_is_short(rows: int, most: int, count: int) -> None:
    assert _folds(rows, most) == count


def test_a_learner_that_cannot_be_done_in_time_is_given_up_after_a_fold(
    searched: dict[str, SearchResult],
) -> None:
    trained, fitted = searched["regression"], []

    class Slow(PriorModel):
        @classmethod
        def fit(cls, *given: Any, **settings: Any) -> "Slow":
            fitted.append(time.sleep(0.2))
            return super().fit(*given, **settings)

    task = Task(trained.predictor.problem, Clock(60), 0, 1)
    given = (Examples(trained.rows, trained.target), trained.folds, task)
    with pytest.raises(_TrialTooSlow, match=r"s per fold, 0\.\d s left"):
        _run_trial(Trial("slow", Slow, 1.0), *given, Clock(0.3))
    assert len(fitted) == 1
    _run_trial(Trial("slow", Slow, 1.0), *given, None)
    assert len(fitted) == 1 + trained.folds.max() + 1, "the first learner goes on, so that there is a model"


def test_class_weights_move_the_answers_and_leave_the_probabilities(watcher: RecordingWatcher) -> None:
    table = mixed()[["size", "team", "grade"]]
    table["grade"] = np.where(table["size"] + RANDOM.normal(size=len(table)) > 1.3, "rare", "usual")
    plain = search(table, "grade", FAST, watcher).predictor
    moved = search(
        table, "grade", SearchConfig(**{**vars(FAST), "class_weights": "balanced"}), watcher
    ).predictor
    first, second = plain.predict(table), moved.predict(table)
    assert first.probabilities is not None
    assert np.array_equal(first.probabilities, second.probabilities)
    assert (second.prediction == "rare").sum() > (first.prediction == "rare").sum()


def test_sample_weights_count(watcher: RecordingWatcher) -> None:
    table = pd.DataFrame({"x": np.tile([0.0, 1.0], 60), "y": np.tile([0.0, 1.0, 4.0, 5.0], 30)})
    table["y"] += RANDOM.normal(0, 0.01, len(table))
    table["weight"] = np.where(table["y"] > 3, 9.0, 1.0)
    weighted = search(
        table, "y", SearchConfig(**{**vars(FAST), "sample_weight": "weight"}), watcher
    ).predictor
    plain = search(table, "y", SearchConfig(**{**vars(FAST), "ignore": ("weight",)}), watcher).predictor
    assert weighted.reads == plain.reads == ["x"]
    assert weighted.predict(table).prediction.mean() > plain.predict(table).prediction.mean() + 0.8


@pytest.mark.parametrize("kind", list(TARGETS))
def test_a_search_that_is_told_to_stop_at_once_still_gives_a_model(kind: str) -> None:
    watcher = RecordingWatcher(stop=True)
    others = list(set(TARGETS.values()) - {TARGETS[kind]})
    trained = search(mixed().drop(columns=others), TARGETS[kind], SearchConfig(time_limit_s=60), watcher)
    titles = [one.trial.title for one in trained.trials]
    assert titles == ["Prior", "CatBoost"]
    assert any(line.startswith("time is over; not tried: LightGBM") for line in watcher.lines)
    assert np.isfinite(trained.predictor.blend(trained.rows)).all()


def test_balanced_tries_every_kind_of_learner(watcher: RecordingWatcher) -> None:
    table = mixed()[["size", "team", TARGETS["binary"]]]
    trained = search(table, TARGETS["binary"], SearchConfig(time_limit_s=12), watcher)
    titles = {one.trial.title for one in trained.trials}
    assert {"CatBoost", "LightGBM", "Linear", "ExtraTrees", "LightGBM by FLAML"} <= titles, watcher.lines
    tuned = next(one for one in trained.trials if one.trial.tuned)
    assert "num_leaves" in tuned.trial.settings
    assert re.search(r"best so far: .+; \d+ s left", "\n".join(watcher.lines))
