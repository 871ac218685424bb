"""The error for a column that a channel lacks."""

import pytest

from slipway import UserError
from slipway.kit.columns import require


def test_every_missing_column_is_named_and_a_wide_table_is_cut() -> None:
    names = [f"x{number}" for number in range(100)]
    require(["x1", "x99"], names, setting="features")
    with pytest.raises(UserError) as told:
        require(["x1", "y", "z"], names, setting="features")
    text = str(told.value)
    assert text.startswith("features: no column y, z in the train channel; it has x0, x1, ")
    assert text.endswith("x19 and 80 more")


def test_columns_that_the_data_need_name_the_channel() -> None:
    with pytest.raises(UserError, match=r"^channel validation: no column price; it has size$"):
        require(["price"], ["size"], channel="validation")


def test_a_name_of_several_lines_stays_on_one() -> None:
    with pytest.raises(UserError) as told:
        require(["a\nb"], ["c\nd"], setting="target")
    assert len(str(told.value).splitlines()) == 1
