"""What the engine takes a target and its columns for."""

import datetime
import json
import re

import numpy as np
import pandas as pd
import pytest
from automl.automl_handler.errors import DataError
from automl.automl_handler.features.columns import FeatureColumn, infer_columns, texts
from automl.automl_handler.features.dates import DateFormat
from automl.automl_handler.features.design import design
from automl.automl_handler.features.text import TextEncoder
from automl.automl_handler.problem import detect_problem
from automl.tests.tables import mixed

RANDOM = np.random.default_rng(0)


def column(cells: object, name: str = "x", rows: int = 40) -> object:
    """What `infer_columns` makes of one column."""
    found, dropped = infer_columns(pd.DataFrame({name: cells}))
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
        ([True, False] * 10, "binary", ("false", "true")),
        ([True, None, False] * 10, "binary", ("false", "true")),
        (["02108", "2108"] * 10, "binary", ("02108", "2108")),
        (list(range(11)) * 3, "regression", ()),
        ([0.5, 1.5, 2.5] * 10, "regression", ()),
    ],
)
def test_the_problem_follows_from_the_target(
    cells: list[object], kind: str, labels: tuple[object, ...]
) -> None:
    found, _ = detect_problem(pd.Series(cells), "t", "auto")
    assert (found.kind, found.labels) == (kind, labels)


def test_the_problem_can_be_said() -> None:
    assert detect_problem(pd.Series([1, 2, 3] * 5), "t", "regression")[0].kind == "regression"
    assert detect_problem(pd.Series(list(range(11)) * 3), "t", "multiclass")[0].classes == 11
    with pytest.raises(DataError, match="binary needs two values, got 3"):
        detect_problem(pd.Series([1, 2, 3] * 5), "t", "binary")


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("size", RANDOM.normal(size=40), "number"),
        ("objects", [None, 1, 2.5, 3] * 10, "number"),
        ("colour", ["red", "blue"] * 20, "category"),
        ("day", ["2024-01-31", "2024-02-01", None, "2023-12-24"] * 10, "date"),
        ("time", ["31/1/2024 12:30", "1/2/2024 08:15"] * 20, "date"),
        ("text", [f"the {word} of the {word} sea" for word in map(str, range(40))], "text"),
        ("instants", [pd.Timestamp("2024-01-31"), None, pd.Timestamp("2023-12-24")] * 10, "date"),
        ("days", [datetime.date(2024, 1, 31), datetime.date(2023, 12, 24)] * 20, "date"),
        ("truth", [True, False] * 20, "category"),
        ("truths", [True, None, False] * 10, "category"),
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
    found, dropped = infer_columns(pd.DataFrame({"customer_id": np.arange(40)}), ["customer_id"])
    assert [one.kind for one in found] == ["number"]
    assert not dropped


def test_a_date_is_its_parts() -> None:
    cells = ["2024-02-29 13:59:59", "1969-12-31", "31/01/2023", None]
    (found,), _ = infer_columns(pd.DataFrame({"day": (cells[:3] * 20)}))
    assert found.numbers(pd.Series(cells)).tolist()[:2] == [
        [pytest.approx(8825 + 50399 / 86400), 2024, 2, 29, 3, 13],
        [-10958, 1969, 12, 31, 2, 0],
    ]
    assert found.numbers(pd.Series(cells))[2, 1:4].tolist() == [2023, 1, 31]
    assert np.isnan(found.numbers(pd.Series(cells))[3]).all()
    instants = pd.Series(pd.to_datetime(["2024-02-29", None]))
    assert found.numbers(instants)[:, 2].tolist() == pytest.approx([2, np.nan], nan_ok=True)


def test_the_order_of_day_and_month_is_the_columns_and_kept_with_it() -> None:
    for order, cells in (("day-first", ["1/2/2024", "13/2/2024"]), ("month-first", ["1/2/2024", "2/13/24"])):
        (found,), _ = infer_columns(pd.DataFrame({"day": cells * 20}))
        loaded = FeatureColumn.from_dict(json.loads(json.dumps(found.to_dict())))
        assert loaded.dates == DateFormat(order)  # type: ignore[arg-type]
        alone = loaded.numbers(pd.Series(["3/4/2024"]))[0, 2:4].tolist()
        assert alone == ([4, 3] if order == "day-first" else [3, 4])


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (["1/2/2024", "3/4/2024"], 'day and month cannot be told apart, as in "1/2/2024"; set dates='),
        (["13/2/2024", "2/13/2024"], 'expected one order of day and month, got "13/2/2024" and "2/13/2024"'),
    ],
)
def test_days_that_may_be_two_are_refused(cells: list[str], says: str) -> None:
    with pytest.raises(DataError, match=re.escape(f"column day: {says}")):
        infer_columns(pd.DataFrame({"day": cells * 20}))
    (found,), _ = infer_columns(pd.DataFrame({"day": ["1/2/2024", "3/4/2024"] * 20}), order="day-first")
    assert found.dates == DateFormat("day-first")


def test_where_the_dates_are_known_no_text_is_taken_for_one() -> None:
    table = pd.DataFrame(
        {"code": ["2024-01-31", "2024-02-01"] * 20, "day": pd.date_range("2024", periods=40)}
    )
    found, _ = infer_columns(table, dates={"day": DateFormat("day-first")})
    assert [(one.kind, one.dates) for one in found] == [("category", None), ("date", DateFormat("day-first"))]


@pytest.mark.parametrize(
    ("text", "written", "moment"),
    [
        ("2024-01-31T12:00:00+02:00", DateFormat(), "2024-01-31T10:00:00"),
        ("2024-01-31 12:00 +02", DateFormat(wall=True), "2024-01-31T12:00:00"),
        ("31.1.68", DateFormat("day-first"), "2068-01-31"),
        ("1/31/69 0:05", DateFormat("month-first"), "1969-01-31T00:05:00"),
        ("2024-02-30", DateFormat(), None),
        ("31/1/2024", DateFormat("month-first"), None),
        ("1/2/2024", DateFormat(), None),
        ("31-1/2024", DateFormat("day-first"), None),
        ("never", DateFormat(), None),
    ],
)
def test_a_text_is_the_time_it_says_or_is_refused(text: str, written: DateFormat, moment: str | None) -> None:
    cells = pd.Series([None, text, ""])
    if moment is None:
        with pytest.raises(DataError, match=f'column day: expected a date such as .+, got "{text}"'):
            written.read(cells, "day")
    else:
        found = written.read(cells, "day")
        assert found[1] == np.datetime64(moment)
        assert np.isnat(found[[0, 2]]).all()


def test_times_of_a_database_are_read_as_they_are() -> None:
    zoned = pd.Timestamp("2024-01-31 12:00", tz="Europe/Paris")
    for cells in (pd.Series([zoned, None]), pd.Series([zoned, None], dtype=object)):
        found = DateFormat().read(cells, "day")
        assert found[0] == np.datetime64("2024-01-31T11:00:00")
        assert np.isnat(found[1])
    assert DateFormat().read(pd.Series([datetime.date(1500, 1, 2)]), "day")[0] == np.datetime64("1500-01-02")


def test_a_boolean_is_one_label_and_one_category_however_it_is_spelled() -> None:
    spellings: list[list[object]] = [
        [True, False],
        ["true", "false"],
        ["True", "False"],
        ["TRUE", "FALSE"],
        ["1", "0"],
        [1, 0],
    ]
    for learnt in spellings[:4]:
        problem, _ = detect_problem(pd.Series(learnt * 10), "t", "auto")
        (column,), _ = infer_columns(pd.DataFrame({"x": learnt * 20}))
        for cells in spellings:
            assert problem.encode(pd.Series(cells)).tolist() == [1, 0]
            assert column.codes(pd.Series(cells)).tolist() == column.codes(pd.Series(learnt)).tolist()


def test_labels_are_read_as_the_model_has_them_whatever_the_table_made_of_them() -> None:
    texts, _ = detect_problem(pd.Series(["1", "2", "3+"] * 10), "t", "auto")
    assert texts.encode(pd.Series([1, 2.0, 1])).tolist() == [0, 1, 0]
    assert np.isnan(texts.encode(pd.Series([None, 4]))).all()
    numbers, _ = detect_problem(pd.Series([1, 2, 3] * 10), "t", "auto")
    assert numbers.encode(pd.Series(["1", "2.0", "1"])).tolist() == [0, 1, 0]
    assert np.isnan(numbers.encode(pd.Series(["", "4"]))).all()
    with pytest.raises(DataError, match=r'column t: expected a number, got "3\+"'):
        numbers.encode(pd.Series(["1", "3+"]))


def test_a_word_where_only_numbers_were_is_refused() -> None:
    (found,), _ = infer_columns(pd.DataFrame({"size": [1.5, None, 3, 4] * 10}))
    assert np.isnan(found.numbers(pd.Series([None, "", np.inf], dtype=object))).all()
    with pytest.raises(DataError, match='column size: expected a number, got "oops"'):
        found.numbers(pd.Series([1.5, "oops"]))


def test_a_rare_value_is_one_of_the_others_and_its_name_is_forgotten() -> None:
    (found,), _ = infer_columns(pd.DataFrame({"team": ["a"] * 20 + ["b"] * 19 + ["secret"]}))
    assert found.categories == ("a", "b")
    codes = found.codes(pd.Series(["a", "b", "secret", "never seen", None, ""]))
    assert codes.tolist() == [0, 1, 2, 2, -1, -1]


def test_texts_that_came_as_numbers_without_their_zeros_are_refused() -> None:
    """As MindsDB reads a CSV file, in a server of one's own."""
    (found,), _ = infer_columns(pd.DataFrame({"zip": ["02108", "10115", "12"] * 20}))
    assert found.codes(pd.Series([10115, 12, 99])).tolist() == [1, 2, 3]
    with pytest.raises(
        DataError, match='column zip: received the number 2108; expected texts, such as "02108"'
    ):
        found.codes(pd.Series([10115, 2108.0]))
    (both,), _ = infer_columns(pd.DataFrame({"zip": ["02108", "2108"] * 20}))
    assert both.codes(pd.Series([2108])).tolist() == [1]


def test_a_design_reads_what_the_columns_say() -> None:
    table = mixed(50)
    found, _ = infer_columns(table)
    rows = design(found, table)
    assert len(rows) == 50
    assert rows.joined.shape[1] == sum(max(1, one.width) for one in found)


def test_words_are_learnt_from_all_over_a_long_column() -> None:
    texts = ["early bird"] * 6_000 + ["late worm"] * 6_000
    assert TextEncoder.fit(texts).words.terms == ("bird", "early", "late", "worm")


@pytest.mark.parametrize("gap", [None, np.nan])
def test_many_cells_are_the_texts_that_few_are(gap: object) -> None:
    for some in (["b ", " a", "", gap, " ", "é"], ["1", 1, 1.0, True, gap, "x"]):
        few = pd.Series(some, dtype=object)
        many = pd.concat([few] * 1_000, ignore_index=True)
        assert texts(many) == texts(many.iloc[:6]) * 1_000


def test_terms_are_those_of_at_least_three_texts_and_pieces_those_of_short_ones() -> None:
    short = ["red wine", "red whine", "red tea", "tea", "green tea", "unseen"]
    encoder = TextEncoder.fit(short)
    assert encoder.words.terms == ("red", "tea")
    assert " re" in encoder.pieces.terms
    assert not any("u" in term for term in encoder.pieces.terms), "nothing of what one text alone has"
    numbers, terms = encoder.read(["red tea", "reds", "zzz"])
    assert numbers[:, 0].tolist() == [2, 1, 1]
    assert terms.shape == (3, encoder.terms)
    assert terms[0, :2].toarray() == pytest.approx(np.full((1, 2), 0.5**0.5))
    assert terms[1, :2].nnz == 0, "another word"
    assert terms[1].nnz > 0, "of which pieces are known"
    assert terms[2].nnz == 0
    assert not TextEncoder.fit([text * 200 for text in short]).pieces.terms
    again = TextEncoder.from_dict(encoder.to_dict())
    assert (again.read(short)[1] != encoder.read(short)[1]).nnz == 0
