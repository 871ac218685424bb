"""What the image promises beyond its engine: channels, hyperparameters, answers in every form, the report."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from specimen import holed, mixed

from slipway import Channel, Job, Report, UserError
from slipway.image import Image
from slipway.serving.endpoint import Answer, Endpoint
from slipway.settings import Settings
from slipway.training.config import Hosts
from slipway.training.run import _schema, save

IMAGE = Image.read(Path(__file__).parent)
MODEL = IMAGE.predictor()
TRAINER = IMAGE.trainer()
QUICK = {"preset": "fast", "compare": "false"}


def fit(folder: Path, test: Path | None = None, **hyperparameters: str) -> tuple[Any, Job, Any]:
    job = Job(Hosts("algo-1", ("algo-1",)), Report(), IMAGE.metrics)
    data = {"train": Channel("train", folder)} | ({"test": Channel("test", test)} if test else {})
    model = TRAINER.fit(data, TRAINER.Hyperparameters.read({**QUICK, **hyperparameters}), job)
    return model, job, _schema(model, data)


def write(folder: Path, table: pd.DataFrame) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "rows.csv", index=False)
    return folder


def served(root: Path, model: Any, schema: Any) -> Endpoint:
    save(
        model,
        root / "model",
        image=IMAGE.name,
        version=IMAGE.version,
        reads=schema,
        hyperparameters={},
        metrics={},
    )
    settings = {"SLIPWAY_ALGORITHM": str(IMAGE.folder), "SLIPWAY_ROOT": str(root)}
    return Endpoint.load(Settings.read(settings))


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Endpoint:
    root = tmp_path_factory.mktemp("served")
    table = holed(mixed(300))
    table["count"] = pd.Series(np.arange(300) % 7 * 10, dtype="Int64").where(np.arange(300) % 9 > 0)
    model, _, schema = fit(write(root / "data", table), features="size,text", columns="price,kind,sold,count")
    return served(root, model, schema)


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Endpoint:
    """One label from a text, as the older container was trained."""
    root = tmp_path_factory.mktemp("older")
    folder = write(root / "data", holed(mixed(300)))
    model, _, schema = fit(folder, label_column="kind", feature_columns="size,text")
    return served(root, model, schema)


HEADER = "size,price,kind,dear,sold,text,count"
GAPS = f"{HEADER}\n1.50,,,1,,cotton collar sleeves,\n-0.5,40.10,lamp,0,2024-03-01,bulb shade,20\n"


def ask(endpoint: Endpoint, body: Any, accept: str = "application/json", **options: Any) -> Any:
    """The rows of an answer; `body` is a CSV, or what goes into JSON."""
    reply = reply_to(endpoint, body, accept, **options)
    assert reply.status == 200, reply.body
    return json.loads(reply.body)["predictions"]


def reply_to(endpoint: Endpoint, body: Any, accept: str = "application/json", **options: Any) -> Answer:
    if isinstance(body, str):
        attributes = ";".join(f"{name}={value}" for name, value in options.items())
        return endpoint.answer(body.encode(), "text/csv", accept, attributes)
    document = {"instances": body, "configuration": options}
    return endpoint.answer(json.dumps(document).encode(), "application/json", accept)


def refusal(reply: Answer) -> str:
    assert reply.status == 400, reply.body
    return str(json.loads(reply.body)["message"])


def test_observed_cells_come_back_to_the_letter_and_gaps_are_filled(endpoint: Endpoint) -> None:
    reply = reply_to(endpoint, GAPS, "text/csv; header=present").body.decode()
    first, second = csv.DictReader(io.StringIO(reply))
    assert list(first)[:7] == HEADER.split(",")
    assert list(first)[7:] == [
        *("price_imputed", "kind_imputed", "kind_imputed_proba"),
        *("sold_imputed", "count_imputed"),
    ]
    assert (first["size"], first["dear"], first["text"]) == ("1.50", "1", "cotton collar sleeves")
    assert first["kind"] == first["kind_imputed"] == "shirt"
    assert 0 < float(first["kind_imputed_proba"]) <= 1
    assert first["price"] == first["price_imputed"]
    assert first["sold"] == first["sold_imputed"]
    assert pd.Timestamp(first["sold"]).year == 2024
    assert first["count"].isdigit(), "a column of whole numbers is filled with whole numbers"
    assert list(second.values())[:7] == GAPS.splitlines()[2].split(",")
    assert set(list(second.values())[7:]) == {""}


def test_the_answer_has_the_same_columns_whatever_the_gaps(endpoint: Endpoint) -> None:
    whole = GAPS.splitlines()[0] + "\n" + GAPS.splitlines()[2] + "\n"
    assert list(ask(endpoint, whole)[0]) == list(ask(endpoint, GAPS)[0])


def test_a_request_may_leave_out_the_columns_to_fill_but_no_feature(endpoint: Endpoint) -> None:
    [row] = ask(endpoint, [{"size": 1.0, "text": "watt bulb"}])
    assert row["kind_imputed"] == "lamp"
    assert row["price_imputed"] is not None
    assert set(row) & {"kind", "price"} == set(), "no column that was not sent"
    assert "missing column size" in refusal(reply_to(endpoint, [{"text": "bulb"}]))


def test_numbers_as_text_and_native_numbers_are_filled_alike(endpoint: Endpoint) -> None:
    [one] = ask(endpoint, [{"size": 1.5, "text": "bulb", "kind": None}])
    [two] = ask(endpoint, [{"size": "1.5", "text": "bulb", "kind": ""}])
    assert one["kind_imputed"] == two["kind_imputed"]
    assert one["price_imputed"] == two["price_imputed"]
    assert (one["size"], two["size"]) == (1.5, "1.5")


def test_new_labels_unseen_words_and_empty_rows_are_answered(endpoint: Endpoint) -> None:
    rows = ask(
        endpoint,
        [
            {"size": None, "text": None},
            {"size": 0.1, "text": "ζ €€ 漢字", "kind": "hovercraft"},
            {"size": 1e300, "text": "x" * 100_000},
        ],
    )
    assert rows[1]["kind"] == "hovercraft"
    assert all(row["price_imputed"] is not None for row in rows)
    assert rows[0]["kind_imputed"] == "shoe", "the most frequent label"


def test_a_precision_threshold_leaves_cells_empty_and_says_how_sure(endpoint: Endpoint) -> None:
    [row] = ask(endpoint, [{"size": 0.0, "text": "nice new item", "kind": None}], precision_threshold=1.0)
    assert row["kind"] is None
    assert row["kind_imputed"] is None
    assert row["kind_imputed_proba"] > 0
    assert row["price_imputed"] is not None


def test_options_ask_for_more(endpoint: Endpoint, older: Endpoint) -> None:
    options = {"columns": ["kind", "price"], "top_k": 2, "interval": True, "multiple": 3, "explain": True}
    [row] = ask(endpoint, [{"size": 1.0, "text": "cotton collar"}], **options)
    assert "sold_imputed" not in row
    chances = [one["predicted_probability"] for one in row["kind_imputed_top"]]
    assert row["kind_imputed_top"][0]["predicted"] == row["kind_imputed"]
    assert len(chances) == 2
    assert chances == sorted(chances, reverse=True)
    assert row["price_imputed_low"] <= row["price_imputed"] <= row["price_imputed_high"]
    assert len(row["price_imputed_draws"]) == len(row["kind_imputed_draws"]) == 3
    [why] = [
        one["kind_imputed_why"] for one in ask(older, [{"size": 1.0, "text": "cotton collar"}], explain=True)
    ]
    assert {"cotton", "collar"} & {term["token"] for term in why["terms"]}
    assert "text" in {one["column"] for one in why["columns"]}
    [bare] = ask(endpoint, [{"size": 1.0, "text": "cotton", "kind": None}], marks=False)
    assert set(bare) == {"size", "text", "kind"}


def test_the_older_containers_answer_is_of_each_row_its_own(endpoint: Endpoint, older: Endpoint) -> None:
    rows = [{"size": 1.0, "text": "cotton collar", "kind": "lamp"}, {"size": 1.0, "text": "bulb watt"}]
    reply = reply_to(older, rows, answer="instances")
    first, second = json.loads(reply.body)["instances"]
    assert first["label_column"] == "kind"
    assert first["predictions"][0]["predicted"] == "shirt", "whatever stands in the column itself"
    assert len(first["predictions"]) == 3
    [why] = second["prediction_explanations"]
    assert why["explained_label"] == "lamp"
    assert set(why["tokens"]) & {"bulb", "watt"}
    assert not set(why["tokens"]) & {"cotton", "collar"}
    [number, _] = json.loads(reply_to(endpoint, rows, answer="instances", columns="price").body)["instances"]
    assert set(number["predictions"][0]) == {"predicted", "low", "high"}
    assert "name one" in refusal(reply_to(endpoint, rows, answer="instances"))


def test_every_format_holds_the_lists_of_an_answer(endpoint: Endpoint) -> None:
    options = {"top_k": 2, "multiple": 2, "explain": True, "columns": "kind"}
    want = ask(endpoint, GAPS, **options)
    parquet = reply_to(endpoint, GAPS, "application/x-parquet", **options)
    assert pq.read_table(io.BytesIO(parquet.body)).to_pylist() == want
    lines = reply_to(endpoint, GAPS, "application/jsonlines", **options).body.splitlines()
    assert [json.loads(line) for line in lines] == want
    text = reply_to(endpoint, GAPS, "text/csv; header=present", **options).body.decode()
    [row, _] = csv.DictReader(io.StringIO(text))
    assert json.loads(row["kind_imputed_top"]) == want[0]["kind_imputed_top"]


def test_cells_of_several_types_go_back_as_they_were_sent(endpoint: Endpoint) -> None:
    rows = [{"size": 1, "text": "a", "more": [1, 2]}, {"size": "2", "text": 5, "more": True}]
    answer = ask(endpoint, rows)
    assert [{name: row[name] for name in ("size", "text", "more")} for row in answer] == rows
    reply = reply_to(endpoint, rows, "application/x-parquet")
    assert reply.status == 200
    assert pq.read_table(io.BytesIO(reply.body))["size"].to_pylist() == ["1", "2"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"columns": "colour"},
            '"colour" cannot be filled; the model was trained to fill price, kind, sold, count',
        ),
        ({"precision_threshold": 2}, "less than or equal to 1"),
        ({"answer": "poem"}, "expected"),
    ],
)
def test_options_that_cannot_be_met_are_refused(endpoint: Endpoint, options: Any, message: str) -> None:
    assert message in refusal(reply_to(endpoint, [{"size": 1.0, "text": "x"}], **options))


def test_hundred_thousand_rows_are_answered_in_pieces(endpoint: Endpoint) -> None:
    lines = ",".join(["size", "price", "count", "text"]) + "\n" + "1.5,,20,bulb\n-0.5,40,,\n" * 25_000
    reply = reply_to(endpoint, lines, "text/csv", columns="price,count")
    assert reply.status == 200
    rows = reply.body.splitlines()
    assert len(rows) == 50_000
    assert len(set(rows)) == 2


def test_by_default_the_columns_with_gaps_are_filled(tmp_path: Path) -> None:
    table = mixed(80).assign(whole=range(80))
    table.loc[3, "price"] = None
    model, _, _ = fit(write(tmp_path / "a", table))
    assert model.optional == ("price",)
    assert model.columns == list(table)
    every, _, _ = fit(write(tmp_path / "b", mixed(80)), columns="*")
    assert every.optional == tuple(mixed(1))


def test_the_older_names_of_hyperparameters_are_understood() -> None:
    params = TRAINER.Hyperparameters.read({"label_column": "kind", "feature_columns": "text,size"})
    assert params.columns == ("kind",)
    assert params.features == ("text", "size")


@pytest.mark.parametrize("name", ["columns", "features"])
def test_a_column_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=f"{name}: no column colour"):
        fit(write(tmp_path, mixed(30)), **{name: "colour"})


def test_a_word_for_a_gap_is_a_label_until_missing_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = mixed(120)
    table.loc[::4, "kind"] = "NA"
    folder = write(tmp_path, table)
    model, job, _ = fit(folder, columns="kind")
    assert "NA" in model.imputer.column("kind").labels
    assert 'column kind has the label "NA"' in capsys.readouterr().err
    assert "Labels that may be gaps" in [section.title for section in job.page.sections]
    mended, job, _ = fit(folder, columns="kind", missing="NA")
    assert set(mended.imputer.column("kind").labels) == {"shoe", "shirt", "lamp"}
    assert job.metrics["coverage"] == 1


def test_in_a_request_too_missing_names_gaps(tmp_path: Path) -> None:
    model, _, schema = fit(
        write(tmp_path / "data", mixed(120)), columns="kind", missing="NA", features="text"
    )
    endpoint = served(tmp_path, model, schema)
    first, second = ask(endpoint, "kind,text\nNA,bulb watt\nlamp,cotton\n")
    assert first["kind"] == "lamp"
    assert second["kind_imputed"] is None


def test_the_test_channel_is_filled_as_if_it_were_empty(tmp_path: Path) -> None:
    model, job, _ = fit(
        write(tmp_path / "a", holed(mixed(300))),
        write(tmp_path / "b", mixed(120, seed=5)),
        columns="price,kind",
        precision_threshold="0.9",
    )
    assert 0 < job.metrics["test:nrmse"] < 0.9
    assert job.metrics["test:f1"] > 0.7
    assert job.metrics["test:precision"] >= 0.9
    assert 0 < job.metrics["test:coverage"] <= 1
    assert model.precision_threshold == 0.9


@pytest.mark.parametrize("engine", ["mean", "median", "mode", "knn", "iterative", "missforest"])
def test_every_plain_engine_trains_and_answers(tmp_path: Path, engine: str) -> None:
    model, job, schema = fit(write(tmp_path / "data", holed(mixed(100))), engine=engine)
    assert job.metrics["quality"] <= 1
    rows = ask(
        served(tmp_path, model, schema), holed(mixed(20, seed=3)).to_csv(index=False), explain=True, top_k=2
    )
    assert all(row["kind"] and row["price"] is not None for row in rows)


def test_a_table_beyond_memory_is_learnt_from_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import engine

    from slipway.training import files

    monkeypatch.setattr(files, "BLOCK", 4000)
    monkeypatch.setattr(Channel, "fits_memory", False)
    monkeypatch.setattr(Channel, "table", property(lambda self: pytest.fail("the whole table was read")))
    monkeypatch.setitem(engine.ROWS, "fast", 150)
    _, job, _ = fit(write(tmp_path, holed(mixed(500))), columns="kind,price")
    assert job.metrics["quality"] > 0
    assert "500 rows" in job.page.sections[0].text


def test_a_stop_still_gives_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Job, "should_stop", lambda self: True)
    model, job, _ = fit(write(tmp_path, holed(mixed(100))), compare="true")
    assert set(model.imputer.confidence)
    assert "Beside the plain engines" not in [section.title for section in job.page.sections]


def test_the_report_tells_gaps_quality_comparison_and_sureness(tmp_path: Path) -> None:
    table = holed(mixed(200)).assign(void=None)
    _, job, _ = fit(write(tmp_path, table), compare="true", columns="price,kind,sold,void")
    sections = {section.title: section for section in job.page.sections}
    assert list(sections) == [
        *("Gaps", "Patterns", "Quality of each column", "Beside the plain engines", "How sure", "Intervals"),
        *("Before and after", "Strongest features"),
    ]
    compared = sections["Beside the plain engines"].table
    assert compared is not None
    assert {"MCAR", "MAR"} == set(compared["mask"])
    assert {"auto", "mean", "median", "mode", "knn", "iterative"} <= set(compared)
    hidden = compared[(compared["mask"] == "MCAR") & (compared["column"] == "price")]
    assert float(hidden["auto"].iloc[0]) < float(hidden["mean"].iloc[0])
    gaps = sections["Gaps"].table
    assert gaps is not None
    assert (
        dict(zip(gaps["column"], gaps["filled"], strict=True))["void"] == "left empty: nothing to learn from"
    )


def test_a_column_that_holds_nothing_stays_empty_in_answers(tmp_path: Path) -> None:
    model, _, schema = fit(write(tmp_path / "data", holed(mixed(60)).assign(void=None)))
    [row] = ask(served(tmp_path, model, schema), [{"size": 1, "void": None}])
    assert row["void"] is None
    assert row["void_imputed"] is None


def test_two_hundred_columns_are_trained_and_answered(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(80, 4)) @ random.normal(size=(4, 200)) + 0.3 * random.normal(size=(80, 200))
    whole = pd.DataFrame(values, columns=[f"c{place}" for place in range(200)])
    model, _, schema = fit(write(tmp_path / "data", holed(whole, 0.05)), time_limit_s="20", columns="*")
    rows = ask(served(tmp_path, model, schema), holed(whole.head(5), 0.3).to_csv(index=False), marks="false")
    assert all(cell is not None for row in rows for cell in row.values())
