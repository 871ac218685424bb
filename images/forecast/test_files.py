"""Files of series, one a line, and the requests beside the sample."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Trained, ask, long_csv, monthly

SAMPLE = Path(__file__).parent / "sample"
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
        "request-deepar.json": 2,
        "request-history.csv": 12,
        "request-ids.csv": 3,
        "request-older.json": 1,
    }
    with job.server() as server:
        for path in requests:
            reply = ask(server, path.read_bytes(), media[path.suffix])
            assert reply.status == 200, (path.name, reply.text)
            found = reply.json["predictions"]
            assert len(found) == heights.get(path.name, len(found))
            for row in found:
                numbers = row.get("mean", row.get("predict_sum"))
                assert np.isfinite(np.array(numbers, dtype=float)).all(), path.name
