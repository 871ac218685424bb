"""Environment variables, read once."""

from pathlib import Path

import pytest

from slipway.errors import UserError
from slipway.settings import Settings


@pytest.mark.contract("B1.6", "B2.1", "B3.3", "B3.4")
def test_no_variable_is_needed():
    settings = Settings.read({})
    assert (settings.port, settings.root, settings.algorithm) == (
        8080,
        Path("/opt/ml"),
        Path("/opt/algorithm"),
    )
    assert settings.max_body_bytes >= 1 << 30, "asynchronous endpoints send up to 1 GB, batches 100 MB"


@pytest.mark.contract("B1.6", "B2.1", "B4.1")
def test_the_platforms_variables_are_read():
    settings = Settings.read(
        {
            "SAGEMAKER_BIND_TO_PORT": "8081",
            "MODEL_SERVER_WORKERS": "3",
            "MODEL_SERVER_TIMEOUT": "7",
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": "0",
            "TRAINING_JOB_NAME": "job",
            "PATH": "/bin",
        }
    )
    assert (settings.port, settings.workers, settings.request_timeout_s) == (8081, 3, 7)
    assert (settings.max_payload_mb, settings.training_job_name) == (0, "job")


@pytest.mark.parametrize(
    ("text", "batch"),
    [
        ("true", True),
        ("True", True),
        ("TRUE ", True),
        ("1", True),
        ("false", False),
        ("False", False),
        ("0", False),
        ("", False),
        ("no", False),
    ],
)
@pytest.mark.contract("B4.1")
def test_batch_means_what_it_says(text, batch):
    assert Settings.read({"SAGEMAKER_BATCH": text}).batch is batch


@pytest.mark.contract("B2.6", "B3.1", "B3.4", "C1.7")
def test_a_request_may_take_longer_in_a_batch_transform():
    assert Settings.read({}).request_timeout_s == 60
    assert Settings.read({"SAGEMAKER_BATCH": "true"}).request_timeout_s == 3600
    assert Settings.read({"SAGEMAKER_BATCH": "true", "MODEL_SERVER_TIMEOUT": "9"}).request_timeout_s == 9


def test_vertex_ai_may_name_the_port_where_sagemaker_names_none():
    assert Settings.read({"AIP_HTTP_PORT": "9000"}).port == 9000
    assert Settings.read({"AIP_HTTP_PORT": "9000", "SAGEMAKER_BIND_TO_PORT": "8081"}).port == 8081


def test_the_model_is_where_it_is_mounted(tmp_path, monkeypatch):
    """KServe's folder only where the platform's holds no model."""
    mounted = tmp_path / "mnt/models"
    monkeypatch.setattr("slipway.settings.KSERVE_MODEL", mounted)
    settings = Settings.read({"SLIPWAY_ROOT": str(tmp_path)})
    assert settings.model_folder == tmp_path / "model"
    mounted.mkdir(parents=True)
    assert settings.model_folder == mounted
    (tmp_path / "model").mkdir()
    (tmp_path / "model/manifest.json").touch()
    assert settings.model_folder == tmp_path / "model"
    assert Settings.read({"SLIPWAY_MODEL_DIR": "/models/a"}).model_folder == Path("/models/a")


def test_an_empty_variable_is_an_unset_one():
    assert Settings.read({"SAGEMAKER_BIND_TO_PORT": "", "MODEL_SERVER_WORKERS": ""}).port == 8080


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SAGEMAKER_BIND_TO_PORT", "http"),
        ("SAGEMAKER_BIND_TO_PORT", "0"),
        ("SAGEMAKER_BIND_TO_PORT", "65536"),
        ("MODEL_SERVER_WORKERS", "0"),
        ("MODEL_SERVER_WORKERS", "two\nlines"),
        ("MODEL_SERVER_TIMEOUT", "1.5"),
        ("MAX_CONTENT_LENGTH", "6MB"),
        ("SAGEMAKER_MAX_PAYLOAD_IN_MB", "-1"),
    ],
)
def test_a_value_that_cannot_be_is_told_in_one_line(name, value):
    with pytest.raises(UserError, match=f"^environment variable {name}: .*, got ") as caught:
        Settings.read({name: value})
    assert "\n" not in str(caught.value)


def test_every_variable_says_what_it_is_for():
    assert all(field.description and field.alias for field in Settings.model_fields.values())
