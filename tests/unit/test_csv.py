"""text/csv: headers, quotes, line ends, encodings, and the quick way over plain numbers."""

import io
import json
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway import Column, Schema
from slipway.errors import NoRows, UserError
from slipway.formats import base, csv_cells, csv_request, reader
from slipway.media import parse
from unit.tables import cells, schema_of, table
from unit.tables import read as parsed

XY = schema_of("x", "y")
MIXED = schema_of("city", "size", kind="text")
CSV, PLAIN = reader("text/csv")

ODD = [
    "1",
    "-0.0",
    "+1",
    "1.",
    ".5",
    "1E5",
    "-2e-3",
    " 7 ",
    '"8"',
    "007",
    "9007199254740993",
    "1e308",
    "5e-324",
    "0.1",
]
GAPS = ["", "NA", "NaN", "null", "?", '""', " ", "None"]
WRONG = ["x", "abc", "inf", "-Infinity", "1e999", "1_0", "0x10", "1,5", "--1", "é"]


def read(text, content_type="text/csv", schema=None):
    raw = parsed(text, content_type, schema, keep=schema is not None)
    return raw.names, [[str(cell) if cell is not None else "" for cell in column] for column in cells(raw)]


@st.composite
def bodies(draw):
    """Requests as people and programs write them, right and wrong."""
    width = draw(st.sampled_from([2, 2, 2, 1, 3]))
    cell = st.sampled_from(draw(st.sampled_from([ODD[:1], ODD, ODD + GAPS, ODD + GAPS + WRONG])))
    lines = draw(st.lists(st.lists(cell, min_size=width, max_size=width).map(",".join), max_size=6))
    header = draw(
        st.sampled_from([None, None, "x,y", "y,x", "x,y,z", " x , y ", '"x","y"', "x,z", "a,b", "0,1"])
    )
    lines = [*([header] if header else []), *lines]
    if draw(st.booleans()):
        lines.insert(draw(st.integers(0, len(lines))), "")
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    start = draw(st.sampled_from(["", "", "", "\ufeff"]))
    return (start + end.join(lines) + draw(st.sampled_from(["", end, end * 2]))).encode()


def meant(body, schema, **how):
    """The numbers of a request, or what is said of it."""
    try:
        return table(body, schema, **how).matrix.tolist()
    except UserError as error:
        return type(error), error.row, error.column, str(error)


@pytest.mark.parametrize("names", [("x", "y"), ("0", "1"), ("e", "E")], ids=",".join)
@given(body=bodies())
def test_the_quick_ways_give_what_the_long_way_gives(names, body):
    """As texts, cell by cell; by Arrow's reader, straight to numbers; small bodies by JSON's grammar."""
    schema = schema_of(*names)
    plain = meant(body, schema, keep=True)
    for small in (0, 1 << 15):
        with patch.object(csv_cells, "SMALL", small):
            found = meant(body, schema)
            assert repr(found) == repr(plain), "with room for any error"
            if not (isinstance(plain, tuple) or csv_request.has_blank(body)):
                assert repr(meant(body, schema, errors={})) == repr(plain)


@pytest.mark.parametrize("small", [0, 1 << 15], ids=["large", "small"])
@pytest.mark.parametrize("body", [b"1,2\n3,4", b"1,2\r\n3,4\r\n", b"x,y\n1,2\n3,4\n", b"1.0,2e0\n3,4\n\n"])
def test_plain_numbers_take_the_quick_way(body, small):
    with patch.object(csv_cells, "SMALL", small):
        assert csv_request.read_matrix(body, PLAIN, XY).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("x,y\n1,2\n", ["x", "y"]),
        ("y,x\n1,2\n", ["y", "x"]),
        ("z,y,x\n1,2,3\n", ["z", "y", "x"]),
        (" x , y \n1,2\n", ["x", "y"]),
        ("1,2\n", None),
        ("NA,2\n", None),
        (",\n", None),
        ("x,2\n", None),
        ("\n\nx,y\n1,2\n", ["x", "y"]),
        ("\ufeffx,y\n1,2\n", ["x", "y"]),
    ],
)
def test_a_requests_first_line_is_a_header_if_it_holds_the_models_names_or_words_for_numbers(body, names):
    assert read(body, schema=XY)[0] == names


def test_words_for_numbers_are_names_that_do_not_fit():
    with pytest.raises(UserError, match="missing columns x, y; expected x, y; came a, b"):
        read("a,b\n1,2\n", schema=XY)


@pytest.mark.parametrize("body", ["Paris,big\n", "Paris,city\n", "5,6\n"])
def test_a_row_of_texts_is_not_taken_for_a_header(body):
    names, columns = read(body, schema=MIXED)
    assert (names, len(columns[0])) == (None, 1)


def test_names_among_columns_that_the_model_does_not_know_are_still_names():
    assert read("a,b,c,size,d,city\n1,2,3,4,5,6\n", schema=MIXED)[0] == ["a", "b", "c", "size", "d", "city"]


def test_a_row_of_numbers_is_never_lost_to_columns_whose_names_are_numbers():
    """Pandas calls columns 0, 1, …"""
    assert read("0,1\n", schema=schema_of("0", "1")) == (None, [["0"], ["1"]])
    assert read("0,1\n5,6\n", "text/csv; header=present", schema_of("0", "1")) == (["0", "1"], [["5"], ["6"]])


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("x,y\n1,2\n3,4\n", ["x", "y"]),
        ("name,size\nann,2\nbob,4\n", ["name", "size"]),
        ("name,town\nann,Rome\nbob,Oslo\n", ["name", "town"]),
        (",x,y\n0,1,2\n1,4,5\n", ["", "x", "y"]),  # pandas writes its index without a name
        ("x,x\n1,2\n", ["x", "x"]),  # refused later, by name
        ("1,2\n3,4\n", None),
        ("1,a\n2,b\n", None),
        ("yes,no\nno,yes\nyes,yes\n", None),
        ("a,a\nb,c\n", None),
        ("NA,x\n1,y\n", None),
        (",abc\n5,def\n", None),
    ],
)
@pytest.mark.contract("B8.1")
def test_a_training_tables_first_line_is_a_header_if_it_is_unlike_what_stands_below(body, names):
    assert read(body)[0] == names


@pytest.mark.parametrize("schema", [None, XY])
def test_the_content_type_says_whether_there_is_a_header(schema):
    assert read("x,y\n1,2\n", "text/csv; header=absent", schema) == (None, [["x", "1"], ["y", "2"]])
    if schema is None:
        assert read("1,2\n3,4\n", "text/csv; header=PRESENT") == (["1", "2"], [["3"], ["4"]])
    else:
        with pytest.raises(UserError, match="missing columns x, y; expected x, y; came 1, 2"):
            read("1,2\n3,4\n", "text/csv; header=PRESENT", schema)
    with pytest.raises(UserError, match='header is present or absent, got "maybe"'):
        read("1,2\n", "text/csv; header=maybe", schema)


@pytest.mark.parametrize(
    ("mark", "word"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")], ids=["semicolon", "tab", "bar"]
)
def test_another_delimiter_is_read_where_it_is_certain_and_said(mark, word):
    """Issue 14: one detector for the file's dialect, over all lines."""
    body = f"1{mark}2\n3{mark}4\n"
    assert read(body, schema=XY) == read(body) == (None, [["1", "3"], ["2", "4"]])
    assert parsed(body).notes == (f"cells are separated by {word}",)
    named = f"x{mark}y\n1{mark}2\n"
    assert read(named, schema=XY) == read(named) == (["x", "y"], [["1"], ["2"]])


@pytest.mark.parametrize(
    "schema", [None, MIXED, schema_of("city", "x", kind="text")], ids=["none", "all", "some"]
)
@pytest.mark.parametrize("rows", [1, 10_000])
def test_a_quote_that_is_never_closed_swallows_no_rows_where_another_one_is_a_mark(rows, schema):
    """An even number of quotes need not be pairs."""
    head = "x,city,size\n" if schema and "x" in schema.names else "city,size\n"
    line, wrong = ("1,a,b\n", '1,a,"b\n') if "x" in head else ("a,b\n", 'a,"b\n')
    body = head + line.replace("a", '12" pipe') + line * rows + wrong + line * 3
    with pytest.raises(UserError, match="a quote opens or closes in a wrong place"):
        parsed(body, schema=schema)


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_a_cell_of_several_lines_does_not_hide_what_separates_cells(mark):
    body = f'x{mark}y\n1{mark}"a\nb, c"\n2{mark}"d\n\ne{mark}"\n'
    assert read(body) == (["x", "y"], [["1", "2"], ["a\nb, c", f"d\n\ne{mark}"]])
    many = f"x{mark}y\n" + f'1{mark}"a\nb"\n' * 1500  # of which the first thousand lines are looked at
    assert read(many) == (["x", "y"], [["1"] * 1500, ["a\nb"] * 1500])


def test_an_uneven_line_is_named_rather_than_all_lines_taken_for_one_cell():
    with pytest.raises(UserError, match="line 4: 1 cell, expected 2 as in the first line"):
        read("x;y\n1;2\n3;4\n5\n6;7\n")
    assert read("text\ngood; bad\nbad\n")[1] == [["good; bad", "bad"]]


def test_the_content_type_says_what_separates_cells():
    body = "1,5;2\n3;4\n"
    for schema in (None, MIXED):
        assert read(body, "text/csv; delimiter=semicolon", schema) == (None, [["1,5", "3"], ["2", "4"]])
        assert read("a b\tc\n1\t2\n", "text/tab-separated-values; header=absent", schema) == (
            None,
            [["a b", "1"], ["c", "2"]],
        )
    with pytest.raises(UserError, match='delimiter is comma, semicolon, tab or bar, got "x"'):
        read(body, "text/csv; delimiter=x")


def test_a_first_line_longer_than_the_sample_shows_what_separates_its_cells():
    """As in training."""
    long = "a" * (1 << 18)
    assert read(f"{long};b\nc;d\n", "text/csv", MIXED) == (None, [[long, "c"], ["b", "d"]])


@pytest.mark.parametrize("body", ['name;n\n"a,b";1\n"c,d";2\n', "a, b;c\n1;2\n3;4\n"])
def test_commas_in_texts_and_in_a_name_separate_nothing(body):
    assert [len(column) for column in read(body)[1]] == [2, 2]


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        ('1,"a,b"\n2,"c""d"\n', [["1", "2"], ["a,b", 'c"d']]),
        ('1,"a\nb"\n2,"c\r\nd"\n', [["1", "2"], ["a\nb", "c\r\nd"]]),
        ("1,a\r\n2,b", [["1", "2"], ["a", "b"]]),
        ("1,a\r2,b\r", [["1", "2"], ["a", "b"]]),
        ("1,a\n\n\n2,b\n\n", [["1", "2"], ["a", "b"]]),
        ('1,12" pipe\n2,b\n', [["1", "2"], ['12" pipe', "b"]]),
        ("1, a \n2,\tb\n", [["1", "2"], [" a ", "\tb"]]),
        ("1,a\x00b\n", [["1"], ["a\x00b"]]),
        ("1,NA\n2,null\n", [["1", "2"], ["NA", "null"]]),
        ("1,a\u2028b\n2,c\x85d\n", [["1", "2"], ["a\u2028b", "c\x85d"]]),
    ],
)
def test_cells_are_given_as_they_were_sent(body, columns):
    assert read(body) == (None, columns)


def test_a_cell_may_be_very_long():
    assert read("1," + "a" * 300_000 + "\n")[1][1] == ["a" * 300_000]


def test_a_blank_line_between_the_rows_of_a_single_column_is_a_row():
    """The only way in which such a table can say that a cell is missing."""
    assert read("1\n\n3\n") == (None, [["1", "", "3"]])
    assert read("\n\nx\n1\n\n3\n\n") == (["x"], [["1", "", "3"]])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("1,2\n3\n", "line 2: 1 cell, expected 2 as in the first line"),
        ("1,2\n3,4\n5,6,7\n", "line 3: 3 cells, expected 2 as in the first line"),
        ("1,2\n\n5,6,7\n", "line 3: 3 cells, expected 2"),
        ('1,"2\n3,4\n', "line 1: a quote opens or closes in a wrong place"),
        ('1,2\n3,"4\n5,6\n', "line 2: a quote opens or closes in a wrong place"),
    ],
)
def test_a_line_that_does_not_fit_is_named_and_never_dropped(body, message):
    with pytest.raises(UserError, match=message):
        read(body)


@pytest.mark.parametrize("body", [b"", b"\n", b"\r\n\r\n", b"\xef\xbb\xbf"])
def test_an_empty_csv_has_no_rows(body):
    with pytest.raises(NoRows):
        read(body)


@pytest.mark.parametrize(
    "charset", ["iso-8859-1", "latin1", "cp1252", "utf-16", "utf-8-sig", "UTF8", '"utf-8"']
)
def test_the_charset_of_the_content_type_is_the_one_that_is_read(charset):
    body = "1,é\n".encode(charset.strip('"'))
    assert read(body, f"text/csv; charset={charset}")[1] == [["1"], ["é"]]


def test_bytes_in_another_charset_are_named_with_the_way_out():
    with pytest.raises(UserError, match=r"line 2 is not utf-8: byte 0xe9; .*charset=iso-8859-1"):
        read("1,a\n2,é\n".encode("latin-1"))


@pytest.mark.parametrize("charset", ["klingon", "hex", "undefined", "utf-7", "idna"])
def test_a_charset_that_cannot_be_read_is_the_callers_mistake(charset):
    with pytest.raises(UserError, match=r"charset|is not"):
        read(b"+2AA-\xff,1\n", f"text/csv; charset={charset}")


@pytest.mark.contract("B4.5", "B4.6")
def test_an_answer_has_a_line_a_row_and_a_newline_at_the_end():
    answer = {"cluster": np.array([1.0, 0.0]), "name": np.array(['a"b', None], dtype=object)}
    assert CSV.write(answer, PLAIN) == b'1.0,"a""b"\n0.0,\n'
    assert CSV.write(answer, parse("text/csv; header=present")) == b'cluster,name\n1.0,"a""b"\n0.0,\n'


@pytest.mark.parametrize(
    "odd", ["a,b", 'a"b', "a\rb", "a\nb", "\ufeffa", "a\0b", "\0", None, "", "é", 1.5, True]
)
@pytest.mark.contract("B4.5")
def test_one_odd_cell_changes_no_other(odd):
    """A column is looked at as a whole for what must be quoted."""
    texts = np.array(["p", odd, "q"], dtype=object)
    body = CSV.write({"name": texts, "x": np.array([1.0, 2.0, 3.0])}, PLAIN)
    first, *middle, last = body.decode().removesuffix("\n").split("\n")
    came = "" if odd is None else odd if isinstance(odd, str) else json.dumps(odd)
    cell = '"' + came.replace('"', '""') + '"' if set(came) & set(',"\r\n\ufeff') else came
    assert [first, "\n".join(middle), last] == ["p,1.0", f"{cell},2.0", "q,3.0"]


@pytest.mark.contract("B4.5")
def test_a_missing_answer_of_a_single_column_is_still_a_line():
    body = CSV.write({"x": np.array([1.5, np.nan, 2.0])}, PLAIN)
    assert body == b'1.5\n""\n2.0\n'
    assert table(body, schema_of("x")).number("x").tolist()[::2] == [1.5, 2.0]


@pytest.mark.parametrize("body", [b"1,5;2,5\n3,5;4,5\n", b"a;b\n1,5;2,5\n", b"1,5;7;2,5\n3,5;9;4,5\n"])
def test_decimal_commas_are_told_apart_from_cells(body):
    with pytest.raises(UserError, match="hold both commas and semicolons: either may separate"):
        read(body)


@pytest.mark.parametrize("errors", [None, {}])
def test_a_models_decimal_comma_is_no_separator_without_a_word(errors):
    """`1,5;abc` was 1 and `5;abc`, as two cells between commas fit the model."""
    columns = (Column(name="x", kind="number", style="1,5"), Column(name="s", kind="text"))
    schema = Schema(columns=columns, table=columns)
    with pytest.raises(UserError, match="hold both commas and semicolons: either may separate"):
        table("1,5;abc\n", schema, errors=errors)
    said = table("1,5;abc\n", schema, "text/csv; delimiter=semicolon", errors=errors)
    assert said.number("x").tolist() == [1.5]
    assert table('"1,5","a;b"\n2,c\n', schema, errors=errors).number("x").tolist() == [1.5, 2]


@pytest.mark.parametrize("charset", ["unicode_escape", "punycode", "idna", "utf-7", "rot13", "hex"])
def test_a_codec_that_is_no_charset_is_refused(charset):
    with pytest.raises(UserError, match="unknown charset"):
        read(b"1,2\n", f"text/csv; charset={charset}")


@pytest.mark.parametrize("at", range(-4, 5))
@pytest.mark.parametrize(
    ("cell", "code"), [(b"07", True), (b"-07", True), (b"0x1", True), (b"0.7", False), (b"10", False)]
)
def test_a_code_is_seen_wherever_a_body_is_cut_to_look_at_it(monkeypatch, at, cell, code):
    monkeypatch.setattr(csv_cells, "_CHUNK", 64)
    above = b"1.5," * 32
    body = above[: 64 + at - (64 + at) % 4] + b"1" * ((64 + at) % 4) + b"\n" + cell + b",1.5\n"
    assert csv_cells.has_codes(body) is code
    assert csv_cells.has_codes(cell + b"\n") is code


@pytest.mark.parametrize(("line", "count"), [(b"1,2,3\n", 349_526), (b"1," * 4000 + b"1\n", 1024)])
def test_further_blocks_are_small_but_hold_many_lines(line, count):
    body = line * (18_000_000 // len(line))
    blocks = list(base.line_blocks(io.BytesIO(body), quoted=False))
    assert b"".join(blocks) == body
    assert {len(block) / len(line) for block in blocks[1:-1]} <= {count}
    assert len(blocks) > 2
