"""What is true of the isolation forest alone: scores, thresholds, reasons, and what cells mean to it."""

import doctest
from collections.abc import Callable
from pathlib import Path
from typing import Any

import isolation.encoding
import isolation.forest
import isolation.sampling
import isolation.train
import numpy as np
import pytest
from isolation.forest import IsolationTrees
from isolation.options import Options
from sklearn.ensemble import IsolationForest

from slipway import Channel, Job, UserError, machine
from slipway.image import Image
from slipway.paths import Paths

IMAGE = Image.read(Path(__file__).parents[1])
TRAINER = IMAGE.trainer()
ALL = Options(outputs=("score", "anomaly", "reasons", "contributions"))
Fit = Callable[..., tuple[Any, Job]]
RANDOM = np.random.default_rng(5)
ROWS = RANDOM.normal(size=(400, 3)) * [1, 10, 1000]


def csv(columns: dict[str, Any]) -> str:
    lines = [",".join(columns)]
    lines += [
        ",".join("" if cell is None or cell != cell else str(cell) for cell in row)
        for row in zip(*columns.values(), strict=True)
    ]
    return "\n".join(lines) + "\n"


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports have no plots here, which would take most of the time; the contract has them."""
    monkeypatch.setattr("slipway.training.report._svg", lambda drawn: "<svg></svg>")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A model of `numbers()`, for all tests that only ask it."""
    folder = tmp_path_factory.mktemp("plain")
    (folder / "rows.csv").write_text(csv(numbers()))
    params = IMAGE.hyperparameters().read({"trees": "50"})
    return TRAINER.fit({"train": Channel("train", folder)}, params, Job(IMAGE, Paths(folder)))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str, text: str) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "rows.csv").write_text(text)
        return folder

    return write


@pytest.fixture
def fit(write: Callable[..., Path], tmp_path: Path) -> Fit:
    """Trains on columns or the text of a CSV; a second one is the test channel."""

    def fit(train: Any, test: Any = None, test_type: str = "", **given: str) -> tuple[Any, Job]:
        texts = {"train": train} | ({} if test is None else {"test": test})
        folders = {
            name: write(name, text if isinstance(text, str) else csv(text)) for name, text in texts.items()
        }
        data = {
            name: Channel(name, folder, test_type if name == "test" else "")
            for name, folder in folders.items()
        }
        job = Job(IMAGE, Paths(tmp_path))
        return TRAINER.fit(data, IMAGE.hyperparameters().read({"trees": "25", **given}), job), job

    return fit


def score(model: Any, write: Callable[..., Path], columns: dict[str, Any]) -> Any:
    """The scores of rows that are read as those of training are."""
    return answers(model, write, columns)["score"]


def answers(
    model: Any, write: Callable[..., Path], columns: dict[str, Any], options: Options = ALL
) -> dict[str, Any]:
    channel = Channel("rows", write("rows", csv(columns)))
    channel.declare("key", [one.column for one in model.encoding.features if one.role == "category"])
    found: dict[str, Any] = model.predict(channel.table.select(model.names), options).columns
    return found


def numbers(matrix: Any = ROWS) -> dict[str, Any]:
    return dict(zip("abc", matrix.T.tolist(), strict=False))


def test_scores_are_those_of_scikit_learn() -> None:
    theirs = IsolationForest(n_estimators=60, max_samples=128, random_state=3).fit(ROWS)
    ours = IsolationTrees.fit(ROWS, 60, 128, 3)
    assert np.allclose(ours.scores(ROWS), -theirs.score_samples(ROWS), rtol=1e-6)


def test_contributions_add_up_to_the_score() -> None:
    trees = IsolationTrees.fit(ROWS, 60, 128, 3)
    found = trees.contributions(ROWS, np.array([0, 1, 1]), 2)
    assert np.allclose(found.sum(axis=1), np.log2(trees.scores(ROWS)) - trees.baseline, atol=1e-6)
    parts = trees.contributions(ROWS, np.arange(3), 3)
    assert np.allclose(found[:, 1], parts[:, 1] + parts[:, 2]), "features of one column count together"


def test_the_first_reason_is_the_column_with_the_outlier(plain: Any, write: Callable[..., Path]) -> None:
    model = plain
    far = np.zeros((3, 3)) + np.diag([9, 90, 9000])
    found = answers(model, write, numbers(far))
    assert [row[0]["column"] for row in found["reasons"]] == ["a", "b", "c"]
    assert all(row[0]["share"] > 0.5 for row in found["reasons"])
    assert found["reasons"][1][0]["value"] == 90
    assert (found["score"] > score(model, write, numbers(np.zeros((1, 3))))).all()


def test_reasons_are_as_many_as_asked_for_and_only_what_raises_the_score(
    plain: Any, write: Callable[..., Path]
) -> None:
    model = plain
    rows = numbers(ROWS[:50])
    found = answers(model, write, rows, Options(outputs=("reasons", "contributions"), max_reasons=1))
    assert list(found) == ["reasons", "contributions"]
    for reasons, parts in zip(found["reasons"], found["contributions"], strict=True):
        assert len(reasons) == min(1, sum(value > 0 for value in parts.values()))


def test_no_rows_have_no_reasons(plain: Any, write: Callable[..., Path]) -> None:
    model = plain
    table = Channel("rows", write("rows", csv(numbers(ROWS[:2])))).table.take(np.arange(0))
    assert {name: len(cells) for name, cells in model.predict(table, ALL).columns.items()} == dict.fromkeys(
        ALL.outputs, 0
    )


def test_contamination_is_the_share_of_training_rows_that_are_labelled(
    fit: Fit, plain: Any, write: Callable[..., Path]
) -> None:
    _, job = fit(numbers(), contamination="0.05")
    assert job.metrics["anomaly_rate"] == 0.05
    table = Channel("train", write("train", csv(numbers()))).table
    scores = plain.trees.scores(plain.encoding.matrix(table))
    assert plain.threshold == pytest.approx(scores.mean() + 3 * scores.std())


def test_a_request_may_set_the_threshold(plain: Any, write: Callable[..., Path]) -> None:
    model = plain
    found = answers(model, write, numbers(ROWS[:20]), Options(threshold=0.0))
    assert found["anomaly"].tolist() == [1] * 20


def test_units_and_offsets_of_columns_do_not_matter(fit: Fit, write: Callable[..., Path]) -> None:
    """Trees compare 32-bit numbers, in which 1e12 and 1e12 + 1 are the same."""
    whole = np.round(ROWS * [100, 10, 1])
    other = whole * [1, 1e-3, 1e140] + [1e12, 0, 0]
    first, _ = fit(numbers(whole))
    expected = score(first, write, numbers(whole))
    second, _ = fit(numbers(other))
    assert np.allclose(score(second, write, numbers(other)), expected, atol=0.01)


def test_a_number_beyond_any_of_training_has_a_score(plain: Any, write: Callable[..., Path]) -> None:
    model = plain
    far = score(model, write, numbers(np.array([[1e308, -1e308, 0.0], [0.0, 0.0, 0.0]])))
    assert far[0] > model.threshold > far[1]


def categories(n: int = 500) -> dict[str, Any]:
    kind = RANDOM.choice(["red", "green", "blue"], n, p=[0.4, 0.4, 0.2]).tolist()
    kind[:2] = ["odd", "odd"]
    return {"kind": kind, "size": RANDOM.normal(size=n).round(3).tolist()}


def test_a_rare_category_is_anomalous_and_so_is_one_never_seen(fit: Fit, write: Callable[..., Path]) -> None:
    model, _ = fit(categories())
    found = answers(model, write, {"kind": ["red", "odd", "purple"], "size": [0.0, 0.0, 0.0]})
    assert found["score"][1] > found["score"][0] + 0.05
    assert found["score"][2] >= found["score"][1]
    assert found["reasons"][1][0] == {
        "column": "kind",
        "share": found["reasons"][1][0]["share"],
        "value": "odd",
        "typical": found["reasons"][1][0]["typical"],
    }


def test_equally_frequent_categories_are_kept_apart() -> None:
    codes, _ = isolation.encoding.share_codes({"a": 10, "b": 10, None: 10}, 30)
    assert len(set(codes.values())) == 3


def test_a_category_of_digits_keeps_its_zeros(fit: Fit) -> None:
    model, _ = fit({"zip": ["02108", "02109"] * 50 + ["2108"] * 3, "size": list(range(103))})
    assert set(model.encoding.features[0].codes) == {"02108", "02109", "2108"}


def test_booleans_count_as_numbers(fit: Fit, write: Callable[..., Path]) -> None:
    model, _ = fit({"on": ["true"] * 300 + ["false"] * 3, "size": RANDOM.normal(size=303).round(3).tolist()})
    found = score(model, write, {"on": ["true", "false"], "size": [0.0, 0.0]})
    assert found[1] > found[0] + 0.05


def test_the_hour_of_a_time_counts_and_its_date_does_not(fit: Fit, write: Callable[..., Path]) -> None:
    days = [f"2025-03-{1 + n % 28:02} {9 + n % 9:02}:{n % 60:02}" for n in range(300)]
    model, _ = fit({"time": days, "size": RANDOM.normal(size=300).round(3).tolist()})
    asked = {"time": ["2025-03-12 12:20", "2031-03-12 12:20", "2025-03-12 03:20"], "size": [0.0] * 3}
    found = answers(model, write, asked)
    assert found["score"][1] == pytest.approx(found["score"][0], abs=0.03)
    assert found["score"][2] > found["score"][0] + 0.05
    assert found["reasons"][2][0]["column"] == "time"


def test_a_missing_cell_is_anomalous_where_it_is_rare(fit: Fit, write: Callable[..., Path]) -> None:
    matrix = ROWS.copy()
    matrix[:3, 0] = np.nan
    matrix[::2, 1] = np.nan
    model, _ = fit(numbers(matrix))
    found = score(
        model, write, numbers(np.array([[0, 0, 0], [np.nan, 0, 0], [0, np.nan, 0], [0, 0, np.nan]]))
    )
    assert found[1] > found[0] + 0.05
    assert found[2] < found[1]
    assert found[3] == pytest.approx(found[0], abs=0.03), "neutral where training had none"


def test_columns_that_cannot_separate_rows_are_left_out_and_named(
    fit: Fit, capfd: pytest.CaptureFixture[str]
) -> None:
    names = [f"n{place}" for place in range(len(ROWS))]
    model, _ = fit({**numbers(), "id": names, "same": [1] * len(ROWS), "none": [None] * len(ROWS)})
    assert model.names == ["a", "b", "c"]
    log = capfd.readouterr().err
    for said in (
        "id is left out: all its values",
        "same is left out: it is constant",
        "none is left out: it has no",
    ):
        assert said in log


def labelled(flags: Any) -> dict[str, Any]:
    matrix = np.where(np.array(flags)[:, None] == 1, ROWS[: len(flags)] * 6, ROWS[: len(flags)])
    return {"label": flags, **numbers(matrix)}


def test_known_anomalies_are_compared_and_never_learned_from(fit: Fit) -> None:
    flags = [int(place % 20 == 0) for place in range(200)]
    model, job = fit(numbers(), labelled(flags))
    assert model.names == ["a", "b", "c"]
    assert job.metrics["test:roc_auc"] > 0.9
    assert {"test:average_precision", "test:f1", "test:precision", "test:recall"} <= set(job.metrics)
    model, again = fit(labelled(flags))
    assert model.names == ["a", "b", "c"]
    assert again.metrics["train:roc_auc"] > 0.9


def test_labels_come_first_as_for_the_built_in_random_cut_forest(fit: Fit) -> None:
    """Neither file has a header, so that the label moves every column by one."""
    flags = [int(place % 20 == 0) for place in range(200)]
    named = labelled(flags)
    train, test = (csv(one).partition("\n")[2] for one in (numbers(), named))
    _, job = fit(train, test, "text/csv; label_size=1")
    assert job.metrics["test:roc_auc"] > 0.9


def test_labels_of_other_spellings_and_missing_ones(fit: Fit) -> None:
    flags = [int(place % 20 == 0) for place in range(200)]
    spelled = {**labelled(flags), "label": ["fraud" if flag else "fine" for flag in flags]}
    with pytest.raises(UserError, match=r"column label has the values fine, fraud; .*pos_class"):
        fit(numbers(), spelled)
    _, plain = fit(numbers(), labelled(flags))
    _, job = fit(numbers(), spelled, pos_class="fraud")
    assert job.metrics == plain.metrics
    spelled["label"][1:40:2] = [None] * 20
    _, fewer = fit(numbers(), spelled, pos_class="fraud")
    assert fewer.metrics["test:precision"] >= job.metrics["test:precision"]


def test_labels_of_one_class_give_no_ranking_but_a_model(fit: Fit) -> None:
    _, job = fit(numbers(), labelled([0] * 100))
    assert "test:roc_auc" not in job.metrics
    assert job.metrics["test:f1"] == 0


@pytest.mark.parametrize(
    ("train", "given", "said"),
    [
        ({"a": [1]}, {}, "has one row"),
        ({"a": [1, 1], "b": ["x", "y"]}, {}, "no column of the train channel can be used: a, b"),
        (
            {"a": [1, 2], "label": [0, 1]},
            {"features": "label"},
            "features: column label has the known anomalies",
        ),
        ({"label": [0, 1]}, {}, "no column next to label"),
        ({"a": [1, 2]}, {"features": "z"}, "features: no column z"),
    ],
)
def test_what_cannot_be_learned_is_refused_in_one_line(
    fit: Fit, train: dict[str, Any], given: dict[str, str], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        fit(train, **given)


def test_a_test_channel_without_labels_is_refused(fit: Fit) -> None:
    with pytest.raises(UserError, match="channel test: no column has known anomalies"):
        fit(numbers(), numbers())
    with pytest.raises(UserError, match="target: no column bad in the test channel"):
        fit(numbers(), numbers(), target="bad")


def test_a_sample_stands_for_rows_that_do_not_fit_in_memory(
    fit: Fit, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from slipway.formats import base

    monkeypatch.setattr(base.line_blocks, "__defaults__", (700,))
    monkeypatch.setattr(machine, "memory_bytes", lambda: 1000)
    monkeypatch.setattr(isolation.sampling.rows, "__defaults__", (100,))
    model, _ = fit(numbers(), contamination="0.1")
    assert "a sample of 100 rows" in capfd.readouterr().err
    assert model.trees.samples == 100


def test_more_samples_per_tree_than_rows_are_all_rows(fit: Fit) -> None:
    model, _ = fit(numbers(), samples_per_tree="2048")
    assert model.trees.samples == len(ROWS)


def test_categories_of_one_row_share_a_number(fit: Fit) -> None:
    """So that a column of names makes no large model."""
    names = ["a", "b"] * 20 + [f"n{place}" for place in range(40)]
    model, _ = fit({"name": names, "size": list(range(80))})
    assert set(model.encoding.features[0].codes) == {"a", "b"}
    assert model.encoding.typical["name"] == "a, b"


@pytest.mark.parametrize("module", [isolation.encoding, isolation.forest, isolation.train])
def test_the_examples_are_true(module: Any) -> None:
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
