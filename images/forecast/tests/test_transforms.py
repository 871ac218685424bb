"""Series on the log scale: chosen where effects multiply, exact in quantiles, and unbiased in means."""

from typing import Any

import numpy as np
import pytest
from forecast.models.calibration import IntervalCalibration
from forecast.models.engine import Engine
from forecast.models.transforms import from_log, log_scales, to_log
from forecast.tests.conftest import Trained, ask, build_panel, long_csv, monthly


def weeks(points: int) -> list[str]:
    return [str(np.datetime64("2021-01-03") + 7 * step) for step in range(points)]


def promoted(multiplicative: bool, points: int = 132, series: int = 12) -> tuple[list[Any], list[Any]]:
    """Weekly sales whose price cuts multiply, or add to, what is sold; and the prices."""
    random = np.random.default_rng(7)
    sales, prices = [], []
    for _ in range(series):
        price = np.where(random.random(points) < 0.25, random.uniform(0.6, 0.9, points), 1.0)
        noise, level = random.normal(0, 0.1, points), np.exp(random.normal(4, 0.7))
        walk = np.cumsum(random.normal(0, 0.04, points))
        sold = np.exp(walk + noise - 3 * np.log(price)) if multiplicative else 3 + walk + noise - 1.5 * price
        sales.append(level * sold)
        prices.append(price)
    return sales, prices


def test_values_come_back_and_series_near_zero_stay_as_they_are() -> None:
    panel = build_panel([np.arange(1.0, 30.0), np.r_[0.0, np.arange(1.0, 30.0)], np.r_[1e-6, np.ones(30)]])
    scales = log_scales(panel, np.ones(3, dtype=bool))
    assert np.isfinite(scales).tolist() == [True, False, False]
    values = np.repeat(scales, panel.lengths)
    assert from_log(to_log(panel.values, values), values) == pytest.approx(panel.values)
    assert to_log(panel.series(0), scales[:1]).mean() == pytest.approx(0)


def test_quantiles_are_those_of_the_logarithms_and_means_those_of_the_distribution() -> None:
    random = np.random.default_rng(0)
    y = 50 * np.exp(random.normal(0, 0.5, 400))
    panel = build_panel([y])
    plain = Engine(3, (), "fast", "auto", IntervalCalibration.normal(3))
    logs = Engine(3, (), "fast", "auto", IntervalCalibration.normal(3), log_classes=("seasonal",))
    levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    found = logs.forecast(panel, 3)
    quantiles = logs.quantiles(found, panel, levels)
    scale = np.exp(np.log(y).mean())
    centred = build_panel([np.log(y / scale)])
    inner = plain.quantiles(plain.forecast(centred, 3), centred, levels)
    assert quantiles == pytest.approx(scale * np.exp(inner))
    assert (np.diff(quantiles, axis=2) > 0).all()
    paths = logs.samples(found, panel, 4_000)
    assert logs.means(found, panel)[0] == pytest.approx(paths[0].mean(axis=0), rel=0.06)
    assert (logs.means(found, panel) > 1.05 * quantiles[:, :, 2]).all()


def test_logarithms_are_used_where_effects_multiply_and_only_there(train: Trained) -> None:
    for multiplicative in (True, False):
        sales, prices = promoted(multiplicative)
        names = [f"s{number}" for number in range(len(sales))]
        target = long_csv(
            dict(zip(names, [y[:128].round(3).tolist() for y in sales], strict=True)), weeks(128)
        )
        related = long_csv(dict(zip(names, [p.round(3).tolist() for p in prices], strict=True)), weeks(132))
        channels = {
            "train": {"a.csv": target},
            "related": {"b.csv": related.replace("timestamp,target", "timestamp,price")},
        }
        job = train(channels, horizon=4, preset="fast", backtest_windows=4)
        assert job.code == 0, job.log
        text = job.text("The series")
        used = "forecasts; used." in text
        assert used is multiplicative, text
        scale = {row["class"]: row["scale"] for row in job.table("Classes")}
        assert scale["long seasons"] == ("logarithms if positive" if multiplicative else "as is")
        with job.server() as server:
            rows = [{"item_id": name, "timestamp": weeks(132)[-1]} for name in names]
            cheap, usual = (
                np.array(
                    [
                        row["mean"]
                        for row in ask(server, [{**r, "price": p} for r in rows]).json["predictions"]
                    ]
                )
                for p in (0.7, 1.0)
            )
        if multiplicative:  # a price cut of 30 % sells 0.7 ** -3 times as much, at any level
            assert cheap / usual == pytest.approx(0.7**-3, rel=0.15)


def test_a_hierarchy_keeps_the_scale_on_which_its_totals_add_up(train: Trained) -> None:
    lines = ["region,shop,timestamp,target"]
    for number in range(6):
        for step, value in enumerate(monthly(60, 100, number)):
            month = f"{2018 + step // 12}-{step % 12 + 1:02}-01"
            lines.append(f"{number % 2},{number},{month},{np.exp(value / 30):.3f}")
    job = train(
        {"train": {"a.csv": "\n".join(lines)}},
        horizon=3,
        backtest_windows=5,
        item_id="region,shop",
        hierarchy="region,shop",
    )
    assert job.code == 0, job.log
    assert "Logarithms" not in job.text("The series")
