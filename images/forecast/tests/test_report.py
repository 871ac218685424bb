"""What the training report tells of the forecasts to come."""

import math
from typing import Any

import numpy as np
import pytest
from forecast.models import ensemble
from forecast.models.members import NAMES
from forecast.reporting.charts import label
from forecast.tests.conftest import Job, Trained, ask, long_csv, monthly, months

ODD = '<script>alert("x")</script>&\n$a_b$'


def _upcoming(job: Job) -> dict[str, dict[str, Any]]:
    """The sections of forecasts to come, by what the series was chosen for."""
    start = "Forecast to come: "
    parts = [part for part in job.report["sections"] if part["title"].startswith(start)]
    return {part["title"].removeprefix(start): part for part in parts}


@pytest.fixture(scope="module")
def job(train: Trained) -> Job:
    """Series from steady to noisy, a large one, one of few points, and one without any."""
    series = {f"s{place}": monthly(48, 100, place, 0.5 + 4.0 * place) for place in range(5)}
    series["big"] = monthly(45, 5_000, 9, 200.0)
    series["bits"] = [0.0, 0, 3] * 16
    series["new"] = [4.0, 5.0]
    done = train({"train": {"a.csv": long_csv(series)}}, horizon=6, backtest_windows=2)
    assert done.code == 0, done.log
    return done


def test_the_report_shows_the_forecasts_that_the_model_serves(job: Job) -> None:
    found = _upcoming(job)
    words = " ".join(found)
    assert all(word in words for word in ("best", "median", "worst", "largest"))
    assert 2 <= len(found) <= 4
    (big,) = (part for name, part in found.items() if "largest" in name)
    assert big["text"].startswith("big: ")
    assert "2021-09-01" in big["text"], "its last point"
    with job.server() as server:
        for part in found.values():
            key = part["text"].partition(":")[0]
            steps = [{"item_id": key, "timestamp": row["step"]} for row in part["table"]]
            options = {"quantiles": [0.025, 0.1, 0.9, 0.975]}
            served = ask(server, {"instances": steps, "configuration": options}).json["predictions"]
            assert len(served) == 6
            for row, answer in zip(part["table"], served, strict=True):
                told = [row[name] for name in ("forecast", "95 % from", "80 % from", "80 % to", "95 % to")]
                right = [answer[name] for name in ("mean", "0.025", "0.1", "0.9", "0.975")]
                assert told == pytest.approx(right)
                assert told[1] <= told[2] <= told[3] <= told[4]


def test_the_report_names_the_methods_that_made_a_forecast(job: Job) -> None:
    texts = [part["text"] for part in _upcoming(job).values()]
    (big,) = (text for text in texts if text.startswith("big: "))
    assert "median of damped exponential smoothing" in big
    assert "dynamic optimised theta" in big


def test_every_method_of_an_ensemble_has_a_name_for_the_report() -> None:
    for preset in ("fast", "balanced"):
        for kind in ("tiny", "short", "intermittent", "seasonal", "long seasons"):
            for seasons in ((), (12,), (52,), (24, 168)):
                for with_lightgbm in (False, True):
                    found = ensemble.ensemble_for(kind, 10_000, seasons, preset, with_lightgbm)
                    assert {method.__name__ for method in found.methods} <= NAMES.keys()


def test_a_method_that_failed_is_not_named(monkeypatch: Any) -> None:
    def broken(*_: Any) -> Any:
        raise ArithmeticError

    monkeypatch.setattr(ensemble.members, "imapa", broken)
    y = np.array([0.0, 0, 3, 0, 0, 1, 0, 0, 0, 2])
    found = ensemble.forecast(_panel(y), 2, (), "fast")
    assert dict(found.members) == {"adida": 1}


def _panel(y: Any) -> Any:
    from forecast.tests.conftest import build_panel

    return build_panel([y])


def test_names_are_escaped_and_short(train: Trained) -> None:
    series = {ODD.replace("\n", " "): monthly(40), "x" * 500: monthly(40, 300, 3)}
    lines = ["item_id,timestamp,target"]
    for name, values in series.items():
        quoted = '"' + name.replace('"', '""') + '"'
        lines += [f"{quoted},{month},{value}" for month, value in zip(months(40), values, strict=True)]
    done = train({"train": {"a.csv": "\n".join(lines)}}, horizon=3)
    assert done.code == 0, done.log
    page = (done.root / "output/data/report.html").read_text()
    assert "<script" not in page
    assert "x" * 100 not in page
    assert "Incomplete" not in page
    assert len(_upcoming(done)) == 2
    assert label(("a\nb", "\u202ec")) == "a b/c"
    assert len(label(("y" * 99,))) == 60


def test_a_long_horizon_is_shown_in_part_and_says_so(train: Trained) -> None:
    series = {"a": monthly(150)}
    done = train({"train": {"a.csv": long_csv(series)}}, horizon=40)
    assert done.code == 0, done.log
    (part,) = _upcoming(done).values()
    assert len(part["table"]) == 12
    assert "first 12 of 40 steps" in part["text"]


def test_without_a_backtest_the_largest_series_is_shown(train: Trained) -> None:
    done = train(
        {"train": {"a.csv": long_csv({"a": [1.0, 2, 3], "b": [10.0, 20, 30]})}},
        horizon=2,
        backtest_windows=0,
    )
    assert done.code == 0, done.log
    (name, part), *more = _upcoming(done).items()
    assert (name, more) == ("largest", [])
    assert part["text"].startswith("b: ")
    assert not any(math.isnan(row["forecast"]) for row in part["table"])


def test_totals_of_a_hierarchy_are_told_as_they_are_served(train: Trained) -> None:
    lines = ["region,shop,timestamp,target"]
    for number, (region, shop) in enumerate([("n", "1"), ("n", "2"), ("s", "3")]):
        values = zip(months(40), monthly(40, 100 * (number + 1), number), strict=True)
        lines += [f"{region},{shop},{month},{value}" for month, value in values]
    done = train(
        {"train": {"a.csv": "\n".join(lines)}}, horizon=3, item_id="region,shop", hierarchy="region,shop"
    )
    assert done.code == 0, done.log
    (part,) = (part for name, part in _upcoming(done).items() if "largest" in name)
    assert part["text"].startswith("-/-: ")
    assert "reconciled" in part["text"]
    with done.server() as server:
        served = ask(server, [{"region": "", "shop": ""}]).json["predictions"][0]["mean"]
    assert [row["forecast"] for row in part["table"]] == pytest.approx(served)
