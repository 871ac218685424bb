"""The engine alone: what it makes of a table, and whether its parts do what they say."""

import re

import numpy as np
import pandas as pd
import pytest
from automl_handler import calibration, ensemble, scores
from automl_handler.choices import Choices
from automl_handler.clock import Clock
from automl_handler.columns import look_at
from automl_handler.design import design
from automl_handler.errors import Unfit
from automl_handler.folds import assign
from automl_handler.forest import Forest
from automl_handler.interval import Interval
from automl_handler.learner import Task
from automl_handler.linear import Linear
from automl_handler.problem import Problem, find
from automl_handler.search import Trained, search
from conftest import Told
from specimen import TARGETS, mixed

FAST = Choices(preset="fast", time_limit_s=60)
RANDOM = np.random.default_rng(0)


def column(cells: object, name: str = "x", rows: int = 40) -> object:
    """What `look_at` makes of one column."""
    found, dropped = look_at(pd.DataFrame({name: cells}))
    return found[0].kind if found else dropped[0].why.partition(":")[0]


@pytest.mark.parametrize(
    ("cells", "kind", "labels"),
    [
        (["yes", "no"] * 10, "binary", ("no", "yes")),
        ([0, 1] * 10, "binary", (0, 1)),
        ([3.5, 7.5] * 10, "binary", (3.5, 7.5)),
        ([1, 2, 3] * 10, "multiclass", (1, 2, 3)),
        (["a", "b", "c"] * 10, "multiclass", ("a", "b", "c")),
        (["1", "b", None] * 10, "binary", ("1", "b")),
        (list(range(11)) * 3, "regression", ()),
        ([0.5, 1.5, 2.5] * 10, "regression", ()),
    ],
)
def test_the_problem_follows_from_the_target(
    cells: list[object], kind: str, labels: tuple[object, ...]
) -> None:
    found = find(pd.Series(cells), "t", "auto")
    assert (found.kind, found.labels) == (kind, labels)


def test_the_problem_can_be_said() -> None:
    assert find(pd.Series([1, 2, 3] * 5), "t", "regression").kind == "regression"
    assert find(pd.Series(list(range(11)) * 3), "t", "multiclass").classes == 11
    with pytest.raises(Unfit, match="binary needs two values, got 3"):
        find(pd.Series([1, 2, 3] * 5), "t", "binary")


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("size", RANDOM.normal(size=40), "number"),
        ("objects", [None, 1, 2.5, 3] * 10, "number"),
        ("colour", ["red", "blue"] * 20, "category"),
        ("day", ["2024-01-31", "2024-02-01", None, "2023-12-24"] * 10, "date"),
        ("time", ["31/1/2024 12:30", "1/2/2024 08:15"] * 20, "date"),
        ("text", [f"the {word} of the {word} sea" for word in map(str, range(40))], "text"),
        ("only", ["a"] * 40, "constant"),
        ("gap", [None] * 40, "empty"),
        ("blank", [""] * 40, "empty"),
        ("half", ["a", None] * 20, "category"),
        ("customer_id", RANDOM.permutation(40) * 7, "identifier"),
        ("row", range(100, 140), "identifier"),
        ("key", [f"K{place}" for place in range(40)], "identifier"),
        ("price", RANDOM.permutation(40) * 7, "number"),
    ],
)
def test_a_column_is_what_its_cells_are(name: str, cells: object, kind: str) -> None:
    assert column(cells, name) == kind


def test_an_identifier_asked_for_by_name_is_kept() -> None:
    found, dropped = look_at(pd.DataFrame({"customer_id": np.arange(40)}), ["customer_id"])
    assert [one.kind for one in found] == ["number"]
    assert not dropped


def test_a_date_is_its_parts() -> None:
    cells = ["2024-02-29 13:59:59", "1969-12-31", "31/01/2023", None, "never"]
    (found,), _ = look_at(pd.DataFrame({"day": (cells[:3] * 20)}))
    assert found.numbers(pd.Series(cells)).tolist()[:2] == [
        [pytest.approx(8825 + 50399 / 86400), 2024, 2, 29, 3, 13],
        [-10958, 1969, 12, 31, 2, 0],
    ]
    assert found.numbers(pd.Series(cells))[2, 1:4].tolist() == [2023, 1, 31]
    assert np.isnan(found.numbers(pd.Series(cells))[3:]).all()
    instants = pd.Series(pd.to_datetime(["2024-02-29", None]))
    assert found.numbers(instants)[:, 2].tolist() == pytest.approx([2, np.nan], nan_ok=True)


def test_a_rare_value_is_one_of_the_others_and_its_name_is_forgotten() -> None:
    (found,), _ = look_at(pd.DataFrame({"team": ["a"] * 20 + ["b"] * 19 + ["secret"]}))
    assert found.categories == ("a", "b")
    codes = found.codes(pd.Series(["a", "b", "secret", "never seen", None, ""]))
    assert codes.tolist() == [0, 1, 2, 2, -1, -1]


@pytest.mark.parametrize("kind", list(TARGETS))
def test_what_is_learnt_beats_the_prior_on_other_rows(kind: str, searched: dict[str, Trained]) -> None:
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


def test_unknown_cells_and_gaps_everywhere_still_give_an_answer(searched: dict[str, Trained]) -> None:
    for trained in searched.values():
        predictor = trained.predictor
        blank = pd.DataFrame({name: pd.Series([None, None], dtype=object) for name in predictor.reads})
        odd = pd.DataFrame({"size": [1e308, -1e308], "salary": [0.0, 1e300]})
        odd = odd.assign(team="mauve", since="never", note="zzz")[predictor.reads]
        for table in (blank, odd):
            found = predictor.blend(predictor.design(table))
            assert np.isfinite(found).all()


def test_answers_do_not_depend_on_the_other_rows_of_a_request(searched: dict[str, Trained]) -> None:
    fresh = mixed(50, seed=5)
    for trained in searched.values():
        predictor = trained.predictor
        whole = predictor.blend(predictor.design(fresh))
        alone = [predictor.blend(predictor.design(fresh[row : row + 1]))[0] for row in range(10)]
        assert np.allclose(whole[:10], alone, rtol=1e-9)


def test_contributions_sum_to_the_answer_less_the_typical_rows(searched: dict[str, Trained]) -> None:
    predictor = searched["regression"].predictor
    fresh = mixed(12, seed=5)
    usual = pd.DataFrame({one.name: pd.Series([one.usual], dtype=object) for one in predictor.columns})
    base = predictor.predict(usual).prediction[0]
    found = predictor.contributions(fresh)
    assert found.sum(1) == pytest.approx(predictor.predict(fresh).prediction - base)
    names = predictor.reads
    assert np.abs(found).mean(0).argmax() in {names.index("size"), names.index("team")}


@pytest.mark.parametrize("kind", list(TARGETS))
def test_a_forest_as_arrays_answers_as_scikit_learns(kind: str, searched: dict[str, Trained]) -> None:
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
    forest = Forest.of([one.tree_ for one in model.estimators_], problem, places)
    assert forest.predict(rows) == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert forest.predict(rows[[3]]) == pytest.approx(expected[[3]], rel=1e-6, abs=1e-6)  # a row with a gap


def test_a_linear_model_answers_without_matrices_as_it_learnt_with_them(searched: dict[str, Trained]) -> None:
    from automl_handler.linear import _inputs

    trained = searched["multiclass"]
    task = Task(trained.predictor.problem, Clock(60), 0, 1)
    model = Linear.fit(trained.rows, trained.target, None, trained.rows, trained.target, task)
    expected = model._answers(_inputs(trained.rows, model.arrays))
    assert model.predict(trained.rows) == pytest.approx(expected, abs=1e-9)


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


def test_intervals_hold_what_they_promise_on_new_rows() -> None:
    def draw(rows: int) -> tuple[np.ndarray, np.ndarray]:
        answers = RANDOM.uniform(0, 10, rows)
        return answers + RANDOM.normal(0, 0.2 + 0.3 * answers, rows), answers

    fitted = Interval.fit(*draw(3_000))
    target, answers = draw(20_000)
    for level in (0.5, 0.8, 0.9, 0.95):
        held = np.abs(target - answers) <= fitted.half(answers, level)
        assert held.mean() == pytest.approx(level, abs=0.03), level
    assert fitted.half(np.array([9.5]), 0.9) > 2 * fitted.half(np.array([0.5]), 0.9)


def test_every_fold_has_its_share_of_every_label() -> None:
    target = np.array([0.0] * 50 + [1.0] * 10 + [2.0] * 2)
    folds = assign(target, 5, 0)
    for fold in range(5):
        assert (target[folds == fold] == 0).sum() == 10
        assert (target[folds == fold] == 1).sum() == 2
    assert len(set(folds[-2:])) == 2


def test_class_weights_move_the_answers_and_leave_the_probabilities(told: Told) -> None:
    table = mixed()[["size", "team", "grade"]]
    table["grade"] = np.where(table["size"] + RANDOM.normal(size=len(table)) > 1.3, "rare", "usual")
    plain = search(table, "grade", FAST, told).predictor
    moved = search(table, "grade", Choices(**{**vars(FAST), "class_weights": "balanced"}), told).predictor
    first, second = plain.predict(table), moved.predict(table)
    assert first.probabilities is not None
    assert np.array_equal(first.probabilities, second.probabilities)
    assert (second.prediction == "rare").sum() > (first.prediction == "rare").sum()


def test_sample_weights_count(told: Told) -> None:
    table = pd.DataFrame({"x": np.tile([0.0, 1.0], 60), "y": np.tile([0.0, 1.0, 4.0, 5.0], 30)})
    table["y"] += RANDOM.normal(0, 0.01, len(table))
    table["weight"] = np.where(table["y"] > 3, 9.0, 1.0)
    weighted = search(table, "y", Choices(**{**vars(FAST), "sample_weight": "weight"}), told).predictor
    plain = search(table, "y", Choices(**{**vars(FAST), "ignore": ("weight",)}), told).predictor
    assert weighted.reads == plain.reads == ["x"]
    assert weighted.predict(table).prediction.mean() > plain.predict(table).prediction.mean() + 0.8


@pytest.mark.parametrize("kind", list(TARGETS))
def test_a_search_that_is_told_to_stop_at_once_still_gives_a_model(kind: str) -> None:
    told = Told(stop=True)
    others = list(set(TARGETS.values()) - {TARGETS[kind]})
    trained = search(mixed().drop(columns=others), TARGETS[kind], Choices(time_limit_s=60), told)
    tried = [one.trial.title for one in trained.tried]
    assert tried == ["Prior", "CatBoost"]
    assert any(line.startswith("time is over; not tried: LightGBM") for line in told.lines)
    assert np.isfinite(trained.predictor.blend(trained.rows)).all()


def test_balanced_tries_every_kind_of_learner(told: Told) -> None:
    table = mixed()[["size", "team", TARGETS["binary"]]]
    trained = search(table, TARGETS["binary"], Choices(time_limit_s=12), told)
    titles = {one.trial.title for one in trained.tried}
    assert {"CatBoost", "LightGBM", "Linear", "ExtraTrees", "LightGBM by FLAML"} <= titles, told.lines
    tuned = next(one for one in trained.tried if one.trial.tuned)
    assert "num_leaves" in tuned.trial.settings
    assert re.search(r"best so far: .+; \d+ s left", "\n".join(told.lines))


def wide() -> pd.DataFrame:
    table = pd.DataFrame(RANDOM.normal(size=(60, 1_000)), columns=[f"c{place}" for place in range(1_000)])
    return table.assign(y=np.where(table["c0"] > 0, "a", "b"))


def many_labels() -> pd.DataFrame:
    place = np.repeat(np.arange(300), 3)
    return pd.DataFrame({"x": place + RANDOM.normal(0, 0.1, 900), "y": [f"label {one}" for one in place]})


def many_categories() -> pd.DataFrame:
    place = np.tile(np.arange(300), 3)
    return pd.DataFrame({"x": [f"city {one}" for one in place], "y": np.where(place % 3 == 0, 1, 0)})


def gap_alone() -> pd.DataFrame:
    cells = np.where(RANDOM.random(80) < 0.5, np.nan, 1.0)
    return pd.DataFrame({"x": cells, "empty": np.nan, "y": np.where(np.isnan(cells), "gone", "there")})


@pytest.mark.parametrize(
    ("table", "least"),
    [(wide, 0.6), (many_categories, 0.6), (gap_alone, 0.99)],
    ids=["1,000 columns", "300 categories", "an empty column, and gaps that tell"],
)
def test_odd_tables_end_in_a_good_model(table: object, least: float, told: Told) -> None:
    rows = table()  # type: ignore[operator]
    trained = search(rows, "y", Choices(preset="fast", time_limit_s=8), told)
    right = trained.answers.argmax(1) == trained.target
    assert right.mean() > least


def test_300_labels_end_in_a_good_model(told: Told) -> None:
    trained = search(many_labels(), "y", Choices(preset="fast", time_limit_s=8), told)
    top = np.argsort(-trained.answers, axis=1)[:, :10]
    assert (top == trained.target[:, None]).any(1).mean() > 0.3, "a guess would be right in 3 % of the rows"


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (pd.DataFrame({"x": [1], "y": [2]}), "the table has 1 row; expected at least 10"),
        (
            pd.DataFrame({"x": range(20), "y": ["a"] * 20}),
            "every row has 'a', so there is nothing to predict",
        ),
        (
            pd.DataFrame({"x": [None] * 20, "y": ["a", "b"] * 10}),
            "no column is left to learn y from: x is empty",
        ),
        (pd.DataFrame({"x": range(20), "y": ["a"] * 19 + ["b"]}), "y: b stands in one row only"),
        (pd.DataFrame({"x": range(20), "y": [None] * 12 + [1, 2] * 4}), "8 rows have a value"),
        (pd.DataFrame({"x": range(40), "y": [f"t{n}" for n in range(40)]}), "expected labels that repeat"),
    ],
    ids=["one row", "one label", "nothing to learn from", "a label once", "few targets", "all differ"],
)
def test_tables_that_cannot_be_learnt_from_end_in_one_clear_error(table: pd.DataFrame, says: str) -> None:
    with pytest.raises(Unfit, match=re.escape(says)):
        search(table, "y", FAST, Told())


def test_a_table_too_large_for_the_time_is_learnt_from_in_part(told: Told) -> None:
    table = pd.DataFrame(RANDOM.normal(size=(30_000, 20)), columns=[f"c{place}" for place in range(20)])
    table["y"] = table["c0"] + RANDOM.normal(size=30_000)
    trained = search(table, "y", Choices(preset="fast", time_limit_s=3), told)
    assert trained.predictor.facts["rows"] < 30_000
    assert any("of 30000 rows" in note for note in trained.predictor.facts["notes"])


def test_a_design_reads_what_the_columns_say() -> None:
    table = mixed(50)
    found, _ = look_at(table)
    rows = design(found, table)
    assert len(rows) == 50
    assert rows.joined.shape[1] == sum(max(1, one.width) for one in found)
