"""The image through its front door: the older container's calls, the forms of a reply, errors."""

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
import xlwt
from automl.tests.conftest import lay_out
from automl.tests.tables import mixed, patients

from harness.places import Place, Server, Training
from harness.samples import configure

TARGET = "Diagnosis"
pytestmark = pytest.mark.only("inside", "container")
SENTENCE = re.compile(r'\* We are (\d+)% confident the value of "Diagnosis" is (positive|negative)\.')


@pytest.fixture(scope="module")
def learnt(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """As the older container was called: its names, SDK-quoted, the data in two files."""
    given = {"to_predict": '"Diagnosis"', "equal_accuracy_for_all_output_categories": "true"}
    training = place.train(lay_out(tmp_path_factory.mktemp("older"), patients(), **given))
    assert training.code == 0, training.log
    return training


@pytest.fixture(scope="module")
def model_server(place: Place, learnt: Training) -> Iterator[Server]:
    with place.serve(learnt.root) as running:
        yield running


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """New rows with the target among them, as the older samples have it."""
    return patients(40, seed=9)


def answers(server: Server, body: bytes, media: str, attributes: str = "") -> list[dict[str, object]]:
    more = {"Custom_Attributes": attributes} if attributes else {}
    reply = server.ask(body, media, "application/json", **more)
    assert reply.status == 200, reply.text
    found: list[dict[str, object]] = reply.json["predictions"]
    return found


def as_xlsx(table: pd.DataFrame) -> bytes:
    book = openpyxl.Workbook()
    for row in [list(table), *table.astype(object).values.tolist()]:
        book.active.append(row)
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def as_xls(table: pd.DataFrame) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("one")
    for place, row in enumerate([list(table), *table.astype(object).values.tolist()]):
        for column, cell in enumerate(row):
            sheet.write(place, column, cell)
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def test_every_file_of_the_channel_is_learnt_from(learnt: Training) -> None:
    assert "120 rows" in learnt.log


def test_the_older_containers_calls_get_right_answers_in_every_form(
    model_server: Server, rows: pd.DataFrame
) -> None:
    text = rows.to_csv(index=False).encode()
    expected = answers(model_server, text, "text/csv")
    right = np.mean([one["prediction"] for one in expected] == rows[TARGET].to_numpy())
    assert len(expected) == len(rows)
    assert right > 0.65, "the target is noise but for some 80 %"
    forms = {
        "json records": ("application/json", rows.to_json(orient="records").encode()),
        "json columns": ("application/json", json.dumps(rows.to_dict(orient="list")).encode()),
        "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_xlsx(rows)),
        "xls": ("application/vnd.ms-excel", as_xls(rows)),
        "the target cut off": ("text/csv", text.rstrip()[:-1]),
        "without the target": ("text/csv", rows.drop(columns=TARGET).to_csv(index=False).encode()),
    }
    for name, (media, body) in forms.items():
        assert answers(model_server, body, media) == expected, name


def test_the_older_reply_is_a_sentence_and_its_confidence_one_a_row(
    model_server: Server, rows: pd.DataFrame
) -> None:
    text = rows.to_csv(index=False).encode()
    data = answers(model_server, text, "text/csv")
    sentences = answers(model_server, text, "text/csv", "reply=sentence")
    assert [list(one) for one in sentences] == [["prediction", "class_confidence"]] * len(rows)
    for one, plain in zip(sentences, data, strict=True):
        found = SENTENCE.fullmatch(str(one["prediction"]))
        assert found, one
        assert one["class_confidence"] == plain["confidence"]
        assert found[2] == plain["prediction"]
        assert int(found[1]) == round(100 * float(str(one["class_confidence"])))


def test_a_line_of_json_lines_is_the_older_containers_reply_as_it_was(
    model_server: Server, rows: pd.DataFrame
) -> None:
    text = rows.to_csv(index=False).encode()
    reply = model_server.ask(text, "text/csv", "application/jsonlines", Custom_Attributes="reply=sentence")
    assert [json.loads(line) for line in reply.text.splitlines()] == answers(
        model_server, text, "text/csv", "reply=sentence"
    )


def test_one_plain_json_object_is_a_row(model_server: Server, rows: pd.DataFrame) -> None:
    expected = answers(model_server, rows[:1].to_csv(index=False).encode(), "text/csv")
    one = json.loads(rows.iloc[0].to_json())
    written = {name: str(cell) for name, cell in one.items()}
    for form in (one, written):
        assert answers(model_server, json.dumps(form).encode(), "application/json") == expected


def test_a_model_is_read_once_and_not_for_each_request(
    place: Place, learnt: Training, rows: pd.DataFrame, tmp_path: Path
) -> None:
    shutil.copytree(learnt.model, tmp_path / "model")
    text = rows.to_csv(index=False).encode()
    with place.serve(tmp_path) as running:
        before = answers(running, text, "text/csv")
        shutil.rmtree(tmp_path / "model/mindsdb")
        assert answers(running, text, "text/csv") == before


@pytest.mark.contract("B8.9")
def test_autopilots_keys_can_be_asked_for_and_chosen(
    place: Place, learnt: Training, model_server: Server, rows: pd.DataFrame
) -> None:
    text = rows.to_csv(index=False).encode()
    found = answers(model_server, text, "text/csv", "reply=autopilot")
    assert set(found[0]) == {"predicted_label", "probability", "probabilities", "labels"}
    for one in found:
        assert one["labels"] == ["negative", "positive"]
        chances = dict(zip(one["labels"], one["probabilities"], strict=True))
        assert one["probability"] == chances[one["predicted_label"]]
    keys = "probability, predicted_label,probabilities, labels"
    with place.serve(learnt.root, SAGEMAKER_INFERENCE_OUTPUT=keys) as running:
        reply = running.ask(text, "text/csv", "text/csv")
        assert answers(running, text, "text/csv") == found, "whatever `reply` is"
    first = next(csv.reader(reply.text.splitlines()))
    assert [float(first[0]), first[1]] == [found[0]["probability"], found[0]["predicted_label"]]
    assert json.loads(first[2]) == found[0]["probabilities"], "a list is one quoted cell"
    for form in ("data", "sentence", "autopilot"):
        assert answers(model_server, text, "text/csv", f"outputs=confidence;reply={form}") == [
            {"confidence": one["probability"]} for one in found
        ], "whatever `reply` is"


def test_outputs_of_another_problem_are_gaps_and_unknown_ones_are_refused(
    place: Place, learnt: Training, model_server: Server, rows: pd.DataFrame
) -> None:
    text = rows[:2].to_csv(index=False).encode()
    keys = '{"outputs": ["low", "predicted_label", "high"]}'
    labels = [one["prediction"] for one in answers(model_server, text, "text/csv")]
    assert answers(model_server, text, "text/csv", keys) == [
        {"low": None, "predicted_label": label, "high": None} for label in labels
    ]
    reply = model_server.ask(text, "text/csv", "text/csv", Custom_Attributes=keys)
    assert reply.text == "".join(f",{label},\n" for label in labels)
    refused = model_server.ask(
        text, "text/csv", "application/json", Custom_Attributes="outputs=predicted_lable"
    )
    assert refused.status == 400
    said = refused.json["message"]
    assert all(word in said for word in ("outputs", "'predicted_label'", '"predicted_lable"')), said
    assert "\n" not in said


def test_score_adds_metrics_where_the_target_came(model_server: Server, rows: pd.DataFrame) -> None:
    text = rows.to_csv(index=False).encode()
    reply = model_server.ask(text, "text/csv", "application/json", Custom_Attributes="score=true")
    right = [one["prediction"] for one in reply.json["predictions"]] == rows[TARGET].to_numpy()
    assert reply.json["metrics"]["accuracy"] == pytest.approx(right.mean())
    assert reply.json["metrics"]["rows"] == len(rows)
    without = rows.drop(columns=TARGET).to_csv(index=False).encode()
    refused = model_server.ask(without, "text/csv", "application/json", Custom_Attributes="score=true")
    assert (refused.status, "needs the target column Diagnosis" in refused.json["message"]) == (400, True)
    refused = model_server.ask(text, "text/csv", "text/csv", Custom_Attributes="score=true")
    assert (refused.status, "Accept application/json" in refused.json["message"]) == (400, True)


def test_contributions_are_of_the_models_columns(model_server: Server, rows: pd.DataFrame) -> None:
    found = answers(model_server, rows[:3].to_csv(index=False).encode(), "text/csv", "explain=true")
    for one in found:
        assert one["contributions"]
        assert set(one["contributions"]) <= set(rows) - {TARGET}  # type: ignore[call-overload]


def test_mindsdb_gives_the_same_answers(model_server: Server, rows: pd.DataFrame) -> None:
    text = rows.to_csv(index=False).encode()
    direct = model_server.ask(text, "text/csv", "application/json", Custom_Attributes="score=true")
    around = model_server.ask(
        text, "text/csv", "application/json", Custom_Attributes="score=true;engine=mindsdb"
    )
    assert around.status == 200, around.text
    assert around.json == direct.json


def test_the_report_shows_what_it_should(learnt: Training) -> None:
    found = json.loads((learnt.root / "output/data/report.json").read_text())
    titles = [section["title"] for section in found["sections"]]
    assert titles == [
        "Data",
        "Leaderboard",
        "Scores of the blend",
        "ROC and precision-recall",
        "Confusion matrix",
        "Calibration",
        "Permutation importance",
        "Shapley values",
        "Columns",
    ]
    board = found["sections"][1]["table"]
    assert {"CatBoost", "LightGBM", "Linear", "Prior"} == {row["model"] for row in board}
    assert all(row["kB"] > 0 and row["rows per second"] > 0 for row in board)
    assert "best so far" in learnt.log
    assert "s left" in learnt.log


@pytest.mark.only("inside")
@pytest.mark.contract("B8.9")
def test_a_number_comes_with_an_interval_and_other_channels_are_scored(place: Place, tmp_path: Path) -> None:
    table = mixed()
    root = lay_out(tmp_path, table[:120], target="income.eur", ignore="grade,left early?")
    for channel in ("validation", "test"):
        (root / "input/data" / channel).mkdir()
        table[120:].to_parquet(root / "input/data" / channel / "part.parquet")
    config = {"preset": "fast", "time_limit_s": 60, "target": "income.eur", "ignore": "grade,left early?"}
    configure(root, config, ["training", "validation", "test"])
    training = place.train(root)
    assert training.code == 0, training.log
    printed = dict(re.findall(r"^metric (\S+)=(\S+);$", training.log, re.MULTILINE))
    assert {"rmse", "mae", "r2", "validation:rmse", "test:rmse"} <= set(printed)
    assert printed["validation:rmse"] == printed["test:rmse"] != printed["rmse"]
    assert float(printed["test:r2"]) > 0.5
    body = table[120:].drop(columns="fax").to_csv(index=False).encode()
    with place.serve(root) as running:
        narrow, wide = (answers(running, body, "text/csv", f"level={level}") for level in (0.5, 0.95))
        sentences = answers(running, body, "text/csv", "reply=sentence")
        keys = answers(running, body, "text/csv", '{"outputs": ["predicted_label", "probability"]}')
    assert [(one["predicted_label"], one["probability"]) for one in keys] == [
        (one["prediction"], None) for one in narrow
    ], "what a number does not have is NaN"
    for small, large in zip(narrow, wide, strict=True):
        assert float(str(small["prediction"])) == float(str(large["prediction"]))
        assert large["low"] < small["low"] <= small["prediction"] <= small["high"] < large["high"]  # type: ignore[operator]
        assert (small["confidence"], large["confidence"]) == (0.5, 0.95)
    held = [
        one["low"] <= true <= one["high"] for one, true in zip(wide, table["income.eur"][120:], strict=True)
    ]
    assert np.mean(held) > 0.8
    assert 'the value of "income.eur" lies between' in str(sentences[0]["prediction"])
