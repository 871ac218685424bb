"""Requests in each of their forms, and answers in each of their layouts."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forecast.tests.conftest import Job, Trained, ask, long_csv, monthly, months

from harness.places import Server

SERIES = {"a": monthly(48), "b": monthly(48, 200.0, 1), "c": monthly(30, 50.0, 2)}
SAMPLE = Path(__file__).parents[1] / "sample"


@pytest.fixture(scope="module")
def job(train: Trained) -> Job:
    done = train({"train": {"a.csv": long_csv(SERIES)}}, horizon=4, quantiles="0.1,0.5,0.9")
    assert done.code == 0, done.log
    return done


@pytest.fixture(scope="module")
def server(job: Job) -> Any:
    with job.server() as running:
        yield running


@pytest.fixture(scope="module")
def stored(server: Server) -> dict[str, Any]:
    """What the model says of the series that it knows."""
    reply = ask(server, {"instances": [{"item_id": name} for name in SERIES]})
    assert reply.status == 200, reply.text
    return {row["item_id"]: row for row in reply.json["predictions"]}


def test_ids_alone_are_forecast_from_the_stored_history(server: Server, stored: dict[str, Any]) -> None:
    assert list(stored) == list(SERIES)
    assert [row["start"] for row in stored.values()] == ["2022-01-01", "2022-01-01", "2020-07-01"]
    lines = b'{"item_id": "b"}\n{"item_id": "a"}\n'
    reply = ask(server, lines, "application/jsonlines", "application/jsonlines")
    assert [json.loads(line) for line in reply.body.splitlines()] == [stored["b"], stored["a"]]


@pytest.mark.parametrize("body", [b"item_id\nc\na\n", b"c\na\n"])
def test_ids_in_csv_are_answered_by_steps(server: Server, stored: dict[str, Any], body: bytes) -> None:
    reply = ask(server, body, "text/csv", "text/csv; header=present")
    assert reply.status == 200, reply.text
    rows = list(csv.DictReader(io.StringIO(reply.text)))
    assert list(rows[0]) == ["item_id", "timestamp", "mean", "0.1", "0.5", "0.9"]
    assert [row["item_id"] for row in rows] == ["c"] * 4 + ["a"] * 4
    assert [row["timestamp"] for row in rows[:4]] == ["2020-07-01", "2020-08-01", "2020-09-01", "2020-10-01"]
    assert [float(row["mean"]) for row in rows[4:]] == stored["a"]["mean"]
    assert [float(row["0.9"]) for row in rows[4:]] == stored["a"]["quantiles"]["0.9"]


def test_a_series_that_is_asked_for_twice_is_answered_twice(server: Server, stored: dict[str, Any]) -> None:
    rows = [{"item_id": "a"}, {"item_id": "b"}, {"item_id": "a"}]
    reply = ask(server, rows)
    assert [row["item_id"] for row in reply.json["predictions"]] == ["a", "b", "a"]
    long = ask(server, b"a\nb\na\n", "text/csv", "application/json").json["predictions"]
    assert long == reply.json["predictions"]
    lines = ask(server, b"a\nb\na\n", "text/csv", "text/csv").text.splitlines()
    assert [line[0] for line in lines] == ["a"] * 4 + ["b"] * 4 + ["a"] * 4


def test_deepars_request_gets_deepars_answer(server: Server, stored: dict[str, Any]) -> None:
    body = {
        "instances": [
            {"start": "2018-01-01 00:00:00", "target": SERIES["a"], "cat": [0]},
            {"start": "2018-01-01 00:00:00", "target": [*SERIES["b"][:5], "NaN", None, *SERIES["b"][7:]]},
        ],
        "configuration": {
            "num_samples": 20,
            "output_types": ["mean", "quantiles", "samples"],
            "quantiles": ["0.1", "0.9"],
        },
    }
    reply = ask(server, body)
    assert reply.status == 200, reply.text
    first, second = reply.json["predictions"]
    assert set(first) == {"mean", "quantiles", "samples"}
    assert first["mean"] == stored["a"]["mean"]
    assert first["quantiles"] == {label: stored["a"]["quantiles"][label] for label in ("0.1", "0.9")}
    assert np.shape(first["samples"]) == (20, 4)
    assert np.mean(first["samples"]) == pytest.approx(np.mean(first["mean"]), rel=0.05)
    assert second["mean"] == pytest.approx(stored["b"]["mean"], rel=0.1)
    only = ask(server, {**body, "configuration": {"output_types": ["mean"]}}).json["predictions"]
    assert only == [{"mean": first["mean"]}, {"mean": second["mean"]}]


@pytest.mark.contract("B8.8")
def test_samples_are_paths_that_hang_on_their_own_series_alone(
    server: Server, stored: dict[str, Any]
) -> None:
    body = {"output_types": ["samples", "quantiles"], "num_samples": 1000, "quantiles": ["0.1", "0.9"]}
    both = ask(server, {"instances": [{"item_id": "b"}, {"item_id": "a"}], "configuration": body})
    alone = ask(server, {"instances": [{"item_id": "a"}], "configuration": body})
    (found,) = alone.json["predictions"]
    assert both.json["predictions"][1] == found
    assert both.json["predictions"][0]["samples"] != found["samples"]
    paths = np.array(found["samples"])
    assert paths.shape == (1000, 4)
    for label, level in (("0.1", 10), ("0.9", 90)):
        width = np.ptp([found["quantiles"]["0.1"][0], found["quantiles"]["0.9"][0]])
        assert np.percentile(paths, level, axis=0) == pytest.approx(
            found["quantiles"][label], abs=0.15 * width
        )
    together = np.corrcoef(paths.T)
    assert (np.diag(together, 1) > 0.4).all(), "steps of a path go together"


@pytest.mark.contract("B8.8")
def test_deepars_variable_sets_what_batches_are_answered_with(job: Job, stored: dict[str, Any]) -> None:
    """A batch's lines have no configuration; DEEPAR_INFERENCE_CONFIG is theirs."""
    config = {"num_samples": 7, "output_types": ["quantiles", "samples"], "quantiles": ["0.5"]}
    line = json.dumps({"start": "2018-01-01 00:00:00", "target": SERIES["a"]}).encode()
    with job.server(DEEPAR_INFERENCE_CONFIG=json.dumps(config), SAGEMAKER_BATCH="true") as server:
        reply = ask(server, line, "application/jsonlines", "application/jsonlines")
        assert reply.status == 200, reply.text
        assert reply.json["quantiles"] == {"0.5": stored["a"]["quantiles"]["0.5"]}
        assert np.shape(reply.json["samples"]) == (7, 4)
        assert set(reply.json) == {"quantiles", "samples"}


@pytest.mark.contract("B8.11")
def test_a_history_in_csv_is_forecast_whatever_its_order(server: Server, stored: dict[str, Any]) -> None:
    """Raw rows with the training table's columns."""
    lines = long_csv({"new": SERIES["a"], "other": SERIES["b"]}).splitlines()
    body = "\n".join([lines[0], *lines[:0:-1]]).encode()
    reply = ask(server, body, "text/csv", "application/jsonlines")
    rows = [json.loads(line) for line in reply.body.splitlines()]
    assert [(row["item_id"], row["timestamp"]) for row in rows[:2]] == [
        ("other", "2022-01-01"),
        ("other", "2022-02-01"),
    ]
    assert [row["mean"] for row in rows[4:]] == pytest.approx(stored["a"]["mean"])
    assert len(rows) == 8


def test_new_points_of_a_known_series_go_after_its_stored_history(server: Server) -> None:
    more = monthly(51)[48:]
    times = months(51)[48:]
    reply = ask(server, long_csv({"a": more}, times).encode(), "text/csv")
    whole = ask(server, {"instances": [{"start": "2018-01-01", "target": [*SERIES["a"], *more]}]})
    assert [row["mean"] for row in reply.json["predictions"]] == whole.json["predictions"][0]["mean"]
    alone = ask(server, {"instances": [{"start": "2022-01-01", "target": more}]})
    assert alone.json["predictions"][0]["mean"] != whole.json["predictions"][0]["mean"]


def test_rows_of_the_future_beside_a_history_choose_the_steps(server: Server) -> None:
    body = long_csv({"new": SERIES["a"]}) + "new,2022-03-01,\n"
    reply = ask(server, body.encode(), "text/csv")
    assert [row["timestamp"] for row in reply.json["predictions"]] == ["2022-03-01"]


def test_a_step_is_answered_as_it_is_among_all_of_them(server: Server, stored: dict[str, Any]) -> None:
    reply = ask(server, b"a,2022-04-01\nc,2020-07-01\na,2022-01-01\n", "text/csv")
    assert [row["mean"] for row in reply.json["predictions"]] == [
        stored["a"]["mean"][3],
        stored["c"]["mean"][0],
        stored["a"]["mean"][0],
    ]


OLDER = {
    "schema": [
        {"name": "sku", "col_type": "key"},
        {"name": "day", "col_type": "time"},
        {"name": "sold", "col_type": "num"},
    ],
    "config": {"name": "a forecast", "horizon": 3, "result_uri": "s3://bucket/key"},
    "freq": "MS",
}


@pytest.mark.parametrize("form", ["objects", "lists", "csv"])
def test_the_older_form_gets_the_older_result(server: Server, stored: dict[str, Any], form: str) -> None:
    rows = [["x", time, value] for time, value in zip(months(48), SERIES["a"], strict=True)]
    data: dict[str, Any] = {
        "objects": [dict(zip(("sku", "day", "sold"), row, strict=True)) for row in rows],
        "lists": rows,
        "csv": "sku,day,sold\n" + "\n".join(",".join(map(str, row)) for row in rows),
    }
    reply = ask(server, {**OLDER, "data": data[form]}, accept="text/csv; header=present")
    assert reply.status == 200, reply.text
    (row,) = csv.DictReader(io.StringIO(reply.text))
    assert list(row) == ["key", "item_id", "predict_sum", "predict_start_date", "predict_horizon"]
    assert (row["key"], row["item_id"], row["predict_start_date"], row["predict_horizon"]) == (
        "x",
        "x",
        "2022-01-01",
        "3",
    )
    assert float(row["predict_sum"]) == pytest.approx(sum(stored["a"]["mean"][:3]))


def test_sums_are_an_option_of_every_request(server: Server, stored: dict[str, Any]) -> None:
    reply = ask(server, b"a\nb\n", "text/csv", "text/csv", Custom_Attributes="layout=totals")
    totals = [float(line.split(",")[2]) for line in reply.text.splitlines()]
    assert totals == pytest.approx([sum(stored[name]["mean"]) for name in "ab"])


def test_an_odd_last_point_is_flagged_and_a_usual_one_is_not(server: Server) -> None:
    series = np.random.default_rng(0).normal(100, 3, 48).round(2).tolist()
    odd = [*series[:-1], series[-1] + 30]
    body = {
        "instances": [{"start": "2018-01-01", "target": values} for values in (series, odd)],
        "configuration": {"anomalies": 2},
    }
    usual, flagged = (row["anomalies"] for row in ask(server, body).json["predictions"])
    assert [point["anomaly"] for point in usual] == [False, False]
    assert [point["anomaly"] for point in flagged] == [False, True]
    assert [point["timestamp"] for point in flagged] == ["2021-11-01", "2021-12-01"]
    assert flagged[1]["observed"] == odd[-1]
    long = ask(server, b"a\n", "text/csv", "text/csv;header=present", Custom_Attributes="anomalies=1")
    rows = list(csv.DictReader(io.StringIO(long.text)))
    assert [row["anomaly"] for row in rows] == ["", "", "", "", "false"]


BAD: dict[str, tuple[Any, str]] = {
    "an unknown series": ([{"item_id": "a"}, {"item_id": "zz"}], 'row 2: unknown series "zz"'),
    "a step too far": ([{"item_id": "a", "timestamp": "2022-05-01"}], "5 steps after the history"),
    "a step of the past": ([{"item_id": "a", "timestamp": "2021-12-01"}], "not after the history"),
    "a target that is no list": (
        {"instances": [{"start": "2020-01-01", "target": [1]}, {"start": "2020-01-01", "target": 1}]},
        'row 2, column "target"',
    ),
    "a list of words": ({"instances": [{"start": "2020-01-01", "target": ["x"]}]}, 'row 1, column "target"'),
    "a series without a start": ({"instances": [{"target": [1, 2]}]}, "missing column start"),
    "a start that is none": ({"instances": [{"start": "soon", "target": [1, 2]}]}, "expected a date or time"),
    "a horizon too long": ({"instances": [{"item_id": "a"}], "configuration": {"horizon": 5}}, "at most 4"),
    "another step": ({"instances": [{"item_id": "a"}], "configuration": {"freq": "D"}}, "expected MS"),
    "no such quantile": (
        {"instances": [{"item_id": "a"}], "configuration": {"quantiles": ["1.5"]}},
        "quantiles",
    ),
    "a year of seconds": (
        [
            {"item_id": "n", "timestamp": "1700-01-01", "target": 1},
            {"item_id": "n", "timestamp": "2250-01-01", "target": 2},
        ],
        "which are 6601 steps",
    ),
    "an older form without keys": (
        {**OLDER, "schema": OLDER["schema"][1:], "data": []},
        "0 columns of col_type key",
    ),
    "an older form without rows": ({**OLDER, "data": 5}, '"data" must be a list'),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_request_is_told_in_one_line(server: Server, bad: str) -> None:
    body, says = BAD[bad]
    reply = ask(server, body)
    assert reply.status == 400, reply.text
    assert says in reply.json["message"]
    assert "\n" not in reply.json["message"]


def test_quantiles_never_cross_and_widen_with_the_horizon(server: Server) -> None:
    levels = [0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999]
    body = {"instances": [{"item_id": name} for name in SERIES], "configuration": {"quantiles": levels}}
    for row in ask(server, body).json["predictions"]:
        found = np.array([row["quantiles"][str(level)] for level in levels])
        assert (np.diff(found, axis=0) >= 0).all()
        assert found[0, 0] < found[-1, 0]


def test_lines_of_a_batch_come_back_in_order_all_ten_thousand(server: Server) -> None:
    random = np.random.default_rng(0)
    lines = []
    for number in range(10_000):
        series = [round(float(value), 2) for value in number + random.random(3)]
        lines.append(json.dumps({"item_id": f"s{number}", "start": "2024-01-01", "target": series}))
    reply = ask(server, "\n".join(lines).encode(), "application/jsonlines", "application/jsonlines")
    found = [json.loads(line) for line in reply.body.splitlines()]
    assert [row["item_id"] for row in found] == [f"s{number}" for number in range(10_000)]
    for number in (0, 1, 4_999, 9_999):
        assert found[number]["mean"] == [json.loads(lines[number])["target"][-1]] * 4
    again = ask(server, lines[7].encode(), "application/jsonlines", "application/jsonlines")
    assert json.loads(again.body) == found[7]
