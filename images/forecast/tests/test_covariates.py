"""Covariates of any kind, and the evidence for using them."""

from typing import Any

import numpy as np
import pytest
from forecast.models.evidence import expected_gain, improves
from forecast.tests.conftest import Job, Trained, ask, months

EFFECTS = {"none": 0.0, "flyer": 12.0, "tv": 25.0}


@pytest.fixture(scope="module")
def job(train: Trained) -> Job:
    """Sales that depend on a category and a boolean, in different channels, and not on a third column."""
    random = np.random.default_rng(1)
    target, related = ["item_id,timestamp,target,open"], ["item_id,timestamp,promo,colour"]
    for name in "abcd":
        promo = random.choice(list(EFFECTS), 64)
        opened = random.random(64) < 0.7
        for step, month in enumerate(months(64)):
            sold = 100 + EFFECTS[promo[step]] + 15 * opened[step] + random.normal(0, 1)
            if step < 60:
                target.append(f"{name},{month},{sold:.3f},{str(bool(opened[step])).lower()}")
            related.append(f"{name},{month},{promo[step]},{'red' if step % 2 else 'blue'}")
    channels = {"train": {"a.csv": "\n".join(target)}, "related": {"b.csv": "\n".join(related)}}
    done = train(channels, horizon=4, item_id="item_id", backtest_windows=3)
    assert done.code == 0, done.log
    assert "promo=flyer" in done.text("The series")
    assert "; used." in done.text("The series")
    return done


def means(server: Any, **cells: Any) -> float:
    reply = ask(server, [{"item_id": "a", "timestamp": "2023-01-01", **cells}])
    assert reply.status == 200, reply.text
    found: float = reply.json["predictions"][0]["mean"]
    return found


def test_categories_and_booleans_are_covariates(job: Job) -> None:
    with job.server() as server:
        none = means(server, promo="none", open=True)
        assert means(server, promo="tv", open=True) - none == pytest.approx(25, abs=3)
        assert means(server, promo="flyer", open=True) - none == pytest.approx(12, abs=3)
        assert none - means(server, promo="none", open=False) == pytest.approx(15, abs=3)
        body = b"item_id,timestamp,promo,open\na,2023-01-01,tv,true\n"
        reply = ask(server, body, "text/csv")
        assert reply.json["predictions"][0]["mean"] == pytest.approx(means(server, promo="tv", open=True))
        line = {"item_id": "a", "timestamp": "2023-01-01"}
        assert ask(server, [line]).status == 200


def test_an_unknown_category_is_refused_with_its_row_and_column(job: Job) -> None:
    rows = [{"item_id": "a", "timestamp": "2023-01-01", "promo": promo} for promo in ("tv", "radio")]
    with job.server() as server:
        reply = ask(server, rows)
        assert reply.status == 400
        assert (reply.json["row"], reply.json["column"]) == (2, "promo")
        assert "flyer, none, tv" in reply.json["message"]
        some = ask(server, {"instances": rows, "configuration": {"on_error": "record"}}).json["predictions"]
        assert [bool(row["error"]) for row in some] == [False, True]


def test_declined_columns_of_any_kind_may_still_be_sent(train: Trained) -> None:
    """By name, in any number and order, in CSV and JSON: a header with unknown names is not a row."""
    random = np.random.default_rng(2)
    lines = ["item_id,timestamp,target,rain,kind,flag"]
    for name in "ab":
        for month in months(40):
            lines.append(
                f"{name},{month},{random.normal(50, 3):.3f},{random.random():.3f},"
                f"{random.choice(['x', 'y'])},{random.choice(['true', 'false'])}"
            )
    done = train({"train": {"a.csv": "\n".join(lines)}}, horizon=4, item_id="item_id")
    assert done.code == 0, done.log
    assert "; not used." in done.text("The series")
    with done.server() as server:
        right = ask(server, b"item_id,timestamp\na,2021-05-01\n", "text/csv").json
        for header, cells in (
            ("rain,item_id,kind,timestamp,flag", "0.5,a,x,2021-05-01,true"),
            ("item_id,timestamp,rain,kind,flag", "a,2021-05-01,,z,"),
            ("kind,item_id,timestamp", "x,a,2021-05-01"),
        ):
            reply = ask(server, f"{header}\n{cells}\n".encode(), "text/csv")
            assert (reply.status, reply.json) == (200, right), header
        row = {"item_id": "a", "timestamp": "2021-05-01", "rain": 1, "kind": "x", "flag": True}
        assert ask(server, [row]).json == right


def test_a_likely_gain_is_taken_and_a_likely_loss_is_not() -> None:
    """Two standard errors are not needed: what is declined costs as much as what is used wrongly."""
    random = np.random.default_rng(0)
    before = random.gamma(4, 0.25, 60)
    gains = random.normal(0.06, 0.27, 60)
    gains += 0.06 - gains.mean()  # 6 %, 1.7 standard errors
    assert gains.mean() < 2 * gains.std(ddof=1) / np.sqrt(60)
    assert improves(before, before - gains * before.mean())
    assert not improves(before, before * 1.01)
    assert not improves(before, before)
    assert not improves(np.array([1.0, np.nan]), np.array([0.97, 0.5])), "one forecast is no evidence"
    assert expected_gain(np.array([]), np.array([])) < 0
