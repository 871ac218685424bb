"""Series as they come: each rule of `tidy` is needed here, counted, and stops no other series."""

from typing import Any

import numpy as np
import pytest
from forecast.tests.conftest import Trained, ask, long_csv, monthly, months

GOOD = {"good": monthly(48), "better": monthly(48, 200.0, 1)}
ODD: dict[str, list[Any]] = {
    "one point": [5.0],
    "two points": [5.0, 6.0],
    "three points": [5.0, 6.0, 4.0],
    "short": [5.0, 6.0, 4.0, 7.0, 5.5],
    "constant": [7.0] * 30,
    "zeros": [0.0] * 30,
    "negative": [value - 200 for value in monthly(40)],
    "intermittent": [0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 1.0, 0.0] * 5,
    "missing": [None] * 12,
    "gaps": [value if place % 7 else None for place, value in enumerate(monthly(40), 3)],
    "leading and trailing gaps": [None, None, *monthly(30), None],
    "huge": [value * 1e12 for value in monthly(30)],
    "tiny numbers": [value * 1e-9 for value in monthly(30)],
    "a step": [1.0] * 20 + [1000.0] * 20,
}


@pytest.fixture(scope="module")
def odd(train: Trained) -> Any:
    return train({"train": {"a.csv": long_csv({**GOOD, **ODD})}}, horizon=6)


def test_every_odd_series_is_forecast_and_none_stops_the_others(odd: Any) -> None:
    assert odd.code == 0, odd.log
    rows = [{"item_id": name} for name in (*ODD, *GOOD)]
    with odd.server() as server:
        reply = ask(server, {"instances": rows})
        assert reply.status == 200, reply.text
    for name, found in zip((*ODD, *GOOD), reply.json["predictions"], strict=True):
        assert found["item_id"] == name
        assert len(found["mean"]) == 6
        numbers = [*found["mean"], *(value for row in found["quantiles"].values() for value in row)]
        assert all((value is None) == (name == "missing") for value in numbers), name
    by_name = {found["item_id"]: found for found in reply.json["predictions"]}
    assert by_name["one point"]["mean"] == [5.0] * 6
    assert by_name["three points"]["mean"] == [4.0] * 6
    assert by_name["constant"]["mean"] == [7.0] * 6
    assert by_name["zeros"]["mean"] == [0.0] * 6
    assert max(by_name["negative"]["quantiles"]["0.1"]) < 0
    assert min(by_name["intermittent"]["quantiles"]["0.1"]) >= 0
    assert 0 < by_name["intermittent"]["mean"][0] < 1.5
    assert by_name["good"]["mean"] == pytest.approx(by_name["better"]["mean"], rel=1.5)


def test_each_rule_that_was_needed_is_counted(odd: Any) -> None:
    found = odd.rules
    expected = {
        "series of 1 to 3 points": 3,
        "constant series": 1,
        "all-zero series": 1,
        "series with negative points": 1,
        "series without points": 1,
        "missing points before the first of a series": 2,
        "missing points after the last of a series": 1 + 1,
        "series with filled points": 1,
    }
    assert {name: found.get(name) for name in expected} == expected
    classes = {row["class"]: row["series"] for row in odd.table("Classes")}
    assert classes == {"empty": 1, "constant": 2, "tiny": 3, "short": 1, "intermittent": 1, "seasonal": 8}


def test_nothing_is_hidden_a_method_that_fails_is_named(monkeypatch: Any) -> None:
    from forecast.models import ensemble, members
    from forecast.panel.frequency import Frequency
    from forecast.panel.panel import Panel
    from forecast.panel.timeline import Timeline

    def broken(y: Any, horizon: int, seasons: Any) -> Any:
        raise ZeroDivisionError

    like = Panel(Timeline(Frequency("month", 1), 0), ("item_id",), [], np.zeros(0), np.zeros(0), np.zeros(0))
    panel = Panel.of(like, [("a",), ("b",)], np.zeros(2), [np.array(monthly(40)), np.array([1.0, 2.0])])
    monkeypatch.setitem(ensemble._SEASONAL, "fast", (broken, members.theta))
    found = ensemble.forecast(panel, 3, (12,), "fast")
    assert found.fallbacks == {"broken: ZeroDivisionError": 1}
    assert np.isfinite(found.mean).all()
    monkeypatch.setitem(ensemble._SEASONAL, "fast", (broken,))
    found = ensemble.forecast(panel, 3, (12,), "fast")
    assert found.fallbacks == {"broken: ZeroDivisionError": 1, "every method failed: naive": 1}
    assert found.mean[0].tolist() == [panel.series(0)[-1]] * 3


BASE = monthly(36)


def forecast(job: Any, item: str = "a") -> list[float]:
    assert job.code == 0, job.log
    with job.server() as server:
        reply = ask(server, {"instances": [{"item_id": item}]})
        assert reply.status == 200, reply.text
        found: list[float] = reply.json["predictions"][0]["mean"]
        return found


@pytest.fixture(scope="module")
def plain(train: Trained) -> list[float]:
    return forecast(train({"train": {"a.csv": long_csv({"a": BASE})}}, horizon=3))


def shuffled(text: str) -> str:
    head, *lines = text.splitlines()
    return "\n".join([head, *np.random.default_rng(0).permutation(lines)]) + "\n"


@pytest.mark.parametrize("odd", ["shuffled", "twice", "in two files", "wide"])
def test_another_way_of_writing_the_same_series_gives_the_same_forecast(
    train: Trained, plain: list[float], odd: str
) -> None:
    text = long_csv({"a": BASE})
    head, *lines = text.splitlines()
    files = {
        "shuffled": {"a.csv": shuffled(text)},
        "twice": {"a.csv": text, "b.csv": text},
        "in two files": {"a.csv": "\n".join([head, *lines[20:]]), "b.csv": "\n".join([head, *lines[:20]])},
        "wide": {
            "a.csv": "month,a,b\n" + "".join(f"{m},{v},{v}\n" for m, v in zip(months(36), BASE, strict=True))
        },
    }[odd]
    job = train({"train": files}, horizon=3)
    assert forecast(job) == pytest.approx(plain, rel=1e-12)
    if odd == "shuffled":
        assert job.rules["series with unsorted rows"] == 1
    if odd == "twice":
        assert job.rules["points at the same step"] == 36


@pytest.mark.parametrize(("how", "times"), [("mean", 1.0), ("sum", 2.0), ("last", 1.5)])
def test_several_rows_of_a_step_become_one(
    train: Trained, plain: list[float], how: str, times: float
) -> None:
    halves = (
        long_csv({"a": [value * 0.5 for value in BASE]}),
        long_csv({"a": [value * 1.5 for value in BASE]}),
    )
    found = forecast(train({"train": {"a.csv": halves[0], "b.csv": halves[1]}}, horizon=3, duplicates=how))
    assert found == pytest.approx([value * times for value in plain], rel=0.02)


def hours(zone: str = "") -> list[str]:
    start = np.datetime64("2024-03-29T00:00:00")
    return [str(start + np.timedelta64(step, "h")) + zone for step in range(24 * 5)]


def test_hours_over_a_change_of_clocks_stay_in_step_where_zones_are_sent(train: Trained) -> None:
    """02:00 does not exist in Berlin on 31 March 2024, and the offset changes."""
    values = [10 + 5 * np.sin(2 * np.pi * step / 24) for step in range(24 * 5)]
    times = []
    for step in range(24 * 5):
        utc = np.datetime64("2024-03-28T23:00:00") + np.timedelta64(step, "h")
        offset = 2 if utc >= np.datetime64("2024-03-31T01:00:00") else 1
        times.append(f"{utc + np.timedelta64(offset, 'h')}+0{offset}:00")
    job = train({"train": {"a.csv": long_csv({"a": values}, times)}}, horizon=2)
    assert job.code == 0, job.log
    assert job.rules == {"timestamps with a time zone": 120}
    with job.server() as server:
        assert (
            ask(server, {"instances": [{"item_id": "a"}]}).json["predictions"][0]["start"]
            == "2024-04-02 23:00:00"
        )


def test_days_over_a_change_of_clocks_keep_their_midnights(train: Trained) -> None:
    days = [
        f"2024-{3 if day < 31 else 4:02}-{day % 31 + 1:02}T00:00:00+0{1 if day < 31 else 2}:00"
        for day in range(45)
    ]
    job = train({"train": {"a.csv": long_csv({"a": monthly(45)}, days)}}, horizon=2)
    assert job.rules == {"timestamps with a time zone": 45}
    with job.server() as server:
        assert ask(server, {"instances": [{"item_id": "a"}]}).json["predictions"][0]["start"] == "2024-04-15"


def test_leap_days_are_days_like_others_and_are_counted(train: Trained) -> None:
    days = [str(np.datetime64("2024-02-01") + step) for step in range(60)]
    job = train({"train": {"a.csv": long_csv({"a": monthly(60)}, days)}}, horizon=2)
    assert job.rules == {"points on 29 February": 1}


def test_a_series_of_another_step_is_put_on_the_common_one(train: Trained) -> None:
    yearly = [f"{2018 + year}-01-01" for year in range(3)]
    text = long_csv({"a": BASE, "b": monthly(36, 50)}) + long_csv(
        {"c": [1.0, 13.0, 25.0]}, yearly, header=False
    )
    job = train({"train": {"a.csv": text}}, horizon=3)
    assert job.code == 0, job.log
    assert job.rules["series with another step"] == 1
    assert job.rules["missing points inside a series"] == 22


def test_points_between_two_steps_belong_to_the_earlier(train: Trained) -> None:
    weeks = [str(np.datetime64("2024-01-01") + 7 * step + (step == 9)) for step in range(30)]
    job = train({"train": {"a.csv": long_csv({"a": monthly(30)}, weeks)}}, horizon=2)
    assert job.rules == {"points between two steps": 1}


def test_rows_without_a_time_are_left_out_and_counted(train: Trained) -> None:
    job = train({"train": {"a.csv": long_csv({"a": BASE}) + "a,,5\n"}}, horizon=3)
    assert job.rules == {"rows without a timestamp": 1}


@pytest.mark.parametrize(
    ("freq", "times", "start"),
    [
        ("MS", months(30), "2020-07-01"),
        (
            "ME",
            [str(np.datetime64(f"2020-{m:02}") + 1 - np.timedelta64(1, "D")) for m in range(1, 13)],
            "2021-01-31",
        ),
        ("QS", [f"{2015 + q // 4}-{q % 4 * 3 + 1:02}-01" for q in range(20)], "2020-01-01"),
        ("YS", [str(1980 + year) for year in range(30)], "2010-01-01"),
        ("W", [str(np.datetime64("2024-01-03") + 7 * step) for step in range(30)], "2024-07-31"),
        ("B", [str(np.busday_offset("2024-01-01", step)) for step in range(30)], "2024-02-12"),
        (
            "2h",
            [str(np.datetime64("2024-01-01T01:30:00") + 2 * np.timedelta64(step, "h")) for step in range(30)],
            "2024-01-03 13:30:00",
        ),
        (
            "15min",
            [f"2024-01-01 {step // 4:02}:{step % 4 * 15:02}" for step in range(40)],
            "2024-01-01 10:00:00",
        ),
    ],
)
def test_the_step_is_found_and_goes_on_after_the_last_point(
    train: Trained, freq: str, times: list[str], start: str
) -> None:
    text = long_csv({"a": monthly(len(times))}, times)
    for given in ({}, {"freq": freq}):
        job = train({"train": {"a.csv": text}}, horizon=2, **given)
        assert job.code == 0, job.log
        facts = {row[""]: row["value"] for row in job.table("The series")}
        assert facts["step"] == ("MS" if freq == "ME" else freq) + ("" if given else " (inferred)")
        with job.server() as server:
            assert ask(server, {"instances": [{"item_id": "a"}]}).json["predictions"][0]["start"] == start
