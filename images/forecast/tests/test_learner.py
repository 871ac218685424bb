"""The global learner with covariates: what it sees, what it learns, and how it is chosen and served."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forecast.backtesting.fit import fit_engine
from forecast.hyperparameters import Hyperparameters
from forecast.models.effects import Effects, positive
from forecast.models.lagged import Lagged, base_window
from forecast.models.learner import Learner, Modelled
from forecast.panel.frequency import Frequency
from forecast.panel.panel import Panel
from forecast.panel.timeline import Timeline
from forecast.tests.conftest import Trained, ask

from slipway.paths import Paths
from slipway.training.job import Job

HORIZON, POINTS = 4, 140
NAMES = ("price", "promo")


def _panel(series: int, points: int = POINTS) -> tuple[Panel, np.ndarray[Any, Any]]:
    """Sales that a low price moves only while there is a promotion, and what they will be."""
    random = np.random.default_rng(3)
    shape = (series, points + HORIZON)
    promo = (random.random(shape) < 0.4).astype(float)
    cheap = random.random(shape) < 0.4
    price = random.lognormal(1, 1, (series, 1)) * np.where(cheap, 0.7, 1.0)
    sales = 20 * (1 + 1.5 * promo * cheap) * (1 + 0.05 * random.standard_normal(shape))
    like = Panel(
        Timeline(Frequency.parse("W"), 0), ("item_id",), [], np.empty(0), np.empty(0), np.empty(0), NAMES
    )
    known = list(np.stack([price, promo], axis=2))
    keys = [(str(place),) for place in range(series)]
    panel = Panel.of(like, keys, np.zeros(series), list(sales[:, :points]), known)
    return panel, sales[:, points:]


def _modelled(panel: Panel) -> Modelled:
    return Modelled(panel, panel, np.zeros(len(panel), dtype=bool))


@pytest.fixture(scope="module")
def learner() -> Learner:
    found = Learner.fit(_modelled(_panel(20)[0]), HORIZON, (), positive(_panel(20)[0].covariates), seed=0)
    assert found is not None
    return found


def test_what_acts_together_is_learnt_and_one_regression_cannot(learner: Learner) -> None:
    panel, actual = _panel(20)
    error = np.abs(learner.predict(_modelled(panel)) - actual).mean()
    effects = Effects.fit(panel, ())
    assert effects is not None
    split, added = effects.split(panel, HORIZON)
    straight = np.array([y.mean() for y in split])[:, None] + added
    assert error < 0.5 * np.abs(straight - actual).mean()
    assert error < 3.0, "the noise is 5 % of 20 to 50"


def test_features_know_nothing_from_after_the_forecast_begins() -> None:
    panel, _ = _panel(2)
    known = [panel.known(place) for place in range(2)]
    ahead = np.tile(np.arange(1, HORIZON + 1), 2)
    rows, begin = np.repeat([0, 1], HORIZON), 120
    other = panel.values.copy()
    for place in range(2):
        other[place * POINTS + begin : (place + 1) * POINTS] *= 7
    for seasons in ((), (12,), (52,), (7, 28)):
        found = [
            Lagged.of(
                some, [0, 1], seasons, HORIZON, np.ones(2, dtype=bool), known, positive(panel.covariates)
            )
            for some in (panel, replace(panel, values=other))
        ]
        (one, base), (two, base_then) = (part.features(rows, begin + ahead - 1, ahead) for part in found)
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(base, base_then)
        assert np.isfinite(one[:, : 5 + 3 * len(seasons)]).all()


def test_the_usual_past_is_whole_seasons() -> None:
    assert [base_window(seasons) for seasons in ((), (4,), (12,), (7, 365), (52,), (24, 168))] == [
        13,
        12,
        12,
        14,
        13,
        24,
    ]


def test_unknown_futures_and_odd_series_are_left_to_the_others(learner: Learner) -> None:
    panel, _ = _panel(3)
    ahead = [panel.known(place)[POINTS:] for place in range(3)]
    ahead[1] = np.full_like(ahead[1], np.nan)
    partly = ahead[2].copy()
    partly[2:] = np.nan
    found = learner.predict(replace(_modelled(panel), ahead=[ahead[0], ahead[1], partly]))
    assert np.isfinite(found[[0, 2]]).all()
    assert np.isnan(found[1]).all()
    usual = np.median(panel.known(2)[:POINTS], axis=0)  # its covariates are drawn anew at each step
    filled = np.vstack([partly[:2], usual, usual])
    again = learner.predict(replace(_modelled(panel), ahead=[ahead[0], ahead[1], filled]))
    np.testing.assert_array_equal(found[2], again[2])
    short = panel.cut(np.array([5, POINTS, POINTS]))
    assert np.isnan(learner.predict(_modelled(short))[0]).all()


def test_a_promotion_ends_where_its_end_is_not_known_and_a_price_stays() -> None:
    random = np.random.default_rng(8)
    promo = (random.random(POINTS + HORIZON) < 0.2).astype(float)
    price = np.repeat([3.0, 2.0, 2.5, 4.0], -(-(POINTS + HORIZON) // 4))[: POINTS + HORIZON]
    known = np.column_stack([price, promo])
    sales = 100 + 50 * promo - 10 * price + random.normal(size=len(promo))
    like, _ = _panel(1)
    panel = Panel.of(like, [("0",)], np.zeros(1), [sales[:POINTS]], [known])
    effects = Effects.fit(panel, ())
    assert effects is not None
    begins = np.array([[2.0, 1.0]])
    for ahead in (begins, np.vstack([begins, np.full((HORIZON - 1, 2), np.nan)])):
        _, added = effects.split(panel, HORIZON, [ahead])
        none = effects.split(panel, HORIZON, [np.tile([2.0, 0.0], (HORIZON, 1))])[1][0]
        assert added[0, 0] - none[0] == pytest.approx(50, abs=4)
        assert added[0, 1:] == pytest.approx(none[1:])


def test_a_stored_learner_is_the_same(learner: Learner, tmp_path: Path) -> None:
    assert Learner.load(tmp_path, []) is None
    learner.with_shares({"seasonal": 0.5}).save(tmp_path)
    found = Learner.load(tmp_path, [])
    assert found is not None
    assert found.shares == {"seasonal": 0.5}
    panel, _ = _panel(3)
    np.testing.assert_array_equal(found.predict(_modelled(panel)), learner.predict(_modelled(panel)))


def test_few_points_make_no_learner() -> None:
    panel, _ = _panel(5)
    assert Learner.fit(_modelled(panel), HORIZON, (), positive(panel.covariates), seed=0) is None


def test_prices_count_beside_the_usual_price() -> None:
    """One product costs a hundred times another: a tenth off is a tenth off."""
    random = np.random.default_rng(0)
    price = np.array([[1.0], [10.0], [100.0]]) * random.choice([0.8, 1.0, 1.1], (3, 80))
    sales = 50 * (price / np.median(price, axis=1, keepdims=True)) ** -2 + random.standard_normal((3, 80))
    like = Panel(
        Timeline(Frequency.parse("W"), 0), ("k",), [], np.empty(0), np.empty(0), np.empty(0), ("price",)
    )
    keys = [(name,) for name in "abc"]
    panel = Panel.of(like, keys, np.zeros(3), list(sales), list(price[:, :, None]))
    effects = Effects.fit(panel, ())
    assert effects is not None
    assert effects.ratios.tolist() == [True]
    split, _ = effects.split(panel, 2, [rows[:2] for rows in price[:, :, None]])
    assert all(y.std() < 0.4 * whole.std() for y, whole in zip(split, panel, strict=True))
    again = Effects.from_arrays(effects.as_arrays())
    assert again is not None
    np.testing.assert_array_equal(again.ratios, effects.ratios)


def test_a_job_with_effects_that_act_together_is_served_by_the_learner(train: Trained) -> None:
    panel, _ = _panel(20, 144)
    lines = ["item_id,timestamp,target,price,promo"]
    ahead = ["item_id,timestamp,price,promo"]
    weeks = np.datetime64("2020-01-06") + 7 * np.arange(144 + HORIZON)
    for place in range(20):
        for week, sold, (price, promo) in zip(weeks, panel.series(place), panel.known(place), strict=False):
            lines.append(f"i{place},{week},{sold:.2f},{price:.4f},{promo:.0f}")
    usual = np.median(panel.known(0)[:, 0])
    for share, promo in ((1, 0), (0.7, 0), (1, 1), (0.7, 1)):
        ahead.append(f"i0,{weeks[144 + len(ahead) - 1]},{share * usual:.4f},{promo}")
    done = train(
        {"train": {"a.csv": "\n".join(lines)}},
        horizon=HORIZON,
        preset="balanced",
        season_length=1,
        backtest_windows=1,
    )
    assert done.code == 0, done.log
    notes = done.text("The series")
    assert "LightGBM with covariates for the class seasonal" in notes
    assert notes.rstrip().endswith("; used."), notes
    facts = {row[""]: row["value"] for row in done.table("The series")}
    assert facts["LightGBM with covariates"].startswith("seasonal: a share of ")
    with done.server() as server:
        answer = ask(server, "\n".join(ahead).encode(), "text/csv")
    means = [row["mean"] for row in answer.json["predictions"]]
    assert means[3] > 1.8 * max(means[:3]), means
    assert max(means[:3]) < 27, means


def _saw(series: int, points: int) -> np.ndarray[Any, Any]:
    """A saw of nine steps, of which the season says nothing."""
    random = np.random.default_rng(5)
    steps = np.arange(points) + random.integers(0, 9, (series, 1))
    level = random.lognormal(3, 1, (series, 1))
    noise = 1 + 0.03 * random.standard_normal((series, points))
    found: np.ndarray[Any, Any] = level * (10 + steps % 9) * noise
    return found


def _rows(values: np.ndarray[Any, Any], covariate: bool = False) -> str:
    weeks = np.datetime64("2020-01-06") + 7 * np.arange(values.shape[1])
    random = np.random.default_rng(6)
    lines = ["item_id,timestamp,target" + (",luck" if covariate else "")]
    for place, y in enumerate(values):
        for week, sold in zip(weeks, y, strict=True):
            lines.append(
                f"i{place},{week},{sold:.3f}" + (f",{random.standard_normal():.3f}" if covariate else "")
            )
    return "\n".join(lines)


SEASONLESS = {"horizon": HORIZON, "preset": "balanced", "season_length": 1, "backtest_windows": 1}


def test_what_only_all_series_together_tell_is_learnt_without_covariates(train: Trained) -> None:
    values = _saw(20, 144 + HORIZON)
    done = train({"train": {"a.csv": _rows(values[:, :144], covariate=True)}}, **SEASONLESS)
    assert done.code == 0, done.log
    notes = done.text("The series")
    assert "LightGBM over all series for the class seasonal" in notes
    facts = {row[""]: row["value"] for row in done.table("The series")}
    assert facts["LightGBM over all series"] == "seasonal: a share of 100%"
    assert facts["covariates"] == "not used"
    with done.server() as server:
        answer = ask(server, [{"item_id": f"i{place}"} for place in range(20)]).json["predictions"]
    errors = [np.abs(row["mean"] - y[144:]).mean() / y.mean() for row, y in zip(answer, values, strict=True)]
    assert np.mean(errors) < 0.06, np.mean(errors)


def test_random_walks_have_no_global_learner_and_cost_one_window(
    image: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = []
    fit = Learner.fit

    def counted(*args: Any, **kwargs: Any) -> Any:
        fits.append(args)
        return fit(*args, **kwargs)

    monkeypatch.setattr(Learner, "fit", counted)
    like = Panel(Timeline(Frequency.parse("W"), 0), ("k",), [], np.empty(0), np.empty(0), np.empty(0))
    keys = [(str(place),) for place in range(20)]
    walks = 100 + np.cumsum(np.random.default_rng(0).standard_normal((20, 144)), axis=1)
    panel = Panel.of(like, keys, np.zeros(20), list(walks))
    params = Hyperparameters.read({**SEASONLESS, "freq": "W", "backtest_windows": 2})
    engine, tested, _ = fit_engine(panel, params, Job(image, Paths(tmp_path)))
    assert tested is not None
    assert engine.learner is None
    assert len(fits) == 1
