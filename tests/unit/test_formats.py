"""The formats together: what goes out comes back, and which one a request gets."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from slipway.errors import NotAcceptable, UnsupportedMediaType, UserError
from slipway.formats import FORMATS, MEDIA_TYPES, Reading, reader, writer
from slipway.media import parse
from slipway.table import match
from slipway.table.raw import Block
from slipway.table.schema import Column
from unit.tables import kind_of, request, same, schema_of, tables

POSITIONAL = ("application/x-npy", "application/x-recordio-protobuf")  # numbers without names
WRITTEN = [one for one in FORMATS if one.writes]
TABULAR = [one for one in WRITTEN if one.media_type not in POSITIONAL]


def _name(one):
    return one.media_type


@pytest.mark.parametrize("one", TABULAR, ids=_name)
@given(table=tables())
def test_any_table_out_equals_the_table_in(one, table):
    media = parse(one.media_type + ";header=present")
    raw = one.read(request(one, table, media), media, Reading())
    assert list(raw.names) == list(table)
    _assert_equal(raw, table)


@given(table=tables())
def test_a_csv_without_a_header_holds_the_same_cells(table):
    one, media = reader("text/csv; header=absent")
    raw = one.read(request(one, table, media), media, Reading())
    assert raw.names is None
    _assert_equal(raw, table)


@given(table=tables(kinds=("integer", "number")))
def test_any_table_of_numbers_out_equals_the_one_in_as_npy(table):
    one, media = reader("application/x-npy")
    _assert_equal(one.read(request(one, table, media), media, Reading()), table)


@pytest.mark.parametrize(
    "one", [one for one in WRITTEN if one.media_type != "application/x-recordio-protobuf"], ids=_name
)
@given(table=tables(kinds=("number",)))
def test_the_quick_way_reads_what_was_written(one, table):
    assume(not any(np.isnan(column).any() for column in table.values()))
    media = parse(one.media_type)
    raw = one.read(request(one, table, media), media, Reading(schema_of(*table)))
    if one.media_type == "application/x-parquet" or (one.media_type == "text/csv" and len(table) == 1):
        assert not isinstance(raw, Block)
    else:
        assert same(raw.matrix, np.column_stack(list(table.values())))


def _assert_equal(raw, table):
    assert raw.width == len(table)
    for came, (name, sent) in zip(raw.columns, table.items(), strict=True):
        kind = kind_of(sent)
        assert raw.height == len(sent)
        back = match.cells_of(came, Column(name=name, kind=kind))
        if kind == "text":
            assert back.tolist() == sent.tolist()
        else:
            assert same(back.astype(np.float64), sent)


@pytest.mark.parametrize("value", [2**53 + 1, -(2**63), 2**63 - 1])
@pytest.mark.parametrize("one", TABULAR, ids=_name)
def test_a_whole_number_beyond_what_a_float_holds_is_written_digit_for_digit(one, value):
    media = parse(one.media_type + ";header=absent")
    raw = one.read(request(one, {"id": np.array([value])}, media), media, Reading())
    assert match.cells_of(raw.columns[0], Column(name="id", kind="text")).tolist() == [str(value)]
    assert match.cells_of(raw.columns[0], Column(name="id", kind="number")).tolist() == [float(value)]


@pytest.mark.parametrize("one", TABULAR, ids=_name)
@pytest.mark.contract("B8.9")
def test_an_answer_of_lists_is_one_cell_a_row(one):
    """Probabilities are a quoted list in CSV."""
    media = parse(one.media_type + ";header=absent")
    body = request(one, {"label": np.array([1, 0]), "chances": np.array([[0.1, 0.9], [0.75, 0.25]])}, media)
    assert one.read(body, media, Reading()).height == 2
    assert one.media_type != "text/csv" or body == b'1,"[0.1,0.9]"\n0,"[0.75,0.25]"\n'


@pytest.mark.parametrize(
    "text",
    [
        "text/csv; charset=utf-8",
        "TEXT/CSV",
        "text/csv;label_size=0",
        "text/csv;label_size = 1",
        "text/csv; label_size=1; charset=utf-8;",
        'text/csv; delimiter=";"; charset=utf-8; charset=utf-8',
        " text/csv ; header=absent",
        "csv",
        "application/csv",
    ],
)
@pytest.mark.contract("A4.5", "B2.14", "B2.15")
def test_a_content_type_is_read_whatever_its_case_and_parameters(text):
    assert reader(text)[0].media_type == "text/csv"


@pytest.mark.parametrize(
    "text",
    [
        "text/csv; label_size=5",
        "text/csv; label_size=",
        "text/csv; label_size=1=1",
        "text/csv; label_size=1; label_size=0",
        "text/csv; label_size",
        "text/csv; =1",
        "text/csv; header=present delimiter=tab",
        'text/csv; charset="utf-8',
        "label_size=1; text/csv",
    ],
)
@pytest.mark.contract("B2.17")
def test_parameters_that_cannot_be_meant_are_refused(text):
    """Those of AWS's XGBoost container, test_data_utils.py, and their like."""
    with pytest.raises(UnsupportedMediaType, match="Content-Type: ") as caught:
        reader(text)
    assert caught.value.status == 415


@pytest.mark.parametrize(
    "text",
    [
        "application/JSON",
        "application/JSONLINES",
        "application/x-ndjson",
        "application/x-npy",
        "application/parquet",
        "recordio-protobuf",
    ],
)
@pytest.mark.contract("B2.14", "B8.6")
def test_every_format_has_its_names(text):
    assert reader(text)[0].media_type in MEDIA_TYPES


@pytest.mark.parametrize(
    "text", ["", "image/png", "text/plain", "application/octet-stream", "text/*", "*/*", ";", "text/csv/x"]
)
@pytest.mark.contract("B2.13")
def test_an_unknown_content_type_is_refused_with_the_known_ones(text):
    with pytest.raises(
        UnsupportedMediaType, match=r"expected one of text/csv, application/json, .*; got"
    ) as caught:
        reader(text)
    assert caught.value.status == 415


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/*", "text/csv"),
        ("application/JSONLINES;verbose=true", "application/jsonlines"),
        ("image/png, text/csv", "text/csv"),
        ("text/csv, application/json", "text/csv"),
        ("text/csv;q=0.1, application/x-npy;q=0.9", "application/x-npy"),
        ("text/csv;q=0, application/jsonlines;q=0.001", "application/jsonlines"),
        ("image/png;q=1.0, */*;q=0.1", "application/json"),
        ("ndjson, application/x-ndjson", "application/jsonlines"),
    ],
)
@pytest.mark.contract("B2.14", "B8.6")
def test_the_answer_has_the_most_wanted_format_that_can_be_written(accept, chosen):
    assert writer(accept, reader("application/json")[0])[0].media_type == chosen


@pytest.mark.parametrize("accept", ["", "*/*", "application/json"])
def test_a_format_that_is_only_read_is_answered_in_json(accept):
    assert writer(accept, reader("application/vnd.ms-excel")[0])[0].media_type == "application/json"
    with pytest.raises(NotAcceptable):
        writer("application/vnd.ms-excel", reader("text/csv")[0])


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", "application/xml, image/*", ","])
@pytest.mark.contract("B2.13")
def test_an_accept_that_nothing_can_write_is_refused(accept):
    with pytest.raises(NotAcceptable, match="Accept: expected one of text/csv") as caught:
        writer(accept, reader("text/csv")[0])
    assert caught.value.status == 406


@pytest.mark.parametrize("one", WRITTEN, ids=_name)
@given(
    noise=st.binary(max_size=40), cut=st.integers(0, 400), at=st.integers(0, 400), flip=st.integers(1, 255)
)
def test_no_damaged_body_is_anything_but_the_callers_mistake(one, noise, cut, at, flip):
    """Only UserError, whatever comes."""
    media, schema = parse(one.media_type), schema_of("x", "y")
    whole = bytearray(one.write({"x": np.array([1.5, 2.0]), "y": np.array([3.0, 4.0])}, media))
    damaged = bytearray(whole)
    damaged[at % len(whole)] ^= flip
    for body in (noise, bytes(whole[: cut % len(whole)]), bytes(damaged), bytes(whole) + noise):
        for reading in (Reading(schema), Reading(schema, errors={}), Reading(schema, keep=True), Reading()):
            try:
                one.read(body, media, reading)
            except UserError as error:
                assert "\n" not in str(error)  # noqa: PT017
