"""Intermittent series: quantiles that are zero where most points are."""

from typing import Any

import numpy as np
import pytest
from forecast.models.calibration import LEVELS
from forecast.models.demand import Demand
from forecast.tests.conftest import Trained, ask, long_csv

DECILES = np.arange(1, 10) / 10
WEEK = np.array([0.1, 0.1, 0.1, 0.3, 0.5, 2.0, 2.0])


def sold(series: int, points: int, seed: int, rates: Any = 0.3, most: int = 1) -> list[np.ndarray]:
    """Demand in some of the steps, of 1 to `most` pieces each."""
    random = np.random.default_rng(seed)
    shape = (series, points)
    return list((random.random(shape) < rates) * random.integers(1, most + 1, shape).astype(float))


def test_the_quantiles_of_what_never_changes_are_those_of_the_past() -> None:
    histories = sold(150, 400, 0, 0.3, most=4)
    levels = [0.1, 0.5, 0.6, 0.74, 0.81, 0.89, 0.97]
    found = Demand.of(histories, np.inf, 1).quantiles(histories, 7, 3, levels)
    assert found.shape == (150, 3, 7)
    true = [0, 0, 0, 1, 2, 3, 4]  # zero in 70 of 100, then each in 7.5
    assert np.median(found, axis=(0, 1)).tolist() == true
    assert np.abs(found - true).mean() < 0.3


def test_points_of_the_same_place_in_the_season_count_for_a_step() -> None:
    rates = np.resize(WEEK / 2.5, 140)
    histories = sold(150, 140, 1, rates)  # the last point is the seventh of its week
    found = Demand.of(histories, np.inf, 50).quantiles(histories, 7, 8, [0.5]).mean(axis=(0, 2))
    assert found[:5].max() < 0.1 < 0.9 < found[5:7].min()
    assert found[7] == found[0]
    short = [y[-21:] for y in histories]
    flat = Demand.of(short, np.inf, 50).quantiles(short, 7, 8, [0.5])
    assert np.ptp(flat, axis=1).max() == 0, "three weeks are too few to tell the days apart"


def test_recent_points_count_more() -> None:
    histories = [np.r_[np.ones(100), np.zeros(60)]] * 3
    level = [0.8]
    assert Demand.of(histories, np.inf, 1).quantiles(histories, 1, 1, level).max() == 1
    assert Demand.of(histories, 10, 1).quantiles(histories, 1, 1, level).max() == 0


def test_a_short_history_may_see_what_others_have_seen() -> None:
    others = sold(50, 200, 2, 0.2, most=9)
    short = [np.array([0.0, 0, 0, 2, 0, 0])]
    alone, together = (
        Demand.of(histories, np.inf, 1).quantiles(short, 1, 1, [0.999])[0, 0, 0]
        for histories in (short, others)
    )
    assert together > 1.3 * alone


def test_levels_are_put_right_by_what_came() -> None:
    """Each series ends on a level of its own, so that the past is narrower than what comes."""
    random = np.random.default_rng(3)
    before, after = random.gamma(1, 5, (2, 1600, 1))
    histories = list(random.poisson(np.repeat(before, 60, axis=1)).astype(float))
    histories = [y if y.any() else np.r_[y, 1.0] for y in histories]
    actual = random.poisson(np.repeat(after, 6, axis=1)).astype(float)
    raw = Demand.of(histories, np.inf, 1)
    fitted = raw.fit(histories[:800], actual[:800], 1)

    def over(demand: Demand) -> np.ndarray:
        upper = demand.quantiles(histories[800:], 1, 6, [0.8, 0.9, 0.975])
        return np.mean(actual[800:, :, None] > upper, axis=(0, 1))

    promised = np.array([0.2, 0.1, 0.025])
    assert (over(raw) > 1.3 * promised).all()
    assert (over(fitted) < 1.25 * promised).all()
    assert (raw.fit(histories[:20], actual[:20], 1).levels == LEVELS).all(), "too few to tell"


def test_paths_have_the_quantiles() -> None:
    histories = sold(4, 100, 4, 0.4, most=5)
    demand = Demand.of(histories, 90, 4)
    levels = np.random.default_rng(5).random((4, 20_000, 8))
    paths = demand.paths(histories, 7, levels)
    assert paths.shape == levels.shape
    wanted = demand.quantiles(histories, 7, 8, [0.301, 0.701, 0.951])
    found = np.moveaxis(np.quantile(paths, [0.301, 0.701, 0.951], axis=1), 0, 2)
    assert np.mean(found != wanted) < 0.1, "but where a level falls between two points"


def days(points: int) -> list[str]:
    return [str(np.datetime64("2023-01-02") + step) for step in range(points)]


def quantile_loss(actual: np.ndarray, quantiles: np.ndarray) -> float:
    over = actual[..., None] - quantiles
    loss = np.maximum(DECILES * over, (DECILES - 1) * over)
    return float(2 * loss.mean(axis=-1).sum() / actual.sum())


def test_a_job_answers_quantiles_that_are_zero_where_most_points_are(train: Trained) -> None:
    series = sold(40, 214, 6, 0.12, most=4)
    names = [f"s{place}" for place in range(40)]
    past = {name: y[:200].astype(int).tolist() for name, y in zip(names, series, strict=True)}
    job = train(
        {"train": {"a.csv": long_csv(past, days(200))}},
        horizon=14,
        quantiles=",".join(map(str, DECILES)),
        backtest_windows=3,
    )
    assert job.code == 0, job.failure
    said = job.text("The series")
    assert "Quantiles of intermittent series from their own past" in said
    assert "; used." in said
    config = {"output_types": ["quantiles", "samples", "mean"], "num_samples": 400}
    config["quantiles"] = [f"{level:g}" for level in DECILES]
    with job.server() as server:
        body = {
            "instances": [{"start": "2023-01-02", "target": past[name]} for name in names],
            "configuration": config,
        }
        answers = ask(server, body).json["predictions"]
    quantiles = np.array([[one["quantiles"][f"{level:g}"] for level in DECILES] for one in answers])
    actual = np.array([y[200:] for y in series])
    best = quantile_loss(actual, np.zeros((1, 1, 9)))  # 88 % are zero
    assert quantile_loss(actual, quantiles.swapaxes(1, 2)) < 1.03 * best
    samples = np.array([one["samples"] for one in answers])
    assert np.mean(samples == 0) == pytest.approx(0.88, abs=0.03)
    assert samples.mean() == pytest.approx(np.mean([one["mean"] for one in answers]), rel=0.25)


@pytest.mark.parametrize("windows", [0, 1])
def test_one_series_alone_has_them_too(train: Trained, windows: int) -> None:
    y = sold(1, 120, 7, 0.2, most=3)[0].astype(int).tolist()
    table = long_csv({"a": y}, days(120))
    job = train({"train": {"a.csv": table}}, horizon=5, quantiles="0.5,0.7,0.99", backtest_windows=windows)
    assert job.code == 0, job.failure
    with job.server() as server:
        answer = ask(server, {"instances": [{"start": "2023-01-02", "target": y}]}).json["predictions"][0]
    assert set(answer["quantiles"]["0.5"]) == set(answer["quantiles"]["0.7"]) == {0.0}
    assert min(answer["quantiles"]["0.99"]) >= 2
