"""Probabilities, precision, intervals, draws and explanations mean what they say."""

import numpy as np
import pandas as pd
import pytest
from imputation.confidence.labels import LabelConfidence
from imputation.confidence.numbers import NumberConfidence
from imputation.confidence.precision import precision_curve
from imputation.evaluation.masks import MASKS, mar, mcar
from imputation.evaluation.scores import ece, f1, nrmse
from imputation.features.cells import hidden
from imputation.features.columns import ColumnCodec
from imputation.imputer import Imputer
from imputation.models.forest import Forest
from imputation.models.learners import trees_of
from imputation.postprocessing import FillOptions, to_cells
from imputation.tasks import FitSettings
from imputation.tests.tables import mixed
from imputation.tests.test_frames import fill, fit, tabled
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from slipway import Column

rng = np.random.default_rng(0)
CODEC = ColumnCodec(Column(name="y"), "number")


def noisy(rows: int, seed: int) -> pd.DataFrame:
    """Two numbers; a number with growing noise, and a label that is certain on one side only."""
    own = np.random.default_rng(seed)
    x, z = own.uniform(-3, 3, rows), own.normal(size=rows)
    y = x**2 + own.normal(size=rows) * (0.2 + np.abs(x) / 2)
    label = np.where(own.random(rows) < 1 / (1 + np.exp(-2 * x)), "yes", "no").astype(object)
    return pd.DataFrame({"x": x, "z": z, "y": y, "label": label})


@pytest.fixture(scope="module")
def fitted() -> Imputer:
    return fit(noisy(2000, 1), ["y", "label"], FitSettings())


@pytest.fixture(scope="module")
def fresh() -> pd.DataFrame:
    return noisy(3000, 2)


@pytest.mark.parametrize("asked", [0.8, 0.9, 0.95])
def test_the_asked_precision_is_reached(fitted: Imputer, fresh: pd.DataFrame, asked: float) -> None:
    filled = fill(fitted, fresh.assign(label=None), ["label"], precision_threshold=asked)
    kept = filled.imputed("label")
    assert 0.2 < kept.mean() < 1.0
    assert (filled.table["label"] == fresh["label"])[kept].mean() >= asked - 0.01
    assert filled.table["label"][~kept].isna().all()


def test_a_higher_threshold_only_takes_cells_away(fitted: Imputer, fresh: pd.DataFrame) -> None:
    sent = fresh.assign(label=None)
    low, high = (fill(fitted, sent, precision_threshold=asked).imputed("label") for asked in (0.8, 0.95))
    assert not (high & ~low).any()
    assert high.sum() < low.sum()


def test_probabilities_are_calibrated(fitted: Imputer, fresh: pd.DataFrame) -> None:
    cells = fill(fitted, fresh.assign(label=None), ["label"]).cells["label"]
    assert ece((cells.values == fresh["label"]).to_numpy(), cells.probability) < 0.05


def test_intervals_hold_nine_truths_of_ten_and_follow_the_noise(fitted: Imputer, fresh: pd.DataFrame) -> None:
    cells = fill(fitted, fresh.assign(y=None), ["y"], interval=True).cells["y"]
    lower, upper = cells.lower.astype(float), cells.upper.astype(float)
    assert 0.885 < ((fresh["y"] >= lower) & (fresh["y"] <= upper)).mean() < 0.93
    width = upper - lower
    assert width[np.abs(fresh["x"]) > 2].mean() > 1.5 * width[np.abs(fresh["x"]) < 1].mean()


# Of 40 rows the largest and the smallest bound every interval.
@pytest.mark.parametrize(("rows", "least"), [(40, 0.88), (400, 0.897), (1000, 0.898)])
def test_intervals_of_few_rows_hold_nine_truths_of_ten_too(rows: int, least: float) -> None:
    """Errors that grow with the prediction, so that the scale follows them; asked on other rows."""
    own, held = np.random.default_rng(3), []
    for _ in range(200):
        predicted = own.uniform(0, 10, rows + 200)
        truth = predicted + own.normal(size=rows + 200) * (0.1 + predicted)
        low, high = NumberConfidence.fit(predicted[:rows], truth[:rows], 0).interval(predicted[rows:])
        held.append(((low <= truth[rows:]) & (truth[rows:] <= high)).mean())
    assert least < np.mean(held) < 0.945


@pytest.mark.parametrize("asked", [0.5, 0.8])
def test_with_a_tolerance_numbers_too_keep_the_asked_precision(
    fitted: Imputer, fresh: pd.DataFrame, asked: float
) -> None:
    filled = fill(fitted, fresh.assign(y=None), ["y"], precision_threshold=asked, tolerance=0.3)
    kept = filled.imputed("y")
    near = (filled.table["y"] - fresh["y"]).abs() <= 0.3 * fresh["y"].std()
    assert kept.mean() > 0.1
    assert near[kept].mean() >= asked - 0.01
    assert near[kept].mean() > near.mean() - 0.01
    cells = filled.cells["y"]
    assert ece(near.to_numpy()[kept], cells.probability[~cells.left]) < 0.05
    assert fill(fitted, fresh.assign(y=None), ["y"], precision_threshold=1.0).imputed("y").all()


@pytest.mark.parametrize("asked", [0.7, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("rows", [500, 2000])
def test_a_requested_precision_of_numbers_is_reached_and_not_exceeded(rows: int, asked: float) -> None:
    """Errors that grow with the prediction: 24 columns of which all cells together are right too rarely."""
    kept, right = 0, 0
    for seed in range(24):
        own = np.random.default_rng(seed)
        predicted = own.uniform(0, 10, rows + 2000)
        truth = predicted + own.standard_t(5, rows + 2000) * (0.2 + predicted)
        confidence = NumberConfidence.fit(predicted[:rows], truth[:rows], 0)
        options = FillOptions(precision_threshold=asked, tolerance=0.5)
        cells = to_cells(CODEC, confidence, np.arange(2000), predicted[rows:], options, own)
        near = np.abs(predicted - truth)[rows:] <= 0.5 * truth[:rows].std()
        kept, right = kept + int((~cells.left).sum()), right + int(near[~cells.left].sum())
    assert right / kept == pytest.approx(asked, abs=0.02)


@pytest.mark.parametrize("asked", [0.7, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("rows", [500, 2000])
def test_a_requested_precision_of_labels_is_reached_and_not_exceeded(rows: int, asked: float) -> None:
    """A model that is too sure and noisy: 24 columns of which all cells together are right too rarely."""
    kept, right = 0, 0
    for seed in range(24):
        own = np.random.default_rng(seed)
        scores = 0.8 * own.normal(size=(rows + 2000, 2)) @ own.normal(size=(2, 3))
        true = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        codes = (true.cumsum(1)[:, :2] < own.random((rows + 2000, 1))).sum(1)
        raw = np.exp(1.5 * scores + 0.3 * own.normal(size=scores.shape))
        raw /= raw.sum(1, keepdims=True)
        confidence = LabelConfidence.fit(raw[:rows], codes[:rows])
        options = FillOptions(precision_threshold=asked)
        cells = to_cells(CODEC, confidence, np.arange(2000), raw[rows:], options, own)
        kept, right = kept + int((~cells.left).sum()), right + int((cells.values == codes[rows:]).sum())
    assert right / kept == pytest.approx(asked, abs=0.02)


def test_draws_keep_the_variance_and_the_frequencies(fitted: Imputer, fresh: pd.DataFrame) -> None:
    filled = fill(fitted, fresh.assign(y=None, label=None), multiple=3)
    drawn = filled.drawn(1)
    assert 0.9 < drawn["y"].astype(float).var() / fresh["y"].var() < 1.1
    assert abs((drawn["label"] == "yes").mean() - (fresh["label"] == "yes").mean()) < 0.05
    assert not filled.drawn(0)["y"].equals(drawn["y"])


def test_a_value_beyond_the_labels_lowers_every_probability() -> None:
    raw = np.tile([0.9, 0.1], (100, 1))
    codes = np.array([0] * 60 + [1] * 10 + [2] * 30)
    assert LabelConfidence.fit(raw, codes).probabilities(raw).sum(1) == pytest.approx(0.7)


@pytest.mark.parametrize("rows", [12, 150])
def test_cells_that_were_all_right_make_no_later_one_certain(rows: int) -> None:
    codes = np.arange(rows) % 3
    sure = LabelConfidence.fit(np.eye(3)[codes] * 0.9 + 0.1 / 3, codes).probabilities(
        np.array([[0.9, 0.05, 0.05]])
    )
    assert 0.8 < sure.max() < 1 - 0.3 / rows


def test_the_precision_curve_rises_and_is_cautious() -> None:
    confidence = rng.random(5000)
    steps, precision = precision_curve(confidence, rng.random(5000) < confidence)
    assert (np.diff(steps) > 0).all()
    assert (np.diff(precision) > 0).all()
    for step, learnt in zip(steps, precision, strict=True):
        assert learnt <= (1 + step) / 2 + 0.03  # the mean of a uniform confidence above the step


def test_an_answer_never_reads_its_own_cell(fitted: Imputer, fresh: pd.DataFrame) -> None:
    columns = fitted.columns
    rows = np.arange(50)
    table = tabled(fresh)
    read = {column.name: column.read(table) for column in columns}
    for name in ("label", "y"):
        own = read | {name: hidden(read[name], slice(None))}
        assert (
            fitted.engine.predict(read, {name: rows})[name] == fitted.engine.predict(own, {name: rows})[name]
        ).all()


def test_every_explanation_is_of_its_own_row() -> None:
    table = mixed(400)[["text", "size", "kind"]]
    imputer = fit(table, ["kind"], FitSettings())
    sent = pd.DataFrame({"text": ["bulb watt", "cotton sleeves"], "size": ["0.2", None]})
    first, second = fill(imputer, sent, explain=True).cells["kind"].explanations
    assert (first.label, second.label) == ("lamp", "shirt")
    assert {name for name, _ in first.columns} <= {"text", "size"}
    assert [name for name, _ in second.columns] == ["text"]
    assert first.columns[0][0] == "text"
    assert first.columns[0][1] > 0
    assert {"bulb", "watt"} <= {token for token, _ in first.tokens["text"]}
    assert {"cotton", "sleeves"} <= {token for token, _ in second.tokens["text"]}


def test_explanations_name_the_cell_that_decides() -> None:
    imputer = fit(noisy(600, 5)[["x", "z", "label"]], ["label"], FitSettings(preset="fast"))
    sent = pd.DataFrame({"x": [2.5, -2.5], "z": [0.0, 0.0]})
    for explanation, label in zip(
        fill(imputer, sent, explain=True).cells["label"].explanations, ["yes", "no"], strict=True
    ):
        assert explanation.label == label
        assert explanation.columns[0][0] == "x"
        assert explanation.columns[0][1] > 0.1


@pytest.mark.parametrize("labels", [0, 3])
def test_a_forest_of_arrays_predicts_as_scikit_learn_does(labels: int) -> None:
    x = rng.normal(size=(300, 4)).astype(np.float32)
    x[rng.random(x.shape) < 0.2] = np.nan
    answers = rng.integers(0, 3, 300) if labels else rng.normal(size=300)
    learner = (ExtraTreesClassifier if labels else ExtraTreesRegressor)(20, random_state=0).fit(x, answers)
    forest = Forest.of(trees_of(learner), 4, np.arange(3) if labels else None, labels or 1)
    expected = learner.predict_proba(x) if labels else learner.predict(x)[:, None]
    np.testing.assert_allclose(forest.evaluate(x), expected, atol=1e-6)


@pytest.mark.parametrize("name", MASKS)
def test_masks_hide_the_asked_share_of_observed_cells(name: str) -> None:
    table = noisy(4000, 3)
    gone = MASKS[name](tabled(table), 0.3, np.random.default_rng(0))
    touched = gone[:, gone.any(0)]
    assert touched.mean() == pytest.approx(0.3, abs=0.02)


def test_mar_gaps_depend_on_whole_columns_and_mcar_gaps_on_nothing() -> None:
    table = noisy(4000, 3)[["x", "z", "y"]]
    whole, gone = (mask(tabled(table), 0.3, np.random.default_rng(0)) for mask in (mar, mcar))
    driver = table.to_numpy()[:, ~whole.any(0)][:, 0]
    place = np.flatnonzero(whole.any(0))[0]
    assert abs(np.corrcoef(driver, whole[:, place])[0, 1]) > 0.3
    assert abs(np.corrcoef(driver, gone[:, place])[0, 1]) < 0.05


@pytest.mark.parametrize("name", ["MCAR", "MAR", "monotone"])
def test_auto_beats_the_mean_under_every_mask(name: str) -> None:
    table = noisy(1000, 4)
    gone = MASKS[name](tabled(table[["x", "z", "y"]]), 0.3, np.random.default_rng(1))
    masked = table[["x", "z", "y"]].mask(gone)
    own = gone[:, 2] if gone[:, 2].any() else gone[:, 0]
    column = "y" if gone[:, 2].any() else "x"
    filled = fill(fit(masked, None, FitSettings()), masked).table
    assert nrmse(table[column][own].to_numpy(), filled[column][own].to_numpy(float)) < 0.95


def test_structured_masks_have_their_structure() -> None:
    table = tabled(noisy(2000, 3)[["x", "z", "y"]].assign(w=np.arange(2000.0)))
    own = {name: mask(table, 0.3, np.random.default_rng(0)) for name, mask in MASKS.items()}
    assert (np.diff(own["monotone"].astype(int), axis=1) >= 0).all()
    together = np.corrcoef(own["blocks"].T)
    assert set(np.unique(together.round(1))) == {0.0, 1.0}
    assert together.round(1).sum() > 4  # a block has more than one column
    cells = noisy(2000, 3)["y"].to_numpy()
    for name, least in (("MNAR", 0.3), ("censored", 0.7)):
        gone = own[name][:, 2]
        assert not gone.any() or abs(np.corrcoef(gone, cells)[0, 1]) > least


def test_metrics_agree_with_scikit_learn() -> None:
    from sklearn.metrics import f1_score

    truth, guess = rng.integers(0, 5, 200), rng.integers(0, 4, 200)
    assert f1(truth, guess) == pytest.approx(f1_score(truth, guess, average="weighted"))
    assert nrmse(np.array([1.0, 3.0]), np.array([2.0, 2.0])) == 1.0
