"""Numbers written as text, as a target and as a feature: read if certain, otherwise reported."""

import json

import numpy as np
import pandas as pd
import pytest
from automl.automl_handler.errors import DataError
from automl.automl_handler.features.amounts import AmountFormat
from automl.automl_handler.features.columns import FeatureColumn, infer_columns, notes
from automl.automl_handler.problem import Problem, detect_problem

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("texts", "unit", "values"),
    [
        (["12%", "7.5 %", "-3%"], "%", [12, 7.5, -3]),
        (["$1,234.50", "$7", "-$20.00", "$-1"], "$", [1234.5, 7, -20, -1]),
        (["US$ 5", "US$ 1,000"], "US$", [5, 1000]),
        (["1.234,50 €", "7 €"], "€", [1234.5, 7]),
        (["€1,234", "€2,500"], "€", [1234, 2500]),
        (["0,5 %", "12 %"], "%", [0.5, 12]),
        (["35 kg", "7kg"], "kg", [35, 7]),
        (["3 km/h", "1e3 km/h"], "km/h", [3, 1000]),
    ],
)
def test_amounts_in_one_unit_are_read(texts: list[str], unit: str, values: list[float]) -> None:
    found = AmountFormat.infer(texts, 1.0)
    assert found is not None
    assert found.unit == unit
    assert found.read(texts).tolist() == values


@pytest.mark.parametrize(
    "texts",
    [
        ["1,234%", "2,345%"],
        ["12%", "12"],
        ["$5", "€5"],
        ["02108%", "12%"],
        ["$1,23,4"],
        ["K12", "K13"],
        ["red"],
    ],
    ids=["either mark", "with and without", "two currencies", "a code", "odd groups", "names", "a word"],
)
def test_what_is_not_certain_is_not_read(texts: list[str]) -> None:
    assert AmountFormat.infer(texts, 1.0) is None


def test_an_amount_target_is_a_number_and_the_note_says_how_to_get_classes() -> None:
    for form, value in (("{}%", 57.0), ("${:,}.50", 1_057.5)):
        offset = 0 if "%" in form else 1_000
        cells = pd.Series([form.format(offset + place) for place in range(99)])
        problem, said = detect_problem(cells, "rate", "auto")
        loaded = Problem.from_dict(json.loads(json.dumps(problem.to_dict())))
        assert loaded == problem
        assert loaded.kind == "regression"
        assert loaded.encode(cells)[57] == value
        assert "predicted as a number in" in said[0]
        assert 'kinds={"rate": "text"}' in said[0]
        with pytest.raises(DataError, match=r'target rate: expected a number in ., got "n/a"'):
            loaded.encode(pd.Series(["n/a"]))
        with pytest.raises(DataError, match="expected labels that repeat"):
            detect_problem(cells, "rate", "auto", as_text=True)


@pytest.mark.parametrize(
    ("cells", "kind", "says"),
    [
        (
            [1, 2, 3, 4] * 10,
            "multiclass",
            "4 distinct numbers are predicted as classes; problem_type=regression",
        ),
        ([3.5, 7.5] * 20, "binary", "2 distinct numbers are predicted as classes; problem_type=regression"),
        (list(range(12)) * 4, "regression", "(12 distinct integers); problem_type=multiclass"),
        (
            ["10%", "20%", "30%"] * 9,
            "multiclass",
            "3 distinct amounts are predicted as classes; problem_type=",
        ),
    ],
)
def test_a_target_that_could_be_read_in_two_ways_is_noted(cells: list[object], kind: str, says: str) -> None:
    problem, said = detect_problem(pd.Series(cells), "t", "auto")
    assert problem.kind == kind
    assert len(said) == 1
    assert says in said[0]
    requested, said = detect_problem(pd.Series(cells), "t", kind)
    assert not said, "the user has decided"
    assert requested.labels == problem.labels


@pytest.mark.parametrize("cells", [[0, 1] * 9, ["a", "b", "c"] * 9, [0.25, 1.5, 2.75] * 9])
def test_a_plain_target_needs_no_note(cells: list[object]) -> None:
    assert detect_problem(pd.Series(cells), "t", "auto")[1] == []


def test_classes_that_differ_in_case_or_spaces_only_are_named() -> None:
    problem, said = detect_problem(pd.Series(["Yes", "yes", "Yes ", "no"] * 9), "t", "auto")
    assert problem.classes == 4
    assert '"Yes" / "Yes " / "yes"' in said[0]
    assert '"no"' not in said[0]


def test_a_target_of_numbers_with_a_few_texts_says_what_to_do() -> None:
    cells = pd.Series([str(place / 7) for place in range(98)] + ["10-12", "n. a."])
    for requested in ("auto", "regression"):
        with pytest.raises(DataError, match=r"98\.0% of the cells are numbers .* name them in missing"):
            detect_problem(cells, "t", requested)


def numbers_with_others(rows: int = 1_000) -> list[str]:
    """Numbers, ranges and units, each of the latter once."""
    cells = RANDOM.normal(50, 9, rows).round(2).astype(str).tolist()
    others = [f"{place}-{place + 2}" for place in range(10)] + [f"about {place}" for place in range(10)]
    cells[: len(others)] = others
    return cells


def test_a_column_of_numbers_with_a_few_ranges_is_a_number_and_says_so() -> None:
    cells = numbers_with_others()
    (found,), _ = infer_columns(pd.DataFrame({"x": cells}))
    loaded = FeatureColumn.from_dict(json.loads(json.dumps(found.to_dict())))
    assert loaded == found
    assert (loaded.kind, loaded.missing) == ("number", pytest.approx(0.02))
    read = loaded.numbers(pd.Series(["51.5", "50-52", None, "12 kg", 7.0], dtype=object))[:, 0]
    assert read.tolist() == pytest.approx([51.5, np.nan, np.nan, np.nan, 7], nan_ok=True)
    (note,) = notes([found])
    assert "column x" in note
    assert "2.0%" in note
    assert 'kinds={"x": "text"}' in note
    assert not any(cell in note for cell in cells[:20]), "no cells in the log"


@pytest.mark.parametrize(
    "cells",
    [
        ["02108", *map(str, range(10_000, 10_099))] * 5,
        ["1", "2", "3", "3+"] * 100,
        [f"{place % 5} GB" for place in range(200)],
        [*map(str, range(60)), *[f"about {place}" for place in range(40)]] * 5,
    ],
    ids=["codes", "grades", "few amounts", "too few numbers"],
)
def test_codes_grades_and_mixtures_stay_categories(cells: list[str]) -> None:
    (found,), _ = infer_columns(pd.DataFrame({"x": cells}))
    assert found.kind == "category"
    assert notes([found]) == []


def test_a_column_declared_as_text_stays_a_category() -> None:
    cells = numbers_with_others(200) * 5
    (found,), _ = infer_columns(pd.DataFrame({"x": cells}), as_text={"x"})
    assert found.kind == "category"
