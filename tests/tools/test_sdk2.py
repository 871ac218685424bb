"""docs/sdk-2.md, run as it is printed, with version 2 of the SageMaker Python SDK."""

from pathlib import Path
from typing import Any

import pytest

from harness.snippets import SAMPLE, aws, calls, clone, python


@pytest.fixture
def session() -> None:
    """The page makes its own."""


def test_the_page_of_version_2_runs_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("SchemaVersion: '1.0'\nSageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}\n")
    monkeypatch.setenv("SAGEMAKER_USER_CONFIG_OVERRIDE", str(config))
    monkeypatch.setenv("SAGEMAKER_SUPPRESS_V2_WARNING", "1")
    names: dict[str, Any] = {}
    with aws(tmp_path / "aws") as session, clone(tmp_path / "clone"), calls():
        for block in python("sdk-2.md"):
            exec(block, names)
        job = session.client("sagemaker").describe_training_job(
            TrainingJobName=names["estimator"].latest_training_job.name
        )
    assert len(names["predictions"]) == SAMPLE.height
    assert job["EnableNetworkIsolation"] is True
    assert job["HyperParameters"]["k"] == "3"
