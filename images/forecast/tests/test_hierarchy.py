"""What training learns of sums that add up, and of covariates."""

from typing import Any

import numpy as np
import pytest
from forecast.models.ensemble import Forecasts
from forecast.models.hierarchy import Hierarchy
from forecast.tests.conftest import Trained, ask, build_panel, monthly, months

KEYS = [("n", "a"), ("n", "b"), ("s", "a")]


def test_sums_of_every_level_are_series_and_forecasts_add_up() -> None:
    panel = build_panel([monthly(30), monthly(30, 20, 1), monthly(24, 60, 2)], KEYS, ("region", "shop"))
    hierarchy = Hierarchy(("region", "shop"))
    whole = hierarchy.aggregate(panel)
    assert whole.keys == [*KEYS, ("", ""), ("n", ""), ("s", "")]
    assert whole.series(3) == pytest.approx(whole.series(0) + whole.series(1) + whole.series(2))
    assert whole.lengths.tolist() == [30] * 6
    random = np.random.default_rng(0)
    mean = random.uniform(0, 100, (6, 4))
    some = Forecasts(mean, np.ones((6, 4)), np.zeros(6, dtype=int))
    found = hierarchy.reconcile(some, whole, np.zeros(6)).mean
    assert found[3] == pytest.approx(found[0] + found[1] + found[2])
    assert found[4] == pytest.approx(found[0] + found[1])
    assert found[5] == pytest.approx(found[2])
    assert (found >= 0).all()
    coherent = np.vstack([mean[:3], mean[:3].sum(axis=0), mean[0] + mean[1], mean[2]])
    same = hierarchy.reconcile(
        Forecasts(coherent, np.ones((6, 4)), np.zeros(6, dtype=int)), whole, np.zeros(6)
    )
    assert same.mean == pytest.approx(coherent)


def test_a_hierarchy_is_coherent_in_answers_stored_and_renewed(train: Trained) -> None:
    lines = ["region,shop,timestamp,target"]
    for number, key in enumerate(KEYS):
        for month, value in zip(months(36), monthly(36, 50.0 * (number + 1), number), strict=True):
            lines.append(f"{key[0]},{key[1]},{month},{value}")
    job = train(
        {"train": {"a.csv": "\n".join(lines)}}, horizon=3, item_id="region,shop", hierarchy="region,shop"
    )
    assert job.code == 0, job.log
    everything = [*KEYS, ("", ""), ("n", ""), ("s", "")]
    with job.server() as server:
        rows = [{"region": region, "shop": shop} for region, shop in everything]
        found = {
            (row["region"], row["shop"]): np.array(row["mean"])
            for row in ask(server, rows).json["predictions"]
        }
        assert found["", ""] == pytest.approx(found["n", ""] + found["s", ""])
        assert found["n", ""] == pytest.approx(found["n", "a"] + found["n", "b"])
        more = "region,shop,timestamp,target\nn,a,2021-01-01,900\nn,a,2021-02-01,\n"
        reply = ask(server, more.encode(), "text/csv")
        assert reply.status == 200, reply.text
        assert reply.json["predictions"][0]["timestamp"] == "2021-02-01"
        sums = "region,shop,timestamp,target\n,,2021-01-01,900\n"
        assert "send the histories" in ask(server, sums.encode(), "text/csv").json["message"]


def test_covariates_of_the_parts_move_them_and_their_sums(train: Trained) -> None:
    """A hierarchy's base forecasts use covariates, and stay coherent when a request has others."""
    random = np.random.default_rng(0)
    target, related = ["region,shop,timestamp,target"], ["region,shop,timestamp,discount"]
    for number, (region, shop) in enumerate(KEYS):
        discount = random.integers(0, 40, 63)
        base = monthly(63, 100 + 20 * number, number, noise=1)
        related += [f"{region},{shop},{month},{off}" for month, off in zip(months(63), discount, strict=True)]
        sold = base + 0.5 * discount
        target += [f"{region},{shop},{month},{y}" for month, y in zip(months(63)[:60], sold, strict=False)]
    channels = {"train": {"a.csv": "\n".join(target)}, "related": {"a.csv": "\n".join(related)}}
    job = train(channels, horizon=3, backtest_windows=3, item_id="region,shop", hierarchy="region,shop")
    assert job.code == 0, job.log
    assert "; used." in job.text("The series"), job.text("The series")
    keys = [*KEYS, ("", ""), ("n", ""), ("s", "")]

    def asked(server: Any, sent: float | None) -> dict[tuple[str, str], float]:
        """The first step of every series; the first has the discount `sent`."""
        rows = [{"region": region, "shop": shop, "timestamp": "2023-01-01"} for region, shop in keys]
        if sent is not None:
            rows[0] |= {"discount": sent}
        reply = ask(server, rows)
        assert reply.status == 200, reply.text
        return {(row["region"], row["shop"]): row["mean"] for row in reply.json["predictions"]}

    with job.server() as server:
        known = float(related[1 + 60].split(",")[3])
        stored, same = asked(server, None), asked(server, known)
        low, high = asked(server, 0), asked(server, 30)
        for found in (stored, low, high):
            assert found["", ""] == pytest.approx(found["n", ""] + found["s", ""])
            assert found["n", ""] == pytest.approx(found["n", "a"] + found["n", "b"])
        assert same == pytest.approx(stored)
        assert high["n", "a"] - low["n", "a"] == pytest.approx(15, rel=0.35)
        assert high["", ""] - low["", ""] == pytest.approx(15, rel=0.35)
        sums = [{"region": "", "shop": "", "timestamp": "2023-01-01", "discount": 99}]
        assert "send the covariates" in ask(server, sums).json["message"]


def covaried(noise: float) -> tuple[str, str]:
    """Sales that go up by half of a discount, and the discounts, of the future too."""
    random = np.random.default_rng(0)
    target, related = ["item_id,timestamp,target"], ["item_id,timestamp,discount,holiday"]
    for number in range(4):
        base = monthly(70, 100 + 20 * number, number, noise=1)
        discount = random.integers(0, 40, 73)
        for step, month in enumerate(months(73)):
            related.append(f"{number},{month},{discount[step]},")
            if step < 70:
                target.append(
                    f"{number},{month},{base[step] + (0.5 * discount[step] if noise < 5 else 0):.3f}"
                )
    return "\n".join(target), "\n".join(related)


def test_covariates_that_help_are_used_and_others_are_not(train: Trained) -> None:
    target, related = covaried(0)
    job = train({"train": {"a.csv": target}, "related": {"a.csv": related}}, horizon=3, backtest_windows=3)
    assert job.code == 0, job.log
    assert "; used." in job.text("The series")
    rows = [{"item_id": "1", "timestamp": "2023-11-01", "discount": value} for value in (0, 30)]
    with job.server() as server:
        low, high = (ask(server, [row]).json["predictions"][0]["mean"] for row in rows)
        assert high - low == pytest.approx(15, rel=0.2)
        stored = ask(server, [{"item_id": "1"}]).json["predictions"][0]["mean"]
        known = float(related.splitlines()[1 + 73 + 70].split(",")[2])
        asked = ask(server, [{**rows[0], "discount": known}]).json["predictions"][0]["mean"]
        assert stored[0] == pytest.approx(asked)
    target, related = covaried(9)
    job = train({"train": {"a.csv": target}, "related": {"a.csv": related}}, horizon=3, backtest_windows=3)
    assert "; not used." in job.text("The series")
    assert (
        train({"train": {"a.csv": target}, "related": {"a.csv": related}}, horizon=3, covariates=False).code
        == 0
    )
