"""What the engine takes a target and its columns for."""

import numpy as np
import pandas as pd
import pytest
from automl_handler.columns import look_at, texts
from automl_handler.design import design
from automl_handler.errors import Unfit
from automl_handler.problem import find
from automl_handler.text import Reader
from specimen import mixed

RANDOM = np.random.default_rng(0)


def column(cells: object, name: str = "x", rows: int = 40) -> object:
    """What `look_at` makes of one column."""
    found, dropped = look_at(pd.DataFrame({name: cells}))
    return found[0].kind if found else dropped[0].why.partition(":")[0]


@pytest.mark.parametrize(
    ("cells", "kind", "labels"),
    [
        (["yes", "no"] * 10, "binary", ("no", "yes")),
        ([0, 1] * 10, "binary", (0, 1)),
        ([3.5, 7.5] * 10, "binary", (3.5, 7.5)),
        ([1, 2, 3] * 10, "multiclass", (1, 2, 3)),
        (["a", "b", "c"] * 10, "multiclass", ("a", "b", "c")),
        (["1", "b", None] * 10, "binary", ("1", "b")),
        (list(range(11)) * 3, "regression", ()),
        ([0.5, 1.5, 2.5] * 10, "regression", ()),
    ],
)
def test_the_problem_follows_from_the_target(
    cells: list[object], kind: str, labels: tuple[object, ...]
) -> None:
    found = find(pd.Series(cells), "t", "auto")
    assert (found.kind, found.labels) == (kind, labels)


def test_the_problem_can_be_said() -> None:
    assert find(pd.Series([1, 2, 3] * 5), "t", "regression").kind == "regression"
    assert find(pd.Series(list(range(11)) * 3), "t", "multiclass").classes == 11
    with pytest.raises(Unfit, match="binary needs two values, got 3"):
        find(pd.Series([1, 2, 3] * 5), "t", "binary")


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("size", RANDOM.normal(size=40), "number"),
        ("objects", [None, 1, 2.5, 3] * 10, "number"),
        ("colour", ["red", "blue"] * 20, "category"),
        ("day", ["2024-01-31", "2024-02-01", None, "2023-12-24"] * 10, "date"),
        ("time", ["31/1/2024 12:30", "1/2/2024 08:15"] * 20, "date"),
        ("text", [f"the {word} of the {word} sea" for word in map(str, range(40))], "text"),
        ("only", ["a"] * 40, "constant"),
        ("gap", [None] * 40, "empty"),
        ("blank", [""] * 40, "empty"),
        ("half", ["a", None] * 20, "category"),
        ("customer_id", RANDOM.permutation(40) * 7, "identifier"),
        ("row", range(100, 140), "identifier"),
        ("key", [f"K{place}" for place in range(40)], "identifier"),
        ("price", RANDOM.permutation(40) * 7, "number"),
    ],
)
def test_a_column_is_what_its_cells_are(name: str, cells: object, kind: str) -> None:
    assert column(cells, name) == kind


def test_an_identifier_asked_for_by_name_is_kept() -> None:
    found, dropped = look_at(pd.DataFrame({"customer_id": np.arange(40)}), ["customer_id"])
    assert [one.kind for one in found] == ["number"]
    assert not dropped


def test_a_date_is_its_parts() -> None:
    cells = ["2024-02-29 13:59:59", "1969-12-31", "31/01/2023", None, "never"]
    (found,), _ = look_at(pd.DataFrame({"day": (cells[:3] * 20)}))
    assert found.numbers(pd.Series(cells)).tolist()[:2] == [
        [pytest.approx(8825 + 50399 / 86400), 2024, 2, 29, 3, 13],
        [-10958, 1969, 12, 31, 2, 0],
    ]
    assert found.numbers(pd.Series(cells))[2, 1:4].tolist() == [2023, 1, 31]
    assert np.isnan(found.numbers(pd.Series(cells))[3:]).all()
    instants = pd.Series(pd.to_datetime(["2024-02-29", None]))
    assert found.numbers(instants)[:, 2].tolist() == pytest.approx([2, np.nan], nan_ok=True)


def test_a_rare_value_is_one_of_the_others_and_its_name_is_forgotten() -> None:
    (found,), _ = look_at(pd.DataFrame({"team": ["a"] * 20 + ["b"] * 19 + ["secret"]}))
    assert found.categories == ("a", "b")
    codes = found.codes(pd.Series(["a", "b", "secret", "never seen", None, ""]))
    assert codes.tolist() == [0, 1, 2, 2, -1, -1]


def test_a_design_reads_what_the_columns_say() -> None:
    table = mixed(50)
    found, _ = look_at(table)
    rows = design(found, table)
    assert len(rows) == 50
    assert rows.joined.shape[1] == sum(max(1, one.width) for one in found)


def test_words_are_learnt_from_all_over_a_long_column() -> None:
    texts = ["early bird"] * 6_000 + ["late worm"] * 6_000
    assert Reader.fit(texts).words == ("bird", "early", "late", "worm")


@pytest.mark.parametrize("gap", [None, np.nan])
def test_many_cells_are_the_texts_that_few_are(gap: object) -> None:
    for some in (["b ", " a", "", gap, " ", "é"], ["1", 1, 1.0, True, gap, "x"]):
        few = pd.Series(some, dtype=object)
        many = pd.concat([few] * 1_000, ignore_index=True)
        assert texts(many) == texts(many.iloc[:6]) * 1_000
