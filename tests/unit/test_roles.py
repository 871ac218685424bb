"""What an algorithm says of a column decides how it is read: times by their role, lists where they may be."""

from pathlib import Path

import numpy as np
import pytest

from slipway import Channel, Column, RowErrors, Schema, UserError
from slipway.table import match
from slipway.table.times import TimeFormat


def channel(folder: Path, text: str) -> Channel:
    (folder / "a.csv").write_text(text)
    return Channel("train", folder)


@pytest.mark.parametrize(("cell", "day"), [("20240229", "2024-02-29"), ("2024", "2024-01-01")])
def test_a_column_of_times_is_one_by_its_role_though_its_cells_are_digits(
    tmp_path: Path, cell: str, day: str
) -> None:
    found = channel(tmp_path, f"day,x\n{cell},1\n,2\n")
    found.declare("time", ["day"])
    assert found.kinds == {"day": "time", "x": "integer"}
    assert found.table.column("day").tolist() == [cell, None]
    assert found.table.times("day")[0] == np.datetime64(day)


def test_a_column_of_times_without_one_is_refused(tmp_path: Path) -> None:
    found = channel(tmp_path, "day,x\n,1\nsoon,2\n")
    found.declare("time", ["day"])
    with pytest.raises(UserError, match=r'row 2, column "day": expected a date or time, got "soon"'):
        found.table.times("day")


def test_all_cells_that_are_no_times_may_be_told_at_once() -> None:
    errors: dict[int, UserError] = {}
    found = TimeFormat().parse(["2024-01-31", "soon", None, "later"], "day", errors)
    assert np.isnat(found).tolist() == [False, True, True, True]
    assert {place: (error.row, error.column) for place, error in errors.items()} == {
        1: (2, "day"),
        3: (4, "day"),
    }


def test_cells_of_numbers_are_lists_only_where_they_may_be() -> None:
    cells = [[1.0, None], 2]
    assert match.cells_of(cells, Column(name="y", kind="number", lists=True)).tolist() == cells
    with pytest.raises(UserError, match="expected a number, got a list of 2"):
        match.cells_of(cells, Column(name="y", kind="number"))


def test_a_header_is_known_by_the_names_of_every_channel() -> None:
    columns = (Column(name="key", kind="text"), Column(name="y", kind="number", optional=True))
    names = ["key", "rain", "snow"]
    assert not Schema(columns=columns, table=columns).knows(names)
    assert Schema(columns=columns, table=columns, others=("rain", "snow")).knows(names)


def test_the_first_of_several_errors_stands_for_all_in_another_place() -> None:
    error = RowErrors({3: UserError("bad", 3, "x"), 5: UserError("worse", 5)}).moved(9)
    assert (str(error), error.row) == ('row 9, column "x": bad', 9)


def test_a_key_is_a_text_and_no_list() -> None:
    with pytest.raises(UserError, match=r"row 1, .*a list; expected a text"):
        match.cells_of([["a"], "b"], Column(name="key", kind="text", role="key"))
