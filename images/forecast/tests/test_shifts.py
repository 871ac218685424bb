"""Level shifts are found where they are, hardly ever elsewhere, and forecasts go on from the level after."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forecast.backtesting.backtest import make_windows
from forecast.backtesting.shifts import choose_shifts
from forecast.models import ensemble
from forecast.models.calibration import IntervalCalibration
from forecast.models.engine import Engine
from forecast.models.shifts import moved, shifts_of
from forecast.panel.frequency import Frequency
from forecast.panel.panel import Panel
from forecast.panel.timeline import Timeline
from forecast.tests.conftest import Trained, build_panel, long_csv, monthly

from slipway.paths import Paths
from slipway.training.job import Job

Values = np.ndarray[Any, Any]


def _series(kind: str, series: int, points: int) -> Values:
    random, steps = np.random.default_rng(4), np.arange(points)
    noise = random.standard_normal((series, points))
    season = np.sin(2 * np.pi * steps / 12)
    bends = np.maximum(steps - random.integers(points // 3, points - 4, (series, 1)), 0)
    kinds = {
        "noise": 10 + noise,
        "trend": 60 + random.uniform(-0.4, 0.4, (series, 1)) * steps + noise + 2 * season,
        "random walk": 100 + np.cumsum(noise, axis=1),
        "random walk and noise": 100 + 0.4 * np.cumsum(noise, axis=1) + random.standard_normal(noise.shape),
        "growth": 100 * np.exp(0.02 * steps + 0.1 * noise + 0.3 * season),
        "bent trend": 100 + random.normal(0, 0.3, (series, 1)) * bends + noise,
        "promotions": 100 + 5 * noise + 60 * (random.random((series, points)) < 0.1),
        "heavy tails": 100 + random.standard_t(3, (series, points)),
        "counts": random.poisson(4, (series, points)).astype(float),
    }
    return kinds[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "noise",
        "trend",
        "random walk",
        "random walk and noise",
        "growth",
        "bent trend",
        "promotions",
        "heavy tails",
        "counts",
    ],
)
def test_where_there_is_none_none_is_found(kind: str) -> None:
    found = shifts_of(build_panel(list(_series(kind, 200, 72))), (12,))
    assert np.mean([bool(shifts) for shifts in found]) <= 0.02


def test_weekends_of_hours_are_no_shifts() -> None:
    steps = np.arange(720)
    weekend = steps // 24 % 7 >= 5
    noise = np.random.default_rng(2).standard_normal((20, 720))
    values = 50 + 10 * np.sin(2 * np.pi * steps / 24) - 20 * weekend + noise
    like = Panel(Timeline(Frequency.parse("h"), 0), ("k",), [], np.empty(0), np.empty(0), np.empty(0))
    for points, seasons in ((720, (24, 168)), (150, (24,))):
        parts = list(values[:, :points])
        panel = Panel.of(like, [(str(place),) for place in range(20)], np.zeros(20), parts)
        assert not any(shifts_of(panel, seasons))


@pytest.mark.parametrize(("factor", "after"), [(1.6, 12), (0.6, 12), (0.5, 4)])
def test_a_shift_is_found_where_it_is_and_forecasts_go_on_from_it(factor: float, after: int) -> None:
    random, steps = np.random.default_rng(0), np.arange(84)
    values = 100 * np.exp(0.2 * np.sin(2 * np.pi * steps / 12) + 0.05 * random.standard_normal((20, 84)))
    values[:, 72 - after :] *= factor
    panel = build_panel(list(values[:, :72]))
    found = shifts_of(panel, (12,))
    assert all(len(shifts) == 1 for shifts in found)
    assert all(shifts[0].place == 72 - after for shifts in found)
    assert [shifts_of(panel.take([place]), (12,))[0] for place in range(20)] == found, "in any company"
    ratio = moved(panel, (12,)).values.reshape(20, 72)[:, : 72 - after] / values[:, : 72 - after]
    assert ratio.mean() == pytest.approx(factor, rel=0.1)
    plain, better = (ensemble.forecast(some, 12, (12,), "fast").mean for some in (panel, moved(panel, (12,))))
    errors = [np.abs(means - values[:, 72:]).mean() for means in (plain, better)]
    assert errors[1] < 0.9 * errors[0]


def test_short_and_intermittent_series_are_left_as_they_are() -> None:
    step = np.r_[np.full(10, 5.0), np.full(10, 50.0)] + np.arange(20) % 2
    sparse = np.where(np.arange(72) % 3, 0.0, np.r_[np.full(36, 5.0), np.full(36, 50.0)])
    panel = build_panel([step, sparse, np.full(72, 3.0)])
    assert shifts_of(panel, (12,)) == [[], [], []]
    assert moved(panel, (12,)) is panel


def test_the_report_tells_which_series_since_when(train: Trained) -> None:
    values = monthly(60)
    broken = [value * (2 if place >= 48 else 1) for place, value in enumerate(monthly(60, 80, 1))]
    done = train({"train": {"a.csv": long_csv({"a": values, "b": broken})}}, horizon=3)
    assert done.code == 0, done.log
    (row,) = done.table("Level shifts")
    assert (row["series"], row["since"]) == ("b", "2022-01-01")
    assert float(row["change"].removeprefix("times ")) == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("stays", [True, False])
def test_where_many_levels_change_backtests_say_whether_they_stay(
    stays: bool, image: Any, tmp_path: Path
) -> None:
    values = 100 * np.exp(0.03 * np.random.default_rng(1).standard_normal((10, 72)))
    values[:, 60 : None if stays else 66] *= 1.5
    panel = build_panel(list(values))
    engine = Engine(6, (), "balanced", "auto", IntervalCalibration.usual(6))
    windows = make_windows(panel, 6, 1, 1, [])
    found, (note,) = choose_shifts(windows, engine, 0, Job(image, Paths(tmp_path)), lambda: False)
    assert found.level_shifts is stays
    assert note.endswith("; used." if stays else "; not used.")
    assert any(found.shifts(windows[0].panel)) is stays
