"""What goes over the endpoint: the replies of the older container and of the built-in XGBoost, and cuts."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.places import Place, Server, Training
from harness.samples import Sample, configure

LIBSVM = "1 1:0.2 3:5\n0 2:1.5\n1 1:0.9 2:0.1 3:4\n0 2:2 3:0.5\n" * 30


@pytest.fixture(scope="module")
def older(place: Place, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The older params.json, and the answers that its container gave."""
    root = sample.lay_out(tmp_path_factory.mktemp("older"))
    assert place.train(root).code == 0
    environ = {"SLIPWAY_OPTIONS": '{"labels": true}', "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv"}
    with place.serve(root, **environ) as server:
        yield server


def test_csv_and_json_are_answered_as_the_older_container_did(older: Server, sample: Sample) -> None:
    """One label a line, no header, in CSV whatever was sent."""
    answer = older.ask(sample.csv(), "text/csv")
    assert answer.media_type == "text/csv"
    lines = answer.text.splitlines()
    assert len(lines) == sample.height
    assert set(lines) == {"0", "1"}
    same = older.ask(json.dumps(sample.records).encode(), "application/json")
    assert (same.media_type, same.text) == ("text/csv", answer.text)


def test_the_model_folder_holds_the_metrics_as_the_older_one_did(trained: Training) -> None:
    metrics = json.loads((trained.model / "metrics.json").read_text())
    assert list(metrics) == ["roc_auc", "accuracy", "lift", "hosmer_lemeshow"]
    assert json.loads((trained.root / "output/data/metrics.json").read_text()) == metrics
    for name, value in metrics.items():
        assert f"metric {name}={value:.10g};" in trained.log


def test_the_resolved_configuration_is_printed_and_kept(trained: Training) -> None:
    kept = json.loads((trained.model / "model.json").read_text())["configuration"]
    assert (kept["n_estimators"], kept["eval_metric"], kept["problem"]) == (1000, "PRAUC", "binary")
    line = next(line for line in trained.log.splitlines() if "configuration: " in line)
    shown = json.loads(line.partition("configuration: ")[2])
    assert {name: kept[name] for name in shown} == shown


def test_a_file_with_a_header_may_be_cut_between_any_two_lines(server: Server, sample: Sample) -> None:
    """The older one took each later piece's first row for a header: a row lost, and wrong names."""
    lines = sample.csv().splitlines(keepends=True)
    whole = server.ask(b"".join(lines), "text/csv", "application/jsonlines").text.splitlines()
    assert len(whole) == sample.height
    for cut in range(1, len(lines)):
        pieces = [b"".join(lines[:cut]), b"".join(lines[cut:])]
        replies = [server.ask(piece, "text/csv", "application/jsonlines") for piece in pieces]
        assert [reply.status for reply in replies] == [204 if cut == 1 else 200, 200]
        assert "".join(reply.text for reply in replies).splitlines() == whole, cut
    each = [server.ask(line, "text/csv", "application/jsonlines").text for line in lines]
    assert "".join(each).splitlines() == whole


def test_a_file_with_the_target_in_it_may_be_cut_too(server: Server, sample: Sample) -> None:
    table = sample.main_table().read_bytes().splitlines(keepends=True)[:6]
    whole = server.ask(b"".join(table), "text/csv").text
    cut = [server.ask(b"".join(piece), "text/csv").text for piece in (table[:3], table[3:])]
    assert "".join(cut) == whole
    assert len(whole.splitlines()) == 5


@pytest.fixture(scope="module")
def numbers(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An XGBoost model of LibSVM data."""
    root: Path = tmp_path_factory.mktemp("libsvm")
    (root / "input/data/train").mkdir(parents=True)
    (root / "input/data/train/rows.libsvm").write_text(LIBSVM)
    configure(
        root, {"engine": "xgboost", "num_round": "5", "eta": "0.3", "early_stopping_rounds": "0"}, ["train"]
    )
    training = place.train(root)
    assert training.code == 0, training.log
    return root


@pytest.fixture(scope="module")
def built_in(place: Place, numbers: Path) -> Callable[..., Any]:
    def ask(outputs: str, body: bytes = b"1:0.9 3:4\n2:1.5\n", accept: str = "application/json") -> Any:
        with place.serve(numbers, SAGEMAKER_INFERENCE_OUTPUT=outputs) as server:
            reply = server.ask(body, "text/libsvm", accept)
            assert reply.status == 200, reply.text
            return reply.json["predictions"] if accept == "application/json" else reply.text

    return ask


@pytest.mark.contract("B8.10")
def test_the_built_in_xgboosts_reply_is_one_score_a_row(built_in: Callable[..., Any]) -> None:
    scores = built_in("score")
    assert [list(row) for row in scores] == [["score"], ["score"]]
    assert scores[0]["score"] > 0.5 > scores[1]["score"]
    lines = built_in("score", accept="text/csv").splitlines()
    assert [float(line) for line in lines] == [row["score"] for row in scores]


@pytest.mark.contract("B8.9")
def test_outputs_are_selected_by_name(built_in: Callable[..., Any]) -> None:
    rows = built_in("predicted_label, probability,probabilities,labels,raw_score,raw_scores,predicted_score")
    first = rows[0]
    assert list(first) == [
        *("predicted_label", "probability", "probabilities", "labels"),
        *("raw_score", "raw_scores", "predicted_score"),
    ]
    assert first["predicted_label"] == 1
    assert first["labels"] == [0, 1]
    assert first["probabilities"] == pytest.approx([1 - first["probability"], first["probability"]])
    assert first["predicted_score"] is None
    line = built_in("predicted_label,probabilities", accept="text/csv").splitlines()[0]
    assert line.startswith('1,"[0.')


def test_libsvm_and_csv_ask_the_same(place: Place, numbers: Path) -> None:
    with place.serve(numbers) as server:
        sparse = server.ask(b"1:0.9 3:4\n0 2:1.5\n", "text/x-libsvm").text
        assert sparse == server.ask(b"0.9,0,4\n0,1.5,0\n", "text/csv").text
        assert server.ask(b"1:x\n", "text/libsvm").status == 400
