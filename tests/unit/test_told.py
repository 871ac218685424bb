"""What a channel says of data that can be meant in two ways, and what it refuses instead of guessing."""

import bz2
import lzma

import pytest

from slipway import Channel
from slipway.errors import UserError
from slipway.table.options import DataOptions
from unit.test_excel import xlsx


@pytest.fixture
def channel(tmp_path):
    def made(*bodies, content_type="text/csv", suffix=".csv", **options):
        for place, body in enumerate(bodies):
            path = tmp_path / f"part{place}{suffix}"
            path.write_bytes(body if isinstance(body, bytes) else body.encode())
        return Channel("train", tmp_path, content_type, options=DataOptions(**options))

    return made


def column(cells):
    return "x;n\n" + "".join(f"{cell};{place / 3:.2f}\n" for place, cell in enumerate(cells * 10))


def said_of(channel, cells):
    made = channel(column(cells), content_type="text/csv; delimiter=semicolon")
    return made.table.kinds["x"], " ".join(made.notes)


@pytest.mark.parametrize(
    "cells",
    [
        ["£3,200.00", "£7.10", "£0"],
        ["40%", "7.5%"],
        ["3 mm", "12mm"],
        ["2 400", "17 000"],
        ["3'400", "12'800"],
        ["4.100.200", "5.000.000"],
        ["(30)", "(4.5)"],
        ["EUR 12", "EUR 7.5"],
    ],
)
def test_amounts_stay_texts_and_are_said_to_be_amounts(channel, cells):
    kind, notes = said_of(channel, cells)
    assert kind == "text"
    assert "are amounts" in notes
    assert cells[0] in notes


@pytest.mark.parametrize(
    "cells", [["12A", "7B", "9C"], ["r2d2", "c3po"], ["+4930", "+4940"], ["10.0.0.1", "10.0.0.2"]]
)
def test_codes_are_not_called_amounts(channel, cells):
    assert "are amounts" not in said_of(channel, cells)[1]


def test_ranges_and_dates_that_cannot_be_read_are_told(channel):
    assert "ranges of numbers" in said_of(channel, ["0-5", "5-10", "10-20"])[1]
    assert "look like dates" in said_of(channel, ["2024-03-01 noon", "2024-03-02 noon"])[1]


def test_texts_that_differ_in_case_or_spaces_alone_are_told(channel):
    _, notes = said_of(channel, ["North", "north", "north ", "South"])
    assert '"North" / "north" / "north "' in notes
    assert "South" not in notes
    assert "spaces around them" in said_of(channel, [" left", " right"])[1]


def test_what_a_user_calls_text_needs_no_words(channel):
    made = channel(column(["40%", "7%"]), content_type="text/csv; delimiter=semicolon", kinds={"x": "text"})
    assert made.table.kinds["x"] == "text"
    assert "amounts" not in " ".join(made.notes)


def test_a_column_and_rows_without_cells_are_told(channel):
    made = channel("x,y,z\n1,a,\n,,\n2,b,\n,,\n")
    assert made.table.height == 4
    assert 'column "z": every cell is missing' in made.notes
    assert any("2 rows hold nothing" in note and "row 2" in note for note in made.notes)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["3.200,50", "47,20", "8000,00"], [3200.5, 47.2, 8000]),  # not all have marks between thousands
        (["3.200,50", "12.000", "7"], [3200.5, 12000, 7]),
        (["2,50,000", "11,00,000", "900"], [250000, 1100000, 900]),
    ],
)
def test_marks_between_thousands_need_not_be_in_every_cell(channel, cells, values):
    made = channel(column(cells), content_type="text/csv; delimiter=semicolon")
    assert made.table.column("x")[: len(values)].tolist() == values
    assert "was taken for a number" in " ".join(made.notes)


def test_points_for_both_fractions_and_thousands_are_no_numbers(channel):
    kind, notes = said_of(channel, ["3.200,50", "12.5"])
    assert kind == "text"
    assert "are no numbers" in notes


@pytest.mark.parametrize(
    "rows",
    [
        [["Oslo", "2024-05-01"], ["Rome", "2024-05-02"], ["Bonn", "2024-05-03"]],
        [["amy", "£5"], ["bob", "£7"], ["tim", "£9"]],
        [["3,5", "4,5"], ["5,5", "6,5"]],
        [["amy", "10:30"], ["bob", "11:45"]],
        [["0-5", "a"], ["5-10", "b"]],
    ],
)
def test_a_first_line_like_those_below_is_a_row(channel, rows):
    made = channel(
        "".join(";".join(row) + "\n" for row in rows), content_type="text/csv; delimiter=semicolon"
    )
    assert not made.named
    assert made.table.height == len(rows)


def test_names_over_texts_are_a_guess_that_is_told(channel):
    made = channel("name,colour\namy,red\nbob,blue\n")
    assert made.table.height == 2
    assert made.names == ["name", "colour"]
    assert any("header=absent" in note for note in made.notes)


@pytest.mark.parametrize("line", ["x,y,,", "name,,"])
def test_several_columns_without_names_are_refused(channel, line):
    cells = ",".join("5" for _ in line.split(","))
    with pytest.raises(UserError, match="columns not at all"):
        _ = channel(f"{line}\n{cells}\n{cells}\n").table


def test_a_backslash_before_a_quote_is_refused_in_large_files_as_in_small_ones(channel):
    rows = "".join(f'{place},"5\\" pipe"\n' for place in range(4000))
    with pytest.raises(UserError, match="line 2: a quote opens or closes in a wrong place"):
        _ = channel("n,x\n" + rows).table


def test_quotes_inside_cells_that_are_not_quoted_are_texts(channel):
    rows = "".join(f'{place},5" pipe,"a ""b"""\n' for place in range(4000))
    assert channel("n,x,y\n" + rows).table.column("x")[0] == '5" pipe'


@pytest.mark.parametrize(
    ("packed", "way"),
    [
        (bz2.compress(b"x,y\n1,2\n"), "bzip2"),
        (lzma.compress(b"x,y\n1,2\n"), "xz"),
        (b"\x28\xb5\x2f\xfd\x04\x00", "Zstandard"),
    ],
    ids=["bz2", "xz", "zst"],
)
def test_a_file_that_is_packed_in_another_way_is_refused_by_its_name(channel, packed, way):
    with pytest.raises(UserError, match=f"packed with {way}; expected gzip"):
        _ = channel(packed).table


def test_further_sheets_and_later_files_are_told(channel):
    made = channel(xlsx([["x", "y"], [1, 2]]), content_type="", suffix=".xlsx")
    assert made.table.height == 1
    assert any("2 sheets" in note for note in made.notes)


def test_how_a_later_file_is_written_is_told(channel):
    made = channel("x,y\n1,2\n", "x;y\n3;4\n")
    assert made.table.height == 2
    assert made.notes == ["file part1.csv: cells are separated by semicolons"]
