"""A column of texts is a column of times, or is not, by one rule; and each cell means one moment."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from slipway.errors import UserError
from slipway.table.times import TimeFormat

DAYS = np.arange("2023-11-20", "2024-03-05", dtype="M8[D]")


def spelled(form: str) -> list[str]:
    """DAYS in one of strftime's forms."""
    return [day.strftime(form) for day in DAYS.tolist()]


def learnt(texts, order="") -> TimeFormat:
    found, _ = TimeFormat.learn(texts, order, "when")
    assert found is not None
    return found


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y",
        "%d/%m/%y", "%m.%d.%y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d %Y", "%Y-%b-%d", "%d%b%Y",
        "%a, %d %b %Y", "%G-W%V-%u", "%Y-%m-%dT00:00:00Z", "%d/%m/%Y 00:00",
        "%m/%d/%Y 12:00 AM", "%d.%m.%Y 00:00:00.000", "%Y-%m-%d 00:00:00+05:30", "%m-%d-%Y",
    ],
)  # fmt: skip
def test_each_way_of_writing_days_is_read_by_the_column_and_written_back(form):
    found = learnt(spelled(form))
    times = found.parse(spelled(form), "when")
    assert times.dtype == "M8[s]"
    assert (times == DAYS).all()
    assert found.write(times) == spelled(form)
    stored = TimeFormat(**json.loads(json.dumps(dataclasses.asdict(found))))
    assert (stored.parse(spelled(form)[:3], "when") == DAYS[:3]).all(), "few cells are read as many are"


@pytest.mark.parametrize(
    ("texts", "means"),
    [
        (["2024-01-31T15:00", "2024-01-31 16:30:01.75"], ["2024-01-31T15:00", "2024-01-31T16:30:01"]),
        (["2024-01-31T15:00Z", "2024-01-31T16:00+01:00"], ["2024-01-31T15:00", "2024-01-31T15:00"]),
        (["1/31/2024 3:00 PM", "2/1/2024 12:05 am"], ["2024-01-31T15:00", "2024-02-01T00:05"]),
        (["20240131T150000", "20240201T160000"], ["2024-01-31T15:00", "2024-02-01T16:00"]),
        (["January 2024", "Sept 2024", "May 2024"], ["2024-01-01", "2024-09-01", "2024-05-01"]),
        (["Jan-24", "DEC-69"], ["2024-01-01", "1969-12-01"]),
        (["01/2024", "10/2024"], ["2024-01-01", "2024-10-01"]),
        (["01.2024", "10.2024"], ["2024-01-01", "2024-10-01"]),
        (["2024/1", "2024/10"], ["2024-01-01", "2024-10-01"]),
        (["2024-01", "2024-02"], ["2024-01-01", "2024-02-01"]),
        (["2024Q1", "2024-Q2", "Q3 2024", "4Q24", "q4/2023"],
         ["2024-01-01", "2024-04-01", "2024-07-01", "2024-10-01", "2023-10-01"]),
        (["2024-W05", "2020W53", "2021-W01-7"], ["2024-01-29", "2020-12-28", "2021-01-10"]),
        (["1999", "2024"], ["1999-01-01", "2024-01-01"]),
        (["1st March 2024", "Mar. 22nd, 2024"], ["2024-03-01", "2024-03-22"]),
        ([" 2024-01-31", "", None, "NaT", "NA"], ["2024-01-31", "NaT", "NaT", "NaT", "NaT"]),
    ],
)  # fmt: skip
def test_other_forms(texts, means):
    assert np.array_equal(learnt(texts).parse(texts, "when"), np.array(means, dtype="M8[s]"), equal_nan=True)


@pytest.mark.parametrize(
    "texts",
    [
        ["a", "b"], [], [None, ""], ["A-12", "B-7"], ["12345678", "99999999"], ["1-2/2024"], ["31/31/2024"],
        ["2024-02-30", "2023-02-29"], ["13/2024"], ["2023-W53"], ["1.5", "2.5"], ["may", "june"],
        ["25:00"], ["192.168.0.1"], ["2024-01-01 25:00"], ["+49 30 1234"],
    ],
)  # fmt: skip
def test_other_columns_are_no_times(texts):
    assert TimeFormat.learn(texts) == (None, "")


def test_a_few_mistakes_hide_no_times_from_a_column_given_by_its_distinct_texts():
    texts = [f"not known {place}" for place in range(62)] + ["2024-01-31"] * 2000
    found, _ = TimeFormat.learn(pa.array(texts).dictionary_encode())
    assert found is not None
    assert found == TimeFormat.learn(texts)[0]


def test_one_deciding_cell_decides_for_all_wherever_it_is():
    texts = ["01/02/2024"] * 5000 + ["14/02/2024"] + ["03/02/2024"] * 5000
    assert learnt(texts).order == "day-first"
    assert str(learnt(texts).parse(["02/03/2024"], "when")[0])[:10] == "2024-03-02"
    turned = ["02/14/2024", *texts[:9]]
    assert learnt(turned).order == "month-first"


def test_cells_that_contradict_each_other_are_both_named():
    texts = ["01/02/2024", "25/12/2023", "04/05/2024", "12/26/2023"]
    with pytest.raises(UserError, match='"25/12/2023" in row 2 and "12/26/2023" in row 4') as caught:
        TimeFormat.learn(texts, "", "when")
    assert (caught.value.row, caught.value.column) == (4, "when")
    with pytest.raises(UserError, match='row 2, column "when": expected dates=month-first'):
        TimeFormat.learn(texts[:3], "month-first", "when")


@pytest.mark.parametrize(
    ("texts", "order", "why"),
    [
        # Every hour of 1 to 3 February; the first hours of three months.
        ([f"0{d}/02/2024 {h:02}:00" for d in (1, 2, 3) for h in range(24)], "day-first", "regular"),
        ([f"02/0{d}/2024 {h:02}:00" for d in (1, 2, 3) for h in range(24)], "month-first", "regular"),
        (["03/01/2024", "09/01/2024", "02/02/2024", "05/02/2024"], "day-first", "in order"),
        (["01/02/2024", "03/02/2024"], "month-first", "guess"),
    ],
)
def test_where_no_cell_decides_steps_and_order_do_and_it_is_said(texts, order, why):
    found, note = TimeFormat.learn(texts, "", "when")
    other = {"day-first": "month-first", "month-first": "day-first"}[order]
    assert found.order == order
    assert note.startswith('"when": day and month cannot be told apart')
    assert why in note
    assert f"dates={other}" in note
    assert TimeFormat.learn(texts, other, "when")[0].order == other
    assert TimeFormat.learn(texts, other, "when")[1] == ""


def test_a_format_that_knows_no_order_reads_only_what_has_one_meaning():
    found = learnt(["2024-01-31", "2024-02-01"])
    times = found.parse(["31/01/2024", "01/31/2024", "02/02/2024"], "when")
    assert times.astype("M8[D]").astype(str).tolist() == ["2024-01-31", "2024-01-31", "2024-02-02"]
    with pytest.raises(UserError, match=r'row 2, column "when": expected .* got "01/02/2024"'):
        found.parse(["31/01/2024", "01/02/2024"], "when")


def test_four_numbers_a_year_are_quarters_but_not_of_few_cells_nor_where_a_fifth_comes():
    texts = [f"{quarter}-{year}" for year in (2015, 2016) for quarter in (1, 2, 3, 4)]
    found, note = TimeFormat.learn(texts, "", "when")
    assert found.quarters
    assert "quarters" in note
    assert str(found.parse(["3-2016"], "when")[0])[:10] == "2016-07-01"
    assert found.write(found.parse(texts, "when")) == texts
    with pytest.raises(UserError, match='got "5-2016"'):
        found.parse(["5-2016"], "when")
    few, note = TimeFormat.learn(texts[:4], "", "when")
    assert not few.quarters
    assert "months" in note
    assert not learnt([*texts, "5-2017"]).quarters
    assert not learnt([f"{year}-0{month}" for year in (2015, 2016) for month in (1, 2, 3, 4)]).quarters


def test_two_digits_of_a_year_are_as_pythons_and_said():
    found, note = TimeFormat.learn(["31/12/68", "31/12/69"], "", "when")
    assert found.parse(["31/12/68", "31/12/69"], "when").astype("M8[Y]").astype(str).tolist() == [
        "2068",
        "1969",
    ]
    assert "two digits" in note


def test_a_column_of_which_half_are_times_is_none_unless_its_role_says_so():
    texts = ["27/01/2024", "soon"] * 50
    assert TimeFormat.learn(texts) == (None, "")
    assert TimeFormat.learn(texts, known=True)[0].order == "day-first"


def test_what_is_no_time_is_named_by_row_and_cell():
    texts = ["27/01/2024"] * 50 + ["soon"] + ["27/01/2024"] * 49
    found = learnt(texts)
    with pytest.raises(
        UserError, match=r'row 51, column "when": expected .*31/01/2024 \(day first\).*"soon"'
    ):
        found.parse(texts, "when")
    with pytest.raises(UserError, match='row 2, column "when"'):
        found.parse(["27/01/2024", "01/27/2024"], "when")


@pytest.mark.parametrize("same", [True, False])
def test_a_zone_is_dropped_by_the_wall_clock_where_each_time_of_day_is_the_same(same):
    texts = [
        "2024-03-30T00:00:00+01:00",
        "2024-03-31T00:00:00+02:00" if same else "2024-03-31T04:00:00+02:00",
    ]
    found = learnt(texts)
    assert found.wall is same
    times, zoned = found.read([*texts, "2024-04-01"], "when")
    assert zoned == 2
    expected = ["2024-03-30", "2024-03-31"] if same else ["2024-03-29T23:00", "2024-03-31T02:00"]
    assert times[:2].tolist() == np.array(expected, dtype="M8[s]").tolist()


def test_every_kind_of_column_is_read_alike():
    texts = ["2024-01-31", None, "2024-02-01", "2024-01-31"]
    days = pa.array(texts).cast(pa.date32())
    expected = np.array([text or "NaT" for text in texts], dtype="M8[s]")
    for column in (
        texts, pa.array(texts), pa.array(texts).dictionary_encode(), pa.array(texts, pa.large_string()), days,
        days.cast(pa.timestamp("ns")), pa.array(["", *texts])[1:], pa.chunked_array([pa.array(texts)]),
    ):  # fmt: skip
        assert np.array_equal(learnt(column).parse(column, "when"), expected, equal_nan=True)


def test_no_server_waits_for_pandas():
    code = (
        "import sys; from slipway.table.times import TimeFormat\n"
        "many = [f'{day}/{month}/2024' for month in range(1, 13) for day in range(1, 29)]\n"
        "for texts in (['2024-01-31', None], [*many, ''], ['2024-01-31T10:00:00Z']):\n"
        "    found, _ = TimeFormat.learn(texts); found.write(found.parse(texts, ''))\n"
        "assert 'pandas' not in sys.modules"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0
    )


def test_the_last_hour_of_a_day_may_be_called_24():
    hours = [f"2024-03-0{day} {hour}:00" for day in (1, 2) for hour in range(1, 25)]
    times = learnt(hours).parse(hours, "when")
    assert (np.diff(times) == np.timedelta64(1, "h")).all()
    with pytest.raises(UserError, match="24:30"):
        learnt(hours).parse(["2024-03-01 24:30"], "when")
