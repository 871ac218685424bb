"""Rows for training, early stopping and evaluation are disjoint."""

import numpy as np
import pytest
from boosting import splits
from boosting.splits import SplitKeys

from slipway import Column, Table, UserError

NONE = SplitKeys(None, None, None)


def test_rows_are_held_out_in_the_shares_of_the_classes() -> None:
    strata = np.repeat([0.0, 1.0, 2.0], [60, 30, 10])
    rest, out = splits.hold_out(SplitKeys(strata, None, None), 100, 0.2, 0, "evaluation")
    assert np.bincount(strata[out].astype(int)).tolist() == [12, 6, 2]
    assert sorted([*rest, *out]) == list(range(100))
    again = splits.hold_out(SplitKeys(strata, None, None), 100, 0.2, 0, "evaluation")[1]
    other = splits.hold_out(SplitKeys(strata, None, None), 100, 0.2, 1, "evaluation")[1]
    assert np.array_equal(out, again)
    assert not np.array_equal(out, other)


def test_groups_stay_whole() -> None:
    groups = np.random.default_rng(0).integers(0, 10, 100)
    rest, out = splits.hold_out(SplitKeys(None, groups, None), 100, 0.3, 0, "evaluation")
    assert len(set(groups[out])) == 3
    assert not set(groups[rest]) & set(groups[out])


def test_the_latest_rows_are_held_out_and_equal_times_stay_together() -> None:
    times = np.random.default_rng(0).permutation(np.repeat(np.arange(25.0), 4))
    rest, out = splits.hold_out(SplitKeys(None, None, times), 100, 0.25, 0, "evaluation")
    assert times[rest].max() < times[out].min()
    assert 20 <= len(out) <= 28


@pytest.mark.parametrize("how", ["row", "class", "group"])
def test_every_row_is_in_one_fold(how: str) -> None:
    random = np.random.default_rng(0)
    classes, groups = random.integers(0, 3, 50).astype(float), random.integers(0, 12, 50)
    rows = {"row": NONE, "class": SplitKeys(classes, None, None), "group": SplitKeys(None, groups, None)}[how]
    found = list(splits.folds(rows, 50, 4, 0))
    assert sorted(place for _, out in found for place in out) == list(range(50))
    for rest, out in found:
        assert not set(rest) & set(out)
        assert how != "group" or not set(groups[rest]) & set(groups[out])
        if how == "row":
            assert 12 <= len(out) <= 13


def test_folds_by_time_learn_from_the_past() -> None:
    times = np.random.default_rng(0).permutation(np.arange(60.0))
    found = list(splits.folds(SplitKeys(None, None, times), 60, 5, 0))
    assert len(found) == 5
    for rest, out in found:
        assert times[rest].max() < times[out].min()


@pytest.mark.parametrize(
    "rows", [NONE, SplitKeys(None, np.zeros(3, int), None), SplitKeys(None, None, np.zeros(3))]
)
def test_too_few_rows_are_named(rows: SplitKeys) -> None:
    with pytest.raises(UserError, match=r"too few|are needed"):
        list(splits.folds(rows, 3, 5, 0))
    with pytest.raises(UserError, match=r"too few|are needed"):
        splits.hold_out(rows, 1 if rows is NONE else 3, 0.1, 0, "evaluation")


def test_parts_of_a_table_are_places_in_it_and_not_copies() -> None:
    from boosting.data import Data, concatenate
    from boosting.row_view import View

    def whole() -> Data:
        columns = [Column(name="size", kind="number"), Column(name="kind", kind="text")]
        table = Table(columns, [np.arange(10.0), np.array([*"abcdefghij"], dtype=object)], 10)
        return Data(View(table, None), np.arange(10.0), None, None, None)

    rows = whole()
    some = rows.take(np.array([8, 1, 4])).take(np.array([2, 0]))
    assert some.features.table is rows.features.table
    assert some.features.column("kind").tolist() == some.features.arrow("kind").to_pylist() == ["b", "i"]
    again = concatenate([some, rows.take(np.array([3]))])
    assert again.features.table is rows.features.table
    assert again.features.number("size").tolist() == again.target.tolist() == [1, 8, 3]
    both = concatenate([some, whole()]).features
    assert both.column("kind").tolist() == [*"bi", *"abcdefghij"]
