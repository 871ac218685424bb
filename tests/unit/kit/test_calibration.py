"""Calibration, tried on probabilities whose truth is known."""

import numpy as np
import pytest

from slipway import Array
from slipway.kit.calibration import calibration_error, fit_isotonic, fit_temperature, reliability, tempered

RANDOM = np.random.default_rng(11)


def drawn(rows: int, power: float) -> tuple[Array, Array]:
    """Labels of two classes, and their probabilities to a `power`: above 1 they are too certain."""
    chance = RANDOM.uniform(0.02, 0.98, rows)
    labels = (RANDOM.random(rows) < chance).astype(int)
    said = chance**power / (chance**power + (1 - chance) ** power)
    return labels, np.column_stack([1 - said, said])


@pytest.mark.parametrize("power", [0.4, 1.0, 2.5])
def test_the_temperature_is_the_one_that_was_applied(power: float) -> None:
    labels, said = drawn(20_000, power)
    found = fit_temperature(said, labels)
    assert found == pytest.approx(power, rel=0.06)
    assert calibration_error(tempered(said, found)[:, 1], labels) < 0.02


def test_a_temperature_keeps_the_order_and_the_sum() -> None:
    said = RANDOM.dirichlet(np.ones(4), 50)
    for temperature in (0.3, 1.0, 4.0):
        found = tempered(said, temperature)
        assert found.sum(axis=1) == pytest.approx(1)
        assert np.array_equal(found.argsort(axis=1), said.argsort(axis=1))
    assert tempered(said, 1.0) == pytest.approx(said)


def test_impossible_classes_stay_finite() -> None:
    found = tempered(np.array([[1.0, 0.0]]), 3.0)
    assert np.isfinite(found).all()
    assert fit_temperature(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 0])) > 1


def test_smoothing_keeps_a_few_right_answers_from_being_certain() -> None:
    said, labels = np.tile([[0.8, 0.2]], (12, 1)), np.zeros(12, int)
    plain = fit_temperature(said, labels, bounds=(-3, 5))
    doubtful = fit_temperature(said, labels, bounds=(-3, 5), smoothing=1 / 14)
    assert tempered(said, plain)[0, 0] > 0.999
    assert 0.8 < tempered(said, doubtful)[0, 0] < 0.98


def test_an_isotonic_line_mends_what_no_temperature_can() -> None:
    chance = RANDOM.uniform(0.02, 0.98, 5_000)
    outcomes = (RANDOM.random(5_000) < chance).astype(int)
    shifted = np.column_stack([1 - chance**3, chance**3])
    line = fit_isotonic(shifted[:, 1], outcomes)
    assert all(np.diff(points).min() >= 0 for points in line)
    assert line[1].min() >= 1e-4
    assert line[1].max() <= 1 - 1e-4
    mended = np.interp(shifted[:, 1], *line)
    by_temperature = tempered(shifted, fit_temperature(shifted, outcomes))[:, 1]
    assert calibration_error(mended, outcomes) < 0.02 < calibration_error(by_temperature, outcomes)


def test_a_bin_holds_its_upper_end() -> None:
    confidence, correct = np.array([0.1, 0.2, 0.0, 1.0]), np.array([True, False, False, True])
    assert calibration_error(confidence, correct) == pytest.approx((abs(0.1 - 1) + 0.2 + 0) / 4)
    stated, reached, rows = reliability(confidence, correct)
    assert stated.tolist() == [0.05, 0.2, 1.0]
    assert reached.tolist() == [0.5, 0.0, 1.0]
    assert rows.tolist() == [2, 1, 1]


def test_no_rows_have_no_error_and_no_bins() -> None:
    nothing = np.empty(0)
    assert calibration_error(nothing, nothing) == 0
    for equal in ("width", "count"):
        assert [len(part) for part in reliability(nothing, nothing, equal=equal)] == [0, 0, 0]  # type: ignore[arg-type]


def test_a_bin_of_equal_count_is_a_tenth_of_the_rows_however_they_lie() -> None:
    """One row that is unsure does not make a bin of its own."""
    confidence = np.array([0.4, *np.linspace(0.9, 1, 99)])
    correct = np.ones(100)
    correct[10:20] = 0
    stated, reached, rows = reliability(confidence, correct, equal="count")
    assert stated[0] > 0.8
    assert reached.tolist() == [1, 0, *[1] * 8]
    assert rows.tolist() == [10] * 10
    assert reliability(confidence[:3], correct[:3], equal="count")[0].tolist() == confidence[:3].tolist()
