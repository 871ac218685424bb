"""Tables as they come: new categories, empty rows and columns, constants, odd cells, many columns."""

import numpy as np
import pandas as pd
import pytest
from imputation.evaluation.scores import nrmse
from imputation.features.cells import gaps
from imputation.features.columns import infer
from imputation.imputer import Imputer
from imputation.tasks import FitSettings
from imputation.tests.tables import holed, mixed
from imputation.tests.test_frames import fill, fit, tabled

FAST = FitSettings(preset="fast")


@pytest.fixture(scope="module")
def fitted(gappy: pd.DataFrame) -> Imputer:
    return fit(gappy, None, FitSettings())


@pytest.mark.parametrize("engine", ["auto", "datawig", "mean", "knn", "iterative", "missforest"])
def test_a_row_without_any_cell_gets_the_usual_answer(gappy: pd.DataFrame, engine: str) -> None:
    empty = pd.DataFrame({name: [None] for name in gappy})
    filled = fill(fit(gappy, None, FitSettings(engine=engine, preset="fast", num_epochs=2)), empty).table
    assert filled["kind"].tolist() == ["shoe"]
    assert abs(float(filled["price"][0]) - gappy["price"].mean()) < gappy["price"].std()


def test_a_column_without_any_cell_stays_empty_and_says_so(gappy: pd.DataFrame) -> None:
    table = gappy.assign(void=None, nan=np.nan)
    filled = fill(fit(table, None, FAST), table)
    for name in ("void", "nan"):
        assert filled.table[name].isna().all()
        assert filled.cells[name].left.all()
        assert not filled.imputed(name).any()


def test_a_constant_column_is_filled_with_its_constant(gappy: pd.DataFrame) -> None:
    table = gappy.assign(one=7.5, word="same")
    table.loc[::5, ["one", "word"]] = None
    filled = fill(fit(table, None, FAST), table).table
    assert set(filled["one"].astype(float)) == {7.5}
    assert set(filled["word"]) == {"same"}


def test_a_new_category_and_unseen_text_are_answered(fitted: Imputer) -> None:
    sent = pd.DataFrame(
        {"kind": ["hovercraft", None], "price": [None, "40"], "text": ["ζ €€ 漢字", "cotton collar"]}
    )
    filled = fill(fitted, sent).table
    assert filled["kind"][0] == "hovercraft"
    assert filled["kind"][1] in {"shoe", "shirt", "lamp"}
    assert np.isfinite(float(filled["price"][0]))


def test_a_column_whose_texts_are_all_different_is_left_alone() -> None:
    table = mixed(60).assign(name=[f"person number {row}" for row in range(60)])
    table.loc[3, "name"] = None
    filled = fill(fit(table, ["name"], FAST), table)
    assert filled.table["name"].isna().sum() == 1
    assert filled.cells["name"].left.all()


def test_mixed_types_in_one_column_are_labels() -> None:
    cells = pd.Series([1, "a", 2.0, "a", 1.0, "1", True, None] * 40, dtype=object)
    column = infer(tabled(cells.to_frame("odd")), "odd")
    assert column.kind == "category"
    assert set(column.labels) == {"1", "a", "2", "true"}
    table = pd.DataFrame({"odd": cells, "x": np.arange(320.0)})
    assert fill(fit(table, None, FAST), table).table["odd"].notna().all()


@pytest.mark.parametrize("word", ["", "  ", None, np.nan])
def test_every_spelling_of_nothing_is_a_gap(word: object) -> None:
    assert gaps(tabled(pd.DataFrame({"x": ["x", word]})), "x").tolist() == [False, True]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", "", "-3e2"], "number"),
        ([0, 1, 1, 0, None], "category"),
        ([True, False, None], "category"),
        (["2024-01-31", "2024-02-01"], "date"),
        (["31.01.2024", "01.02.2024"], "date"),
        (["a", "b", "a", None], "category"),
        ([f"text {n}" for n in range(30)], "text"),
        ([None, None], "empty"),
    ],
)
def test_kinds_are_told_from_cells(cells: object, kind: str) -> None:
    assert infer(tabled(pd.DataFrame({"x": cells})), "x").kind == kind


def test_gaps_where_training_had_none_are_no_zeros() -> None:
    whole = mixed(500)
    imputer = fit(whole, ["price"], FitSettings())
    sent = holed(mixed(300, seed=9), 0.3).assign(price=None)
    error = fill(imputer, sent).table["price"].to_numpy(float) - mixed(300, seed=9)["price"].to_numpy()
    assert np.sqrt((error**2).mean()) < 0.8 * whole["price"].std()


def test_eight_rows_are_enough_for_an_answer() -> None:
    table = mixed(8)
    table.loc[0, ["price", "kind"]] = None
    assert fill(fit(table, None, FAST), table).table[["price", "kind"]].notna().all().all()


def leant(rows: int, seed: int = 0) -> pd.DataFrame:
    """`y` is told by `twin`, and half by `hint`; two readings of one thing, and what is between them."""
    rng = np.random.default_rng(seed)
    y, large = rng.normal(size=rows), rng.normal(1e4, 1e3, rows)
    gauge = large + 0.01 * rng.normal(size=rows)
    return pd.DataFrame({
        "y": y, "twin": y + 0.05 * rng.normal(size=rows), "hint": y + rng.normal(size=rows), "large": large,
        "gauge": gauge, "between": 100 * (large - gauge), "kind": np.where(y > 0, "up", "down"),
    })  # fmt: skip


@pytest.mark.parametrize("preset", ["fast", "balanced"])
def test_without_a_strong_column_the_others_still_tell_what_they_can(preset: str) -> None:
    whole, fresh = leant(600), leant(300, seed=1)
    imputer = fit(whole, ["y", "between"], FitSettings(preset=preset))
    alone = fit(whole, ["y"], FitSettings(preset=preset, features=("hint",)))
    error = {
        name: nrmse(fresh["y"].to_numpy(), fill(one, fresh[columns], ["y"]).table["y"].to_numpy(float))
        for name, one, columns in (
            ("whole", imputer, ["twin", "hint", "large", "gauge", "kind"]),
            ("without", imputer, ["hint", "large", "gauge"]),
            ("alone", alone, ["hint"]),
        )
    }
    assert error["whole"] < 0.1
    assert error["without"] < 1.15 * error["alone"]
    for gone in ("large", "gauge"):
        values = (
            fill(imputer, fresh.drop(columns=[gone, "between"]), ["between"]).table["between"].astype(float)
        )
        assert nrmse(fresh["between"].to_numpy(), values.to_numpy()) < 1.3, (
            "no wild answer from half a difference"
        )


@pytest.mark.parametrize("engine", ["auto", "datawig"])
def test_features_are_all_that_is_read(engine: str) -> None:
    whole, fresh = leant(200), leant(40, seed=1)
    imputer = fit(whole, ["y", "twin"], FitSettings(engine=engine, preset="fast", features=("hint", "kind")))
    sent = fresh.drop(columns="y")
    other = sent.assign(twin=-sent["twin"], large=0.0)
    assert fill(imputer, sent, ["y"]).table["y"].tolist() == fill(imputer, other, ["y"]).table["y"].tolist()
    [why] = fill(imputer, sent.head(1), ["y"], explain=True).cells["y"].explanations
    assert {name for name, _ in why.columns} <= {"hint", "kind"}


def test_of_few_rows_many_columns_are_learnt_by_lines() -> None:
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(60, 5))
    values = hidden @ rng.normal(size=(5, 200)) + 0.3 * rng.normal(size=(60, 200))
    whole = pd.DataFrame(values, columns=[f"c{k}" for k in range(200)])
    table = holed(whole, 0.1)
    imputer = fit(table, list(whole)[:40], FitSettings())
    filled = fill(imputer, table).table
    assert {name for one in imputer.quality.values() for name in one["weights"]} == {"linear"}, (
        "few rows, many columns"
    )
    assert filled[list(whole)[:40]].notna().all().all()
    gap = table.isna().to_numpy()
    gap[:, 40:] = False
    assert nrmse(values[gap], filled.to_numpy()[gap]) < 0.4


def test_names_may_be_any_text() -> None:
    table = holed(mixed(120).rename(columns={"price": "pri/ce, «€».0", "text": "../text"}))
    assert fill(fit(table, None, FAST), table).table["pri/ce, «€».0"].notna().all()


def test_huge_numbers_do_no_harm(gappy: pd.DataFrame) -> None:
    table = gappy.assign(huge=np.where(np.arange(len(gappy)) % 2, 1e300, 3.0))
    table.loc[:1, "huge"] = [-1e300, np.nan]
    filled = fill(fit(table, None, FAST), table).table
    assert filled["huge"][0] == -1e300
    assert np.isfinite(filled["price"].astype(float)).all()


@pytest.mark.parametrize("engine", ["auto", "datawig", "mode", "knn", "iterative", "missforest"])
@pytest.mark.parametrize("cells", [[1.5, None, 2.5], ["a", None, "a"], [None, None], [3.0, None]])
def test_a_table_of_one_column_gets_the_usual_answer(cells: list[object], engine: str) -> None:
    table = pd.DataFrame({"only": cells})
    filled = fill(fit(table, None, FitSettings(engine=engine)), table)
    assert filled.imputed("only").tolist() == [cell is None and any(cells) for cell in cells]


def test_small_differences_of_large_numbers_are_learnt() -> None:
    rng = np.random.default_rng(0)
    second = rng.integers(0, 600, 400).astype(float)
    table = pd.DataFrame({"start": 1.7e9 + second, "end": 1.7e9 + second + 60, "x": rng.normal(size=400)})
    sent = table.mask(rng.random(table.shape) < 0.1)
    filled = fill(fit(sent, ["end"], FitSettings()), sent).table["end"]
    known = sent["end"].isna() & sent["start"].notna()
    assert np.abs(filled - table["end"])[known].max() < 30
