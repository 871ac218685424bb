"""What the report tells of covariates: their gain, and their effects as the model has them."""

import re
from typing import Any

import numpy as np
import pytest
from forecast.models.calibration import IntervalCalibration
from forecast.models.effects import Effects
from forecast.models.engine import Engine
from forecast.panel.panel import Panel
from forecast.tests.conftest import Job, Trained, ask, build_panel, months

PROMO = {"none": 0.0, "flyer": 10.0, "tv": 30.0}
POINTS, HORIZON = 64, 4


def _table(random: Any, series: int, sold: Any) -> str:
    lines = ["item_id,timestamp,target,price,open,promo"]
    for name in "abcdefgh"[:series]:
        price = random.uniform(2, 8, POINTS + HORIZON)
        opened = random.random(POINTS + HORIZON) < 0.6
        promo = random.choice(list(PROMO), POINTS + HORIZON, p=[0.6, 0.2, 0.2])
        for step, month in enumerate(months(POINTS + HORIZON)):
            value = f"{sold(price[step], opened[step], promo[step]):.3f}" if step < POINTS else ""
            told = str(bool(opened[step])).lower() if name != "b" else ""
            lines.append(f"{name},{month},{value},{price[step]:.3f},{told},{promo[step]}")
    return "\n".join(lines)


@pytest.fixture(scope="module")
def job(train: Trained) -> Job:
    """Sales with effects of a price, opening and promotions; nobody says when series b opens."""
    random = np.random.default_rng(4)

    def sold(price: float, opened: bool, promo: str) -> float:
        return float(200 - 4 * price + 12 * opened + PROMO[promo] + random.normal(0, 1))

    channels = {"train": {"a.csv": _table(random, 4, sold)}}
    done = train(channels, horizon=HORIZON, item_id="item_id", backtest_windows=3)
    assert done.code == 0, done.log
    assert "; used." in done.text("The series")
    return done


def _effects(job: Job) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["covariate"], row["change"]): row for row in job.table("Effects of covariates")}


def test_effects_are_told_in_the_units_of_the_target(job: Job) -> None:
    found = _effects(job)
    assert found[("promo", "tv instead of none")]["per step"] == pytest.approx(30, abs=2)
    assert found[("promo", "flyer instead of none")]["per step"] == pytest.approx(10, abs=2)
    assert found[("open", "1 instead of 0")]["per step"] == pytest.approx(12, abs=2)
    price = found[("price", "high instead of low")]
    assert price["per unit"] == pytest.approx(-4, abs=0.5)
    assert price["per step"] == pytest.approx(-4 * 4.8, abs=4)
    assert price["in % of the forecast"] == pytest.approx(-10, abs=3)
    assert price["10 % quantile"] <= price["per step"] <= price["90 % quantile"]
    assert price["forecasts asked"] == 12
    assert found[("open", "1 instead of 0")]["forecasts asked"] == 9, "series b has no such forecast"
    text = job.text("Effects of covariates")
    assert "the forecast of target" in text
    assert "per step when tv instead of none" in text
    assert re.search(r"price: -[34]\.?\d* per unit", text)


def test_effects_are_what_the_served_model_answers(job: Job) -> None:
    told = _effects(job)[("promo", "tv instead of none")]
    with job.server() as server:
        answers = []
        for promo in ("tv", "none"):
            rows = [
                {"item_id": name, "timestamp": month, "promo": promo, "price": 5, "open": True}
                for name in "acd"
                for month in months(POINTS + HORIZON)[POINTS:]
            ]
            answers.append([row["mean"] for row in ask(server, rows).json["predictions"]])
    moved = float(np.mean(np.array(answers[0]) - answers[1]))
    assert told["per step"] == pytest.approx(moved, rel=0.03)


def test_the_gain_is_told_by_class_and_by_covariate(job: Job) -> None:
    rows = {row["class"]: row for row in job.table("Covariates")}
    assert set(rows) == {"all", "seasonal"}
    assert rows["all"]["MASE with covariates"] == pytest.approx(job.report["metrics"]["mase"])
    assert rows["all"]["gain in %"] > 50
    assert "used" in job.text("Covariates")
    each = {row["covariate"]: row for row in job.table("Gain of each covariate")}
    assert list(each) == ["price", "open", "promo"]
    assert each["promo"]["gain in %"] > each["open"]["gain in %"] > 10
    assert each["promo"]["MASE without it"] > each["promo"]["MASE with it"]
    assert (each["open"]["forecasts with it"], each["open"]["forecasts without it"]) == (9, 3)


def test_declined_covariates_have_a_gain_and_no_effects(train: Trained) -> None:
    random = np.random.default_rng(5)
    channels = {"train": {"a.csv": _table(random, 2, lambda *_: float(random.normal(100, 5)))}}
    done = train(channels, horizon=HORIZON, item_id="item_id", backtest_windows=2)
    assert done.code == 0, done.log
    assert "; not used." in done.text("The series")
    assert "declined" in done.text("Covariates")
    assert {row["class"] for row in done.table("Covariates")} == {"all", "seasonal"}
    titles = [part["title"] for part in done.report["sections"]]
    assert not {"Effects of covariates", "Gain of each covariate"} & set(titles)


@pytest.mark.parametrize("logs", [False, True])
def test_other_covariates_change_a_forecast_as_if_it_were_made_with_them(logs: bool) -> None:
    random = np.random.default_rng(6)
    known = [random.uniform(0, 2, (50, 2)) for _ in range(3)]
    series = [100 * np.exp(0.3 * x[:44, 0] + random.normal(0, 0.05, 44)) for x in known]
    bare = build_panel(series)
    panel = Panel(
        bare.timeline, bare.key_names, bare.keys, bare.first, bare.ends, bare.values,
        ("x", "y"), np.concatenate(known), np.cumsum([len(rows) for rows in known]),
    )  # fmt: skip
    labels: Any = ("seasonal",) if logs else ()
    engine = Engine(6, (12,), "fast", "auto", IntervalCalibration.usual(6), log_classes=labels)
    effects = Effects.fit(engine.transformed(panel)[0], (12,))
    engine = Engine(
        6, (12,), "fast", "auto", IntervalCalibration.usual(6), effects=effects, log_classes=labels
    )
    ahead = [rows[44:] for rows in known]
    others = [rows + np.array([0.5, 0.0]) for rows in ahead]
    found = engine.with_other_covariates(engine.forecast(panel, 6, ahead), panel, ahead, others)
    right = engine.forecast(panel, 6, others)
    assert engine.means(found, panel) == pytest.approx(engine.means(right, panel))
    assert engine.quantiles(found, panel, [0.1]) == pytest.approx(engine.quantiles(right, panel, [0.1]))
    assert np.isfinite(found.log_scale).all() == logs
