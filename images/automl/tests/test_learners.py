"""Learners of smooth functions and of logarithms, their inputs, and the plan that holds them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from automl.automl_handler import scores
from automl.automl_handler.features.columns import FeatureColumn
from automl.automl_handler.features.design import Design, design
from automl.automl_handler.features.text import TextEncoder
from automl.automl_handler.learners.encoding import Encoding
from automl.automl_handler.learners.in_logs import LEARNERS, InLogsModel, offset_of
from automl.automl_handler.learners.learner import Examples, FittedModel, Task
from automl.automl_handler.learners.lightgbm import LightGBMModel
from automl.automl_handler.learners.linear import LinearModel
from automl.automl_handler.learners.network import NetworkModel
from automl.automl_handler.problem import Problem
from automl.automl_handler.search import scale
from automl.automl_handler.search.clock import Clock
from automl.automl_handler.search.fold import tune
from automl.automl_handler.search.folds import assign
from automl.automl_handler.search.plan import SEVERAL, plan, slowest
from automl.automl_handler.shapley import contributions
from scipy import sparse

NUMBER = Problem("y", "regression")


RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _draws_that_do_not_depend_on_other_tests() -> None:
    RANDOM.bit_generator.state = np.random.default_rng(0).bit_generator.state


def rows_of(count: int) -> Design:
    """Three numbers, the second with gaps, and a category."""
    numbers = RANDOM.normal(size=(count, 3))
    numbers[::7, 1] = np.nan
    return Design(numbers, RANDOM.integers(0, 5, (count, 1)).astype(np.int32), (5,))


def texts_of(labels: Any) -> Design:
    """Texts whose rare words tell the label, of ten thousand terms; the numbers do not."""
    pieces = [
        sparse.random(len(labels), 5_000, 0.002, random_state=place, format="csr") for place in range(2)
    ]
    pieces = [one.multiply((labels == place)[:, None]).tocsr() for place, one in enumerate(pieces)]
    terms = sparse.hstack(pieces, format="csr", dtype=np.float32)
    return Design(RANDOM.normal(size=(len(labels), 1)), np.empty((len(labels), 0), np.int32), (), terms)


def task_of(problem: Problem, seconds: float = 3_600) -> Task:
    return Task(problem, Clock(seconds), 0, 1)


def curve(rows: Design) -> Any:
    """A smooth function with a turn, which no line follows."""
    return 3 * np.abs(rows.numbers[:, 0]) + rows.numbers[:, 2] + (rows.codes[:, 0] == 3)


def error(model: FittedModel, rows: Design, target: Any) -> float:
    return scores.score("rmse", NUMBER, target, model.predict(rows))


def test_inputs_as_a_product_are_those_of_the_matrix() -> None:
    rows = rows_of(500)
    encoding = Encoding.fit(rows, rows)
    weights = RANDOM.normal(size=(encoding.inputs, 4))
    matrix = encoding.matrix(rows)
    assert matrix.shape == (500, encoding.inputs)
    assert encoding.times(rows, weights) == pytest.approx(matrix @ weights, abs=1e-4)
    again = Encoding.of_arrays(encoding.to_arrays())
    assert (again.times(rows, weights) == encoding.times(rows, weights)).all()


def test_pieces_of_a_number_lie_between_quantiles_and_fill_one_after_another() -> None:
    rows = Design(np.linspace(0, 16, 801)[:, None], np.empty((801, 0), np.int32), ())
    encoding = Encoding.fit(rows, rows, most=4)
    cells = Design(np.array([[-5.0], [2.0], [6.0], [99.0], [np.nan]]), np.empty((5, 0), np.int32), ())
    pieces = encoding.numeric(cells)[:, 2:]
    expected = [[0, 0, 0, 0], [0.47, 0, 0, 0], [1, 0.49, 0, 0], [1, 1, 1, 1], [1, 1, 0, 0]]
    assert pieces == pytest.approx(np.array(expected), abs=0.005)
    assert encoding.low.min() > 0, "which is a cell of one row"
    assert encoding.numeric(cells)[:, 1].tolist() == [0, 0, 0, 0, 1], "the gap, which has the median's pieces"


@pytest.mark.parametrize("cells", [np.full((30, 1), np.nan), np.full((30, 1), 7.0), np.empty((30, 0))])
def test_a_column_without_numbers_or_with_one_has_inputs_that_are_finite(cells: Any) -> None:
    rows = Design(cells, np.ones((30, 1), np.int32), (3,))
    assert np.isfinite(Encoding.fit(rows, rows).matrix(rows).toarray()).all()


def test_wide_tables_have_few_pieces_a_number() -> None:
    rows = Design(RANDOM.normal(size=(50, 1_200)), np.empty((50, 0), np.int32), ())
    assert Encoding.fit(rows, rows).inputs == 2_400


@pytest.mark.parametrize("kind", [LinearModel, NetworkModel])
def test_curves_are_learnt_and_kept(kind: type[FittedModel], tmp_path: Path) -> None:
    rows, held, fresh = rows_of(1_000), rows_of(300), rows_of(300)
    model = kind.fit(Examples(rows, curve(rows)), Examples(held, curve(held)), task_of(NUMBER))
    assert error(model, fresh, curve(fresh)) < 0.35, "a straight line errs by 1.8"
    model.save(tmp_path)
    found = kind.load(tmp_path, NUMBER).predict(fresh)
    assert found == pytest.approx(model.predict(fresh), rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("kind", [LinearModel, NetworkModel])
@pytest.mark.parametrize(
    "problem", [NUMBER, Problem("y", "binary", ("a", "b")), Problem("y", "multiclass", tuple("abc"))]
)
def test_models_of_all_folds_make_their_inputs_once(kind: type[FittedModel], problem: Problem) -> None:
    rows = rows_of(300)
    values = np.digitize(rows.numbers[:, 0], np.linspace(-0.5, 0.5, max(1, problem.classes - 1))).astype(
        float
    )
    examples, folds = Examples(rows, values), assign(values, 3, 0)
    models = [
        kind.fit(examples[folds != fold], examples[folds == fold], task_of(problem, 1)) for fold in range(3)
    ]
    expected = sum(one.predict(rows) for one in models) / 3
    made = []
    with pytest.MonkeyPatch.context() as patch:
        numeric = Encoding.numeric
        patch.setattr(Encoding, "numeric", lambda self, rows: made.append(1) or numeric(self, rows))
        assert kind.averaged(models)(rows) == pytest.approx(expected, abs=1e-9)
    assert len(made) == 1


@pytest.mark.parametrize("kind", [LinearModel, NetworkModel])
def test_a_class_that_no_row_to_learn_from_has_is_improbable(kind: type[FittedModel]) -> None:
    problem = Problem("y", "multiclass", ("a", "b", "c"))
    rows = rows_of(300)
    labels = (rows.numbers[:, 0] > 0).astype(float) * 2
    model = kind.fit(Examples(rows, labels), Examples(rows, labels), task_of(problem))
    found = model.predict(rows)
    assert found.sum(1) == pytest.approx(1)
    assert found[:, 1].mean() < 0.05
    assert (found.argmax(1) == labels).mean() > 0.9


def test_a_linear_model_learns_from_all_terms_of_a_text(tmp_path: Path) -> None:
    problem = Problem("y", "binary", ("a", "b"))
    labels = RANDOM.integers(0, 2, 2_000).astype(float)
    rows = texts_of(labels)
    examples = Examples(rows, labels)
    models = [
        LinearModel.fit(examples[half], examples[other], task_of(problem))
        for half, other in ((slice(0, 1_000), slice(1_000, None)), (slice(1_000, None), slice(0, 1_000)))
    ]
    found = LinearModel.averaged(models)(rows)
    assert (found.argmax(1) == labels).mean() > 0.95
    assert found == pytest.approx((models[0].predict(rows) + models[1].predict(rows)) / 2)
    models[0].save(tmp_path)
    assert (LinearModel.load(tmp_path, problem).predict(rows) == models[0].predict(rows)).all()


def test_contributions_of_a_text_are_those_of_its_terms() -> None:
    table = {"note": np.array(["red wine", "blue sky"] * 20, object), "size": np.arange(40.0)}
    columns = [
        FeatureColumn("note", "text", encoder=TextEncoder.fit(table["note"].tolist()), typical=""),
        FeatureColumn("size", "number", typical=0.0),
    ]
    rows = design(columns, table)
    typical = design(columns, {"note": np.array([""], object), "size": np.array([0.0])})
    weights = np.arange(1.0, 1 + rows.terms.shape[1])[:, None]

    def value(rows: Design) -> Any:
        return rows.terms @ weights + rows.numbers[:, [-1]]

    found = contributions(value, rows[:3], typical, columns)
    assert found[:, 0] == pytest.approx((rows.terms[:3] @ weights)[:, 0], rel=1e-5)
    assert found[:, 1] == pytest.approx([0, 1, 2], abs=1e-4)


def test_a_network_whose_time_is_over_has_passed_over_the_rows_once() -> None:
    rows = rows_of(300)
    model = NetworkModel.fit(Examples(rows, curve(rows)), Examples(rows, curve(rows)), task_of(NUMBER, 0))
    assert np.isfinite(model.predict(rows)).all()


def factors(rows: Design) -> Any:
    """A target that is never negative, and differs by factors."""
    return mean_of_factors(rows) * np.exp(RANDOM.normal(0, 0.8, len(rows)) - 0.8**2 / 2)


def mean_of_factors(rows: Design) -> Any:
    return 100 * np.exp(0.8 * rows.numbers[:, 0] + 0.5 * rows.numbers[:, 2])


@pytest.mark.parametrize("learner", ["Linear", "LightGBM"])
def test_means_of_what_was_learnt_in_logs_are_right(learner: str, tmp_path: Path) -> None:
    rows, held, fresh = rows_of(2_000), rows_of(1_000), rows_of(4_000)
    train, out = Examples(rows, factors(rows)), Examples(held, factors(held))
    model = InLogsModel.fit(train, out, task_of(NUMBER), learner=learner)
    target = mean_of_factors(fresh)
    assert model.predict(fresh).mean() == pytest.approx(target.mean(), rel=0.15)
    assert model.predict(fresh).mean() / model.factor < 0.85 * target.mean(), "which is the median's"
    plain = LEARNERS[learner].fit(train, out, task_of(NUMBER))
    assert error(model, fresh, target) < error(plain, fresh, target)
    model.save(tmp_path)
    assert (InLogsModel.load(tmp_path, NUMBER).predict(fresh) == model.predict(fresh)).all()


def test_models_in_logs_of_all_folds_answer_their_geometric_mean() -> None:
    rows = rows_of(900)
    values = factors(rows)
    halves = [Examples(rows[part::3], values[part::3]) for part in range(3)]
    models = [InLogsModel.fit(one, one, task_of(NUMBER), learner="Linear") for one in halves]
    expected = np.prod([one.predict(rows) for one in models], 0) ** (1 / 3)
    assert InLogsModel.averaged(models)(rows) == pytest.approx(expected)


def test_in_logs_zeros_are_learnt_and_no_answer_is_beyond_measure() -> None:
    rows, far = rows_of(500), rows_of(5)
    counts = RANDOM.poisson(np.exp(rows.numbers[:, 0])).astype(float)
    model = InLogsModel.fit(Examples(rows, counts), Examples(rows, counts), task_of(NUMBER), learner="Linear")
    far.numbers[:] = 1e30
    found = model.predict(far)
    assert np.isfinite(found).all()
    assert (found < 50 * counts.max()).all()


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        (factors, True),
        (lambda rows: np.maximum(0, 2 + rows.numbers[:, 0]) ** 3 + RANDOM.gamma(1, 9, len(rows)), False),
        (lambda rows: 50 + rows.numbers[:, 0], None),
    ],
)
def test_logs_are_taken_where_they_err_less(target: Any, wanted: bool | None) -> None:
    rows = rows_of(1_500)
    values = target(rows)
    problem = Problem("y", "regression", floor=0.0)
    found = scale.in_logs(Examples(rows, values), assign(values, 5, 0), "rmse", task_of(problem))
    assert found is wanted
    assert scale.in_logs(Examples(rows, values), assign(values, 5, 0), "rmse", task_of(NUMBER)) is None


def test_the_plan_follows_the_target() -> None:
    def titles(**facts: Any) -> list[str]:
        return [one.title for one in plan("balanced", Problem("y", "regression", **facts), 1_000)]

    plain = titles()
    assert not any("logs" in title for title in plain)
    assert [title for title in titles(logs=False) if title not in plain] == ["Linear, in logs"]
    assert [title for title in titles(logs=True) if "logs" not in title] == ["LightGBM"]


@pytest.mark.parametrize("preset", ["fast", "balanced", "best"])
def test_many_classes_begin_with_what_is_quick(preset: str) -> None:
    few, many = (
        plan(preset, Problem("y", "multiclass", tuple(range(count))), 1_000) for count in (3, SEVERAL)
    )
    assert few[0].title == "CatBoost"
    assert many[0].title == "Linear"
    assert {one.title for one in few} == {one.title for one in many}
    assert slowest(many).title == slowest(few).title == "CatBoost", "by which rows are counted"


def test_settings_are_looked_for_in_logs_where_the_trial_is() -> None:
    rows = rows_of(400)
    target = np.exp(3 * rows.numbers[:, 0])
    folds = assign(target, 2, 0)
    seen = []

    def spy(train: Examples, held: Examples, task: Task, loss: Any, trials: int) -> dict[str, Any]:
        seen.append(train.target)
        return {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("automl.automl_handler.learners.lightgbm.search", spy)
        for settings in ({}, {"learner": LightGBMModel.name}):
            tune(Examples(rows, target), folds, task_of(NUMBER), 1, settings)
    assert seen[1] == pytest.approx(np.log(seen[0] + offset_of(target)))
