"""Columns that are nearly a multiple or a linear combination of a few others come back as such."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from imputation.imputer import Imputer
from imputation.tasks import FitSettings
from imputation.tests.test_frames import fill, fit


def companions(rows: int = 600, noise: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Numbers that go along with one another, a multiple of one, and a total of three."""
    draw = np.random.default_rng(seed)
    base = draw.normal(size=(rows, 1))
    parts = np.exp(0.6 * (base + draw.normal(size=(rows, 4))))
    frame = pd.DataFrame(parts, columns=["a", "b", "c", "d"])
    frame["twice"] = 2 * frame["a"] + 3
    frame["total"] = frame["a"] + frame["b"] - frame["c"]
    return frame + noise * frame.std().to_numpy() * draw.normal(size=frame.shape)


def hidden(frame: pd.DataFrame, share: float = 0.3, seed: int = 1) -> pd.DataFrame:
    return frame.mask(np.random.default_rng(seed).random(frame.shape) < share)


@pytest.fixture(scope="module")
def fitted() -> Imputer:
    return fit(hidden(companions()), ["a", "twice", "total"], FitSettings(preset="fast"))


def errors(imputer: Imputer, frame: pd.DataFrame, name: str) -> np.ndarray:
    """Errors in standard deviations, with the column alone hidden."""
    filled = fill(imputer, frame.assign(**{name: None}), [name]).table[name].astype(float)
    return np.abs(filled - frame[name]).to_numpy() / frame[name].std()


@pytest.mark.parametrize("name", ["a", "twice", "total"])
def test_exact_companions_are_filled_exactly(fitted: Imputer, name: str) -> None:
    found = errors(fitted, companions(seed=7), name)
    assert np.quantile(found, 0.99) < 1e-9, "all but what is far beyond the range of training"


def test_rows_without_the_companion_are_filled_from_the_rest(fitted: Imputer) -> None:
    frame = companions(seed=7)
    sent = frame.assign(twice=None, a=None, total=None)
    found = fill(fitted, sent, ["twice"]).table["twice"].astype(float)
    assert 0.01 < np.sqrt(np.mean((found - frame["twice"]) ** 2)) / frame["twice"].std() < 1


def test_near_companions_are_filled_up_to_their_noise() -> None:
    frame = companions(noise=0.02)
    imputer = fit(hidden(frame), ["twice"], FitSettings(preset="fast"))
    assert np.sqrt(np.mean(errors(imputer, companions(noise=0.02, seed=7), "twice") ** 2)) < 0.04


def test_the_score_and_the_intervals_know_of_the_relation(fitted: Imputer) -> None:
    share = 0.7  # of the rows of `twice` have `a`
    assert fitted.quality["twice"]["score"] < 0.8 * np.sqrt(1 - share)
    assert fitted.quality["twice"]["relations"] >= 1


def test_columns_without_companions_have_no_relation() -> None:
    draw = np.random.default_rng(3)
    x = draw.normal(size=(500, 3))
    frame = pd.DataFrame(x, columns=list("xyz")).assign(w=np.sin(3 * x[:, 0]) + 0.5 * draw.normal(size=500))
    imputer = fit(hidden(frame, 0.1), ["w", "x"], FitSettings(preset="fast"))
    assert [imputer.quality[name]["relations"] for name in ("w", "x")] == [0, 0]


def test_relations_are_saved_with_the_model(fitted: Imputer, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    frame = hidden(companions(seed=9))
    again = Imputer.load(tmp_path / "model")
    pd.testing.assert_frame_equal(fill(again, frame).table, fill(fitted, frame).table, check_exact=True)
