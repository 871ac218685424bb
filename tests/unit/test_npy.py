"""application/x-npy: arrays of numbers, never a pickle."""

import io
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from slipway.errors import NoRows, NotAcceptable, UserError
from slipway.formats import reader
from unit.tables import read, schema_of, table

NPY, PLAIN = reader("application/x-npy")
XY = schema_of("x", "y")


def saved(array, **how):
    buffer = io.BytesIO()
    np.save(buffer, array, **how)
    return buffer.getvalue()


@given(
    array=st.sampled_from(["<f8", ">f8", "<f4", "<f2", "<i8", "<u8", "|i1", "|b1", "<U3"]).flatmap(
        lambda dtype: arrays.arrays(
            dtype, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
        )
    )
)
def test_the_quick_way_gives_what_the_long_way_gives(array):
    def meant(**how):
        try:
            return table(saved(array), XY, "npy", **how).matrix.tolist()
        except UserError as error:
            return type(error), error.row, error.column, str(error)

    assert repr(meant()) == repr(meant(keep=True))


def test_one_dimension_is_a_row_or_a_column_where_the_model_reads_one():
    body = saved(np.array([1.0, 2.0]))
    assert read(body, "npy", XY).matrix.tolist() == [[1, 2]]
    assert read(body, "npy", schema_of("x")).matrix.tolist() == [[1], [2]]


def test_infinity_is_told_by_its_row():
    with pytest.raises(UserError, match='row 2, column "x": expected a finite number'):
        table(saved(np.array([[1.0, 2.0], [np.inf, 3.0]])), XY, "npy")


class Bomb:
    def __reduce__(self):
        return (print, ("unpickled",))


@pytest.mark.parametrize(
    "body",
    [
        saved(np.array([Bomb()], dtype=object), allow_pickle=True),
        saved(np.array([{"a": 1}], dtype=object), allow_pickle=True),
        pickle.dumps(Bomb()),
    ],
)
@pytest.mark.contract("B8.6")
def test_a_pickle_is_refused_and_never_opened(body, capsys):
    with pytest.raises(UserError, match="pickled objects are refused"):
        read(body, "npy", XY)
    assert capsys.readouterr().out == ""


WHOLE = saved(np.zeros((2, 2)))


@pytest.mark.parametrize(
    "body",
    [
        WHOLE[:-1],
        WHOLE[:20],
        b"x",
        b"PK\x03\x04broken",
        b"PK\x05\x06" + bytes(18),
        WHOLE.replace(b"(2, 2)", b"(2, 2("),
        WHOLE.replace(b"(2, 2)", b"(10**9"),
        WHOLE.replace(b"(2, 2), }       ", b"(99999999999, 2), }"),
        saved(np.zeros(2, dtype=[("a", "f8")])),
        saved(np.zeros((2, 2), dtype=complex)),
        saved(np.array([[b"1"]])),
        saved(np.zeros((1, 2, 2))),
        saved(np.float64(5)),
    ],
    ids=range(13),
)
def test_what_is_no_array_of_numbers_is_the_callers_mistake(body):
    for schema in (XY, None):
        with pytest.raises(UserError, match=r"npy|expected an array"):
            read(body, "npy", schema)


def test_an_empty_body_has_no_rows():
    with pytest.raises(NoRows):
        read(b"", "npy")


def test_an_answer_is_one_array_of_whole_numbers_if_all_are():
    def written(**columns):
        return np.load(io.BytesIO(NPY.write(columns, PLAIN)), allow_pickle=False)

    assert written(a=np.array([1, 2])).tolist() == [[1], [2]]
    assert written(a=np.array([1, 2])).dtype == np.int64
    assert written(a=np.array([1, 2]), b=np.array([0.5, np.nan])).dtype == np.float64


@pytest.mark.contract("B2.13")
def test_texts_cannot_be_answered_as_npy():
    with pytest.raises(NotAcceptable, match="holds numbers only, and the answer has name"):
        NPY.write({"a": np.array([1]), "name": np.array(["x"], dtype=object)}, PLAIN)


@pytest.mark.parametrize(("kind", "shape"), [("<U0", (2_000_000, 3)), ("<f8", (10**12, 0))])
def test_rows_that_take_no_bytes_are_refused(kind, shape):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": kind, "fortran_order": False, "shape": shape})
    with pytest.raises(UserError, match=r"expected an array of shape|the \.npy array unfolds to"):
        read(buffer.getvalue(), "npy")
