"""Files of series, one a line, and the requests beside the sample."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from forecast.tests.conftest import Trained, ask, long_csv, monthly

SAMPLE = Path(__file__).parents[1] / "sample"
SERIES = {"a": monthly(48), "b": monthly(48, 200.0, 1), "c": monthly(30, 50.0, 2)}
LINES = "".join(json.dumps({"start": "2018-01-01", "target": series}) + "\n" for series in SERIES.values())


def parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table({"start": ["2018-01-01"] * 3, "target": list(SERIES.values())}), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    "files",
    [
        {"a.json": LINES},
        {"a.jsonl": LINES.splitlines()[0], "b.jsonl": "\n".join(LINES.splitlines()[1:])},
        {"a.parquet": parquet()},
    ],
)
def test_deepars_files_train_the_same_model(train: Trained, files: dict[str, str | bytes]) -> None:
    long = train({"train": {"a.csv": long_csv(SERIES)}}, horizon=4)
    with long.server() as server:
        rows = ask(server, [{"item_id": name} for name in SERIES]).json["predictions"]
    job = train({"train": files}, prediction_length=4, time_freq="M", quantiles="0.1,0.5,0.9")
    assert job.code == 0, job.log
    body = {"instances": [{"start": "2018-01-01", "target": SERIES["a"]}]}
    with job.server() as server:
        assert ask(server, body).json["predictions"][0]["mean"] == rows[0]["mean"]
        known = ask(server, {"instances": [{"item_id": "1"}]})
        assert known.json["predictions"][0]["mean"] == rows[1]["mean"]


def test_each_request_beside_the_sample_is_answered(train: Trained) -> None:
    channels = {"train": {path.name: path.read_bytes() for path in (SAMPLE / "train").iterdir()}}
    job = train(channels, **json.loads((SAMPLE / "hyperparameters.json").read_text()))
    media = {".json": "application/json", ".csv": "text/csv", ".jsonl": "application/jsonlines"}
    requests = sorted(SAMPLE.glob("request*"))
    assert {path.name for path in requests} == {
        "request.csv",
        "request-deepar.json",
        "request-history.csv",
        "request-ids.csv",
        "request-older.json",
        "request-series.jsonl",
    }
    heights = {
        "request.csv": 6,
        "request-deepar.json": 2,
        "request-history.csv": 12,
        "request-ids.csv": 3,
        "request-older.json": 1,
        "request-series.jsonl": 3,
    }
    answers = {}
    with job.server() as server:
        for path in requests:
            reply = ask(server, path.read_bytes(), media[path.suffix])
            assert reply.status == 200, (path.name, reply.text)
            found = answers[path.name] = reply.json["predictions"]
            assert len(found) == heights[path.name], path.name
            for row in found:
                numbers = row.get("mean", row.get("predict_sum"))
                assert np.isfinite(np.array(numbers, dtype=float)).all(), path.name
        tea, *_ = ask(server, [{"item_id": "tea"}]).json["predictions"]
    # The older form and DeepAR's send tea's own history, and so get what is said of tea.
    (older,) = answers["request-older.json"]
    assert older["predict_sum"] == pytest.approx(sum(tea["mean"][:3]), rel=0.05)
    assert (older["predict_start_date"], older["predict_horizon"]) == ("2024-01-01", 3)
    assert answers["request-deepar.json"][0]["mean"] == pytest.approx(tea["mean"], rel=0.05)
    assert set(answers["request-deepar.json"][0]["quantiles"]) == {"0.1", "0.5", "0.9"}
    by_id = {row["item_id"]: row["mean"] for row in answers["request-ids.csv"]}
    lines = {row["item_id"]: row for row in answers["request-series.jsonl"]}
    assert lines["coffee"]["mean"] == by_id["coffee"]
    assert lines["honey"]["mean"] == by_id["honey"]
    assert lines["chocolate"]["start"] == "2024-01-01"
    steps = [(row["item_id"], row["timestamp"]) for row in answers["request.csv"]]
    assert steps[0] == ("coffee", "2024-01-01")
    assert steps[-1] == ("honey", "2024-04-01")
    history = answers["request-history.csv"]
    assert [row["item_id"] for row in history] == ["new juice"] * 6 + ["new water"] * 6
