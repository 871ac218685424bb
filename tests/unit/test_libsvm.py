"""text/libsvm: what a line leaves out is 0, in training, in requests, and over many files."""

import gzip

import numpy as np
import pytest

from slipway.errors import NoRows, NotAcceptable, UserError
from slipway.formats import ANSWER_TYPES, reader, writer
from slipway.training.channel import Channel
from unit.tables import read, schema_of

TYPE = "text/libsvm"


def columns(raw):
    return {name: np.asarray(column).tolist() for name, column in zip(raw.names, raw.columns, strict=True)}


@pytest.mark.contract("B8.6")
def test_a_line_is_a_row_and_what_it_leaves_out_is_zero():
    raw = read(b"1 1:0.5 3:-2e3 # a comment\n\n0 2:7\r\n-1\n", TYPE)
    assert columns(raw) == {
        "label": [1, 0, -1],
        "f1": [0.5, 0, 0],
        "f2": [0, 7, 0],
        "f3": [-2000, 0, 0],
    }


def test_indices_may_count_from_0_and_groups_are_a_column():
    raw = read(b"2 qid:7 0:1\n0 qid:8 2:3\n", TYPE)
    assert columns(raw) == {"label": [2, 0], "qid": [7, 8], "f0": [1, 0], "f1": [0, 0], "f2": [0, 3]}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"1:0.5 1:2 2:3\n0:2 2:1\n", {"label": [1, 0], "weight": [0.5, 2], "f1": [2, 0], "f2": [3, 1]}),
        (b"-1:0.5 4:2\n", {"label": [-1], "weight": [0.5], "f1": [0], "f2": [0], "f3": [0], "f4": [2]}),
        (b"2.5:1 1:2\n", {"label": [2.5], "weight": [1], "f1": [2]}),
        (
            b"3:2 qid:7 1:1\n",
            {"label": [3], "weight": [2], "qid": [7], "f1": [1]},
        ),
        (b"1:2 3:4\n2:5\n", {"f1": [2, 0], "f2": [0, 5], "f3": [4, 0]}),
    ],
    ids=[
        "an index that does not ascend",
        "a negative label",
        "a label with a point",
        "a group",
        "features alone",
    ],
)
@pytest.mark.contract("B8.12")
def test_a_label_may_have_a_weight(body, expected):
    """Lines that begin with a pair hold labels with weights where it can be no feature, as indices ascend."""
    raw = read(body, TYPE)
    assert columns(raw) == expected
    assert bool(raw.notes) is ("weight" in expected), "what was guessed is said"


@pytest.mark.contract("B8.12")
def test_weights_in_a_request_are_passed_over():
    assert read(b"1:0.5 1:2\n0:1 2:7\n", TYPE, schema_of("f1", "f2")).matrix.tolist() == [[2, 0], [0, 7]]


def test_files_with_and_without_weights_are_refused(tmp_path):
    (tmp_path / "a.libsvm").write_text("1:2 1:2\n")
    (tmp_path / "b.libsvm").write_text("1 1:3\n")
    with pytest.raises(UserError, match=r"file b.libsvm: its lines have no weight"):
        _ = Channel("train", tmp_path).table


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1 1:0.5 2:3\n0\n-1 2:1e-3 # a comment\n", ["label", "f1", "f2"]),
        ("1:0.5 qid:3 1:2\n", ["label", "weight", "qid", "f1"]),
        ("12:30\n12:45\n", None),
        ("1,2\n3,4\n", None),
        ("1 2\n3 4\n", None),
        ("1 1:2\nx 1:2\n", None),
    ],
)
@pytest.mark.contract("B8.13")
def test_a_file_of_no_known_type_is_tried_as_libsvm(tmp_path, text, names):
    (tmp_path / "part-0000").write_text(text)
    found = Channel("train", tmp_path)
    assert (found.names if names else "label" not in found.names) == (names or True)


def test_a_request_may_have_labels_or_not_and_columns_that_the_model_never_saw():
    schema = schema_of("f1", "f2", "f4", kind="number")
    for body in (b"1:5 4:6\n2:1 9:1\n", b"1 1:5 4:6\n0 qid:3 2:1\n"):
        assert read(body, TYPE, schema).matrix.tolist() == [[5, 0, 6], [0, 1, 0]]
        raw = read(body, TYPE, schema, keep=True)
        assert schema.positions(raw.names, raw.width) == [0, 1, 2]
        assert np.column_stack(raw.columns).tolist() == [[5, 0, 6], [0, 1, 0]]


def test_columns_with_names_of_their_own_are_counted_from_1():
    schema = schema_of("height", "weight")
    assert read(b"2:70\n", TYPE, schema).matrix.tolist() == [[0, 70]]
    for body, index in ((b"1:1\n3:70\n", 3), (b"0:1\n0:2\n", 0)):
        with pytest.raises(UserError, match=rf"row \d: index {index}; expected 1 to 2"):
            read(body, TYPE, schema)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"1 1:2\n1 x\n", "line 2: expected a label and pairs"),
        (b"a 1:2\n", "line 1: expected a label and pairs"),
        (b"1 -1:2\n", "line 1: expected a label and pairs"),
        (b"1 1:2 1:3\n", "line 1: an index comes twice"),
        (b"1 1:\xff\n", "not utf-8"),
        (b"1 1:2\n1:3\n", "line 2 has no label"),
        (b"# of two\n1 1:2\n\n1:3\n", "line 4 has no label"),
        (b"1 1:2 0x2:3\n", "line 1: expected a label and pairs"),
        (b"1 1:2 2:1_0\n", "line 1: expected a label and pairs"),
        (b"1 1:2\n1 3:1:2\n", "line 2: expected a label and pairs"),
        (b"1 1:2\n1 2:1 qid:3\n", "line 2: expected a label and pairs"),
        (b"1 3:2 2:1 3:1\n1 x\n", "line 2: expected a label and pairs"),
        (b"1 3:2 2:1 3:1\n", "line 1: an index comes twice"),
        (b"1 999999999:1\n", "999999999 columns; expected at most"),
    ],
)
def test_what_is_no_libsvm_is_named_in_one_line(body, message):
    with pytest.raises(UserError, match=message) as caught:
        read(body, TYPE)
    assert "\n" not in str(caught.value)


def test_a_label_that_is_no_finite_number_is_not_made_a_class():
    assert columns(read(b"inf 1:2\n1 1:3\n", TYPE))["label"] == [np.inf, 1]


def test_what_a_model_cannot_read_is_refused():
    with pytest.raises(UserError, match="reads texts in x"):
        read(b"1:2\n", TYPE, schema_of("x", kind="text"))
    with pytest.raises(UserError, match='row 2, column "y": expected a finite number'):
        read(b"1:2\n2:inf\n", TYPE, schema_of("x", "y"))
    with pytest.raises(NoRows):
        read(b"# nothing\n", TYPE, schema_of("x"))


def test_it_is_answered_in_csv_and_never_written():
    found, _ = reader("text/x-libsvm; charset=utf-8")
    assert found.media_type == "text/libsvm"
    assert writer("", found)[0].media_type == "text/csv"
    assert "text/libsvm" not in ANSWER_TYPES
    with pytest.raises(NotAcceptable):
        writer("text/libsvm", found)


def test_files_of_a_channel_have_the_columns_of_all(tmp_path):
    (tmp_path / "a.libsvm").write_text("1 1:2\n0 2:1\n")
    (tmp_path / "b.svm.gz").write_bytes(gzip.compress(b"1 4:9\n"))
    found = Channel("train", tmp_path).table
    assert found.column("label").dtype == np.int64, "classes, not measures"
    assert {name: found.column(name).tolist() for name in found.names} == {
        "label": [1, 0, 1],
        "f1": [2, 0, 0],
        "f2": [0, 1, 0],
        "f3": [0, 0, 0],
        "f4": [0, 0, 9],
    }


def test_a_file_without_labels_among_others_is_refused(tmp_path):
    (tmp_path / "a.libsvm").write_text("1 1:2\n")
    (tmp_path / "b.libsvm").write_text("1:3\n")
    with pytest.raises(UserError, match=r"file b.libsvm: its lines have no label"):
        _ = Channel("train", tmp_path).table


def test_a_file_is_known_by_the_channels_content_type(tmp_path):
    (tmp_path / "part-0000").write_text("1 1:2\n")
    assert list(Channel("train", tmp_path, "text/libsvm").table.names) == ["label", "f1"]
