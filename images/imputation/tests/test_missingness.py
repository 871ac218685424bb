"""Confidence is learned from the observed cells that are like the missing ones."""

import numpy as np
import pandas as pd
import pytest
from imputation.confidence.missingness import StandIns, stand_ins
from imputation.features.encoding import Features
from imputation.imputer import Imputer
from imputation.tasks import FitSettings
from imputation.tests.test_frames import fill, fit, tabled


def noisier(rows: int = 3000) -> pd.DataFrame:
    """A number and a label that are hard to tell where x is high."""
    own = np.random.default_rng(5)
    x = own.uniform(-2, 2, rows)
    y = np.sin(3 * x) + own.normal(size=rows) * np.where(x > 0.5, 1.0, 0.1)
    label = np.where(own.random(rows) < np.where(x > 0.5, 0.65, 0.98), "usual", "other").astype(object)
    return pd.DataFrame({"x": x, "z": own.normal(size=rows), "y": y, "label": label})


def gone_where_hard(table: pd.DataFrame, seed: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).random(len(table)) < np.where(table["x"] > 0.5, 0.6, 0.1)


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    return noisier()


@pytest.fixture(scope="module")
def gone(truth: pd.DataFrame) -> np.ndarray:
    return gone_where_hard(truth)


@pytest.fixture(scope="module")
def masked(truth: pd.DataFrame, gone: np.ndarray) -> pd.DataFrame:
    return truth.assign(y=truth["y"].mask(gone), label=truth["label"].where(~gone, None))


@pytest.fixture(scope="module")
def imputer(masked: pd.DataFrame) -> Imputer:
    return fit(masked, ["y", "label"], FitSettings(preset="fast"))


def test_intervals_hold_nine_of_ten_where_cells_are_missing(
    imputer: Imputer, masked: pd.DataFrame, truth: pd.DataFrame, gone: np.ndarray
) -> None:
    cells = fill(imputer, masked, ["y"], interval=True).cells["y"]
    inside = (cells.lower.astype(float) <= truth["y"][gone]) & (truth["y"][gone] <= cells.upper.astype(float))
    assert 0.84 < inside.mean() < 0.95  # 0.75 if learned from all observed cells alike


def test_the_asked_precision_is_reached_where_cells_are_missing(
    imputer: Imputer, masked: pd.DataFrame, truth: pd.DataFrame, gone: np.ndarray
) -> None:
    filled = fill(imputer, masked, ["label"], precision_threshold=0.85)
    kept = filled.imputed("label") & gone
    assert 0.1 < kept[gone].mean() < 0.6  # nearly all if learned from all observed cells alike
    assert (filled.table["label"] == truth["label"])[kept].mean() > 0.75


def test_the_score_where_cells_are_missing_is_told_apart(imputer: Imputer) -> None:
    assert imputer.quality["y"]["score"] > 0.6


def test_columns_that_go_missing_together_are_judged_without_each_other() -> None:
    """In a block a column's best companion is never there when it is missed."""
    own = np.random.default_rng(9)
    x, z = own.normal(size=(2, 1200))
    table = pd.DataFrame({"x": x, "twin": x + 0.01 * own.normal(size=1200), "z": z})
    gone = own.random(1200) < 0.3
    masked = table.assign(x=table["x"].mask(gone), twin=table["twin"].mask(gone))
    fitted = fit(masked, ["x"], FitSettings(preset="fast"))
    assert fitted.quality["x"]["score"] > 0.95
    cells = fill(fitted, masked, ["x"], interval=True).cells["x"]
    inside = (cells.lower.astype(float) <= x[gone]) & (x[gone] <= cells.upper.astype(float))
    assert 0.85 < inside.mean() < 0.95
    # Whoever has the companion still profits from it.
    filled = fill(fitted, table.assign(x=None), ["x"]).table["x"].to_numpy(float)
    assert np.abs(filled - x).mean() < 0.1


@pytest.mark.parametrize("few", [False, True], ids=["at random", "few missing"])
def test_all_cells_stand_for_those_missing_at_random_or_seldom(truth: pd.DataFrame, few: bool) -> None:
    own = np.random.default_rng(7).random(len(truth)) < 0.3
    table = truth.assign(
        y=truth["y"].mask(own if not few else gone_where_hard(truth) & (np.arange(len(truth)) < 20))
    )
    assert _standing(table, "y") is None


def test_columns_of_many_labels_alone_are_judged_without_each_other_too() -> None:
    own = np.random.default_rng(10)
    town = own.integers(0, 60, 900)
    table = pd.DataFrame({"town": [f"town {one}" for one in town], "zip": [f"0{2000 + one}" for one in town]})
    gone, alone = own.random((2, 900)) < 0.2
    masked = table.assign(town=table["town"].where(~gone, None), zip=table["zip"].where(~gone & ~alone, None))
    assert fit(masked, ["town"], FitSettings(preset="fast")).quality["town"]["score"] < 0.1
    assert _standing(masked.assign(zip=table["zip"].where(~alone, None)), "town") is None


def test_the_same_seed_draws_the_same_cells(masked: pd.DataFrame) -> None:
    one, two = _standing(masked, "y"), _standing(masked, "y")
    assert one is not None
    assert two is not None
    assert np.array_equal(one.places, two.places)
    assert np.array_equal(one.hidden, two.hidden)
    assert (np.diff(one.places) >= 0).all()


def _standing(table: pd.DataFrame, name: str) -> StandIns | None:
    from imputation.features.columns import infer

    own = tabled(table)
    columns = tuple(infer(own, one) for one in own.names)
    read = {column.name: column.read(own) for column in columns}
    encoded = Features.fit(columns, read).encode(read)
    return stand_ins(encoded.without(name), np.flatnonzero(table[name].notna()), 0)
