"""Standings of the AutoML benchmark: ranks, win rates and Elo."""

import doctest

import numpy as np
import pandas as pd
import pytest
from benchmarks import standings
from benchmarks.standings import elo, wins


def test_the_example_is_true() -> None:
    assert doctest.testmod(standings).failed == 0


def test_elo_gives_the_odds_that_were_played() -> None:
    won = np.array([[0.0, 1000.0], [100.0, 0.0]])
    one, other = elo(won)
    assert one - other == pytest.approx(400, abs=2)
    assert one + other == pytest.approx(2000)


def test_a_tie_is_half_a_win_each() -> None:
    assert wins(np.array([[1.0, 1.0, 2.0]]))[0].tolist() == [[0.5, 0.5, 1], [0.5, 0.5, 1], [0, 0, 0.5]]


def test_the_best_comes_first_and_tables_without_an_answer_are_left_out() -> None:
    losses = pd.DataFrame({"bad": [3.0, 3, 3, 1], "good": [1.0, 1, 1, None], "fair": [2.0, 2, 2, 2]})
    lines = standings.standings(losses)
    assert lines[0].startswith("| stack, 3 tables |")
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| good", "| fair", "| bad"]
    assert lines[2].split(" | ")[1:3] == ["1.00 ± 0.00", "100 % ± 0 %"]


def test_one_stack_alone_or_no_common_table_has_no_standings() -> None:
    assert standings.standings(pd.DataFrame({"one": [1.0]})) == []
    assert standings.standings(pd.DataFrame({"one": [1.0, None], "other": [None, 1.0]})) == []
