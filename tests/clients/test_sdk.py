"""The SageMaker Python SDK in local mode: fit, deploy, predict, transform."""

import csv
import fcntl
import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.places import docker, free_port
from harness.samples import Sample
from slipway.image import Image

ROLE = "arn:aws:iam::111122223333:role/any"  # a full ARN, else the SDK asks IAM for it


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from sagemaker.local import LocalSession

    opted_out = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}
    work = tmp_path_factory.mktemp("sdk")
    with _alone():
        found = LocalSession(sagemaker_config=opted_out)
        found.config = {
            "local": {"local_code": True, "container_root": str(work), "serving_port": free_port()}
        }
        yield found
        _remove_what_the_sdk_leaves()


@pytest.fixture(scope="module")
def estimator(image: Image, sample: Sample, session: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from sagemaker.estimator import Estimator

    found = Estimator(
        f"slipway/{image.name}:latest",
        ROLE,
        1,
        "local",
        output_path=f"file://{tmp_path_factory.mktemp('output')}",
        hyperparameters=sample.hyperparameters,
        sagemaker_session=session,
    )
    found.fit({name: f"file://{sample.folder / name}" for name in sample.channels})
    return found


def test_fit_makes_a_model(estimator: Any) -> None:
    assert estimator.model_data.endswith("model.tar.gz")


def test_deploy_and_predict_answer(estimator: Any, sample: Sample) -> None:
    from sagemaker.deserializers import JSONDeserializer
    from sagemaker.serializers import CSVSerializer

    # wait=True would sleep 30 s before its first look at an endpoint that is there already.
    predictor = estimator.deploy(
        1, "local", serializer=CSVSerializer(), deserializer=JSONDeserializer(), wait=False
    )
    try:
        answer = predictor.predict(sample.rows, initial_args={"Accept": "application/json"})
        assert len(answer["predictions"]) == sample.height
    finally:
        predictor.delete_endpoint()


def transformed(estimator: Any, folder: Path, body: bytes, accept: str, **more: Any) -> list[str]:
    """The lines of a batch transform's output."""
    (folder / "in").mkdir(parents=True)
    (folder / "in/rows.csv").write_bytes(body)
    transformer = estimator.transformer(
        1, "local", output_path=f"file://{folder / 'out'}", assemble_with="Line", accept=accept, **more
    )
    # wait and logs would stream from CloudWatch.
    transformer.transform(
        f"file://{folder / 'in'}", content_type="text/csv", split_type="Line", wait=False, logs=False
    )
    (output,) = (path for path in (folder / "out").rglob("*.out"))
    return [line for line in output.read_text().splitlines() if line]


def test_b4_a_batch_transform_answers_every_line(estimator: Any, sample: Sample, tmp_path: Path) -> None:
    """B4.1, B4.4, B4.5."""
    body = sample.csv(header=False)
    lines = transformed(estimator, tmp_path, body, "application/jsonlines", strategy="MultiRecord")
    assert len([json.loads(line) for line in lines]) == sample.height


def test_b4_a_transform_of_single_records_joins_its_output_with_its_input(
    estimator: Any, sample: Sample, tmp_path: Path
) -> None:
    """B4.4, B4.7, B4.10: the platform puts each output line behind its input line.

    Local mode does not join, so it is done here by the platform's rule; a line that is no row has one, too.
    """
    body = sample.csv(header=False) + b"no row, nor a time,,,,,,,,,,,,,,,,,,,,,,,,\n"
    environ = {"SLIPWAY_OPTIONS": "on_error=record"}
    lines = transformed(estimator, tmp_path, body, "text/csv", strategy="SingleRecord", env=environ)
    sent = body.decode().splitlines()
    joined = [f"{given},{answer}" for given, answer in zip(sent, lines, strict=True)]
    answers = list(csv.reader(lines))
    assert len({len(cells) for cells in answers}) == 1
    assert [bool(cells[-1]) for cells in answers] == [False] * sample.height + [True]
    assert all(line.startswith(given) for line, given in zip(joined, sent, strict=True))


@contextmanager
def _alone() -> Iterator[None]:
    """Waits for other runs of these tests: the SDK's local mode calls its one network the same in all."""
    with (Path(tempfile.gettempdir()) / "slipway-sdk-tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_what_the_sdk_leaves() -> None:
    for name in docker("ps", "--all", "--quiet", "--filter", "network=sagemaker-local").split():
        docker("rm", "--force", name)
    subprocess.run(["docker", "network", "rm", "sagemaker-local"], capture_output=True, check=False)
