"""Data and settings that cannot be used: one line that says what is wrong."""

import json

import pytest
from forecast.hyperparameters import Hyperparameters
from forecast.tests.conftest import Trained, long_csv, monthly

from slipway import UserError

BASE = monthly(36)
BAD = {
    "no times": ("item_id,target\na,1\nb,2\n", {}, "no time column"),
    "a preset that was": (long_csv({"a": BASE}), {"preset": "best"}, "use balanced"),
    "no target": (
        "item_id,timestamp,a,b\nx,2024-01-01,1,2\nx,2024-02-01,1,2\n",
        {"layout": "long"},
        "hyperparameter target",
    ),
    "a wrong target": (long_csv({"a": BASE}), {"target": "sold"}, "target: no column sold"),
    "words for a target": (
        "item_id,timestamp,target\na,2024-01-01,x\na,2024-02-01,y\n",
        {},
        'row 1, column "target": expected a number, got "x"',
    ),
    "words for times": (
        "item_id,timestamp,target\na,soon,1\na,later,2\n",
        {},
        'row 1, column "timestamp": expected a date or time',
    ),
    "one time": ("item_id,timestamp,target\na,2024-01-01,1\n", {}, "freq cannot be inferred"),
    "no point at all": ("item_id,timestamp,target\na,2024-01-01,\na,2024-02-01,\n", {}, "has no values"),
    "numbers beyond all bounds": (
        long_csv({"a": [1e200 * (1 + place % 3) for place in range(36)]}),
        {},
        "too large",
    ),
    "an unknown freq": (long_csv({"a": BASE}), {"freq": "fortnight"}, "expected a pandas alias"),
    "a far year": (long_csv({"a": BASE}) + "a,2200-01-01,5\n", {"freq": "min"}, "steps of min"),
    "a schema without a time": (
        long_csv({"a": BASE}),
        {"schema": '[{"name": "a", "col_type": "key"}]'},
        "schema: expected one column",
    ),
    "two kinds of items": (
        "shop,sku,timestamp,target\na,b,2024-01-01,1\na,b,2024-02-01,1\n",
        {"target": "target"},
        "item_id",
    ),
    "a hierarchy of other keys": (
        long_csv({"a": BASE}),
        {"hierarchy": "region"},
        "hierarchy: expected the key columns item_id",
    ),
}


@pytest.mark.parametrize("bad", BAD)
def test_what_cannot_be_read_is_told_in_one_line(train: Trained, bad: str) -> None:
    text, hyperparameters, says = BAD[bad]
    job = train({"train": {"a.csv": text}}, **hyperparameters)
    assert job.code != 0
    assert says in job.failure
    assert "internal" not in job.failure
    assert len(job.failure.splitlines()) == 1


def test_lines_of_json_need_a_freq(train: Trained) -> None:
    job = train({"train": {"a.json": json.dumps({"start": "2018-01-01", "target": BASE})}})
    assert "freq is required" in job.failure


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"freq": "fortnight"}, "freq: expected a pandas alias"),
        ({"season_length": "12,0"}, "season_length"),
        ({"schema": '[{"name": "a", "col_type": "key"}]'}, "schema: expected one column of col_type time"),
        (
            {
                "schema": '[{"name": "t", "col_type": "time"}, {"name": "y", "col_type": "num"}]',
                "item_id": "shop",
            },
            "mutually exclusive",
        ),
        ({"hierarchy": "region,shop", "item_id": "shop"}, "hierarchy: expected the key columns shop"),
    ],
)
def test_rules_across_hyperparameters_hold_before_data_are_read(given: dict[str, str], says: str) -> None:
    with pytest.raises(UserError) as caught:
        Hyperparameters.read(given)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_repairs_are_told_in_the_log(train: Trained) -> None:
    rows = long_csv({"a": BASE, "b": BASE}).splitlines()
    rows = [*rows[:4], *rows[5:], rows[3]]  # a gap, and a step that comes twice
    rows[-2] = rows[-2].replace("b,", ",", 1)
    job = train({"train": {"a.csv": "\n".join(rows) + "\n"}})
    assert job.code == 0
    for told in ("points at the same step: combined: 1", "missing points inside a series: filled: 1"):
        assert told in job.log
    assert "1 points have no item_id; they were read as series of their own" in job.log
