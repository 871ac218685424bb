"""Metrics against values worked out by hand, and against scikit-learn, to 1e-9."""

import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
from boosting.metrics import functions, registry
from boosting.metrics.registry import Evaluated
from boosting.target import Target
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.naive_bayes import GaussianNB

from slipway import UserError
from slipway.image import Image

BINARY = Target(problem="binary", classes=(0, 1))
THREE = Target(problem="multiclass", classes=("a", "b", "c"))
NUMBERS = Target(problem="regression")
RANKING = Target(problem="ranking")


def close(found: float, true: float | Fraction) -> None:
    assert found == pytest.approx(float(true), rel=1e-9, abs=1e-12)


def binary(truth: list[int], score: list[float], threshold: float = 0.5) -> Evaluated:
    y, p = np.array(truth, float), np.array(score)
    return Evaluated(BINARY, y, (p >= threshold).astype(int), np.column_stack([1 - p, p]), p)


def of(name: str, answers: Evaluated) -> float:
    return registry.metric(name, answers.target.problem)(answers)


def test_lift_and_gain_are_of_the_highest_scores() -> None:
    truth = np.array([1, 1, 0, 1, 0, 0, 0, 0, 0, 1.0])
    score = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05])
    close(functions.gain(truth, score, 20), Fraction(2, 4))
    close(functions.lift(truth, score, 20), Fraction(2, 4) / Fraction(2, 10))
    close(functions.gain(truth, score, 40), Fraction(3, 4))
    close(functions.lift(truth, score, 40), Fraction(3, 4) / Fraction(4, 10))
    close(functions.lift(truth, score, 100), 1)


def test_lift_of_61_rows_at_5_per_cent_is_of_3_rows() -> None:
    """The older system's was 3/61 = 0.049, whatever the scores were."""
    truth, score = np.zeros(61), np.arange(61.0)
    truth[[60, 59, 10, 11, 12]] = 1
    close(functions.lift(truth, score), Fraction(2, 3) / Fraction(5, 61))
    close(functions.lift(truth, -score), 0)


def test_rows_of_equal_score_share_the_last_places() -> None:
    truth = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0.0])
    score = np.array([0.9, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    close(functions.gain(truth, score, 20), (1 + Fraction(1, 3)) / 2)
    close(functions.gain(truth[::-1], score[::-1], 20), (1 + Fraction(1, 3)) / 2)


def test_gain_without_positives_is_not_a_number() -> None:
    assert math.isnan(functions.gain(np.zeros(4), np.arange(4.0)))


def test_ks_is_the_most_that_the_shares_differ() -> None:
    close(functions.ks(np.array([0, 0, 1, 0, 1, 1.0]), np.arange(6.0)), Fraction(2, 3))
    close(functions.ks(np.array([0, 1, 0, 1.0]), np.ones(4)), 0)
    close(functions.ks(np.array([0, 0, 1, 1.0]), np.arange(4.0)), 1)


def test_hosmer_lemeshow_is_pearsons_chi_squared_of_ten_groups() -> None:
    """Ten groups of two rows of one probability; the p-value by its closed form."""
    probability = np.repeat(np.arange(1, 11) / 11, 2)
    truth = np.tile([0.0, 1.0], 10)
    total = sum((1 - 2 * p) ** 2 / (2 * p * (1 - p)) for p in (Fraction(place, 11) for place in range(1, 11)))
    half = float(total) / 2
    tail = math.exp(-half) * (1 + half + half**2 / 2 + half**3 / 6)
    statistic, p_value = functions.hosmer_lemeshow(truth, probability)
    close(statistic, total)
    close(p_value, tail)


def test_hosmer_lemeshow_of_too_few_probabilities_is_not_a_number() -> None:
    assert math.isnan(functions.hosmer_lemeshow(np.array([0, 1.0]), np.array([0.2, 0.2]))[1])


def test_brier_and_ece_of_two_classes() -> None:
    answers = binary([0, 1, 1, 0], [0.1, 0.2, 0.9, 0.95])
    close(of("brier", answers), (0.1**2 + 0.8**2 + 0.1**2 + 0.95**2) / 4)
    # bins (0, .1], (.1, .2], (.8, .9], (.9, 1]
    close(of("ece", answers), (0.1 + 0.8 + 0.1 + 0.95) / 4)
    close(of("ece", binary([1, 0, 1, 1], [0.75, 0.75, 0.75, 0.75])), 0)


def test_brier_and_ece_of_more_classes_are_of_all_and_of_the_likeliest() -> None:
    probable = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
    answers = Evaluated(THREE, np.array([0.0, 1.0]), np.array([0, 2]), probable, probable[:, -1])
    close(of("brier", answers), ((0.09 + 0.04 + 0.01) + (0.01 + 0.49 + 0.36)) / 2)
    close(of("ece", answers), (abs(0.7 - 1) + abs(0.6 - 0)) / 2)


def test_pr_auc_joins_the_points_by_lines() -> None:
    """Thresholds .1 .4 .5 .8: precision 1/2 2/3 1/2 1, recall 1 1 1/2 1/2; trapezoids over recall."""
    answers = binary([0, 1, 0, 1], [0.1, 0.4, 0.5, 0.8])
    close(of("pr_auc", answers), Fraction(1, 2) * (Fraction(2, 3) + Fraction(1, 2)) / 2 + Fraction(1, 2))
    close(of("average_precision", answers), Fraction(1, 2) * Fraction(2, 3) + Fraction(1, 2))


def test_roc_auc_log_loss_and_kappa_by_hand() -> None:
    answers = binary([0, 1, 0, 1], [0.1, 0.4, 0.5, 0.8])
    close(of("roc_auc", answers), Fraction(3, 4))
    close(of("log_loss", answers), -sum(map(math.log, (0.9, 0.4, 0.5, 0.8))) / 4)
    close(of("cohen_kappa", answers), 0)
    close(of("f1", answers), Fraction(1, 2))


def test_probabilities_of_float32_are_no_cause_to_warn() -> None:
    probable = np.random.default_rng(0).dirichlet([1, 1, 1], 50).astype(np.float32).astype(np.float64)
    answers = Evaluated(THREE, np.arange(50.0) % 3, probable.argmax(axis=1), probable, probable[:, -1])
    with warnings.catch_warnings(action="error"):
        for name in registry.default_metrics("multiclass"):
            of(name, answers)


def test_regression_by_hand() -> None:
    truth, said = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 2.0])
    answers = Evaluated(NUMBERS, truth, said, None, said)
    close(of("rmse", answers), math.sqrt(5 / 3))
    close(of("mae", answers), 1)
    close(of("medae", answers), 1)
    close(of("mape", answers), (Fraction(1, 2) + Fraction(1, 2)) / 3)
    close(of("r2", answers), 1 - 5 / sum((value - 7 / 3) ** 2 for value in (1, 2, 4)))
    close(of("mean_squared_error", answers), Fraction(5, 3))
    close(of("neg_mean_squared_error", answers), -Fraction(5, 3))


def test_ranking_is_a_mean_over_groups() -> None:
    truth = np.array([1.0, 0, 2, 0, 1, 0, 0])
    score = np.array([3.0, 2, 1, 5, 4, 1, 2])
    groups = np.array([0, 0, 0, 1, 1, 2, 2])
    answers = Evaluated(RANKING, truth, score, None, score, groups)
    first = (1 + 2 / math.log2(4)) / (2 + 1 / math.log2(3))
    close(of("ndcg", answers), (first + 1 / math.log2(3)) / 2)
    close(of("ndcg@1", answers), (0.5 + 0) / 2)
    close(of("mrr", answers), (1 + Fraction(1, 2)) / 2)
    close(of("map", answers), (Fraction(1, 2) * (1 + Fraction(2, 3)) + Fraction(1, 2)) / 2)


def _said(classes: int) -> tuple[Evaluated, object, np.ndarray, np.ndarray]:
    random = np.random.default_rng(classes)
    rows = random.normal(size=(200, 3))
    truth = np.digitize(rows[:, 0] + random.normal(size=200), [0.0, 1.0][: classes - 1]).astype(float)
    fitted = GaussianNB().fit(rows, truth)
    probable = fitted.predict_proba(rows)
    target = BINARY if classes == 2 else THREE
    return (
        Evaluated(target, truth, fitted.predict(rows).astype(int), probable, probable[:, -1]),
        fitted,
        rows,
        truth,
    )


@pytest.mark.parametrize("classes", [2, 3])
def test_every_scorer_of_classes_gives_what_scikit_learn_gives(classes: int) -> None:
    answers, fitted, rows, truth = _said(classes)
    compared = 0
    for name in sorted(registry._scorers(answers.target.problem)):
        try:
            with warnings.catch_warnings(action="ignore"):
                true = get_scorer(name)(fitted, rows, truth)
        except ValueError:  # f1 of three classes, say
            with pytest.raises(UserError, match=name):
                of(name, answers)
            continue
        if math.isfinite(true):
            close(of(name, answers), true)
            compared += 1
    assert compared > 20


def test_every_scorer_belongs_to_a_problem_or_to_none_of_ours() -> None:
    ours = registry._scorers("binary") | registry._scorers("regression")
    left = set(get_scorer_names()) - ours
    assert all(
        name.endswith("_samples") or "cluster" in get_scorer(name)._score_func.__module__ for name in left
    )


def test_every_scorer_of_numbers_gives_what_scikit_learn_gives() -> None:
    random = np.random.default_rng(0)
    truth, said = random.uniform(1, 5, 50), random.uniform(1, 5, 50)
    answers = Evaluated(NUMBERS, truth, said, None, said)

    class Fixed:
        def predict(self, rows: object) -> np.ndarray:
            return said

    for name in registry._scorers("regression"):
        scorer = get_scorer(name)
        close(of(name, answers), scorer._sign * scorer._score_func(truth, said, **scorer._kwargs))


@pytest.mark.parametrize(
    ("name", "target", "message"),
    [
        ("roc_acu", BINARY, 'metrics: unknown roc_acu; did you mean "roc_auc"'),
        ("rmse", BINARY, "metrics: rmse is not defined for problem binary"),
        ("lift", THREE, "metrics: lift is not defined for problem multiclass"),
        ("lift@0", BINARY, "metrics: lift@0: expected a depth in per cent"),
        ("lift@x", BINARY, "metrics: lift@x: expected a depth"),
        ("accuracy@5", BINARY, "metrics: accuracy@5: only lift@, gain@"),
    ],
)
def test_a_metric_that_does_not_exist_is_named(name: str, target: Target, message: str) -> None:
    with pytest.raises(UserError, match=message.replace("(", r"\(")):
        registry.select([name], target.problem)


def test_every_metric_that_can_be_asked_for_is_declared(image: Image) -> None:
    for problem in ("binary", "multiclass", "regression", "ranking"):
        for name in {
            *registry._image_metrics(problem),
            *registry._scorers(problem),
            *registry.default_metrics(problem),
        }:
            facts = image.metric(name)
            assert facts is not None, name
            assert (facts.direction == "Minimize") == registry.is_loss(name), name
    assert image.metric("lift@2.5") is not None
