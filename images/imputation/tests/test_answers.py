"""What an answer holds: the rows as they were sent, gaps filled, and the marks, in every format."""

import csv
import io
import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from imputation.tests.tables import holed, mixed
from imputation.tests.test_imputation import ask, fit, refusal, reply_to, served, write

from slipway.serving.endpoint import Endpoint


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


def test_with_a_tolerance_numbers_are_left_empty_too(endpoint: Endpoint) -> None:
    sent = [{"size": 0.0, "text": "nice new item", "price": None}]
    [row] = ask(endpoint, sent, precision_threshold=0.9, tolerance=0.001, columns="price")
    assert row["price"] is None
    assert 0 <= row["price_imputed_proba"] < 0.9
    [row] = ask(endpoint, sent, precision_threshold=0.9, tolerance=50, columns="price")
    assert row["price"] == row["price_imputed"]
    assert row["price_imputed_proba"] > 0.9


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
    [with_gaps] = ask(endpoint, [{"size": 1.0, "text": "cotton", "kind": None}], marks=False)
    assert set(with_gaps) == {"size", "text", "kind"}


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


def test_fifty_thousand_rows_are_answered_in_pieces(endpoint: Endpoint) -> None:
    lines = ",".join(["size", "price", "count", "text"]) + "\n" + "1.5,,20,bulb\n-0.5,40,,\n" * 25_000
    reply = reply_to(endpoint, lines, "text/csv", columns="price,count")
    assert reply.status == 200
    rows = reply.body.splitlines()
    assert len(rows) == 50_000
    assert len(set(rows)) == 2
