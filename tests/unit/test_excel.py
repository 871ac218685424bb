"""Excel workbooks, of both kinds, as Excel and others write them."""

import io
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway import Channel
from slipway.errors import NoRows, PayloadTooLarge, UserError
from slipway.formats import excel
from unit.tables import cells
from unit.tables import read as raw_of

ROWS = [["x", "name"], [1.5, "a"], [2, None], [None, "007"]]


def xlsx(rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.create_sheet("notes").append(["not", "to", "be", "read"])
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def xls(rows):
    book = xlwt.Workbook()
    sheet = book.add_sheet("one")
    day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for place, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, date):
                sheet.write(place, column, cell, day)
            elif cell is not None:
                sheet.write(place, column, cell)
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def read(body, media_type="application/vnd.ms-excel"):
    raw = raw_of(body, media_type)
    return raw.names, cells(raw)


@pytest.mark.parametrize("written", [xlsx, xls])
def test_the_first_sheet_is_read_with_its_types(written):
    assert read(written(ROWS)) == (["x", "name"], [[1.5, 2, None], ["a", None, "007"]])


@pytest.mark.parametrize("written", [xlsx, xls])
def test_dates_are_texts_and_truth_is_truth(written):
    rows = [["day", "paid", "n"], [date(2024, 2, 29), True, 1e300], [date(2024, 3, 1), False, -0.1]]
    _, columns = read(written(rows))
    assert [cell[:10] for cell in columns[0]] == ["2024-02-29", "2024-03-01"]
    assert columns[1:] == [[True, False], [1e300, -0.1]]


def test_an_instant_keeps_its_time():
    assert read(xlsx([["t", "x"], [datetime(2024, 2, 29, 13, 5), 1]]))[1][0] == ["2024-02-29 13:05:00"]


def test_rows_without_a_header_are_told_as_in_csv():
    assert read(xlsx([[1, 2], [3, 4]])) == (None, [[1, 3], [2, 4]])
    assert read(xlsx([["a", "b"], ["c", "d"]]), "xlsx; header=absent")[0] is None


def test_empty_rows_and_columns_around_the_table_are_passed_over():
    rows = [[], [None, "x", "y"], [None, 1, 2], [None, None, None], [None, 3, 4], []]
    assert read(xlsx(rows)) == (["x", "y"], [[1, 3], [2, 4]])


@pytest.mark.parametrize("body", [b"", xlsx([]), xls([])], ids=["none", "xlsx", "xls"])
def test_a_workbook_without_rows_holds_no_rows(body):
    with pytest.raises(NoRows):
        read(body)


def test_a_workbook_that_unpacks_to_more_than_fits_memory_is_refused():
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as parts, parts.open("xl/a.xml", "w") as part:
        for _ in range(1025):
            part.write(bytes(1 << 20))
    with pytest.raises(PayloadTooLarge, match="unpacks to"):
        read(body.getvalue())


@pytest.mark.parametrize("whole", [xlsx(ROWS), xls(ROWS)], ids=["xlsx", "xls"])
@settings(max_examples=10)  # each body takes a process of its own
@given(
    noise=st.binary(max_size=40), cut=st.integers(0, 4000), at=st.integers(0, 9000), flip=st.integers(1, 255)
)
def test_no_damaged_workbook_is_anything_but_the_callers_mistake(whole, noise, cut, at, flip):
    damaged = bytearray(whole)
    damaged[at % len(whole)] ^= flip
    for body in (noise, whole[: cut % len(whole)], bytes(damaged), whole + noise):
        try:
            read(body)
        except UserError as error:
            assert "\n" not in str(error)  # noqa: PT017


def test_a_further_workbook_has_a_header_if_the_first_one_has_and_the_same(tmp_path):
    """By its own cells 2019 and 2020 over a year would be a row."""
    for name, rows in {"a": [[2019, 2020], [1.5, 2]], "b": [[2020, 2019], [1900, 3]]}.items():
        (tmp_path / f"{name}.xlsx").write_bytes(xlsx(rows))
    table = Channel("train", tmp_path).table
    assert {name: table.column(name).tolist() for name in table.names} == {
        "2019": [1.5, 3],
        "2020": [2, 1900],
    }


def test_a_workbook_that_takes_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(excel, "_SECONDS", 0.001)
    with pytest.raises(PayloadTooLarge, match=r"the workbook takes more than 0\.001 s to read"):
        read(xlsx(ROWS))
