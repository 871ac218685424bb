"""What the fuzzer has found, each of which stays mended; `make fuzz` looks for more."""

import pytest

from harness.fuzz import Request, by_chance, check
from slipway.formats import json_numbers

FINDS = [
    Request(b'"na\nme",x\n1,0.5\n', "text/csv", mixed=False),
    Request(b"\"n\n\",x\n1,0.5\n", "text/csv; header=present", mixed=False),
    Request(b"code,ok,n,x\na,true,218446744073709551616,1\n", "text/csv", "application/json"),
    Request(b"code,ok,n,x\na,true,-1e300,1\n", "text/csv", "application/x-parquet", "on_error=record"),
]  # fmt: skip


@pytest.mark.parametrize("request_", FINDS, ids=range(len(FINDS)))
def test_what_was_found_stays_mended(request_):
    check(request_)


def test_a_row_inside_a_row_is_no_row_of_numbers():
    """Found by comparing simdjson's flat buffer with what orjson reads."""
    assert json_numbers.matrix(b"[[[1,2,3],4],[5,6]]", 2) is None
    assert json_numbers.matrix(b"[[1,2],[3,4]]", 2).tolist() == [[1, 2], [3, 4]]


def test_a_few_more_by_chance_find_nothing():
    assert by_chance(3, seed=7) > 50
