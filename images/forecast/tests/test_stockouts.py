"""Points at which nothing could be sold: marked they are no demand of zero, unmarked the report asks."""

import numpy as np
import pytest
from forecast.tests.conftest import Trained, ask


def _sales() -> str:
    """Sales of about 50 a day; nothing could be sold on 16 days, 12 of them in a row."""
    random = np.random.default_rng(0)
    days = np.datetime64("2024-01-01") + np.arange(120)
    out = np.zeros(120, dtype=bool)
    out[100:112] = out[[60, 75, 90, 117]] = True
    lines = [
        f"a,{day},{0 if gone else sold},{str(gone).lower()}"
        for day, sold, gone in zip(days, random.poisson(50, 120), out, strict=True)
    ]
    return "\n".join(["item_id,day,sales,empty", *lines])


def test_marked_points_are_no_demand_of_zero(train: Trained) -> None:
    done = train({"train": {"a.csv": _sales()}}, timestamp="day", target="sales", horizon=7, stockout="empty")
    assert done.code == 0, done.log
    assert done.rules["missing points inside a series"] == 16
    assert "Covariates" not in done.text("The series")
    assert "hardly chance" not in done.text("The series")
    with done.server() as server:
        found = ask(server, [{"item_id": "a"}]).json["predictions"][0]
        header, *lines = _sales().replace("a,", "new,").splitlines()
        sent = ask(server, "\n".join([header, *lines]).encode(), "text/csv").json["predictions"]
        cells = [line.split(",") for line in lines]
        unsold = [{"item_id": "b", "day": row[1], "sales": 0, "empty": True} for row in cells[-3:]]
        rows = [{"item_id": "b", "day": row[1], "sales": float(row[2])} for row in cells[:-3]]
        ends = ask(server, [*rows, *unsold]).json["predictions"]
    assert 44 < min(found["mean"]) <= max(found["mean"]) < 56
    np.testing.assert_allclose([row["mean"] for row in sent], found["mean"])
    assert ends[0]["timestamp"] == cells[-3][1], "a series ends before points at which nothing could be sold"


def test_a_missing_column_is_named(train: Trained) -> None:
    done = train({"train": {"a.csv": _sales()}}, timestamp="day", target="sales", stockout="gone")
    assert done.code != 0
    assert "gone" in done.failure


@pytest.mark.parametrize(
    ("zeros", "told"),
    [
        ([], False),
        ([5, 6, 7, 8], True),
        ([5, 6], False),
        ([*range(5, 9), *range(30, 34)], False),
        (range(0, 60, 3), False),
        (range(40), False),
    ],
)
def test_runs_of_zeros_are_told_where_they_are_unusual(zeros: list[int], told: bool) -> None:
    from forecast.panel.frequency import Frequency
    from forecast.panel.panel import Panel
    from forecast.panel.shelves import empty_shelves
    from forecast.panel.timeline import Timeline

    y = np.full(80, 9.0)
    y[list(zeros)] = 0
    like = Panel(Timeline(Frequency.parse("D"), 0), ("k",), [], np.empty(0), np.empty(0), np.empty(0))
    panel = Panel.of(like, [("a",)], np.zeros(1), [y])
    assert bool(empty_shelves(panel)) is told
