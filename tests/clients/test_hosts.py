"""The SageMaker Python SDK in local mode, on two hosts."""

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


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Any]:
    from sagemaker.local import LocalSession

    opted_out = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}
    work = tmp_path / "sdk"
    work.mkdir()
    with alone():
        found = LocalSession(sagemaker_config=opted_out)
        found.config = {
            "local": {"local_code": True, "container_root": str(work), "serving_port": free_port()}
        }
        yield found
        remove_what_the_sdk_leaves()


@pytest.mark.shared
@pytest.mark.contract("A2.11", "A6.7")
def test_a_job_on_two_hosts_makes_one_model(
    image: Image, sample: Sample, session: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Local mode replicates the data, so that the first container trains, and it alone.

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
