"""What the engine datawig promises as an image: the older container's calls, its hyperparameters, files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from imputation.datawig.fill import DataWig, framed
from imputation.imputer import Imputer
from imputation.tasks import FitSettings
from imputation.tests.products import NEW, TRAIN
from imputation.tests.tables import holed, mixed
from imputation.tests.test_frames import fill, fit, tabled
from imputation.tests.test_imputation import fit as trained
from imputation.tests.test_imputation import reply_to, served, write
from pandas import DataFrame

from slipway import UserError
from slipway.image import Image

IMAGE = Image.read(Path(__file__).parents[1])
TRAINER = IMAGE.trainer()
GOOD = ["awesome movie", "liked it, great cast", "a wonderful story", "great movie, loved it", "awesome cast"]
BAD = ["boring movie", "hated it, poor cast", "a terrible story", "awful movie, slept", "boring and poor"]
# As the older container was told, but that it read neither of the last two.
OLDER = {
    "engine": "datawig", "label_column": "rating_binary", "feature_columns": "title,review",
    "num_epochs": "15", "batch_size": "16",
}  # fmt: skip


def reviews() -> pd.DataFrame:
    draw = np.random.default_rng(0)
    label = np.where(draw.random(200) < 0.5, "positive", "negative")
    text = [f"{draw.choice(GOOD if one == 'positive' else BAD)} {draw.integers(50)}" for one in label]
    table = pd.DataFrame({"title": [f"film {k}" for k in range(200)], "review": text, "rating_binary": label})
    return table.assign(rating_binary=table["rating_binary"].where(draw.random(200) < 0.9, ""))


def laid_out(root: Path, table: pd.DataFrame, hyperparameters: dict[str, str]) -> Path:
    (root / "input/data/train").mkdir(parents=True)
    (root / "input/config").mkdir()
    table.to_csv(root / "input/data/train/rows.csv", index=False)
    (root / "input/config/hyperparameters.json").write_text(json.dumps(hyperparameters))
    return root


@pytest.fixture(scope="module")
def rated(place: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    training = place.train(laid_out(tmp_path_factory.mktemp("rated"), reviews(), OLDER))
    assert training.code == 0, training.log
    assert "awesome" not in training.log, "nothing of the payload is logged"
    return training


@pytest.fixture(scope="module")
def server(place: Any, rated: Any) -> Iterator[Any]:
    with place.serve(rated.root) as running:
        yield running


def test_the_older_json_call_is_answered_as_it_was(server: Any) -> None:
    body = json.dumps({"instances": [{"title": "film", "review": "awesome movie"}]}).encode()
    reply = server.ask(body, "application/json", Custom_Attributes="answer=instances")
    assert reply.status == 200, reply.text
    (one,) = reply.json["instances"]
    assert one["label_column"] == "rating_binary"
    assert one["predictions"][0]["predicted"] == "positive"
    assert 0.5 < one["predictions"][0]["predicted_probability"] <= 1
    (why,) = one["prediction_explanations"]
    assert why["explained_label"] == "positive"
    assert "awesome" in why["tokens"]
    assert {term["column"] for term in why["terms"]} == {"title, review"}


def test_the_older_csv_call_gets_the_columns_and_two_more(server: Any) -> None:
    reply = server.ask(b"title,review\nfilm,awesome movie\nfilm,boring movie\n", "text/csv")
    assert reply.status == 200, reply.text
    rows = [line.split(",") for line in reply.text.splitlines()]
    assert [row[:3] for row in rows] == [
        ["film", "awesome movie", "positive"],
        ["film", "boring movie", "negative"],
    ]
    assert all(0.5 < float(row[3]) <= 1 for row in rows)


def test_a_model_holds_what_datawig_writes_of_its_training(rated: Any) -> None:
    (folder,) = (rated.model / "imputer/networks").iterdir()
    assert "avg_precision" in json.loads((folder / "fit-test-metrics.json").read_text())["rating_binary"]
    assert len(pd.read_csv(folder / "hpo_results.csv")) == 1


def test_a_job_leaves_the_metrics_and_the_trials_in_its_output(rated: Any) -> None:
    folder = rated.root / "output/data"
    assert set(json.loads((folder / "fit-test-metrics.json").read_text())) == {"rating_binary"}
    trials = pd.read_csv(folder / "hpo_results.csv")
    assert trials["label_column"].tolist() == ["rating_binary"]
    assert {"f1_weighted", "ece_pre_calibration", "ece_post_calibration", "time [min]"} <= set(trials)


FINISHES = {"matte": "flat powder coated", "gloss": "shiny lacquered", "brushed": "satin steel grain"}


def products(rows: int) -> pd.DataFrame:
    """Products whose finish follows from what is said of them; written for these tests."""
    draw = np.random.default_rng(4)
    finish = draw.choice(list(FINISHES), rows)
    words = [" ".join(draw.permutation(f"{FINISHES[one]} faucet hinge rail".split())[:4]) for one in finish]
    return pd.DataFrame({"title": [f"part {k}" for k in range(rows)], "text": words, "finish": finish})


@pytest.mark.parametrize("engine", ["auto", "datawig"])
def test_the_finish_of_products_is_told_in_csv_and_in_json(engine: str, tmp_path: Path) -> None:
    table = products(150)
    table.loc[::10, "finish"] = None
    older = {"engine": engine, "label_column": "finish", "feature_columns": "title,text"}
    model, _, schema = trained(write(tmp_path / "data", table), **older)
    endpoint = served(tmp_path, model, schema)
    rows = [{"title": "part", "text": text} for text in FINISHES.values()]
    answer = json.loads(reply_to(endpoint, rows, answer="instances").body)
    for one, finish in zip(answer["instances"], FINISHES, strict=True):
        assert one["label_column"] == "finish"
        assert one["predictions"][0]["predicted"] == finish
        assert {found["predicted"] for found in one["predictions"]} == set(FINISHES)
        [why] = one["prediction_explanations"]
        assert why["explained_label"] == finish
        assert set(why["tokens"][0].split()) <= set(FINISHES[finish].split())
    text = DataFrame(rows).to_csv(index=False)
    lines = reply_to(endpoint, text, "text/csv").body.decode().splitlines()
    assert [line.split(",")[2] for line in lines] == list(FINISHES)
    assert all(0.5 < float(line.split(",")[3]) <= 1 for line in lines)


@pytest.mark.parametrize(("name", "value"), [("num_epochs", "5"), ("batch_size", "9"), ("hpo", "true")])
def test_a_hyperparameter_of_datawig_is_refused_with_another_engine(name: str, value: str) -> None:
    with pytest.raises(UserError) as raised:
        TRAINER.fit({}, IMAGE.hyperparameters().read({name: value}), None)
    assert str(raised.value) == f"hyperparameter {name} requires engine=datawig, but engine is auto"


@pytest.mark.parametrize(("given", "trials"), [("true", 8), ("True", 8), ("false", 0), ("3", 3)])
def test_hpo_is_a_switch_or_a_number_of_trials(given: str, trials: int) -> None:
    assert IMAGE.hyperparameters().read({"hpo": given, "engine": "datawig"}).hpo == trials


def test_the_search_reaches_datawig() -> None:
    imputer = fit(TRAIN, ["kind"], FitSettings(engine="datawig", num_epochs=2, hpo=8))
    assert isinstance(imputer.engine, DataWig)
    trials = imputer.engine.networks["kind"].report.trials
    assert trials["_concat:max_tokens"].is_unique
    assert set(trials["global:num_epochs"]) == {2}


def test_each_column_is_filled_by_a_network_over_all_the_others(gappy: pd.DataFrame) -> None:
    imputer = fit(gappy, ["kind", "price", "sold", "dear"], FitSettings(engine="datawig"))
    for name, better in (("kind", 0.9), ("dear", 0.9)):
        assert imputer.quality[name]["score"] > better > imputer.quality[name]["default"]
    for name in ("price", "sold"):
        assert imputer.quality[name]["score"] < 0.7 < imputer.quality[name]["default"]
    assert isinstance(imputer.engine, DataWig)
    assert set(imputer.engine.networks["price"].features) == set(gappy) - {"price"}


def test_answers_are_those_of_the_network(gappy: pd.DataFrame) -> None:
    imputer = fit(gappy, ["kind"], FitSettings(engine="datawig", num_epochs=3))
    assert isinstance(imputer.engine, DataWig)
    read = imputer.read(tabled(gappy), np.arange(len(gappy)))
    network, column = imputer.engine.networks["kind"], imputer.column("kind")
    raw = imputer.engine.predict(read, {"kind": np.arange(len(gappy))})["kind"]
    theirs = network.predict(framed(read), top_k=1).labels
    known = imputer.engine.known(framed(read), "kind")
    assert np.array_equal(np.array(column.labels, object)[raw.argmax(1)][known], theirs[known, 0])
    assert np.allclose(raw.sum(1), 1)


def test_on_few_rows_no_answer_is_made_certain() -> None:
    imputer = fit(TRAIN, ["kind"], FitSettings(engine="datawig", num_epochs=20))
    assert getattr(imputer.confidence["kind"], "temperature", None) == 1.0
    assert imputer.quality["kind"]["rows"] < 30


def test_a_label_that_comes_once_is_no_class_and_lowers_the_confidence() -> None:
    table = TRAIN.assign(
        kind=TRAIN["kind"].where(np.arange(len(TRAIN)) % 6 > 0, [f"odd{k}" for k in range(len(TRAIN))])
    )
    imputer = fit(table, ["kind"], FitSettings(engine="datawig"))
    filled = fill(imputer, NEW.drop(columns="kind"))
    assert set(filled.table["kind"]) <= {"lamp", "shoe", "chair"}
    assert filled.cells["kind"].probability.max() < 0.95


def test_explanations_name_the_cells_and_the_words(gappy: pd.DataFrame, tmp_path: Path) -> None:
    imputer = fit(TRAIN, ["kind", "price"], FitSettings(engine="datawig", num_epochs=20))
    imputer.save(tmp_path / "model")
    sent = NEW.drop(columns=["kind", "price"]).head(5)
    before, after = (
        fill(one, sent, explain=True).cells for one in (imputer, Imputer.load(tmp_path / "model"))
    )
    for name in ("kind", "price"):
        assert before[name].explanations.tolist() == after[name].explanations.tolist()
        for why in before[name].explanations:
            assert {column for column, _ in why.columns} == {"name", "color"}
    for row, why in zip(sent["name"], before["kind"].explanations, strict=True):
        assert all(
            token.strip() in row.lower() or token in "blue green grey amber"
            for token, _ in why.tokens["name, color"][:1]
        )


def test_a_stop_and_a_time_limit_still_give_a_model() -> None:
    table = holed(mixed(300))
    stopped = fit(table, ["kind", "price"], FitSettings(engine="datawig"), should_stop=lambda: True)
    hurried = fit(table, ["kind", "price"], FitSettings(engine="datawig", num_epochs=10_000, time_limit_s=1))
    for imputer in (stopped, hurried):
        assert not fill(imputer, table, ["kind", "price"]).table[["kind", "price"]].isna().any().any()
