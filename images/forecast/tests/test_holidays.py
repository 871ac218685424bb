"""Public holidays: on the right steps, known ahead, used where they help, and served without the package."""

import sys
from typing import Any

import numpy as np
import pytest
from forecast.panel.frequency import Frequency
from forecast.panel.holidays import Calendar
from forecast.panel.panel import Panel
from forecast.panel.timeline import Timeline
from forecast.tests.conftest import Trained, ask

from slipway import UserError


def _panel(freq: str, begin: str, points: int) -> Panel:
    frequency = Frequency.parse(freq)
    days = np.datetime64(begin, "D") + frequency.count * np.arange(points)
    timeline = Timeline.of(frequency, days.astype("M8[s]"))
    like = Panel(timeline, ("item_id",), [], np.empty(0), np.empty(0), np.empty(0))
    first = timeline.steps(days[:1].astype("M8[s]"))
    return Panel.of(like, [("a",)], first, [np.arange(float(points))])


def _seen(calendar: Calendar, panel: Panel, name: str, steps: int) -> list[str]:
    """The steps that a covariate is not zero in."""
    (place,) = (number for number, one in enumerate(calendar.names) if one == name)
    column = calendar.columns(panel.timeline, panel.first[0] + np.arange(steps))[:, place]
    return list(panel.timeline.texts(panel.first[0] + np.flatnonzero(column)))


def test_days_have_their_holidays_and_those_beside_them() -> None:
    panel = _panel("D", "2022-01-01", 800)
    calendar = Calendar.of(["de-by", "US"], panel)
    assert _seen(calendar, panel, "Epiphany (DE-BY)", 800) == ["2022-01-06", "2023-01-06", "2024-01-06"]
    assert _seen(calendar, panel, "Thanksgiving Day (US)", 800) == ["2022-11-24", "2023-11-23"]
    assert "2022-12-24" in _seen(calendar, panel, "day before a holiday", 800)
    assert "2022-01-07" in _seen(calendar, panel, "day after a holiday", 800)
    assert not any("observed" in name for name in calendar.names)


@pytest.mark.parametrize(("begin", "found"), [("2022-01-02", "2022-12-25"), ("2022-01-03", "2022-12-19")])
def test_a_week_has_the_holidays_of_its_seven_days(begin: str, found: str) -> None:
    """Christmas 2022 was a Sunday: a week named by its Sunday ends then, one by its Monday began before."""
    panel = _panel("W", begin, 110)
    assert found in _seen(Calendar.of(["FR"], panel), panel, "Christmas Day (FR)", 110)
    assert "day before a holiday" not in Calendar.of(["FR"], panel).names


def test_what_a_holiday_was_once_has_no_effect_of_its_own() -> None:
    panel = _panel("D", "2023-01-01", 400)
    calendar = Calendar.of(["FR"], panel)
    assert "Christmas Day (FR)" not in calendar.names
    assert "2023-12-25" in _seen(calendar, panel, "other holidays", 400)


def test_unknown_places_and_steps_are_refused() -> None:
    panel = _panel("D", "2023-01-01", 10)
    for place, told in (("XX", 'unknown country "XX"'), ("DE-ZZ", 'DE has no part "ZZ"')):
        with pytest.raises(UserError, match=told):
            Calendar.of([place], panel)
    monthly = Panel.of(
        Panel(Timeline(Frequency.parse("MS"), 0), ("k",), [], np.empty(0), np.empty(0), np.empty(0)),
        [("a",)],
        np.zeros(1),
        [np.ones(5)],
    )
    with pytest.raises(UserError, match="steps of days or weeks"):
        Calendar.of(["US"], monthly)


def _daily() -> str:
    """A shop whose sales fall by 60 on a holiday; the last day is 2023-12-31."""
    panel = _panel("D", "2021-12-20", 742)
    steps = panel.first[0] + np.arange(742)
    calendar = Calendar.of(["FR"], panel)
    shut = calendar.columns(panel.timeline, steps)[:, : len(calendar.days)].sum(axis=1)
    noise = np.random.default_rng(0).normal(0, 4, 742)
    sold = 100 + 10 * np.sin(2 * np.pi * np.arange(742) / 7) - 60 * shut + noise
    days = panel.timeline.texts(steps)
    lines = [f"a,{day},{value:.1f}" for day, value in zip(days, sold, strict=True)]
    return "\n".join(["item_id,timestamp,target", *lines])


def test_holidays_that_help_are_used_told_by_name_and_served(
    train: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = train({"train": {"a.csv": _daily()}}, horizon=14, holidays="FR", backtest_windows=4)
    assert done.code == 0, done.log
    effects: dict[str, Any] = {
        row["covariate"]: row["per step"] for row in done.table("Effects of covariates")
    }
    assert -80 < effects["Christmas Day (FR)"] < -30, effects
    monkeypatch.setitem(sys.modules, "holidays", None)  # an import would fail
    with done.server() as server:
        found = ask(server, [{"item_id": "a"}]).json["predictions"][0]
        assert min(found["mean"]) < 60, "1 January 2024 is in the horizon"
        rows = [{"item_id": "a", "timestamp": day} for day in ("2024-01-01", "2024-01-02")]
        shut, open_ = (row["mean"] for row in ask(server, rows).json["predictions"])
        assert shut < 65 < 85 < open_
