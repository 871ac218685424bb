"""A batch transform: the SDK's local mode splits the file, the platform's rule joins what comes back."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from harness.places import Container, Server
from harness.samples import Sample
from slipway.image import Image

NO_ROW = "no row, nor a time" + "," * 40


@pytest.fixture(scope="module")
def batch(image: Image, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A container in the environment of a transform whose bad records have their errors in their places."""
    container = Container(image)
    root = container.train_sample(sample.lay_out(tmp_path_factory.mktemp("transform"))).root
    job = {
        "SAGEMAKER_BATCH": "True",
        "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "1",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "1",
        "SLIPWAY_OPTIONS": "on_error=record",
    }
    with container.serve(root, **job) as server:
        yield server


def transformed(server: Server, path: Path, strategy: str, media: str) -> list[str]:
    """The output's lines: each batch that the SDK makes of the file is a request."""
    from sagemaker.local.data import get_batch_strategy_instance, get_splitter_instance

    batches = get_batch_strategy_instance(strategy, get_splitter_instance("Line"))
    answers = []
    for payload in batches.pad(str(path), 1):
        reply = requests.post(
            f"http://127.0.0.1:{server.port}/invocations",
            payload.encode() if isinstance(payload, str) else payload,
            headers={"Content-Type": media, "Accept": media},
            timeout=60,
        )
        assert reply.status_code == 200, reply.text
        answers.append(reply.text)
    return "".join(answers).splitlines()


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
@pytest.mark.contract("B4.1", "B4.4", "B4.5", "B4.7", "B4.10")
def test_csv_is_joined_line_by_line(batch: Server, sample: Sample, tmp_path: Path, strategy: str) -> None:
    """JoinSource=Input puts the answer's cells behind the record's."""
    sent = [*sample.csv(header=False).decode().splitlines(), NO_ROW]
    (tmp_path / "rows.csv").write_text("\n".join(sent) + "\n")
    lines = transformed(batch, tmp_path / "rows.csv", strategy, "text/csv")
    joined = [f"{given},{answer}" for given, answer in zip(sent, lines, strict=True)]
    rows = list(csv.reader(io.StringIO("\n".join(joined))))
    assert len({len(row) for row in rows[:-1]}) == 1
    assert [bool(row[-1]) for row in rows] == [False] * sample.height + [True]


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
@pytest.mark.contract("B4.5", "B4.7", "B4.10")
def test_json_lines_are_joined_line_by_line(
    batch: Server, sample: Sample, tmp_path: Path, strategy: str
) -> None:
    """The answer goes into each record as SageMakerOutput."""
    sent = [*(json.dumps(record) for record in sample.records), '{"half']
    (tmp_path / "rows.jsonl").write_text("\n".join(sent) + "\n")
    lines = transformed(batch, tmp_path / "rows.jsonl", strategy, "application/jsonlines")
    joined: list[dict[str, Any]] = [
        {**json.loads(given), "SageMakerOutput": json.loads(answer)}
        for given, answer in zip(sent[:-1], lines[:-1], strict=True)
    ]
    assert len(joined) == sample.height
    assert all(row["SageMakerOutput"]["error"] is None for row in joined)
    assert json.loads(lines[-1])["error"]


@pytest.mark.contract("B4.1", "B4.2")
def test_the_job_is_told_back_what_it_set(batch: Server) -> None:
    assert batch.get("/execution-parameters").json == {
        "MaxConcurrentTransforms": 1,
        "BatchStrategy": "SINGLE_RECORD",
        "MaxPayloadInMB": 1,
    }
