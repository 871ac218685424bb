"""What training learns: intervals, covariates, sums that add up, backtests, and the measures of all these."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forecast.backtesting.backtest import make_windows
from forecast.backtesting.parallel import mapped
from forecast.backtesting.scores import Evaluation, mase, smape, units
from forecast.models import lightgbm_model
from forecast.models.calibration import LEVELS, IntervalCalibration
from forecast.models.classes import CLASSES, class_of
from forecast.models.decomposition import SeasonalIndices
from forecast.models.engine import Engine
from forecast.tests.conftest import Trained, ask, build_panel, long_csv, monthly, months

from slipway.image import Image
from slipway.paths import Paths
from slipway.training.hosts import local
from slipway.training.job import Job

IMAGE = Image.read(Path(__file__).parents[1])


@pytest.mark.parametrize(
    ("y", "seasons", "kind"),
    [
        ([], (12,), "empty"),
        ([3.0], (12,), "tiny"),
        ([3.0] * 9, (12,), "constant"),
        ([1.0, 2, 3, 4, 5], (12,), "short"),
        ([0.0, 0, 0, 2, 0, 0, 1, 0, 0, 3], (12,), "intermittent"),
        ([0.0, 0, 0, -2, 0, 0, 1, 0, 0, 3], (12,), "seasonal"),
        (list(range(40)), (12,), "seasonal"),
        (list(range(40)), (), "seasonal"),
        (list(range(110)), (52,), "long seasons"),
        (list(range(90)), (52,), "seasonal"),
        (list(range(400)), (24, 168), "long seasons"),
    ],
)
def test_each_series_has_the_class_of_its_kind(y: list[float], seasons: tuple[int, ...], kind: str) -> None:
    assert class_of(np.array(y, dtype=float), seasons) == kind


def test_intervals_hold_what_they_promise_of_errors_like_those_they_are_from() -> None:
    """Errors three times as wide as their spread says, with heavy tails."""
    random = np.random.default_rng(0)
    seasonal = CLASSES.index("seasonal")
    spreads = random.uniform(0.5, 5, (800, 6))
    errors = spreads * 3 * random.standard_t(4, (800, 6))
    found = IntervalCalibration.fit(errors[:400], spreads[:400], np.full(400, seasonal))
    levels = [0.025, 0.1, 0.3, 0.5, 0.7, 0.9, 0.975]
    factors = found.factors(np.full(400, seasonal), 6, levels)
    shares = np.mean(errors[400:, :, None] <= spreads[400:, :, None] * factors, axis=(0, 1))
    assert shares == pytest.approx(levels, abs=0.03)
    assert (np.diff(factors, axis=2) > 0).all()
    none = found.factors(np.array([CLASSES.index("short")]), 6, levels)
    assert none[0, 0] == pytest.approx(none[0, 5])
    few = IntervalCalibration.fit(errors[:50], spreads[:50], np.full(50, seasonal))
    assert few.factors(np.array([seasonal]), 6, [0.975])[0, 0, 0] > 4


def test_paths_are_spread_as_each_step_is_and_their_steps_go_together_as_errors_did() -> None:
    random = np.random.default_rng(0)
    kind = CLASSES.index("seasonal")
    spreads = np.ones((2_000, 6)) * np.sqrt(np.arange(1, 7))
    walks = random.standard_normal((2_000, 6)).cumsum(
        axis=1
    )  # wide as the spreads say, each step from the last
    for errors, together in ((walks, True), (random.permuted(walks, axis=0), False)):
        found = IntervalCalibration.fit(errors, spreads, np.full(2_000, kind))
        noise = random.standard_normal((3, 4_000, 6))
        paths = spreads[0] * found.at(np.full(3, kind), found.scores(np.full(3, kind), noise))
        assert paths.shape == noise.shape
        assert paths.std(axis=(0, 1)) == pytest.approx(walks.std(axis=0), rel=0.08)
        total = paths.sum(axis=2).std()
        assert total == pytest.approx(errors.sum(axis=1).std(), rel=0.08)
        apart = np.sqrt(np.square(walks.std(axis=0)).sum())
        assert bool(total > 1.5 * apart) is together
    usual = IntervalCalibration.usual(6)
    assert usual.correlations[kind] == pytest.approx(
        IntervalCalibration.fit(walks, spreads, np.full(2_000, kind)).correlations[kind], abs=0.1
    )


def test_a_season_is_taken_out_and_put_back_whatever_its_length_and_kind() -> None:
    for season in (4, 7, 12):
        shape = np.random.default_rng(season).uniform(0.5, 2, season)
        y = np.resize(shape, 6 * season + 2)
        found = SeasonalIndices.fit(y, season)
        assert found.multiplicative
        assert np.ptp(found.deseasonalize(y)) == pytest.approx(0, abs=1e-9)
        level = found.deseasonalize(y)[0]
        assert level * found.extended(len(y), season) == pytest.approx(np.resize(np.roll(shape, -2), season))
        less = y - 1.5
        added = SeasonalIndices.fit(less, season)
        assert not added.multiplicative
        assert np.ptp(added.deseasonalize(less)) == pytest.approx(0, abs=1e-9)


def test_quantiles_beyond_the_last_level_go_on() -> None:
    found = IntervalCalibration.usual(3).factors(np.array([0]), 3, [LEVELS[0], 0.5, LEVELS[-1]])
    assert found[0, 0, 0] == -found[0, 0, 2]
    assert found[0, 0, 1] == 0


def test_the_measures_are_those_of_the_competitions() -> None:
    actual, mean = np.array([[2.0, 4.0], [0.0, 0.0]]), np.array([[1.0, 6.0], [0.0, 0.0]])
    assert smape(actual, mean).tolist() == pytest.approx([200 * (1 / 3 + 2 / 10) / 2, 0])
    assert mase(actual, mean, np.array([1.5, 2.0])).tolist() == [1.0, 0.0]
    assert units(np.array([1.0, 3.0, 2.0, 6.0]), 2) == (2.0, 7.0)
    assert all(np.isnan(unit) for unit in units(np.array([1.0]), 12))
    quantiles = np.repeat(mean[:, :, None], 11, axis=2)
    found = Evaluation(actual, mean, quantiles, actual, np.array([1.0, 1.0]), np.array([1.0, 1.0])).metrics()
    assert found["WQL"] == pytest.approx(np.abs(actual - mean).sum() / np.abs(actual).sum())
    assert found["MASE naive"] == 0
    assert found["coverage 95 %"] == 0.5


def test_backtests_cut_whole_horizons_from_the_end_or_at_dates() -> None:
    panel = build_panel([np.arange(40.0), np.arange(9.0), np.arange(3.0)])
    windows = make_windows(panel, 4, 1, 2, [])
    assert [window.panel.lengths.tolist() for window in windows] == [[36, 5], [32]]
    assert windows[0].actual.tolist() == [[36, 37, 38, 39], [5, 6, 7, 8]]
    (window,) = make_windows(panel, 4, 1, None, [6])
    assert window.panel.lengths.tolist() == [7, 7]
    assert window.actual[0].tolist() == [7, 8, 9, 10]
    assert window.actual[1][:2].tolist() == [7, 8]
    assert np.isnan(window.actual[1][2:]).all()


def test_the_report_tells_the_attributes_of_the_metadata_apart(train: Trained) -> None:
    series = long_csv({name: monthly(40, 100, number) for number, name in enumerate("abc")})
    metadata = "item_id,kind,name\na,hot,x\nb,cold,y\n"
    job = train({"train": {"a.csv": series}, "metadata": {"a.csv": metadata}}, horizon=3)
    assert job.code == 0, job.log
    rows = {row["kind"]: row["forecasts"] for row in job.table("Backtest by kind")}
    assert rows == {"cold": 1, "hot": 1, "unknown": 1}
    job = train({"train": {"a.csv": series}, "metadata": {"a.csv": "sku,kind\na,hot\n"}}, horizon=3)
    assert "channel metadata: missing columns item_id" in job.failure


def test_the_test_channel_is_scored_as_deepar_scores_it(train: Trained) -> None:
    whole = {name: monthly(40, level) for name, level in (("a", 100.0), ("b", 300.0))}
    head = {name: values[:36] for name, values in whole.items()}
    tail = {name: values[36:] for name, values in whole.items()}
    trained = {"train": {"a.csv": long_csv(head)}}
    full = train({**trained, "test": {"a.csv": long_csv(whole)}}, horizon=4)
    rest = train({**trained, "test": {"a.csv": long_csv(tail, months(40)[36:])}}, horizon=4)
    assert full.code == rest.code == 0, full.log + rest.log
    assert full.report["metrics"] == rest.report["metrics"]
    assert full.report["metrics"]["test:RMSE"] > 0
    with full.server() as server:
        rows = ask(server, [{"item_id": name} for name in whole]).json["predictions"]
    errors = np.array([row["mean"] for row in rows]) - np.array(list(tail.values()))
    assert full.report["metrics"]["test:RMSE"] == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=1e-6)


def test_series_with_long_seasons_are_learnt_together_and_say_the_same_again(
    train: Trained, monkeypatch: Any
) -> None:
    """Processes are started after LightGBM's threads were, which would wait for ever if they met in one."""
    from forecast.backtesting import backtest

    monkeypatch.setattr(local, "_WORTH_S", 0.0)
    monkeypatch.setattr(backtest, "CHUNK", 6)
    monkeypatch.setattr(lightgbm_model, "_ROUNDS", 40)
    steps = np.arange(24 * 26)
    times = [str(np.datetime64("2024-01-01T00:00:00") + np.timedelta64(int(step), "h")) for step in steps]
    random = np.random.default_rng(0)
    series = {}
    for number in range(18):
        shape = 50 + 20 * np.sin(2 * np.pi * steps / 24) + 10 * np.sin(2 * np.pi * steps / 168 + number)
        series[str(number)] = np.round(shape + random.normal(0, 3, len(steps)), 2).tolist()
    job = train(
        {"train": {"a.csv": long_csv(series, times)}}, horizon=24, preset="balanced", backtest_windows=1
    )
    assert job.code == 0, job.log
    facts = {row[""]: row["value"] for row in job.table("The series")}
    assert facts["LightGBM"] == "level, season24, season168"
    assert job.report["metrics"]["mase"] < 0.8 * job.report["metrics"]["mase_naive"]
    assert {path.suffix for path in (job.root / "model").iterdir()} <= {".json", ".npz", ".parquet", ".txt"}
    with job.server() as server:
        both = ask(server, [{"item_id": "0"}, {"item_id": "1"}]).json["predictions"]
        alone = ask(server, [{"item_id": "1"}]).json["predictions"]
        assert alone[0]["mean"] == pytest.approx(both[1]["mean"], rel=1e-9)


def test_lightgbm_learns_from_attributes_where_they_help_out_of_sample(
    train: Trained, monkeypatch: Any
) -> None:
    """Half of the series now and then go far up, the others far down: what is usual of each is apart, and no
    lag says at once which is which.
    """
    from forecast.models import lightgbm_model

    monkeypatch.setattr(lightgbm_model, "_ROUNDS", 40)
    random = np.random.default_rng(0)
    steps = np.arange(24 * 25)
    times = [str(np.datetime64("2024-01-01T00:00:00") + np.timedelta64(int(step), "h")) for step in steps]
    series, metadata = {}, ["item_id,kind"]
    for number in range(18):
        up = number % 2 == 0
        jumps = 5 * random.gamma(2, 1, len(steps))
        series[str(number)] = np.round(50 + (jumps if up else -jumps), 2).tolist()
        metadata.append(f"{number},{'hot' if up else 'cold'}")
    channels = {"train": {"a.csv": long_csv(series, times)}, "metadata": {"a.csv": "\n".join(metadata)}}
    job = train(channels, horizon=8, preset="balanced", backtest_windows=2)
    assert job.code == 0, job.log
    told = job.text("The series")
    assert "without; used." in told, told
    with job.server() as server:
        rows = ask(server, [{"item_id": "0"}, {"item_id": "1"}]).json["predictions"]
        histories = [{"start": times[0], "target": series[name]} for name in "01"]
        unnamed = [row["mean"] for row in ask(server, {"instances": histories}).json["predictions"]]
        known = [{**histories[0], "item_id": "0"}, {**histories[1], "item_id": "1"}]
        named = [row["mean"] for row in ask(server, {"instances": known}).json["predictions"]]
    assert named == [pytest.approx(row["mean"]) for row in rows]
    assert unnamed != named, "a series without a name has no attributes"


@pytest.mark.parametrize(("given", "held"), [("auto", True), ("true", True), ("false", False)])
def test_series_that_never_were_negative_are_not_forecast_as_such(given: Any, held: bool) -> None:
    panel = build_panel([np.linspace(30, 1, 30)])
    engine = Engine(12, (), "fast", given, IntervalCalibration.usual(12))
    found = engine.forecast(panel, 12)
    ends = engine.quantiles(found, panel, [0.01, 0.5])
    assert bool(ends.min() >= 0) is held


def slow(task: int) -> int:
    time.sleep(0.01)
    return task * task


def test_many_series_go_through_processes_in_order_and_a_stop_ends_them(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(local, "_WORTH_S", 0.01)
    job, tasks = Job(IMAGE, Paths(tmp_path)), list(range(40))
    assert list(mapped(job, slow, tasks, lambda: False)) == [n * n for n in tasks]
    done: list[int] = []
    for one in mapped(job, slow, tasks, lambda: len(done) >= 5):
        done.append(one)
    assert done == [0, 1, 4, 9, 16]
    assert not list(mapped(job, slow, tasks, lambda: True))


def test_lightgbm_learns_from_as_many_series_as_memory_is_meant_for(monkeypatch: Any) -> None:
    random = np.random.default_rng(0)
    panel = build_panel([random.normal(size=400) for _ in range(30)])
    monkeypatch.setattr(lightgbm_model, "MAX_POINTS", 20 * (2 * 26 + 50))
    monkeypatch.setattr(lightgbm_model, "_ROUNDS", 2)
    found = lightgbm_model.LightGBMModel.fit(panel, (26,), 0, 1)
    assert found is not None
    assert found.note == "20 of 30 series, chosen at random"
    monkeypatch.setattr(lightgbm_model, "MAX_ROWS", 100)
    found = lightgbm_model.LightGBMModel.fit(panel, (26,), 0, 1)
    assert found is not None
    assert found.note.startswith("100 of ")
    assert found.note.endswith(" points in 20 of 30 series, chosen at random")
    assert np.isfinite(found.predict(panel, 3)["change"]).all(), "all series are forecast"


def test_time_that_runs_out_ends_backtests_not_the_job(train: Trained, monkeypatch: Any) -> None:
    from forecast import train as trainer

    ticks = iter(range(0, 10**6, 100))

    class Clock:
        monotonic = staticmethod(lambda: next(ticks))

    monkeypatch.setattr(trainer, "time", Clock)
    job = train({"train": {"a.csv": long_csv({"a": monthly(40)})}}, horizon=3, time_limit_s=60)
    assert job.code == 0, job.log
    assert "No series was backtested" in job.text("The series")
    with job.server() as server:
        assert ask(server, [{"item_id": "a"}]).status == 200
