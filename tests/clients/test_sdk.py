"""The SageMaker Python SDK in local mode: fit, deploy, predict, transform."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clients.local_mode import alone, remove_what_the_sdk_leaves
from harness.places import free_port
from harness.samples import Sample
from slipway.image import Image

ROLE = "arn:aws:iam::111122223333:role/any"  # a full ARN, else the SDK asks IAM for it


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from sagemaker.local import LocalSession

    opted_out = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}
    work = tmp_path_factory.mktemp("sdk")
    with alone():
        found = LocalSession(sagemaker_config=opted_out)
        found.config = {
            "local": {"local_code": True, "container_root": str(work), "serving_port": free_port()}
        }
        yield found
        remove_what_the_sdk_leaves()


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


def test_a6_a_job_on_two_hosts_makes_one_model(
    image: Image, sample: Sample, session: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A2.11, A6.7: local mode replicates the data, so that the first container trains, and it alone.

    It stops all containers when one has left: the first would say so.
    """
    from sagemaker.estimator import Estimator

    (tmp_path / "output").mkdir()
    estimator = Estimator(
        f"slipway/{image.name}:latest",
        ROLE,
        2,
        "local",
        output_path=f"file://{tmp_path / 'output'}",
        hyperparameters=sample.hyperparameters,
        sagemaker_session=session,
    )
    estimator.fit({name: f"file://{sample.folder / name}" for name in sample.channels})
    told = "".join(capfd.readouterr())
    assert "slipway train: done in" in told
    assert "SIGTERM" not in told, "it was not stopped"
    with tarfile.open(estimator.model_data.removeprefix("file://")) as packed:
        assert sum(name.endswith("manifest.json") for name in packed.getnames()) == 1


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


def test_b4_a_batch_transform_answers_every_line(estimator: Any, sample: Sample, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/rows.csv").write_bytes(sample.csv(header=False))
    transformer = estimator.transformer(
        1,
        "local",
        output_path=f"file://{tmp_path / 'out'}",
        strategy="MultiRecord",
        assemble_with="Line",
        accept="application/jsonlines",
    )
    # wait and logs would stream from CloudWatch.
    transformer.transform(
        f"file://{tmp_path / 'in'}", content_type="text/csv", split_type="Line", wait=False, logs=False
    )
    (output,) = (path for path in (tmp_path / "out").rglob("*.out"))
    lines = [json.loads(line) for line in output.read_text().splitlines() if line]
    assert len(lines) == sample.height
