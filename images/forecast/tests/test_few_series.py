"""Intervals of jobs of few series: one shape, stretched by what few backtest forecasts say."""

import numpy as np
from forecast.models.calibration import IntervalCalibration
from forecast.models.classes import CLASSES

SEASONAL = CLASSES.index("seasonal")
POOL = np.array([SEASONAL])


def _fitted(ratios: "np.ndarray[tuple[int, int], np.dtype[np.float64]]") -> IntervalCalibration:
    return IntervalCalibration.fit(ratios, np.ones_like(ratios), np.full(len(ratios), SEASONAL))


def _ends(found: IntervalCalibration, level: float) -> float:
    return float(found.factors(POOL, 1, [level])[0, 0, 0])


def test_the_middle_is_narrower_than_normal_and_the_tail_heavier() -> None:
    found = IntervalCalibration.usual(1)
    assert abs(_ends(found, 0.975) - 1.3 * 1.96) < 0.01
    assert _ends(found, 0.9) < 0.9 * 1.3 * 1.2816
    assert _ends(found, 0.995) > 1.1 * 1.3 * 2.5758
    np.testing.assert_allclose(found.table, -found.table[:, :, ::-1])


def test_more_forecasts_count_for_more_and_none_for_nothing() -> None:
    random = np.random.default_rng(0)
    calm = 0.5 * random.standard_normal((60, 8))
    widths = [_ends(_fitted(calm[:count]), 0.975) for count in (1, 5, 20, 60)]
    usual = _ends(IntervalCalibration.usual(8), 0.975)
    assert usual > widths[0] > widths[1] > widths[2] > widths[3]
    assert 0.5 * 1.96 < widths[3] < 0.7 * 1.96
    assert _ends(_fitted(np.full((1, 8), np.nan)), 0.975) == usual


def test_the_default_holds_what_it_says_on_well_behaved_errors() -> None:
    random = np.random.default_rng(1)
    held = []
    for _ in range(300):
        scale = random.uniform(0.8, 1.2)
        found = _fitted(scale * random.standard_normal((5, 6)))
        ahead = scale * random.standard_normal(6)
        held.append([np.mean(np.abs(ahead) < _ends(found, level)) for level in (0.9, 0.975)])
    eighty, ninety_five = np.mean(held, axis=0)
    assert 0.78 < eighty < 0.88
    assert 0.94 < ninety_five < 0.985
