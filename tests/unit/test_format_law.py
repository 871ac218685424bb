"""The law of formats: a table is the same in every format that can hold it, in training and in serving."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.law import check_serving, check_tensors, check_training
from harness.tables import table


@given(st.randoms())
def test_training_makes_one_table_of_every_format(random):
    check_training(table(random), random)


@given(st.randoms())
def test_a_request_is_one_table_in_every_format_and_comes_back_digit_for_digit(random):
    check_serving(table(random), random)


@given(st.randoms())
def test_so_it_is_by_the_open_inference_protocol(random):
    check_tensors(table(random), random)


@pytest.mark.parametrize("seed", range(20))
def test_so_are_larger_tables(seed):
    random = Random(seed)
    columns = table(random, most=60)
    check_training(columns, random)
    check_serving(columns, random)
    check_tensors(columns, random)
