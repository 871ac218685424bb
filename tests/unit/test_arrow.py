"""What is asked of Arrow's texts by their lengths and first bytes, beside Arrow's own kernels."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.table import arrow

TEXTS = st.lists(
    st.none() | st.sampled_from(["", "NA", "n", "\u00e9", "true", "TRUE", "truer"]) | st.text(max_size=3)
)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
@given(texts=TEXTS, skip=st.integers(0, 3))
def test_texts_are_looked_up_as_by_arrow(kind, texts, skip):
    cells = pa.array([text and text.encode(errors="replace").decode() for text in texts], kind)[skip:]
    for words in (["", "NA"], ["true", "TRUE"], [""], ["\u00e9", "nan"]):
        expected = pc.is_in(cells, pa.array(words, kind)).to_pylist()
        assert arrow.Begun(cells).among(pa.array(words, kind)).tolist() == expected
    there = cells.is_valid().to_pylist()
    for cell, size, first, valid in zip(
        cells.to_pylist(), arrow.lengths(cells).tolist(), arrow.firsts(cells).tolist(), there, strict=True
    ):
        if valid:
            assert (size, first) == (len(cell.encode()), cell.encode()[0] if cell else 0)


@given(texts=st.lists(st.text(max_size=3)), begins=st.binary(min_size=1, max_size=3))
def test_how_texts_begin_is_told_of_all_at_once(texts, begins):
    texts = [text.encode(errors="replace") for text in texts]
    begun = arrow.Begun(pa.array([text.decode() for text in texts], pa.string()))
    expected = [(text or b"\0")[0] in begins for text in texts]
    assert begun.which(begins).tolist() == expected
    assert begun.any_with(begins) == any(expected)
    assert begun.mostly_with(begins) == (2 * sum(expected) > len(texts))


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
@given(texts=TEXTS, skip=st.integers(0, 3), data=st.data())
def test_gaps_are_put_over_texts_without_a_copy(kind, texts, skip, data):
    cells = pa.array([text and text.encode(errors="replace").decode() for text in texts], kind)[skip:]
    gaps = np.array(data.draw(st.lists(st.booleans(), min_size=len(cells), max_size=len(cells))), bool)
    found = arrow.without(cells, gaps)
    found.validate(full=True)
    expected = [None if gap else cell for cell, gap in zip(cells.to_pylist(), gaps.tolist(), strict=True)]
    assert found.to_pylist() == expected
    assert found.buffers()[2] is None or found.buffers()[2].address == cells.buffers()[2].address
